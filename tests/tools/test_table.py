from __future__ import annotations

from peers.optimizers import Overhead
from peers.table import comparison_table, growth_table, markdown_table, overhead_table
from support.rows import row


def test_a_comparison_names_loss_size_threads_and_reference():
    table = comparison_table(
        [row("torch", [0.5, 0.25, 1.0], ratio=1.0), row("analytic", [0.0125], ratio=0.025)],
        "the torch",
    )
    assert table.splitlines() == [
        "| gram, 64x64, 2 threads | s/iteration (least to most) | ratio to the torch | peak MB |",
        "| --- | --- | --- | --- |",
        "| the torch | 0.500 (0.250 to 1.000) | 1.00 | 100 |",
        "| the analytic | 0.0125 (0.0125 to 0.0125) | 0.03 | 100 |",
    ]


def test_who_was_not_measured_has_the_reason_in_place_of_figures():
    table = comparison_table([row("openvino-bf16", problem="not here: no bfloat16")], "x")
    assert table.splitlines()[-1] == "| the openvino-bf16 | not here: no bfloat16 |  |  |"


def test_growth_has_no_ratios():
    lines = growth_table([row("torch", [0.5])]).splitlines()
    assert "ratio to" not in lines[0]
    assert lines[-1] == "| the torch | 0.500 (0.500 to 0.500) | 100 |"


def test_an_overhead_is_the_median_of_the_rounds():
    found = Overhead("analytic", "the engine", "lbfgs", "gram", 64, 1)
    found.alone, found.step, found.begin = [0.2, 0.4, 0.1], [0.21, 0.5, 0.101], [0.0, 1.0, 0.25]
    lines = overhead_table([found]).splitlines()
    assert lines[0].startswith("| the engine; gram, 64x64, 1 thread |")
    assert lines[-1] == "| lbfgs | 0.200 | 0.210 | 5.0 (1.0 to 25.0) | 0.25 |"


def test_an_optimizer_that_there_is_not_has_the_reason():
    found = Overhead("a", "a", "rprop", "gram", 64, 1, problem="not here: there is no 'rprop'")
    assert overhead_table([found]).splitlines()[-1].startswith("| rprop | not here: there is no")


def test_a_bar_in_a_cell_does_not_end_it():
    assert markdown_table(["a"], [["b|c\nd"]]).splitlines()[-1] == "| b\\|c d |"
