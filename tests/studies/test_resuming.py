"""``kill -9`` and Ctrl-C in the middle of a study, and the same command again."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import write_study

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

PATIENCE = 60


def command(study: Path, place: Path) -> list[str]:
    return [sys.executable, "-m", "texonnx", "study", str(study), "-o", str(place), "--jobs", "1"]


def wait_for(what: str, place: Path, count: int = 1) -> None:
    until = time.monotonic() + PATIENCE
    while len(list(place.glob(what))) < count:
        assert time.monotonic() < until, f"no {what} in {place}"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        pytest.skip("NEEDS /proc/PID/task/PID/children")
    return [int(child) for child in text.split()]


def table(place: Path) -> list[dict[str, str]]:
    with (place / "results.csv").open(encoding="utf-8", newline="") as file:
        return [{**row, "seconds": ""} for row in csv.DictReader(file)]


def page(place: Path) -> str:
    text = (place / "report.html").read_text(encoding="utf-8")
    text = re.sub(r'<img class="curves" src="[^"]*"', "", text)
    text = re.sub(r"[\d.]+ s ·", "", text)
    return re.sub(r'<td class="number">[\d.]+</td>', "", text)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def test_a_study_killed_in_the_middle_ends_as_one_that_was_not(folder: Path) -> None:
    study = write_study(folder)
    whole, broken = folder / "whole", folder / "broken"
    subprocess.run(command(study, whole), check=True, capture_output=True, timeout=PATIENCE)

    with subprocess.Popen(
        command(study, broken), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        wait_for("cells/*/result.json", broken)
        wait_for("cells/*", broken, count=2)
        workers = children(process.pid)
        process.kill()
    done = list(broken.glob("cells/*/result.json"))
    assert 1 <= len(done) < 4
    assert not (broken / "report.html").exists()
    until = time.monotonic() + PATIENCE
    while any(is_alive(pid) for pid in workers):
        assert time.monotonic() < until, "a worker outlives the command that started it"
        time.sleep(0.02)
    kept = {path: path.stat().st_mtime_ns for path in done}

    again = subprocess.run(
        command(study, broken), check=True, capture_output=True, text=True, timeout=PATIENCE
    )
    assert f"{len(done)} of 4 are done already" in again.stderr
    assert {path: path.stat().st_mtime_ns for path in done} == kept
    assert sorted(path.relative_to(broken) for path in broken.rglob("*")) == sorted(
        path.relative_to(whole) for path in whole.rglob("*")
    )
    for image in whole.glob("cells/*/image.png"):
        assert (broken / image.relative_to(whole)).read_bytes() == image.read_bytes()
    assert table(broken) == table(whole)
    assert (broken / "sheet.png").read_bytes() == (whole / "sheet.png").read_bytes()
    assert page(broken) == page(whole)


def test_ctrl_c_stops_at_once_keeps_what_is_done_and_exits_130(folder: Path) -> None:
    study, place = write_study(folder), folder / "out"
    with subprocess.Popen(
        command(study, place), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for("cells/*/result.json", place)
        wait_for("cells/*", place, count=2)
        workers = children(process.pid)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert re.fullmatch(
        r"texonnx: interrupted; .*report.html: [1-3] of 4 done, and the same command .*", last
    )
    assert "not run yet" in (place / "report.html").read_text(encoding="utf-8")
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
