"""A worker that does what its job says."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

from texonnx.errors import OptionError
from texonnx.system.processes import serve


def work(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"pid": os.getpid()}
    match job["do"]:
        case "print":
            print("a library says hello")
            os.write(1, b"and so does its C++\n")
        case "refuse":
            raise OptionError("this will not do")
        case "break":
            raise ValueError("first line\nsecond line")
        case "exit":
            sys.exit("no more")
        case "be killed":
            os.kill(os.getpid(), signal.SIGKILL)
    yield {"last": True}


if __name__ == "__main__":
    serve(work)
