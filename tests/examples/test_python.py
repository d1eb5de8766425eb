"""The example in Python, with texonnx and what it alone needs out of reach."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tifffile
from support.host_promises import Promises
from support.hosts import EXAMPLES, Host, assert_refused

WITHOUT_TEXONNX = """
import runpy, sys
for name in ("texonnx", "onnx", "onnx_ir", "scipy", "h5py", "safetensors", "typer", "rich"):
    sys.modules[name] = None
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def host() -> Host:
    script = EXAMPLES / "python" / "synthesise.py"
    return Host((sys.executable, "-I", "-c", WITHOUT_TEXONNX, script))


class TestPython(Promises):
    """What every example promises."""


DEEP = np.random.default_rng(0).integers(0, 65536, (64, 64, 3), np.uint16)
SHALLOW = (DEEP >> 8).astype(np.uint8)
NOT_AS_SEEN: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "16-bit grey": (
        "a.png",
        lambda path: PIL.Image.fromarray(DEEP[..., 0]).save(path),
        "more than 8 bits",
    ),
    "floats": (
        "a.tif",
        lambda path: PIL.Image.fromarray(SHALLOW[..., 0] / np.float32(255)).save(path),
        "more than 8 bits",
    ),
    "16-bit colour": (
        "a.tif",
        lambda path: tifffile.imwrite(
            path, DEEP.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"
        ),
        "more than 8 bits",
    ),
}


@pytest.mark.parametrize(("name", "write", "why"), NOT_AS_SEEN.values(), ids=NOT_AS_SEEN)
def test_what_it_would_not_read_as_it_is_seen_is_refused(
    host: Host,
    small_folder: Path,
    tmp_path: Path,
    name: str,
    write: Callable[[Path], object],
    why: str,
) -> None:
    write(tmp_path / name)
    assert_refused(host(small_folder, tmp_path / name, tmp_path / "out.png"), name, why)
