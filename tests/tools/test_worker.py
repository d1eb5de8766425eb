from __future__ import annotations

import json
import os
import sys

import pytest
from peers.worker import NotMeasuredError, Worker, versions_in

_MAKE = """
import os, sys
from peers.answering import NotHereError, serve, timed
def make(job):
    BODY
serve(make)
"""


def _start(folder, body, job=None):
    program = folder / "fake_worker.py"
    program.write_text(_MAKE.replace("BODY", body), encoding="utf-8")
    return Worker([sys.executable, str(program), json.dumps(job or {})], folder)


def test_a_worker_answers_seconds_loss_and_memory(tmp_path):
    worker = _start(tmp_path, "return timed(lambda: job['value'])", {"value": 2.5})
    answer = worker.ask("run")
    assert answer["loss"] == 2.5
    assert answer["seconds"] >= 0
    assert worker.ask("memory")["megabytes"] > 1
    assert worker.versions["python"] == sys.version.split()[0]
    worker.close()


def test_what_libraries_print_is_no_answer(tmp_path, capfd):
    body = "print('hello'); os.system('echo there'); return timed(lambda: print('!') or 1.0)"
    worker = _start(tmp_path, body)
    assert worker.ask("run")["loss"] == 1.0
    worker.close()
    assert "hello" in capfd.readouterr().err


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity on this system")
def test_a_worker_stays_on_the_processors_it_is_told(tmp_path):
    one = min(os.sched_getaffinity(0))
    body = "return timed(lambda: float(os.sched_getaffinity(0) == {job['processors'][0]}))"
    worker = _start(tmp_path, body, {"processors": [one]})
    assert worker.ask("run")["loss"] == 1.0
    worker.close()


def test_one_that_is_not_for_this_machine_says_so(tmp_path):
    with pytest.raises(NotMeasuredError, match=r"^not here: no bfloat16$") as caught:
        _start(tmp_path, "raise NotHereError('no bfloat16')")
    assert not caught.value.failed


def test_any_other_error_is_a_failure_with_its_first_line(tmp_path, capfd):
    with pytest.raises(NotMeasuredError, match=r"^failed: TypeError: one$") as caught:
        _start(tmp_path, "raise TypeError('one\\ntwo')")
    assert caught.value.failed
    assert "Traceback" in capfd.readouterr().err


def test_an_error_in_a_run_ends_as_one_at_the_start(tmp_path, capfd):
    worker = _start(tmp_path, "return timed(lambda: 1 / 0)")
    with pytest.raises(NotMeasuredError, match="failed: ZeroDivisionError"):
        worker.ask("run")


def test_a_worker_that_dies_is_a_failure_that_tells_how(tmp_path):
    worker = _start(tmp_path, "return timed(lambda: os.kill(os.getpid(), 9))")
    with pytest.raises(NotMeasuredError, match="ended by signal 9; 9 may be for want of memory"):
        worker.ask("run")


def test_a_worker_that_exits_is_a_failure_that_tells_how(tmp_path):
    with pytest.raises(NotMeasuredError, match="failed: the process ended with status 3"):
        _start(tmp_path, "os._exit(3)")


def test_what_a_worker_leaves_behind_lies_in_the_folder(tmp_path):
    worker = _start(tmp_path, "import tempfile; tempfile.mkdtemp(prefix='left'); return 1")
    worker.close()
    assert list(tmp_path.glob("left*"))


def test_the_versions_of_an_environment_can_be_asked_for():
    assert versions_in(sys.executable)["python"] == sys.version.split()[0]
