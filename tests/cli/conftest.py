"""A command line with an empty cache, no network, and random weights drawn once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Outcome, Texonnx
from support.small_runs import draw_once

from texonnx.cli import main
from texonnx.images import save_image
from texonnx.weights import cache, library
from texonnx.weights.sources import SourceUnavailableError, keras, mirror


def _unreachable(*_: Any) -> Path:
    raise SourceUnavailableError("the server cannot be had (no connection)")


@pytest.fixture(autouse=True)
def cache_root(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test here sees the user's cache, or the network."""
    root = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("TEXONNX_CACHE", str(root))
    monkeypatch.setattr(keras, "download", _unreachable)
    monkeypatch.setattr(mirror, "download", _unreachable)
    monkeypatch.setattr(library, "random_weights", draw_once)
    return root


@pytest.fixture
def texonnx(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Texonnx:
    """Run the command line in this process, in the folder `tmp_path`."""

    monkeypatch.setattr("texonnx.cli.heed", lambda: None)  # the handlers of pytest stay

    def run(*arguments: str | Path) -> Outcome:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["texonnx", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capfd.readouterr()
        code = exit_.value.code
        assert code is None or isinstance(code, int)
        return Outcome(code or 0, out, err)

    return run


@pytest.fixture
def exemplar(tmp_path: Path) -> Path:
    """``stone.png``: 40x40 pixels of smooth coloured noise."""
    return write_exemplar(tmp_path / "stone.png")


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """``town.png``: 48 pixels high and 64 wide, other noise of that kind."""
    return write_exemplar(tmp_path / "town.png", 48, 64, seed=8)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """``wood.png``: 40x60 pixels, other noise of that kind."""
    return write_exemplar(tmp_path / "wood.png", 40, 60, seed=9)


def write_exemplar(path: Path, height: int = 40, width: int = 40, seed: int = 7) -> Path:
    coarse = np.random.default_rng(seed).uniform(0, 1, (1, 3, height // 4, width // 4))
    save_image(path, coarse.repeat(4, axis=2).repeat(4, axis=3).astype(np.float32))
    return path


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported folder of the small objective; tests copy it before they harm it."""
    from texonnx.exported.writing import export_folder
    from texonnx.objective.specification import specify
    from texonnx.options import ObjectiveOptions

    folder = tmp_path_factory.mktemp("exported") / "small"
    specification = specify(ObjectiveOptions(layers="conv1_1,conv2_1"))
    export_folder(folder, specification, draw_once("vgg16", 0))
    return folder


@pytest.fixture(scope="session")
def drawn_once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of a process whose cache holds the random weights under the name `drawn`."""
    root = tmp_path_factory.mktemp("cache-with-weights")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEXONNX_CACHE", str(root))
        cache.save(draw_once("vgg16", 0), "drawn")
    return {"TEXONNX_CACHE": str(root)}
