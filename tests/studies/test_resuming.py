"""``kill -9`` and Ctrl-C in the middle of a study, and the same command again."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.limits import LONGEST_WAIT, never_hanging, wait_until

from .conftest import ONE_ROW, Finished, write_study

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

AND_MORE = """
import signal, sys
from texonnx.cli import main
from texonnx.studies import running
running.WORKER, *sys.argv[1:] = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
"""The command with another worker; it heeds Ctrl-C even where whoever started it ignores it."""

STUCK_WORKER = """
import json, sys, threading
from pathlib import Path
from texonnx.studies import worker

def make(job):
    if job["settings"]["loss"] == "mean":
        Path(__file__).with_name("stuck").touch()
        threading.Event().wait()
    return made(job)

worker.make, made = make, worker.make
worker.main()
"""
"""Makes the first of the two cells, and never ends with the second."""


def command(study: Path, place: Path, worker: str = "texonnx.studies.worker") -> list[str]:
    words = ("study", study, "-o", place, "--jobs", "2")
    return [sys.executable, "-c", AND_MORE, worker, *map(str, words)]


@contextmanager
def stuck_at_the_second_cell(
    folder: Path, study: Path, place: Path
) -> Iterator[subprocess.Popen[str]]:
    """Start a study, and go on once the first cell is done and the second is being made."""
    (folder / "stuck_worker.py").write_text(STUCK_WORKER)
    with (
        subprocess.Popen(
            command(study, place, "stuck_worker"),
            env=os.environ | {"PYTHONPATH": os.pathsep.join((str(folder), *sys.path))},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        never_hanging(process),
    ):
        wait_until((folder / "stuck").exists, "the cell that does not end", process)
        wait_until(lambda: list(place.glob("cells/*/result.json")), "the other cell", process)
        ended = "the end of the other cell's worker"
        wait_until(lambda: len(children(process.pid)) == 1, ended, process)
        yield process


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


def test_a_study_killed_in_the_middle_ends_as_one_that_was_not(
    folder: Path, finished: Finished
) -> None:
    study, whole, broken = write_study(folder, ONE_ROW), finished.place, folder / "broken"
    with stuck_at_the_second_cell(folder, study, broken) as process:
        [worker] = children(process.pid)
        process.kill()
    [done] = broken.glob("cells/*/result.json")
    assert not (broken / "report.html").exists()
    wait_until(lambda: not is_alive(worker), "the end of a worker whose command is gone")
    kept = done.stat().st_mtime_ns

    again = subprocess.run(
        command(study, broken), check=True, capture_output=True, text=True, timeout=LONGEST_WAIT
    )
    assert "1 of 2 are done already" in again.stderr
    assert done.stat().st_mtime_ns == kept
    assert sorted(path.relative_to(broken) for path in broken.rglob("*")) == sorted(
        path.relative_to(whole) for path in whole.rglob("*")
    )
    for image in whole.glob("cells/*/image.png"):
        assert (broken / image.relative_to(whole)).read_bytes() == image.read_bytes()
    assert table(broken) == table(whole)
    assert (broken / "sheet.png").read_bytes() == (whole / "sheet.png").read_bytes()
    assert page(broken) == page(whole)


def test_ctrl_c_stops_at_once_keeps_what_is_done_and_exits_130(
    folder: Path, finished: Finished
) -> None:
    study, place = write_study(folder, ONE_ROW), folder / "out"
    first = finished.cells[0].folder(finished.place)
    shutil.copytree(first, place / first.relative_to(finished.place))
    with stuck_at_the_second_cell(folder, study, place) as process:
        [worker] = children(process.pid)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert re.fullmatch(
        r"texonnx: interrupted; .*report.html: 1 of 2 done, and the same command .*", last
    )
    assert "not run yet" in (place / "report.html").read_text(encoding="utf-8")
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
