"""What the manifest tells of a run is what a run does: sizes and steps read from it by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from texonnx.objective.kinds import KINDS
from texonnx.objective.specification import Specification, specify
from texonnx.optim.adam import AdamStepper
from texonnx.optim.pyramid import COARSEST_SIDE, Scale, pyramid
from texonnx.optim.schedule import steps_by_scale
from texonnx.optimizers import ADAM, LBFGS, Optimizer
from texonnx.options import DETAILS, QUALITIES, ObjectiveOptions, RunOptions
from texonnx.run.recipe import recipe_of
from texonnx.sizes import Size


def specified(loss: str = "gram", **more: Any) -> Specification:
    return specify(ObjectiveOptions(loss=loss, **more))


def planned(
    recipe: dict[str, Any], exemplar: Size, output: Size, minimum_size: int
) -> list[tuple[Scale, int]]:
    """Return sizes and steps of every scale, as `models/README.md` says to find them."""
    shortest = min(*exemplar, *output)
    least = max(recipe["coarsest_side"], minimum_size)
    scales = [
        scale
        for scale in recipe["scales"]
        if scale["factor"] == 1 or shortest // scale["factor"] >= least
    ]
    steps = [scale["steps"] for scale in reversed(scales)]
    steps[0] = max(steps[0], recipe["least_steps_at_the_coarsest"])
    sizes = [
        Scale(*((side[0] // f, side[1] // f) for side in (exemplar, output)))
        for f in (scale["factor"] for scale in reversed(scales))
    ]
    return list(zip(sizes, steps, strict=True))


@pytest.mark.parametrize(
    ("exemplar", "output"),
    [
        (Size(256, 256), Size(256, 256)),
        (Size(257, 391), Size(301, 259)),
        (Size(96, 130), Size(512, 512)),
        (Size(64, 64), Size(64, 64)),
        (Size(127, 300), Size(256, 128)),
        (Size(20, 30), Size(20, 30)),
        (Size(2048, 2048), Size(2048, 2048)),
    ],
    ids=str,
)
@pytest.mark.parametrize("detail", DETAILS)
def test_sizes_and_steps_are_those_of_a_run(exemplar: Size, output: Size, detail: str) -> None:
    recipe = recipe_of(specified(detail=detail), None)
    assert recipe is not None
    found = planned(recipe, exemplar, output, 16)
    scales = pyramid(exemplar, output, None, 16, COARSEST_SIDE[detail])
    assert [scale for scale, _ in found] == scales
    steps = steps_by_scale(None, LBFGS, len(scales), detail=detail)
    assert tuple(steps for _, steps in found) == steps


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("kind", [*({"detail": detail} for detail in DETAILS), {"loss": "gan"}])
def test_other_qualities_are_told_too(quality: str, kind: dict[str, str]) -> None:
    recipe = recipe_of(specified(**kind), None)
    assert recipe is not None
    told = recipe["qualities"][quality]
    if quality == RunOptions().quality:
        assert told["steps"] == [scale["steps"] for scale in recipe["scales"]]
    counts = told["steps"][3::-1]
    counts[0] = max(counts[0], told["least_steps_at_the_coarsest"])
    detail = kind.get("detail", "spectrum")
    optimizer = ADAM if "loss" in kind else LBFGS
    assert tuple(counts) == steps_by_scale(None, optimizer, 4, quality, detail=detail)


def test_a_folder_of_one_size_has_one_scale() -> None:
    recipe = recipe_of(specified(), (256, 256))
    assert recipe is not None
    assert [scale["factor"] for scale in recipe["scales"]] == [1]
    assert [steps for _, steps in planned(recipe, (256, 256), (256, 256), 16)] == list(
        steps_by_scale(None, LBFGS, 1, detail="patches")
    )


def test_the_rate_and_its_fall_are_those_of_a_run() -> None:
    recipe = recipe_of(specified("gan"), None)
    assert recipe is not None
    assert {scale["learning_rate"] for scale in recipe["scales"]} == {0.004}
    begins = recipe["learning_rate_falls_from"]
    image = np.zeros((1, 3, 2, 2), np.float32)
    assert AdamStepper.rate(1, begins, image) == 1 > AdamStepper.rate(1, begins + 0.01, image)


def test_what_else_a_loss_needs_is_told() -> None:
    plain, drawn, adversarial = (recipe_of(specified(loss), None) for loss in ("emd", "swd", "gan"))
    assert plain is not None and drawn is not None and adversarial is not None
    assert (plain["draw_every"], plain["start_every"], plain["discriminators"]) == (None,) * 3
    assert (drawn["draw_every"], drawn["start_every"], drawn["discriminators"]) == (10, 10, None)
    assert (adversarial["draw_every"], adversarial["start_every"]) == (None, None)
    assert adversarial["discriminators"] == {"steps": 1, "learning_rate": 0.01}


@pytest.mark.parametrize(("loss", "optimizer"), [("gram", LBFGS), ("swd", LBFGS), ("gan", ADAM)])
def test_its_graphs_are_those_of_the_optimiser(loss: str, optimizer: Optimizer) -> None:
    recipe = recipe_of(specified(loss), None)
    assert recipe is not None
    assert recipe["optimizer"] == optimizer.name
    start, step = (KINDS[recipe[key]] for key in ("start_graph", "step_graph"))
    # What is started is what a step takes, and what it gives.
    state = {name.removeprefix("next_") for name in start.outputs}
    assert state <= set(step.inputs)
    assert {f"next_{name}" for name in state} <= set(step.outputs)
    assert recipe["result"] in state
    if optimizer is LBFGS:
        assert {scale["learning_rate"] for scale in recipe["scales"]} == {None}
        assert recipe["learning_rate_falls_from"] is None


def test_with_content_there_is_none() -> None:
    assert recipe_of(specified(content_layers="conv4_2"), None) is None
