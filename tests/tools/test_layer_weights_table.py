from __future__ import annotations

from pathlib import Path

import layer_weights_table
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "layer-weights.md"


def test_a_row_is_a_layer_and_a_column_a_schedule(capsys):
    assert layer_weights_table.main(["linear:1,0.5", "quadratic:descending"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| layer | linear:1,0.5 | quadratic:descending |"
    assert lines[2] == "| conv1_1 | 1 | 1 |"
    # The last of 13 layers: 1 + 12 / 2, and (1 / 13)² = 0.005917...
    assert lines[-1] == "| conv5_3 | 7 | 0.00592 |"
    assert len(lines) == 2 + 13


def test_the_other_network_has_more_rows(capsys):
    layer_weights_table.main(["inverse-height", "--arch", "vgg19"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 16
    assert lines[-1] == "| conv5_4 | 16 |"


def test_the_page_has_exactly_what_the_command_on_it_prints(capsys):
    page = PAGE.read_text(encoding="utf-8")
    _, command, after = page.partition("python tools/layer_weights_table.py\n```\n\n")
    assert command
    layer_weights_table.main([])
    assert after.partition("\n\n")[0] == capsys.readouterr().out.rstrip("\n")


def test_a_schedule_that_is_not_known_is_refused_in_a_sentence(capsys):
    with pytest.raises(SystemExit):
        layer_weights_table.main(["cubic"])
    assert "unknown layer weights 'cubic'" in capsys.readouterr().err
