"""The public API, pinned: a change here is a change for users."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import Outcome, run_process

import texonnx
from texonnx.options import TransferOptions

NETWORK = ["pool", "padding", "arch", "weights", "convention", "activation_scale"]
OBJECTIVE = [
    "loss", "layers", "layer_weights", "gram_norm", *NETWORK, "detail", "disc_widths",
]  # fmt: skip
WITHOUT_DETAIL = [name for name in OBJECTIVE if name != "detail"]
CONTENT = ["content_layers", "content_weight", "style_weight", "tv"]
TRANSFER = ["content_layers", "strength", *CONTENT[1:]]
RUN = [
    "quality", "scales", "steps", "until", "optimizer", "lr", "init", "seed", "engine", "provider",
    "precision", "memory", "threads", "on_step", "on_begin", "on_download", "checkpoint",
]  # fmt: skip
VERBS = [texonnx.synthesize, texonnx.transfer, texonnx.reconstruct, texonnx.export]


def test_the_names_are_these() -> None:
    assert sorted(texonnx.__all__) == [
        "Batch",
        "Beginning",
        "Check",
        "Description",
        "Keep",
        "LayerReconstruction",
        "MaterialMap",
        "Measurement",
        "NotFiniteError",
        "OutOfMemoryError",
        "Plan",
        "PlannedScale",
        "Score",
        "Step",
        "SynthesisInterrupted",
        "SynthesisResult",
        "TexonnxError",
        "Verification",
        "WorkerLostError",
        "__version__",
        "batch",
        "bench",
        "describe",
        "export",
        "load_image",
        "plan",
        "reconstruct",
        "reconstruct_layers",
        "retile",
        "save_image",
        "score",
        "synthesize",
        "transfer",
        "verify",
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
        "exemplar", "mix", "maps", *OBJECTIVE, "disc_steps", "artifacts", "exemplar_size", "size",
        "tile", "exact_size", *RUN, "scheduler", "workers",
    ]  # fmt: skip


def test_the_parameters_of_batch_and_the_fields_of_one_are_these() -> None:
    assert list(inspect.signature(texonnx.batch).parameters) == [
        "images", "folder", "seeds", "sizes", "keep", "jobs", "scheduler", "workers", "on_told",
        "on_download", "options",
    ]  # fmt: skip
    assert [field.name for field in dataclasses.fields(texonnx.Batch)] == ["images", "failures"]


def test_the_parameters_of_retile_are_these() -> None:
    assert list(inspect.signature(texonnx.retile).parameters) == [
        "image", *OBJECTIVE, "disc_steps", "band", "axes", *RUN
    ]  # fmt: skip


def test_the_parameters_of_transfer_are_these() -> None:
    assert list(inspect.signature(texonnx.transfer).parameters) == [
        "content", "style", *WITHOUT_DETAIL, "disc_steps", *TRANSFER,
            "preserve_colour", "style_scale", "size", *RUN,
    ]  # fmt: skip


def test_the_parameters_of_reconstruct_are_these() -> None:
    assert list(inspect.signature(texonnx.reconstruct).parameters) == [
        "image", "layer", "style", "loss", "layer_weights", "gram_norm", *NETWORK, "size", *RUN[1:]
    ]  # fmt: skip


def test_the_parameters_of_reconstruct_layers_are_those_of_reconstruct_but_for_the_layer() -> None:
    one, every = (
        inspect.signature(function).parameters
        for function in (texonnx.reconstruct, texonnx.reconstruct_layers)
    )
    assert set(one) - set(every) == {"layer", "style", "on_begin", "checkpoint"}
    assert all(every[name] == one[name] for name in every)
    assert [field.name for field in dataclasses.fields(texonnx.LayerReconstruction)] == [
        "layer", "style", "result"
    ]  # fmt: skip


def test_the_parameters_of_bench_and_the_fields_of_a_measurement_are_these() -> None:
    assert list(inspect.signature(texonnx.bench).parameters) == [
        "loss", "layers", "pool", "padding", "arch", "weights", "convention", "sizes", "engines",
        "providers", "precisions", "threads", "memory", "rounds", "on_download",
    ]  # fmt: skip
    assert [field.name for field in dataclasses.fields(texonnx.Measurement)] == [
        "series", "size", "start_seconds", "seconds", "megabytes", "failure"
    ]  # fmt: skip


def test_the_parameters_of_plan_are_those_of_synthesize_that_matter() -> None:
    plan, synthesize = (
        inspect.signature(function).parameters for function in (texonnx.plan, texonnx.synthesize)
    )
    assert set(synthesize) - set(plan) == {
        "mix",
        "maps",
        "init",
        "seed",
        "tile",
        "exact_size",
        "on_step",
        "on_begin",
        "checkpoint",
        "scheduler",
        "workers",
    }
    for name, parameter in plan.items():
        # A plan is made for one exemplar: mixing several takes no longer.
        assert parameter == synthesize[name] or name == "exemplar", name


def test_the_fields_of_a_plan_are_these() -> None:
    assert [field.name for field in dataclasses.fields(texonnx.Plan)] == [
        "engine", "provider", "scales", "start_seconds", "megabytes", "tried", "why"
    ]  # fmt: skip
    assert [field.name for field in dataclasses.fields(texonnx.PlannedScale)] == [
        "size", "steps", "start_seconds", "step_seconds", "measured"
    ]  # fmt: skip


def test_the_parameters_of_export_are_these() -> None:
    assert list(inspect.signature(texonnx.export).parameters) == [
        "folder", *OBJECTIVE, *CONTENT, "fp16", "size", "training", "scales", "force",
        "on_download",
    ]  # fmt: skip


def test_the_parameters_of_verify_and_the_fields_of_what_it_found_are_these() -> None:
    assert list(inspect.signature(texonnx.verify).parameters) == ["folder", "providers", "size"]
    assert [field.name for field in dataclasses.fields(texonnx.Verification)] == [
        "folder", "size", "providers", "skipped", "checks", "graphs", "kernels"
    ]  # fmt: skip
    assert [field.name for field in dataclasses.fields(texonnx.Check)] == [
        "subject", "what", "provider", "deviation", "tolerance", "failure"
    ]  # fmt: skip


def test_the_parameters_of_describe_and_the_fields_of_a_description_are_these() -> None:
    assert list(inspect.signature(texonnx.describe).parameters) == ["folder", "size"]
    assert [field.name for field in dataclasses.fields(texonnx.Description)] == [
        "folder", "producer", "schema_version", "opset", "ir_version", "network", "layers",
        "losses", "content", "gram_norm", "minimum_size", "size", "recipe", "graphs", "training",
        "files", "cost",
    ]  # fmt: skip


@pytest.mark.parametrize("function", VERBS)
def test_all_but_images_and_folder_are_by_keyword(function: Callable[..., object]) -> None:
    parameters = inspect.signature(function).parameters.values()
    positional = [one.name for one in parameters if one.kind != inspect.Parameter.KEYWORD_ONLY]
    assert set(positional) <= {"exemplar", "content", "style", "image", "folder"}
    assert positional == [one.name for one in parameters][: len(positional)]


SIZES = {"size", "init"}
"""A texture's size is height and width; a transfer starts from the content."""
OTHERWISE = {(texonnx.reconstruct, "layer_weights")}
"""A reconstruction's layers count alike; a texture's count half as much from one to the next."""


