"""Detail put into an image a window at a time, against all at once."""

from __future__ import annotations

import numpy as np
import pytest
from support.drawn_objective import drawn, specification

from texonnx.objective.built import BuiltGraphs
from texonnx.options import PADDINGS
from texonnx.run import hosting
from texonnx.run.hosting import GraphHost
from texonnx.run.large_detail import large_detail
from texonnx.sizes import Size, size_of


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize(
    ("coarse", "exemplar", "side"),
    [((70, 43), (48, 40), 24), ((31, 96), (33, 57), 30), ((20, 20), (64, 64), 512)],
)
def test_it_is_the_image_of_all_at_once(
    coarse: tuple[int, int], exemplar: tuple[int, int], side: int, padding: str
) -> None:
    rng = np.random.default_rng(0)
    image, texture = (rng.random((1, 3, *size), dtype=np.float32) for size in (coarse, exemplar))
    before, size = Size(*(n // 2 for n in exemplar)), Size(*(2 * n + 1 for n in coarse))
    source = BuiltGraphs(specification(detail="patches", padding=padding), drawn())
    host = GraphHost(source)
    expected = host.finer_image(image, texture, before, size, 0)
    wraps = padding == "circular"
    found = large_detail(host.run, image, texture, before, size, wraps=wraps, side=side)
    assert size_of(found) == size
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_large_image_gets_it_so(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def noted(*arguments: object, **words: object) -> str:
        calls.append(words)
        return "finer"

    monkeypatch.setattr(hosting, "large_detail", noted)
    host = GraphHost(BuiltGraphs(specification(detail="patches", padding="circular"), drawn()))
    exemplar = np.zeros((1, 3, 16, 16), np.float32)
    large = np.zeros((1, 3, 769, 768), np.float32)
    assert host.finer_image(large, exemplar, Size(8, 8), Size(1538, 1536), 0) == "finer"
    assert calls == [{"wraps": True}]
    host.finer_image(exemplar, exemplar, Size(8, 8), Size(32, 32), 0)
    assert len(calls) == 1
