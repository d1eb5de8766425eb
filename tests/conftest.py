"""What the tests share: the pretrained weights, and the marks that need something to be there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Before NumPy is loaded: its matrices are small here, and on busy machines its threads wait for
# each other five times as long as they compute.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from support.stranger import Stranger, stranger_in

from texonnx.errors import WeightsError
from texonnx.runtime.installed import TRAINING_PACKAGE, installed_runtimes
from texonnx.weights import load_weights
from texonnx.weights.network import VggWeights

HERE = Path(__file__).parent
OUT_OF_REACH = HERE / "out_of_reach"
"""Holds a module that stands in the way of ONNX Runtime; no tests."""
PORTABLE = (
    *("curves", "graph", "images", "options", "system", "weights"),
    "benchmark/test_cases.py",
    "benchmark/test_plot.py",
    "benchmark/test_report.py",
    "cli/test_progress.py",
    "cli/test_score.py",
    "exported/test_graph_files.py",
    "losses/test_mixing.py",
    "losses/test_ports.py",
    "losses/test_terms.py",
    "objective/test_banding.py",
    "objective/test_forward.py",
    "objective/test_layer_weights.py",
    "objective/test_specification.py",
    "optim/test_budget.py",
    "optim/test_initial.py",
    "optim/test_lbfgs.py",
    "optim/test_metric.py",
    "optim/test_minimisers.py",
    "optim/test_pyramid.py",
    "optim/test_run.py",
    "optim/test_schedule.py",
    "optim/test_sgd.py",
    "optim/test_spot_noise.py",
    "planning/test_probes.py",
    "planning/test_rehearsal.py",
    "runtime/test_route.py",
    "runtime/test_sorted_distance.py",
    "scoring/test_evenness.py",
    "scoring/test_laplacian.py",
    "scoring/test_scores.py",
    "scoring/test_seams.py",
    "scoring/test_sliced_wasserstein.py",
    "scoring/test_spectrum.py",
    "test_noise.py",
    "test_reference.py",
    "test_rooms.py",
    "test_vgg.py",
)
"""Files and folders of tests whose outcome no ONNX Runtime has a part in.

``tools/test.sh`` runs them once, with ONNX Runtime out of reach, and all others in each
environment. What is marked ``training`` in them is not portable.
"""


def is_portable(path: Path) -> bool:
    """Whether a file is among the portable, or a folder holds some."""
    places = [HERE / name for name in PORTABLE]
    return any(path == place or place in path.parents or path in place.parents for place in places)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--portable",
        action="store_true",
        help="only the tests that are portable, and ONNX Runtime out of their reach",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Put ONNX Runtime out of reach of the portable, and of the processes that they start."""
    if config.getoption("--portable"):
        folder = str(OUT_OF_REACH)
        sys.path.insert(0, folder)
        os.environ["PYTHONPATH"] = os.pathsep.join(
            filter(None, [folder, os.environ.get("PYTHONPATH")])
        )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what may need ONNX Runtime where it is out of reach."""
    needs_it = config.getoption("--portable") and not is_portable(collection_path)
    return True if needs_it or collection_path == OUT_OF_REACH else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is portable; skip what is marked ``training`` where ONNX Runtime cannot train."""
    for item in items:
        if is_portable(item.path) and not item.get_closest_marker("training"):
            item.add_marker(pytest.mark.portable)
    if config.getoption("--portable"):
        items[:] = [item for item in items if item.get_closest_marker("portable")]
    found = installed_runtimes()
    if any(runtime.can_train for runtime in found):
        return
    instead = " and ".join(str(runtime) for runtime in found) or "nothing"
    skip = pytest.mark.skip(reason=f"NEEDS {TRAINING_PACKAGE}; installed: {instead}")
    for item in items:
        if item.get_closest_marker("training"):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def engines_are_not_measured(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let ``auto`` be the training engine where it is there, on whatever machine this is."""
    if not request.config.getoption("--portable"):
        answer = "training", ""
        monkeypatch.setattr("texonnx.runtime.tuning.faster_engine", lambda *asked: answer)


@pytest.fixture
def stranger(tmp_path: Path) -> Stranger:
    """Somebody at whose home nothing is yet."""
    folder = tmp_path / "stranger"
    folder.mkdir()
    return stranger_in(folder)


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
