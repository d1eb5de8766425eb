"""Studies small enough for a test: 32x32 pixels, two layers, random weights drawn once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from support.small_runs import draw_once

from texonnx.images import save_image
from texonnx.studies import Cell, Outcome, cells_of, load_study, run_cells, write_report
from texonnx.weights import cache

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

ONE_ROW = TWO_BY_TWO.replace('"stone.png", "moss.png"', '"stone.png"')
"""Two cells."""


@pytest.fixture(scope="session")
def _drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cache-of-studies")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEXONNX_CACHE", str(root))
        cache.save(draw_once("vgg16", 0), "drawn")
    return root


@pytest.fixture(autouse=True)
def drawn_weights(_drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing in the cache but random weights, under the name `drawn`."""
    monkeypatch.setenv("TEXONNX_CACHE", str(_drawn))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the exemplars ``stone.png`` and, wider, ``moss.png``."""
    write_exemplars(tmp_path)
    return tmp_path


def write_exemplars(folder: Path) -> None:
    for seed, (name, width) in enumerate((("stone.png", 40), ("moss.png", 48))):
        coarse = np.random.default_rng(seed).uniform(0, 1, (1, 3, 10, width // 4))
        image = coarse.repeat(4, axis=2).repeat(4, axis=3).astype(np.float32)
        save_image(folder / name, image)


def write_study(folder: Path, text: str = TWO_BY_TWO, name: str = "tiny.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@dataclass(frozen=True)
class Finished:
    """A study that has been run to its end, two cells at a time."""

    place: Path
    cells: list[Cell]
    outcomes: dict[str, Outcome]


@pytest.fixture(scope="session")
def finished(_drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The study of one row with its report; tests read it alone, or copy it."""
    folder = tmp_path_factory.mktemp("finished")
    write_exemplars(folder)
    study = load_study(write_study(folder, ONE_ROW))
    cells = cells_of(study)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEXONNX_CACHE", str(_drawn))
        outcomes = {cell.label: outcome for cell, outcome in run_cells(cells, folder / "out", 2)}
    write_report(study, cells, folder / "out")
    return Finished(folder / "out", cells, outcomes)
