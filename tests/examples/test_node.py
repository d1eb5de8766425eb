"""The example in Node, installed as its README says."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from support.host_promises import Promises
from support.hosts import EXAMPLES, Host
from support.limits import LONGEST_WAIT


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        pytest.skip(f"NEEDS NODE AND NPM: node is {node}, npm is {npm}")
    folder = tmp_path_factory.mktemp("node") / "example"
    shutil.copytree(EXAMPLES / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"NEEDS THE NPM PACKAGES, which cannot be had: {done.stderr.strip()[-500:]}")
    return Host((node, folder / "synthesise.mjs"))


class TestNode(Promises):
    """What every example promises."""
