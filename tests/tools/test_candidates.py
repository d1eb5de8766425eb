from __future__ import annotations

import pytest
from peers.candidates import CANDIDATES, choose_candidates


def _names(*arguments, **more):
    return [candidate.name for candidate in choose_candidates(*arguments, **more)]


def test_an_environment_brings_all_that_runs_in_it():
    assert _names(["training"]) == ["training", "analytic-1.19"]
    assert _names(["training"], "cuda") == ["training", "analytic-1.19", "training-cuda"]
    assert _names(["openvino"]) == ["openvino", "openvino-bf16"]


def test_pytorch_takes_part_eager_and_compiled_in_two_precisions():
    names = _names(["torch"])
    assert names == [
        "torch",
        "torch-channels-last",
        "torch-bf16",
        "torch-compile",
        "torch-compile-bf16",
    ]


def test_the_device_reaches_pytorch_and_its_title():
    candidates = {one.name: one for one in choose_candidates(["torch", "analytic"], "cuda")}
    assert candidates["torch"].settings["device"] == "cuda"
    assert candidates["torch"].title == "PyTorch eager, float32, CUDA"
    assert candidates["torch-tf32"].settings["precision"] == "tf32"
    assert "device" not in candidates["analytic"].settings


def test_only_the_named_take_part():
    assert _names(["analytic", "torch"], only=["torch-compile", "analytic"]) == [
        "analytic",
        "torch-compile",
    ]


@pytest.mark.parametrize(
    ("only", "sentence"),
    [
        ("jax", "there is no candidate 'jax'; there are analytic, "),
        ("openvino", "openvino needs --openvino PYTHON"),
        ("torch-tf32", "torch-tf32 needs --device cuda"),
    ],
)
def test_a_name_that_cannot_be_had_is_said(only, sentence):
    with pytest.raises(ValueError, match=sentence):
        choose_candidates(["torch"], only=[only])


def test_full_precision_must_agree_to_a_thousandth_and_half_to_a_twentieth():
    tolerances = {candidate.name: candidate.tolerance for candidate in CANDIDATES}
    assert tolerances["training"] == tolerances["torch-compile"] == 1e-3
    assert tolerances["openvino-bf16"] == tolerances["torch-bf16"] == 5e-2
