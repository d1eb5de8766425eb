from __future__ import annotations

import json

import plot_growth
import pytest
from support.rows import row


def _write(path, *rows):
    path.write_text(json.dumps({"rows": [found.as_json() for found in rows]}), encoding="utf-8")
    return path


def _row(size, seconds=None, **more):
    found = row("torch", seconds, **more)
    found.size = size
    return found


def test_a_curve_goes_through_the_medians_fewest_pixels_first(tmp_path):
    rows = [_row(128, [0.4]), _row(64, [0.1, 0.2, 0.9]), _row(256, problem="failed: memory")]
    curves = plot_growth.read_curves(_write(tmp_path / "growth.json", *rows))
    assert curves == {
        "the torch, gram, 2 threads": [(64**2, 0.2, 100.0), (128**2, 0.4, 100.0)],
    }


def test_one_size_is_no_curve(tmp_path, capsys):
    file = _write(tmp_path / "growth.json", _row(64, [0.1]))
    with pytest.raises(SystemExit):
        plot_growth.main([str(file), "-o", str(tmp_path / "growth.png")])
    assert "holds no candidate with two sizes or more" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"rows": [{"size": 1}]}'])
def test_a_file_of_anything_else_is_refused(tmp_path, capsys, content):
    file = tmp_path / "other.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit):
        plot_growth.main([str(file), "-o", str(tmp_path / "growth.png")])
    assert "holds no figures of bench_peers.py --growth" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_said(tmp_path, capsys):
    with pytest.raises(SystemExit):
        plot_growth.main([str(tmp_path / "none.json"), "-o", str(tmp_path / "growth.png")])
    assert "none.json cannot be read: No such file" in capsys.readouterr().err
