"""A small objective over random weights, and smooth images, for tests that need no real VGG."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np

from texonnx.images import Image, resize
from texonnx.objective.built import BuiltGraphs
from texonnx.objective.specification import Specification, specify
from texonnx.options import ObjectiveOptions
from texonnx.weights import VggWeights, random_weights

LAYERS = "conv1_1,conv2_1"


@functools.cache
def drawn() -> VggWeights:
    """``random:0``, drawn once: measuring its activations takes a second."""
    return random_weights("vgg16", 0)


def specification(**words: Any) -> Specification:
    return specify(replace(ObjectiveOptions(layers=LAYERS), **words))


def built(**words: Any) -> BuiltGraphs:
    return BuiltGraphs(specification(**words), drawn())


def smooth_image(height: int = 32, width: int = 32, seed: int = 0) -> Image:
    """Coloured blotches, [1, 3, height, width] in [0, 1]."""
    coarse = np.random.default_rng(seed).uniform(0, 1, (1, 3, 8, 8)).astype(np.float32)
    return resize(coarse, height, width)


def noise_image(height: int = 32, width: int = 32, seed: int = 1) -> Image:
    rng = np.random.default_rng(seed)
    noise: Image = rng.uniform(0, 1, (1, 3, height, width)).astype(np.float32)
    return noise
