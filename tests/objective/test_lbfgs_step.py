"""L-BFGS as graphs, looped as a host does it, against the one that NumPy runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.evaluation import Array, Runtime, relative_l2
from support.small_network import random_image
from support.small_objective import SmallObjective

from texonnx.images import resize
from texonnx.losses import loss_names
from texonnx.objective.lbfgs_step import CORRECTIONS, TRIALS, lbfgs_start_model, lbfgs_step_model
from texonnx.optim.lbfgs import minimise_lbfgs
from texonnx.optim.metric import ImageMetric
from texonnx.options import ObjectiveOptions
from texonnx.runtime.engine import Evaluation, Losses

SIZE = (20, 22)
State = dict[str, NDArray[Any]]
LOSSES = [name for name in loss_names() if name != "gan"]


def small(loss: str, size: tuple[int, int] | None = None) -> SmallObjective:
    options = ObjectiveOptions(loss=loss, layers="conv1_1,conv2_1", layer_weights="equal")
    return SmallObjective(options, size)


def smooth(height: int, width: int, seed: int) -> Array:
    return resize(random_image(9, 10, seed=seed), height, width)


EXEMPLAR = smooth(18, 20, seed=2)
IMAGE = smooth(*SIZE, seed=1)


class Host:
    """Loops the two graphs."""

    def __init__(self, objective: SmallObjective, exemplar: Array = EXEMPLAR) -> None:
        self._start = Runtime(lbfgs_start_model())
        model = lbfgs_step_model(objective.specification, objective.parameters, objective.size)
        self._step = Runtime(model)
        self._exemplar = exemplar
        self._held = objective.inputs(exemplar, SIZE)

    def start(self, image: Array, steps: int) -> State:
        given = {"image": image, "exemplar": self._exemplar, "steps": np.array([steps])}
        return following(self._start(given))

    def step(self, state: State) -> tuple[State, float]:
        outputs = self._step({**state, **self._held})
        return following(outputs), float(outputs["loss"])

    def run(self, image: Array, steps: int, rows: int | None = None) -> tuple[State, list[float]]:
        state, losses = self.start(image, rows or steps), []
        for _ in range(steps):
            state, loss = self.step(state)
            losses.append(loss)
        return state, losses


def following(outputs: dict[str, NDArray[Any]]) -> State:
    return {
        name.removeprefix("next_"): value
        for name, value in outputs.items()
        if name.startswith("next_")
    }


def in_numpy(objective: SmallObjective, image: Array, steps: int) -> tuple[Array, list[float]]:
    losses = []

    def evaluate(at: Array) -> Evaluation:
        found = objective(np.ascontiguousarray(at, np.float32), EXEMPLAR)
        losses.append(float(found["loss"]))
        return Evaluation(Losses(losses[-1], found["layer_losses"]), found["gradient"])

    metric = ImageMetric(EXEMPLAR, SIZE)
    return minimise_lbfgs(evaluate, image, steps, lambda *_: None, metric), losses


@pytest.mark.parametrize("size", [None, SIZE], ids=["unknown-size", "known-size"])
@pytest.mark.parametrize("loss", LOSSES)
def test_evaluations_are_those_of_numpy(loss: str, size: tuple[int, int] | None) -> None:
    objective = small(loss, size)
    state, losses = Host(objective).run(IMAGE, 4)
    best, expected = in_numpy(objective, IMAGE, 4)
    np.testing.assert_allclose(losses, expected, rtol=1e-3)
    assert relative_l2(state["best_image"] - IMAGE, best - IMAGE) < 1e-2


def test_forty_evaluations_end_where_numpys_do() -> None:
    """More than there are rows: the oldest pairs make room."""
    objective = small("gram")
    state, losses = Host(objective).run(IMAGE, 40)
    _, expected = in_numpy(objective, IMAGE, 40)
    assert state["pairs"] > CORRECTIONS == len(state["changes"])
    # Rounding has grown by then.
    np.testing.assert_allclose(np.log(min(losses)), np.log(min(expected)), atol=0.5)
    assert min(losses) < 1e-2 * losses[0]


@pytest.mark.parametrize(("steps", "rows"), [(1, 1), (7, 7), (20, 20), (500, 20), (0, 1)])
def test_there_are_as_many_rows_as_are_of_use(steps: int, rows: int) -> None:
    state = Host(small("gram")).start(IMAGE, steps)
    assert state["changes"].shape == state["gradient_changes"].shape == (rows, 3, *SIZE)


def test_with_one_row_the_loss_still_falls() -> None:
    _, losses = Host(small("gram")).run(IMAGE, 12, rows=1)
    assert min(losses) < 0.05 * losses[0]


def test_the_result_is_the_best_image_and_its_loss_that_of_the_objective() -> None:
    objective = small("gram")
    state, losses = Host(objective).run(IMAGE, 15)
    found = float(objective(state["best_image"], EXEMPLAR)["loss"])
    np.testing.assert_allclose(found, min(losses), rtol=1e-4)


def test_a_step_that_is_too_long_is_shortened_and_the_best_image_stays() -> None:
    host = Host(small("gram"))
    state, _ = host.run(IMAGE, 3)
    best = state["best_image"]
    too_far = {**state, "image": best + 3 * np.sign(state["image"] - best)}
    after, _ = host.step(too_far)
    np.testing.assert_array_equal(after["best_image"], best)
    assert after["trials"] == 1
    assert 0.0999 <= after["length"] / state["length"] <= 0.5001
    moved = after["image"] - best
    assert relative_l2(moved / after["length"], (state["image"] - best) / state["length"]) < 1e-3


def test_what_is_not_finite_is_shortened_too() -> None:
    host = Host(small("gram"))
    state, _ = host.run(IMAGE, 3)
    after, loss = host.step({**state, "image": np.full_like(IMAGE, np.nan)})
    assert np.isnan(loss)
    np.testing.assert_allclose(after["length"], 0.1 * state["length"], rtol=1e-6)
    assert np.isfinite(after["image"]).all()


def test_after_many_vain_trials_it_goes_along_the_gradient() -> None:
    host = Host(small("gram"))
    state, _ = host.run(IMAGE, 4)
    assert state["pairs"] == 3
    for trial in range(TRIALS):
        # Uphill, whatever the length.
        state, _ = host.step({**state, "image": IMAGE + 5})
        assert state["trials"] == (trial + 1) % TRIALS
    assert (state["pairs"], state["length"]) == (0, 1)
    root_mean_square = np.sqrt(np.mean((state["image"] - state["best_image"]) ** 2))
    np.testing.assert_allclose(root_mean_square, 0.0025, rtol=1e-3)


def test_without_a_gradient_the_image_stays_as_it_is() -> None:
    """The exemplar itself is at no distance."""
    objective = small("emd")
    exemplar = smooth(*SIZE, seed=3)
    state, losses = Host(objective, exemplar).run(exemplar, 3)
    assert losses == [0, 0, 0]
    np.testing.assert_array_equal(state["image"], exemplar)


@pytest.mark.parametrize("colour", [0.0, 0.4, 1.0])
def test_a_flat_exemplar_is_none_to_choke_on(colour: float) -> None:
    exemplar = np.full((1, 3, 18, 20), colour, np.float32)
    state, losses = Host(small("gram"), exemplar).run(IMAGE, 8)
    assert np.isfinite(losses).all() and np.isfinite(state["image"]).all()
    assert min(losses) < losses[0]
