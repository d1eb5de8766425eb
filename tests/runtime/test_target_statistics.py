"""The targets of a goal: from its images, along what is drawn, and mixed."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray
from support.drawn_objective import built, smooth_image
from support.engines import Targets

from texonnx.images import Cutout
from texonnx.losses.mixing import average, bures_barycentre
from texonnx.objective.built import BuiltGraphs
from texonnx.objective.kinds import CONTENT_TARGETS, TARGETS
from texonnx.runtime.goal import Goal, texture_of
from texonnx.runtime.sessions import open_session
from texonnx.runtime.target_statistics import mixed
from texonnx.sizes import Size

SIZE = Size(20, 26)
EXEMPLARS = (smooth_image(31, 24), smooth_image(18, 33, seed=5))
CONTENT = smooth_image(*SIZE, seed=7)
LAYERS = ("conv1_1", "conv2_1")

Arrays = dict[str, NDArray[np.float32]]
open_here = partial(open_session, provider="cpu", threads=1)


def statistics(source: BuiltGraphs, goal: Goal, seed: int = 0) -> Targets:
    return Targets(source, goal, SIZE, seed)


def plain_run(source: BuiltGraphs, exemplar: NDArray[np.float32], **inputs: object) -> Arrays:
    session = open_here(source.graph(TARGETS))
    names = [output.name for output in session.get_outputs()]
    feeds = {"exemplar": exemplar, "output_size": np.array(SIZE, np.int64), **inputs}
    return dict(zip(names, session.run(names, feeds), strict=True))


@pytest.mark.parametrize("loss", ["gram", "emd", "mean+cov", "gan"])
def test_of_one_exemplar_they_are_those_of_a_plain_run_in_memory_of_their_own(loss: str) -> None:
    source = built(loss=loss)
    given = statistics(source, texture_of(EXEMPLARS[0]))
    found, expected = given.draw(), plain_run(source, EXEMPLARS[0])
    assert not given.varies
    assert list(found) == list(expected)
    for name, value in found.items():
        assert np.array_equal(value, expected[name])
        assert value.flags.owndata
        assert value.base is None


def test_of_a_content_image_they_are_its_features() -> None:
    source = built(style_weight=0.0, content_layers="conv1_1,conv2_1")
    found = statistics(source, Goal(content=CONTENT)).draw()
    assert not source.has(TARGETS)
    session = open_here(source.graph(CONTENT_TARGETS))
    names = [output.name for output in session.get_outputs()]
    assert list(found) == names == [f"target.content.{layer}" for layer in LAYERS]
    for name, value in zip(names, session.run(names, {"content": CONTENT}), strict=True):
        assert np.array_equal(found[name], value)


def test_texture_and_content_come_together() -> None:
    source = built(content_layers="conv1_2")
    found = statistics(source, Goal((EXEMPLARS[0],), content=CONTENT)).draw()
    assert set(found) == {*(f"target.gram.{layer}" for layer in LAYERS), "target.content.conv1_2"}


# Cut-outs

LOSSES = ["gram", "emd", "swd", "mean+cov", "gan"]


@pytest.mark.parametrize("loss", LOSSES)
def test_where_all_counts_a_cutout_has_the_statistics_of_its_image(loss: str) -> None:
    source = built(loss=loss)
    cutout = Cutout.of(EXEMPLARS[0], np.ones(EXEMPLARS[0].shape[2:], bool))
    found = statistics(source, Goal((cutout,))).draw()
    expected = statistics(source, texture_of(EXEMPLARS[0])).draw()
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


@pytest.mark.parametrize("loss", LOSSES)
def test_of_a_cutout_only_what_counts_is_looked_at(loss: str) -> None:
    """Held against NumPy, from the features at every position, which is what gan takes."""
    opaque = np.ones(EXEMPLARS[0].shape[2:], bool)
    opaque[:, 15:] = opaque[25:] = False
    opaque[-1, -1] = True  # so that no margin is cut off
    cutout = Cutout.of(EXEMPLARS[0], opaque)
    found = statistics(built(loss=loss), Goal((cutout,))).draw()
    features = plain_run(built(loss="gan"), cutout.image)
    for halvings, layer in enumerate(LAYERS):
        counting = cutout.positions(halvings).ravel()
        assert 0 < counting.sum() < counting.size
        f = features[f"target.gan.{layer}"][:, counting].astype(np.float64)
        levels = np.prod(SIZE) // 4**halvings
        expected = {
            "gram": f @ f.T / f.shape[1],
            "mean": f.mean(axis=1, keepdims=True),
            "cov": np.cov(f, bias=True),
            "gan": f,
            "emd": quantiles(f, levels),
        }
        if loss == "swd":
            expected["swd"] = quantiles(found[f"directions.swd.{layer}"] @ f, levels)
        for name in loss.split("+"):
            np.testing.assert_allclose(
                found[f"target.{name}.{layer}"], expected[name], rtol=1e-4, atol=1e-4
            )


def quantiles(rows: NDArray[np.float64], levels: int) -> NDArray[np.float64]:
    """Read each row's quantile function between its values, which stand at (i + 1/2) / M."""
    count = rows.shape[1]
    known = (np.arange(count) + 0.5) / count
    wanted = (np.arange(levels) + 0.5) / levels
    return np.stack([np.interp(wanted, known, np.sort(row)) for row in rows])


