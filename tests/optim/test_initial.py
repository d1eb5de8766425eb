"""Where a run starts."""

from __future__ import annotations

import numpy as np
import pytest

from texonnx.optim.initial import INITS, initial_image

COLOUR = np.array([0.2, 0.5, 0.8], np.float32).reshape(1, 3, 1, 1)
EXEMPLAR = np.broadcast_to(COLOUR, (1, 3, 10, 12)).copy()


@pytest.mark.parametrize("init", INITS)
def test_the_image_has_the_size_asked_for_in_float32(init: str) -> None:
    image = initial_image(init, EXEMPLAR, (30, 50), 0)
    assert image.shape == (1, 3, 30, 50)
    assert image.dtype == np.float32


@pytest.mark.parametrize("init", INITS)
def test_the_same_seed_gives_the_same_image_and_another_seed_another(init: str) -> None:
    first, again, other = (initial_image(init, EXEMPLAR, (20, 20), seed) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_the_image_lies_in_0_to_1_at_the_limits_too(init: str, level: float) -> None:
    image = initial_image(init, np.full((1, 3, 8, 8), level, np.float32), (64, 64), 0)
    assert image.min() >= 0
    assert image.max() <= 1


@pytest.mark.parametrize("init", INITS)
def test_the_mean_colour_is_the_exemplars(init: str) -> None:
    image = initial_image(init, EXEMPLAR, (64, 64), 0)
    # The mean of 4096 draws strays by a 64th of their deviation; four times that.
    deviation = float(image.std(axis=(2, 3)).max())
    np.testing.assert_allclose(
        image.mean(axis=(2, 3), keepdims=True), COLOUR, atol=4 * deviation / 64 + 1e-6
    )


def test_mean_is_much_flatter_than_noise() -> None:
    noise = initial_image("noise", EXEMPLAR, (64, 64), 0)
    mean = initial_image("mean", EXEMPLAR, (64, 64), 0)
    assert mean.std(axis=(2, 3)).max() < 0.5 * noise.std(axis=(2, 3)).min()
    assert mean.std() > 0
