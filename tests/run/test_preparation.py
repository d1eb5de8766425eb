"""What precedes a run: shares, sizes, and what does not go together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.drawn_objective import smooth_image
from support.small_runs import SMALL, draw_once

import texonnx
from texonnx.errors import ImageError, OptionError
from texonnx.options import OBJECTIVE, RUN
from texonnx.run.preparation import Prepared, one_or_several, prepare, shares_of
from texonnx.weights import library

TALL, WIDE = smooth_image(96, 64), smooth_image(64, 128, seed=1)


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "random_weights", draw_once)


def prepared(*exemplars: Any, loss: str = "gram", **run: Any) -> Prepared:
    objective = replace(OBJECTIVE, loss=loss, **SMALL)
    return prepare(exemplars, objective, replace(RUN, **{"exemplar_size": 64, **run}), None)


def test_shares_are_alike_or_divided_by_their_sum() -> None:
    assert shares_of(None, 4) == (0.25,) * 4
    assert shares_of([3, 1], 2) == (0.75, 0.25)
    assert shares_of((0, 5), 2) == (0, 1)


@pytest.mark.parametrize("one", [None, "a.png", Path("a.png"), np.zeros((1, 3, 8, 8)), 3])
def test_what_is_no_sequence_of_images_is_one(one: Any) -> None:
    [same] = one_or_several(one)
    assert same is one


def test_the_items_of_a_list_or_tuple_are_several() -> None:
    assert one_or_several(["a.png", Path("b.png")]) == ["a.png", Path("b.png")]
    assert one_or_several(("a.png",)) == ["a.png"]


def test_every_exemplar_is_scaled_by_its_shorter_side_and_shrinks_with_the_scales() -> None:
    both = prepared(TALL, WIDE, exemplar_size=64, scales=3)
    assert [one.shape for one in both.exemplars] == [(1, 3, 96, 64), (1, 3, 64, 128)]
    assert [one.shape for one in both.exemplars_at(0)] == [(1, 3, 24, 16), (1, 3, 16, 32)]
    assert [one.shape for one in both.exemplars_at(1)] == [(1, 3, 48, 32), (1, 3, 32, 64)]
    for finest, exemplar in zip(both.exemplars_at(2), (TALL, WIDE), strict=True):
        np.testing.assert_allclose(finest, exemplar, atol=1e-6)


def test_the_first_exemplars_size_is_that_of_the_output_unless_one_is_given() -> None:
    assert prepared(TALL, WIDE).scales[-1].output == (96, 64)
    assert prepared(TALL, WIDE, size=(80, 70)).scales[-1].output == (80, 70)


@pytest.mark.parametrize(
    ("loss", "optimizer"),
    [("gram", "lbfgs"), ("swd", "lbfgs"), ("gan", "adam"), ("emd,gan", "adam")],
)
def test_the_optimizer_that_nobody_named_suits_the_loss(loss: str, optimizer: str) -> None:
    assert prepared(TALL, loss=loss).options.optimizer == optimizer
    assert prepared(TALL, loss=loss, optimizer="sgd").options.optimizer == "sgd"


def test_a_learning_rate_needs_an_optimizer_that_has_one() -> None:
    with pytest.raises(OptionError, match="lbfgs takes no learning rate"):
        prepared(TALL, lr=0.1)
    assert prepared(TALL, loss="gan", lr=0.1).options.learning_rate == 0.1


def test_no_exemplar_at_all_is_refused() -> None:
    with pytest.raises(OptionError, match="there is no exemplar"):
        prepared()


def test_the_plateau_of_a_loss_of_discriminators_is_refused() -> None:
    with pytest.raises(OptionError, match="gan"):
        prepared(TALL, loss="gram,gan", until=0.1)


def test_exemplars_are_checked_before_the_weights_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read(*_: object) -> None:
        raise AssertionError("the weights were read")

    monkeypatch.setattr("texonnx.run.preparation.load_weights", read)
    with pytest.raises(ImageError, match="1x9 pixels"):
        prepared(TALL, WIDE[:, :, :9, :1])
    with pytest.raises(ImageError, match=r"there is no image file 'nothing\.png'"):
        prepared(TALL, "nothing.png")


@pytest.mark.parametrize("style_weight", [1, 0])
def test_a_folder_that_keeps_the_content_of_an_image_is_refused(
    style_weight: float, tmp_path: Path
) -> None:
    folder = texonnx.export(
        tmp_path / "folder", training=False, content_layers="conv2_1", style_weight=style_weight,
        **SMALL,
    )  # fmt: skip
    for function in (texonnx.synthesize, texonnx.plan):
        with pytest.raises(OptionError, match="exported with content layers"):
            function(TALL, artifacts=folder, exemplar_size=32)


def test_a_process_of_many_runs_reads_weights_and_builds_graphs_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from texonnx.objective.kinds import OBJECTIVE
    from texonnx.run import preparation

    reads: list[object] = []
    read = preparation.load_weights
    monkeypatch.setattr(preparation, "load_weights", lambda *how: reads.append(how) or read(*how))
    monkeypatch.setattr(preparation, "_kept", None)
    apart = [prepared(TALL).source for _ in range(2)]
    assert apart[0] is not apart[1] and len(reads) == 2
    preparation.keep_graphs()
    first, second = (prepared(TALL).source for _ in range(2))
    assert first is second and len(reads) == 3
    size = prepared(TALL).scales[-1].output
    assert first.graph(OBJECTIVE, size) is second.graph(OBJECTIVE, size)
    # Of few kinds: the oldest goes.
    for loss in ("mean", "cov", "emd", "swd"):
        prepared(TALL, loss=loss)
    assert prepared(TALL).source is not first
