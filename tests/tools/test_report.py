from __future__ import annotations

import json

import pytest
from peers import report as module
from peers.report import Report
from support.rows import row


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(module.sys, "argv", ["tools/bench_peers.py", "--only", "a b"])
    monkeypatch.setattr(module.sys, "executable", "/somewhere/python")
    return str(tmp_path / "figures.json"), str(tmp_path / "tables.md")


def _report(files):
    report = Report("What is measured", {"processor": "Some CPU"}, *files)
    report.add("| a |\n", [row("torch", [1.0, 3.0])], {"torch": {"numpy": "2.0"}})
    return report


def test_the_markdown_holds_command_machine_versions_and_tables(files, tmp_path):
    report = _report(files)
    report.add("| b |\n", [row("again", [1.0])], {"again": {"numpy": "2.0"}})
    report.close()
    text = (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert text.startswith("## What is measured\n\n```\npython tools/bench_peers.py --only 'a b'\n")
    assert "- processor: Some CPU\n" in text
    assert "- torch, again: numpy 2.0\n" in text
    assert "| a |\n\n| b |\n" in text


def test_markdown_is_added_to_what_the_file_holds(files, tmp_path):
    (tmp_path / "tables.md").write_text("# Before\n", encoding="utf-8")
    _report(files).close()
    assert (tmp_path / "tables.md").read_text(encoding="utf-8").startswith("# Before\n## What")


def test_json_is_there_after_every_table(files, tmp_path):
    _report(files)
    content = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert content["command"] == "python tools/bench_peers.py --only 'a b'"
    assert content["machine"] == {"processor": "Some CPU"}
    assert content["versions"] == {"torch": {"numpy": "2.0"}}
    assert content["rows"][0]["median"] == 2.0


def test_a_failure_is_remembered_and_what_is_not_here_is_none(files):
    report = _report(files)
    report.add("", [row("a", problem="not here: no")])
    assert not report.failed
    report.add("", [row("b", problem="failed: yes")])
    report.add("", [row("c", [1.0])])
    assert report.failed


def test_a_report_without_tables_writes_nothing(files, tmp_path):
    Report("What is measured", {}, *files).close()
    assert list(tmp_path.iterdir()) == []
