"""Studies small enough for a test: 32x32 pixels, two layers, random weights drawn once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from texonnx.images import save_image
from texonnx.weights import cache, random_weights

TINY = """
[options]
weights = "drawn"
layers = "conv1_1,conv2_1"
exemplar_size = 32
steps = 2
threads = 1
"""

TWO_BY_TWO = f"""
title = "Tiny & small"
question = "Is <this> a question?"
exemplars = ["stone.png", "moss.png"]
{TINY}
[[variants]]
label = "Gram"

[[variants]]
label = "mean, of course"
note = "the first moment"
loss = "mean"
"""


@pytest.fixture(scope="session")
def _drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cache-of-studies")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEXONNX_CACHE", str(root))
        cache.save(random_weights("vgg16", 0), "drawn")
    return root


@pytest.fixture(autouse=True)
def drawn_weights(_drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing in the cache but random weights, under the name `drawn`."""
    monkeypatch.setenv("TEXONNX_CACHE", str(_drawn))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the exemplars ``stone.png`` and, wider, ``moss.png``."""
    for seed, (name, width) in enumerate((("stone.png", 40), ("moss.png", 48))):
        coarse = np.random.default_rng(seed).uniform(0, 1, (1, 3, 10, width // 4))
        image = coarse.repeat(4, axis=2).repeat(4, axis=3).astype(np.float32)
        save_image(tmp_path / name, image)
    return tmp_path


def write_study(folder: Path, text: str = TWO_BY_TWO, name: str = "tiny.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
