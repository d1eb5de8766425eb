"""The example in C, built against the library inside ONNX Runtime's wheel.

The header is in no wheel: it is looked for where ORT_INCLUDE says and in the usual places. Else it
comes from a package of the npm registry that brings Microsoft's build for iOS, headers included.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import onnxruntime as ort
import pytest
from support.host_promises import Promises
from support.hosts import EXAMPLES, TWO_SCALES, Host
from support.limits import LONGEST_WAIT

HEADER = "onnxruntime_c_api.h"
PACKAGE = "com.github.asus4.onnxruntime@0.4.9"
HEADERS_IN_PACKAGE = re.compile(r".*/ios-arm64/[^/]+/Headers/(onnxruntime\w+\.h)")
HEADER_DIGEST = "acc0cf4b3f28d39339c76770d76164bb7a0637dc89f5fde764b4017b632f6743"
PLACES = ("/usr/include", "/usr/include/onnxruntime", "/usr/local/include/onnxruntime")


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Build the program, with more words for make if there are any."""
    for tool in ("cc", "make", "pkg-config"):
        if not shutil.which(tool):
            pytest.skip(f"NEEDS {tool} to build the example in C")
    if _run("pkg-config", "--exists", "libcjson").returncode:
        pytest.skip("NEEDS cJSON's header and library (Debian: libcjson-dev)")
    libraries = sorted(Path(ort.__file__).parent.glob("capi/libonnxruntime.so.*"))
    if not libraries:
        pytest.skip(f"NEEDS libonnxruntime.so, which ONNX Runtime {ort.__version__} here lacks")
    include = _include(tmp_path_factory)
    _check_version(include / HEADER)

    def made(*words: str) -> Path:
        folder = tmp_path_factory.mktemp("c") / "example"
        shutil.copytree(EXAMPLES / "c", folder)
        places = (f"ORT_INCLUDE={include}", f"ORT_LIBRARY={libraries[0]}")
        done = _run("make", "-C", str(folder), *places, *words)
        assert done.returncode == 0, done.stderr
        return folder / "synthesise"

    return made


@pytest.fixture(scope="session")
def host(build: Callable[..., Path]) -> Host:
    return Host((build(),), suffix=".ppm")


class TestC(Promises):
    """What every example promises."""


def test_nothing_leaks_and_nothing_is_read_out_of_bounds(
    build: Callable[..., Path], exported: Callable[[str], Path], exemplar: Path, tmp_path: Path
) -> None:
    program = build("CFLAGS=-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all")
    host = Host((program,), suffix=".ppm")
    for kind in ("swd", "gan"):
        host.synthesise(exported(kind), exemplar, tmp_path, *TWO_SCALES.words)


def _include(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for place in (os.environ.get("ORT_INCLUDE", ""), *PLACES):
        if place and (Path(place) / HEADER).is_file():
            return Path(place)
    if not shutil.which("npm"):
        pytest.skip(f"NEEDS {HEADER}: set ORT_INCLUDE to its folder")
    folder = tmp_path_factory.mktemp("headers")
    done = _run("npm", "pack", "--silent", "--pack-destination", str(folder), PACKAGE)
    packed = list(folder.glob("*.tgz"))
    if done.returncode or not packed:
        pytest.skip(f"NEEDS {HEADER}: set ORT_INCLUDE to its folder ({PACKAGE} cannot be had)")
    with tarfile.open(packed[0]) as package:
        for member in package:
            found = HEADERS_IN_PACKAGE.fullmatch(member.name)
            content = package.extractfile(member) if found else None
            if found and content:
                (folder / found[1]).write_bytes(content.read())
    packed[0].unlink()
    assert hashlib.sha256((folder / HEADER).read_bytes()).hexdigest() == HEADER_DIGEST
    return folder


def _check_version(header: Path) -> None:
    found = re.search(r"#define ORT_API_VERSION (\d+)", header.read_text(encoding="utf-8"))
    assert found
    if int(found[1]) > int(ort.__version__.split(".")[1]):
        pytest.skip(f"NEEDS A HEADER not newer than ONNX Runtime {ort.__version__}: 1.{found[1]}")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=LONGEST_WAIT, check=False
    )
