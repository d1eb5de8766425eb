from __future__ import annotations

from peers.figures import compare, merge
from support.rows import row


def test_the_ratio_is_of_medians():
    reference, other = row("torch", [2.0, 4.0, 9.0]), row("analytic", [1.0, 2.0, 90.0])
    compare([reference, other], reference)
    assert (reference.ratio, other.ratio) == (1.0, 0.5)


def test_another_loss_is_a_failure_and_has_no_ratio():
    reference, other = row("torch", [1.0]), row("analytic", [1.0], value=1.0011)
    compare([reference, other], reference)
    assert other.problem == "failed: it computes the loss 1.0011, and torch 1"
    assert other.failed
    assert other.ratio is None


def test_half_precision_may_differ_more():
    reference = row("torch", [1.0])
    near = row("torch-bf16", [1.0], value=1.04, tolerance=5e-2)
    far = row("openvino-bf16", [1.0], value=1.06, tolerance=5e-2)
    compare([near, far], reference)
    assert (near.problem, near.ratio) == (None, 1.0)
    assert far.failed


def test_a_loss_that_is_not_a_number_is_another_loss():
    other = row("analytic", [1.0], value=float("nan"))
    compare([other], row("torch", [1.0]))
    assert other.failed


def test_without_figures_of_the_reference_there_is_no_ratio():
    other = row("analytic", [1.0])
    compare([other], row("torch", problem="failed: so it is"))
    compare([other], None)
    assert (other.ratio, other.problem) == (None, None)


def test_what_is_not_here_is_no_failure():
    assert not row("openvino-bf16", problem="not here: this machine has no bfloat16").failed


def test_the_reference_of_several_groups_keeps_all_its_rounds():
    whole = merge([row("torch", [1.0, 2.0]), row("torch", [3.0], megabytes=200.0)])
    assert (whole.seconds, whole.median, whole.megabytes) == ([1.0, 2.0, 3.0], 2.0, 200.0)


def test_json_has_median_and_spread_only_where_there_are_figures():
    found = row("torch", [1.0, 2.0, 6.0]).as_json()
    assert (found["median"], found["least"], found["most"]) == (2.0, 1.0, 6.0)
    assert "median" not in row("torch", problem="not here: no").as_json()