# Directions


def directions_in(arrays: Arrays) -> Arrays:
    return {name: value for name, value in arrays.items() if name.startswith("directions.")}


def test_directions_are_unit_vectors_one_for_each_channel() -> None:
    found = directions_in(statistics(built(loss="swd"), texture_of(EXEMPLARS[0])).draw())
    assert {name: value.shape for name, value in found.items()} == {
        "directions.swd.conv1_1": (64, 64),
        "directions.swd.conv2_1": (128, 128),
    }
    for value in found.values():
        assert value.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(value, axis=1), 1, rtol=1e-5)


def test_directions_prefer_none() -> None:
    """Uniform on the sphere: the mean of d dᵀ is the identity over N."""
    given = statistics(built(loss="swd", layers="conv1_1"), texture_of(EXEMPLARS[0]))
    draws = np.concatenate([given.draw()["directions.swd.conv1_1"] for _ in range(40)])
    # 2560 directions: an entry off the diagonal is 0 within some 1/64 / sqrt(2560).
    moments = draws.T @ draws / len(draws)
    assert np.abs(moments - np.eye(64) / 64).max() < 6 / 64 / np.sqrt(len(draws)) * np.sqrt(2)
    assert np.abs(draws.mean(axis=0)).max() < 5 / 8 / np.sqrt(len(draws))


def test_the_targets_are_those_along_the_directions_that_are_drawn() -> None:
    source = built(loss="swd+gram")
    given = statistics(source, texture_of(EXEMPLARS[0]))
    assert given.varies
    draws = [given.draw() for _ in range(2)]
    for draw in draws:
        for name, value in plain_run(source, EXEMPLARS[0], **directions_in(draw)).items():
            assert np.array_equal(draw[name], value)
    first, second = draws
    for layer in LAYERS:
        for name in (f"directions.swd.{layer}", f"target.swd.{layer}"):
            assert not np.array_equal(first[name], second[name])
        name = f"target.gram.{layer}"
        assert np.array_equal(first[name], second[name])


def test_the_seed_decides_the_directions() -> None:
    def drawn(seed: int) -> list[Arrays]:
        given = statistics(built(loss="swd"), texture_of(EXEMPLARS[0]), seed)
        return [directions_in(given.draw()) for _ in range(2)]

    here, again, other = drawn(3), drawn(3), drawn(4)
    for first, second in zip(here, again, strict=True):
        for name, value in first.items():
            assert np.array_equal(value, second[name])
    assert not np.array_equal(here[0]["directions.swd.conv1_1"], other[0]["directions.swd.conv1_1"])


