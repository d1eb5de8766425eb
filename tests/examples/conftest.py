"""What the tests of the examples share: exported folders, an exemplar, and texonnx's own runs."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from support.host_promises import PRETRAINED
from support.hosts import EXAMPLES, ONE_SCALE, TWO_DRAWS, TWO_SCALES, Reference, cannot
from support.limits import LONGEST_WAIT
from support.small_runs import SMALL, draw_once

import texonnx
from texonnx.weights import library

STONE = Path(__file__).parents[2] / "images" / "stone.jpg"


@pytest.fixture(scope="session")
def exemplar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PNG: decoders of JPEG differ in their last bits."""
    path = tmp_path_factory.mktemp("exemplar") / "stone.png"
    with PIL.Image.open(STONE) as picture:
        picture.convert("RGB").resize((96, 80)).save(path)
    return path


@pytest.fixture(scope="session")
def exported(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[[str], Path]:
    """Return the folder of a loss, of random weights and two layers, or of ``pretrained``."""

    @functools.cache
    def export(kind: str) -> Path:
        folder = tmp_path_factory.mktemp("exported") / kind
        if kind == PRETRAINED:
            request.getfixturevalue("pretrained")
            return texonnx.export(folder, training=False)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(library, "random_weights", draw_once)
            return texonnx.export(folder, loss=kind, training=False, **SMALL)

    return export


@pytest.fixture(scope="session")
def small_folder(exported: Callable[[str], Path]) -> Path:
    """A folder that loads in no time, for what does not depend on the loss."""
    return exported("mean+cov")


@pytest.fixture(scope="session")
def references(exported: Callable[[str], Path], exemplar: Path) -> Callable[[str], Reference]:
    """Return what texonnx makes with the folder of `exported`."""

    @functools.cache
    def make(kind: str) -> Reference:
        folder = exported(kind)
        recipe = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["recipe"]
        runs = {PRETRAINED: ONE_SCALE, "emd": ONE_SCALE, "swd": TWO_DRAWS}
        run = runs.get(kind, TWO_SCALES)
        result = texonnx.synthesize(
            exemplar,
            artifacts=folder,
            optimizer=recipe["optimizer"],
            engine="analytic",
            provider="cpu",
            seed=0,
            exemplar_size=run.exemplar_size,
            steps=run.steps,
        )
        losses = np.array([step.loss for step in result.history])
        return Reference(folder, run, losses, result.image)

    return make


@pytest.fixture(scope="session")
def web_example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The web page with onnxruntime-web: where it is installed, or else in a copy."""
    installed = EXAMPLES / "web"
    if shutil.which("node") is None or shutil.which("npm") is None:
        cannot(f"NEEDS NODE AND NPM: they are {shutil.which('node')} and {shutil.which('npm')}")
    if (installed / "node_modules" / "onnxruntime-web").is_dir():
        return installed
    copy = tmp_path_factory.mktemp("repository") / "examples" / "web"
    shutil.copytree(installed, copy, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(EXAMPLES.parent / "images", copy.parents[1] / "images")
    command = ["npm", "ci", "--no-audit", "--no-fund"]
    done = subprocess.run(
        command, cwd=copy, capture_output=True, text=True, timeout=LONGEST_WAIT, check=False
    )
    if done.returncode:
        cannot(f"NEEDS ONNXRUNTIME-WEB, which cannot be had: {done.stderr.strip()[-500:]}")
    return copy