def test_what_two_functions_have_in_common_has_the_same_default() -> None:
    found: dict[str, object] = {}
    for function in VERBS:
        for name, parameter in inspect.signature(function).parameters.items():
            # Positional parameters of one function and its neighbour's options share names alone.
            if parameter.kind != inspect.Parameter.KEYWORD_ONLY or name in SIZES | set(TRANSFER):
                continue
            if (function, name) in OTHERWISE:
                continue
            assert found.setdefault(name, parameter.default) == parameter.default, name
    assert set(OBJECTIVE) <= set(found)


def test_an_export_is_a_textures_unless_content_layers_are_named() -> None:
    transfer, export = (
        inspect.signature(function).parameters for function in (texonnx.transfer, texonnx.export)
    )
    assert (export["content_layers"].default, transfer["content_layers"].default) == ("", "conv4_2")
    for name in ("style_weight", "tv"):
        assert export[name].default == transfer[name].default
    assert export["content_weight"].default == TransferOptions().weight_of_content


def test_the_fields_of_step_and_result_are_these() -> None:
    assert [field.name for field in dataclasses.fields(texonnx.Step)] == [
        "scale", "scales", "size", "step", "steps", "steps_to_come", "loss", "layer_losses",
            "seconds",
    ]  # fmt: skip
    assert [field.name for field in dataclasses.fields(texonnx.SynthesisResult)] == [
        "image", "engine", "provider", "random_weights", "history", "seconds", "why", "notes",
            "alpha", "maps", "recipe",
    ]  # fmt: skip


def test_the_parameters_of_the_image_functions_are_these() -> None:
    assert list(inspect.signature(texonnx.load_image).parameters) == ["path"]
    assert list(inspect.signature(texonnx.save_image).parameters) == [
        "path", "image", "metadata", "alpha", "depth", "colours"
    ]  # fmt: skip


def test_the_parameters_of_score_and_the_fields_of_a_score_are_these() -> None:
    assert list(inspect.signature(texonnx.score).parameters) == [
        "exemplar", "image", "exemplar_size", "seed", "weights", "tile"
    ]  # fmt: skip
    assert [field.name for field in dataclasses.fields(texonnx.Score)] == [
        "levels", "spectrum", "floor_levels", "spectrum_floor", "evenness", "evenness_of_exemplar",
            "structure", "why_no_structure", "seams",
    ]  # fmt: skip


def test_an_interrupt_is_a_keyboard_interrupt_and_a_divergence_a_texonnx_error() -> None:
    assert issubclass(texonnx.SynthesisInterrupted, KeyboardInterrupt)
    assert issubclass(texonnx.NotFiniteError, texonnx.TexonnxError)


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, texonnx; print({'numpy', 'onnx', 'onnxruntime'} & set(sys.modules))"
    assert run_process([sys.executable, "-c", code], Path.cwd()) == Outcome(0, "set()\n", "")
