"""Training artifacts: the forward graph, differentiated by ONNX Runtime's own gradient builder.

The image is the one trainable parameter. The network's weights stay constants of the graph (not
frozen parameters, which would become inputs and lose ONNX Runtime's blocked layout).
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnx_ir as ir
from onnx import helper

from texonnx.graph.tape import IR_VERSION, Tape
from texonnx.objective.adam_step import BETA1, BETA2, EPSILON
from texonnx.objective.discriminator import write_discriminator_loss
from texonnx.objective.forward import write_objective
from texonnx.objective.specification import Specification
from texonnx.objective.training_rewrites import rewrite_gradients
from texonnx.optimizers import ADAM, SGD
from texonnx.sizes import Size
from texonnx.subgraphs.trunk import TrunkParameters

IMAGE = "image"
DISCRIMINATOR = "discriminator"
"""The folder, in that of the objective, of the discriminators' own artifacts."""
TRAINING_MODEL = "training_model.onnx"
EVAL_MODEL = "eval_model.onnx"
CHECKPOINT = "checkpoint"

_GREY = 0.5


class TrainingModules(NamedTuple):
    """The parts of ``onnxruntime.training`` that are used here."""

    api: Any
    artifacts: Any
    onnxblock: Any


def import_training() -> TrainingModules:
    """Import ``onnxruntime.training`` without PyTorch.

    Its subpackages `amp` and `optim` import torch; two empty modules under their names keep it
    out, and the parts that are used here need neither.
    """
    for name in ("onnxruntime.training.amp", "onnxruntime.training.optim"):
        sys.modules.setdefault(name, types.ModuleType(name))
    return TrainingModules(
        *(
            importlib.import_module(f"onnxruntime.training.{part}")
            for part in TrainingModules._fields
        )
    )


def write_training_artifacts(
    folder: Path,
    weights_file: Path,
    specification: Specification,
    parameters: TrunkParameters,
    size: Size,
) -> None:
    """Write training model, eval model, optimizer models and checkpoint into `folder`.

    Parameters
    ----------
    folder
        An existing folder.
    weights_file
        Where the network's tensors lie; the models refer to it by its relative path.
    specification, parameters
        What the objective is, and the network's tensors as references into that file.
    size
        Height and width of the image; it is a parameter, so its shape is fixed.
    """
    forward = _forward_model(specification, parameters, size)
    _write_artifacts(folder, weights_file, forward, [IMAGE])
    if specification.adversarial:
        place = folder / DISCRIMINATOR
        place.mkdir(exist_ok=True)
        forward, names = _discriminator_model(specification, parameters, size)
        _write_artifacts(place, weights_file, forward, names)


def _write_artifacts(
    folder: Path, weights_file: Path, model: ir.Model, trainable: Sequence[str]
) -> None:
    training = import_training()
    forward = ir.to_proto(model)
    weights = _take_weights_out(forward.graph)
    for tensor in weights:
        entries = {entry.key: entry for entry in tensor.external_data}
        entries["location"].value = os.path.relpath(weights_file, folder)
    with _silence():
        training.artifacts.generate_artifacts(
            forward,
            requires_grad=list(trainable),
            loss=_first_output_is_the_loss(training),
            artifact_directory=folder,
            additional_output_names=["layer_losses"],
        )
    for file, optimizer in _optimizer_models(training, forward, trainable).items():
        onnx.save(optimizer, folder / file)
    for file in (TRAINING_MODEL, EVAL_MODEL):
        written = onnx.load(folder / file)
        rewrite_gradients(written.graph)
        _put_weights_back(written.graph, weights)
        onnx.save(written, folder / file)


def _forward_model(
    specification: Specification, parameters: TrunkParameters, size: Size
) -> ir.Model:
    tape = Tape("forward")
    grey = np.full((1, 3, *size), _GREY, np.float32)
    image = tape.initializer(IMAGE, ir.tensor(grey, name=IMAGE))
    write_objective(tape, image, parameters, specification).give(tape)
    return tape.model()


def _discriminator_model(
    specification: Specification, parameters: TrunkParameters, size: Size
) -> tuple[ir.Model, list[str]]:
    """Return the discriminators' loss of an image, and the names of their parameters."""
    tape = Tape("discriminator")
    image = tape.input(IMAGE, (1, 3, *size))

    def add_parameter(name: str, shape: tuple[int, int]) -> ir.Value:
        return tape.initializer(name, ir.tensor(np.zeros(shape, np.float32), name=name))

    losses, added = write_discriminator_loss(tape, image, parameters, specification, add_parameter)
    losses.give(tape)
    return tape.model(), list(added)


def _first_output_is_the_loss(training: TrainingModules) -> Any:
    block: Any = training.onnxblock.Block

    class FirstOutput(block):  # type: ignore[misc]
        def build(self, loss: str, layer_losses: str) -> str:
            return loss

    return FirstOutput()


def _optimizer_models(
    training: TrainingModules, forward: onnx.ModelProto, trainable: Sequence[str]
) -> dict[str, onnx.ModelProto]:
    """Return the graphs that update `trainable`, by file: AdamW without decay, and plain SGD."""
    optim = training.onnxblock.optim
    blocks = {
        ADAM.training_model: optim.AdamW(betas=(BETA1, BETA2), eps=EPSILON, weight_decay=0.0),
        SGD.training_model: optim.SGD(),
    }
    tensors = [tensor for tensor in forward.graph.initializer if tensor.name in trainable]
    models = {}
    for file, block in blocks.items():
        with training.onnxblock.empty_base(opset_version=forward.opset_import[0].version):
            block((tensors, []))
            models[file] = block.to_model_proto()
        # The installed onnx stamps its own IR version, which ONNX Runtime 1.19 may refuse.
        models[file].ir_version = min(models[file].ir_version, IR_VERSION)
    return models


def _take_weights_out(graph: onnx.GraphProto) -> list[onnx.TensorProto]:
    """Turn the tensors that lie in a file into inputs; return them.

    The gradient builder needs their shapes alone, and copies every tensor that it is given many
    times over.
    """
    outside = [
        tensor for tensor in graph.initializer if tensor.data_location == onnx.TensorProto.EXTERNAL
    ]
    kept = [tensor for tensor in graph.initializer if tensor not in outside]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    graph.input.extend(
        helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        for tensor in outside
    )
    return outside


def _put_weights_back(graph: onnx.GraphProto, weights: Sequence[onnx.TensorProto]) -> None:
    """Turn the inputs that stand for `weights` into constants again."""
    names = {tensor.name for tensor in weights}
    kept = [value for value in graph.input if value.name not in names]
    del graph.input[:]
    graph.input.extend(kept)
    graph.initializer.extend(weights)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Hold back what the gradient builder logs, which no severity setting reaches.

    Its C++ part writes INFO lines to file descriptor 2, its Python part to the root logger.
    Failures come back as exceptions all the same.
    """
    root = logging.getLogger()
    level = root.level
    standard_error = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        root.setLevel(logging.ERROR)
        yield
    finally:
        root.setLevel(level)
        os.dup2(standard_error, 2)
        os.close(standard_error)
