"""Somebody at whose home nothing is yet, and who notes every name that is looked up."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.limits import LONGEST_WAIT

_SPY = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
    FILE *file = fopen(getenv("NAMES_LOOKED_UP"), "a");
    if (file) {
        fprintf(file, "%s\\n", node ? node : "");
        fclose(file);
    }
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
        dlsym(RTLD_NEXT, "getaddrinfo");
    return next(node, service, hints, found);
}
"""
"""Stands before the C library's function, by which ONNX Runtime and Python alike look up names."""


@dataclass(frozen=True)
class Stranger:
    """A home, and the file of the names."""

    home: Path
    spy: Path
    noted: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """Of a process that is to be watched: nothing in it says what is not to be done."""
        ours = {name: value for name, value in os.environ.items() if not _is_of_a_home(name)}
        return {
            **ours,
            "HOME": str(self.home),
            "LD_PRELOAD": str(self.spy),
            "NAMES_LOOKED_UP": str(self.noted),
        }

    def files(self) -> list[str]:
        """Return the files at home, by their paths in it."""
        found = (path for path in self.home.rglob("*") if not path.is_dir())
        return sorted(path.relative_to(self.home).as_posix() for path in found)

    def names(self) -> list[str]:
        """Return the names that were looked up."""
        return self.noted.read_text().split() if self.noted.exists() else []


def stranger_in(folder: Path) -> Stranger:
    """Return one whose home is in `folder`; skips the test where there is no compiler."""
    if not shutil.which("cc"):
        pytest.skip("NEEDS cc, to note the names that are looked up")
    source, spy, home = folder / "spy.c", folder / "spy.so", folder / "home"
    source.write_text(_SPY)
    home.mkdir()
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", spy, source, "-ldl"], check=True, timeout=LONGEST_WAIT
    )
    return Stranger(home, spy, folder / "names")


def _is_of_a_home(name: str) -> bool:
    return name == "ORT_DISABLE_TELEMETRY" or name.startswith("XDG_")
