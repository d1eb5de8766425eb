"""A large image over several workers: loss and gradient are those of one, and of the whole."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from support.engines import Bands, inputs_of, no_bands, route_of
from support.evaluation import relative_l2
from support.small_network import random_image
from support.small_objective import WEIGHTS

from texonnx.images import Image
from texonnx.objective.banding import Banding, plan_blocks
from texonnx.objective.built import BuiltGraphs
from texonnx.objective.specification import specify
from texonnx.options import PADDINGS, ObjectiveOptions
from texonnx.runtime.analytic import AnalyticEngine
from texonnx.runtime.engine import Evaluation
from texonnx.runtime.goal import texture_of
from texonnx.runtime.spread import Part, shares_of
from texonnx.sizes import Size

LAYERS = "conv1_1,conv1_2,conv2_2,conv3_1"
PLAIN = ObjectiveOptions(layers=LAYERS, layer_weights="1,4,0.5,2", activation_scale=False)
GOAL = texture_of(random_image(83, 19, seed=2) ** 2)


def everywhere(size: Size) -> Banding:
    """Bands of 16 rows in blocks 1 and 2; block 3 is left for the rest."""
    return Banding(largest_map=60_000, largest_band=1)


def in_windows(size: Size) -> Banding:
    """Windows of about 28x28 pixels in blocks 1 and 2, and 12x12 positions in block 3."""
    return Banding(largest_map=0, largest_band=1, largest_window=2**20)


class Elsewhere:
    """A worker in this process, which shares nothing with who asks it but what goes to and fro."""

    def __init__(self, *arguments: Any) -> None:
        self._part = Part(*pickle.loads(pickle.dumps(arguments)))
        self.sent = 0

    def ask(self, method: str, *arguments: Any) -> Elsewhere:
        given = pickle.dumps(arguments)
        self._answer = pickle.dumps(getattr(self._part, method)(*pickle.loads(given)))
        self.sent += len(given) + len(self._answer)
        return _Answered(self._answer)  # type: ignore[return-value]


class _Answered:
    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def result(self) -> Any:
        return pickle.loads(self._answer)


class Workers:
    """So many of them."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.given: list[Elsewhere] = []

    def __len__(self) -> int:
        return self._count

    def give(self, number: int, *arguments: Any) -> Elsewhere:
        assert number == len(self.given)
        self.given.append(Elsewhere(*arguments))
        return self.given[-1]


def evaluated(
    options: ObjectiveOptions, banding: Bands, image: Image, crew: Workers | None = None
) -> Evaluation:
    source = BuiltGraphs(specify(options), WEIGHTS, activation_scale=False)
    route = replace(route_of(source, engine="analytic", threads=1), banding=banding)
    engine = AnalyticEngine(source, route, inputs_of(source), crew)
    engine.aim(GOAL, Size(*image.shape[2:]))
    if crew is not None:
        engine.loss_and_gradient(random_image(*image.shape[2:], seed=9))  # of which nothing stays
    return engine.loss_and_gradient(image)


def assert_same(found: Evaluation, expected: Evaluation) -> None:
    assert relative_l2(found.gradient, expected.gradient) < 2e-6
    assert found.losses.total == pytest.approx(expected.losses.total, rel=1e-5)
    np.testing.assert_allclose(found.losses.layers, expected.losses.layers, rtol=1e-5)


@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize(
    ("loss", "pool", "padding"),
    [
        *product(["mean,gram:3"], ["avg"], PADDINGS),
        ("mean,gram:3", "max", "circular"),
        ("mean+cov", "avg", "reflect"),
        ("gram,tv:2", "avg", "circular"),
    ],
)
def test_loss_and_gradient_are_those_of_the_whole(
    loss: str, pool: str, padding: str, workers: int
) -> None:
    options = replace(PLAIN, loss=loss, pool=pool, padding=padding)
    for banding, size in ((everywhere, (75, 22)), (in_windows, (128, 88))):
        image, crew = random_image(*size, seed=1), Workers(workers)
        found = evaluated(options, banding, image, crew)
        assert len(crew.given) == workers
        assert all(worker.sent > 0 for worker in crew.given)
        assert_same(found, evaluated(options, no_bands, image))


@pytest.mark.parametrize("banding", [everywhere, in_windows])
@pytest.mark.parametrize("size", [(40, 40), (44, 104), (62, 36)])
def test_every_size_and_more_workers_than_there_are_rows_for(
    size: tuple[int, int], banding: Bands
) -> None:
    image = random_image(*size, seed=4)
    for padding in PADDINGS:
        options = replace(PLAIN, padding=padding)
        found = evaluated(options, banding, image, Workers(7))
        assert_same(found, evaluated(options, no_bands, image))


@pytest.mark.parametrize("workers", [2, 3, 8])
@pytest.mark.parametrize("padding", PADDINGS)
def test_each_row_is_one_workers_and_all_have_nearly_as_many(padding: str, workers: int) -> None:
    size = Size(4096, 4096)
    banding = Banding(2**25, 2**22, largest_window=448 * 2**20, multiple=workers)
    plans = plan_blocks(specify(ObjectiveOptions(padding=padding)), size, banding)
    for plan, shares in zip(plans, shares_of(plans, workers), strict=True):
        owned = [window for share in shares for window in share.windows]
        assert owned == list(plan.windows)
        pixels = [
            sum(window.rows.extent * window.columns.extent for window in share.windows)
            for share in shares
        ]
        assert sum(pixels) == plan.shape[2] * plan.shape[3]
        assert max(pixels) < 1.1 * min(pixels)


def test_what_goes_to_and_fro_is_the_image_its_gradient_and_the_rows_at_the_borders() -> None:
    image, crew = random_image(512, 64, seed=1), Workers(2)
    evaluated(replace(PLAIN, padding="circular"), in_windows, image, crew)
    once = sum(worker.sent for worker in crew.given) / 2
    # Of blocks 1 and 2 five rows beyond, of block 3 three; the averages and their gradients.
    channels = 128
    borders = 2 * 2 * (2 * 6 * 64 * 3 + 2 * 3 * 16 * channels) * 4
    assert once < 2 * image.nbytes + 2 * borders + 6 * 2**20
