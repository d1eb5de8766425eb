"""Where the weights of VGG come from: a verified cache, files in many formats, or a seed."""

from __future__ import annotations

from texonnx.weights.cache import CachedWeights, cache_folder, list_cached
from texonnx.weights.conventions import CONVENTIONS
from texonnx.weights.fetch import FETCH_SOURCES, fetch
from texonnx.weights.importing import read_weights
from texonnx.weights.library import import_weights, load_weights
from texonnx.weights.network import VggWeights
from texonnx.weights.random import random_weights

__all__ = [
    "CONVENTIONS",
    "FETCH_SOURCES",
    "CachedWeights",
    "VggWeights",
    "cache_folder",
    "fetch",
    "import_weights",
    "list_cached",
    "load_weights",
    "random_weights",
    "read_weights",
]
