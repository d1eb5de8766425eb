"""What the tests share: the pretrained weights, and the marks that need something to be there."""

from __future__ import annotations

import os

# Before NumPy is loaded: its matrices are small here, and on busy machines its threads wait for
# each other five times as long as they compute.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

from texonnx.errors import WeightsError
from texonnx.runtime.installed import TRAINING_PACKAGE, installed_runtimes
from texonnx.weights import load_weights
from texonnx.weights.network import VggWeights


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked ``training`` where ONNX Runtime cannot train."""
    found = installed_runtimes()
    if any(runtime.can_train for runtime in found):
        return
    instead = " and ".join(str(runtime) for runtime in found) or "nothing"
    skip = pytest.mark.skip(reason=f"NEEDS {TRAINING_PACKAGE}; installed: {instead}")
    for item in items:
        if item.get_closest_marker("training"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def pretrained() -> VggWeights:
    """The canonical VGG-16; on CI it must be there, elsewhere its absence skips the test."""
    try:
        return load_weights()
    except WeightsError as error:
        why = f"NEEDS THE PRETRAINED WEIGHTS, which cannot be had: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
