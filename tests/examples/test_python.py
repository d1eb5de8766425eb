"""The example in Python, with texonnx and what it alone needs out of reach."""

from __future__ import annotations

import sys

import pytest
from support.host_promises import Promises
from support.hosts import EXAMPLES, Host

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