# Mixtures


def test_statistics_are_averaged_by_their_shares() -> None:
    values = [{"target.mean.conv1_1": np.array([[value]], np.float32)} for value in (2, 10, -4)]
    found = mixed(values, (0.5, 0.25, 0.25))
    # 1 + 2.5 - 1
    np.testing.assert_allclose(found["target.mean.conv1_1"], [[2.5]])


@pytest.mark.parametrize("loss", ["gram", "emd", "swd", "mean+cov"])
def test_a_mixture_is_of_the_statistics_along_one_draw(loss: str) -> None:
    source = built(loss=loss)
    found = statistics(source, Goal(EXEMPLARS, (0.75, 0.25))).draw()
    directions = directions_in(found)
    first, second = (plain_run(source, exemplar, **directions) for exemplar in EXEMPLARS)
    for name, value in first.items():
        mix = bures_barycentre if name.split(".")[1] in ("gram", "cov") else average
        expected = mix([value, second[name]], (0.75, 0.25))
        np.testing.assert_allclose(found[name], expected, rtol=1e-5, atol=1e-6)


def test_a_mixture_of_sorted_rows_stays_sorted() -> None:
    found = statistics(built(loss="emd"), Goal(EXEMPLARS, (0.3, 0.7))).draw()
    for layer in LAYERS:
        assert (np.diff(found[f"target.emd.{layer}"]) >= 0).all()


@pytest.mark.parametrize("loss", ["gram", "emd", "swd", "gan", "mean+gan"])
def test_with_a_share_of_all_an_exemplar_stands_alone(loss: str) -> None:
    source = built(loss=loss)
    together = statistics(source, Goal(EXEMPLARS, (1.0, 0.0)), seed=2).draw()
    alone = statistics(source, texture_of(EXEMPLARS[0]), seed=2).draw()
    assert list(together) == list(alone)
    for name, value in alone.items():
        np.testing.assert_array_equal(together[name], value)


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.8, 0.2), (0.1, 0.9)])
def test_of_positions_each_exemplar_gives_its_share(shares: tuple[float, float]) -> None:
    # The first exemplar's values are 1, 2, 3 ..., the other's -1, -2, -3 ...
    first = np.tile(np.arange(1, 801, dtype=np.float32), (3, 1))
    second = -np.tile(np.arange(1, 301, dtype=np.float32), (3, 1))
    name = "target.gan.conv1_1"
    found = mixed([{name: first}, {name: second}], shares)[name]
    assert len(found) == 3
    counts = np.array([(found[0] > 0).sum(), (found[0] < 0).sum()])
    np.testing.assert_allclose(counts / counts.sum(), shares, atol=0.01)
    # As many as there are: one of the two gives all.
    assert counts[0] >= 799 or counts[1] >= 299
    # Whole columns, from all over each exemplar, none twice.
    for row in found[1:]:
        np.testing.assert_array_equal(row, found[0])
    for one, most in ((found[0][found[0] > 0], 800), (-found[0][found[0] < 0], 300)):
        assert (one.min(), one.max()) == (1, most)
        assert len(set(one)) == len(one)
        assert np.diff(one).max() <= np.ceil(most / len(one)) + 1


def test_beside_shared_positions_statistics_are_averaged() -> None:
    source = built(loss="gan,mean")
    found = statistics(source, Goal(EXEMPLARS, (0.5, 0.5))).draw()
    first, second = (plain_run(source, exemplar) for exemplar in EXEMPLARS)
    for layer in LAYERS:
        name = f"target.mean.{layer}"
        np.testing.assert_allclose(found[name], (first[name] + second[name]) / 2, rtol=1e-5)
    positions = min(first["target.gan.conv1_1"].shape[1], second["target.gan.conv1_1"].shape[1])
    assert found["target.gan.conv1_1"].shape == (64, 2 * positions)
