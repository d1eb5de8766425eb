"""The public API, pinned: a change here is a change for users."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys

import pytest

import texonnx

OBJECTIVE = [
    "loss", "layers", "layer_weights", "gram_norm", "pool", "padding", "arch", "weights",
    "activation_scale",
]  # fmt: skip


def test_the_names_are_these() -> None:
    assert sorted(texonnx.__all__) == [
        "NotFiniteError",
        "Plan",
        "PlannedScale",
        "Score",
        "Step",
        "SynthesisInterrupted",
        "SynthesisResult",
        "TexonnxError",
        "__version__",
        "export",
        "load_image",
        "plan",
        "save_image",
        "score",
        "synthesize",
    ]


def test_every_name_can_be_had_and_is_listed() -> None:
    for name in texonnx.__all__:
        assert getattr(texonnx, name) is not None
    assert set(texonnx.__all__) <= set(dir(texonnx))


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'synthesise'"):
        _ = texonnx.synthesise


def test_the_parameters_of_synthesize_are_these() -> None:
    assert list(inspect.signature(texonnx.synthesize).parameters) == [
        "exemplar", *OBJECTIVE, "artifacts", "exemplar_size", "size", "scales", "steps",
        "until", "optimizer", "lr", "init", "seed", "engine", "provider", "precision", "threads",
        "on_step", "on_download",
    ]  # fmt: skip


def test_the_parameters_of_plan_are_those_of_synthesize_that_matter() -> None:
    plan, synthesize = (
        inspect.signature(function).parameters for function in (texonnx.plan, texonnx.synthesize)
    )
    assert set(synthesize) - set(plan) == {"init", "seed", "on_step"}
    assert all(parameter == synthesize[name] for name, parameter in plan.items())


def test_the_fields_of_a_plan_are_these() -> None:
    assert [field.name for field in dataclasses.fields(texonnx.Plan)] == [
        "engine", "provider", "scales", "start_seconds", "megabytes", "tried"
    ]  # fmt: skip
    assert [field.name for field in dataclasses.fields(texonnx.PlannedScale)] == [
        "size", "steps", "start_seconds", "step_seconds", "measured"
    ]  # fmt: skip


def test_the_parameters_of_export_are_these() -> None:
    assert list(inspect.signature(texonnx.export).parameters) == [
        "folder", *OBJECTIVE, "fp16", "size", "training", "scales", "force", "on_download"
    ]  # fmt: skip


@pytest.mark.parametrize("function", [texonnx.synthesize, texonnx.export])
def test_all_but_the_first_parameter_are_by_keyword(function: object) -> None:
    assert callable(function)
    kinds = [parameter.kind for parameter in inspect.signature(function).parameters.values()]
    assert set(kinds[1:]) == {inspect.Parameter.KEYWORD_ONLY}


def test_both_functions_have_the_same_defaults_of_the_objective() -> None:
    synthesize, export = (
        inspect.signature(function).parameters for function in (texonnx.synthesize, texonnx.export)
    )
    assert {name: synthesize[name].default for name in OBJECTIVE} == {
        name: export[name].default for name in OBJECTIVE
    }


def test_the_fields_of_step_and_result_are_these() -> None:
    assert [field.name for field in dataclasses.fields(texonnx.Step)] == [
        "scale", "scales", "size", "step", "steps", "steps_to_come", "loss", "layer_losses",
            "seconds",
    ]  # fmt: skip
    assert [field.name for field in dataclasses.fields(texonnx.SynthesisResult)] == [
        "image", "engine", "provider", "random_weights", "history", "seconds"
    ]  # fmt: skip


def test_the_parameters_of_the_image_functions_are_these() -> None:
    assert list(inspect.signature(texonnx.load_image).parameters) == ["path"]
    assert list(inspect.signature(texonnx.save_image).parameters) == ["path", "image", "metadata"]


def test_the_parameters_of_score_and_the_fields_of_a_score_are_these() -> None:
    assert list(inspect.signature(texonnx.score).parameters) == [
        "exemplar", "image", "exemplar_size", "seed"
    ]  # fmt: skip
    assert [field.name for field in dataclasses.fields(texonnx.Score)] == [
        "levels", "spectrum", "floor_levels", "spectrum_floor"
    ]  # fmt: skip


def test_an_interrupt_is_a_keyboard_interrupt_and_a_divergence_a_texonnx_error() -> None:
    assert issubclass(texonnx.SynthesisInterrupted, KeyboardInterrupt)
    assert issubclass(texonnx.NotFiniteError, texonnx.TexonnxError)


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, texonnx; print({'numpy', 'onnx', 'onnxruntime'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
