"""What each graph of an exported folder must take and give, so that they fit together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from texonnx.errors import ArtifactError
from texonnx.losses.gan import GAN
from texonnx.losses.swd import DIRECTIONS
from texonnx.objective.discriminator import is_parameter
from texonnx.objective.training import DISCRIMINATOR


class Graph(Protocol):
    """A graph by its file, and the names of what it takes and gives."""

    @property
    def file(self) -> str:
        """The name of its file."""

    @property
    def inputs(self) -> Collection[str]:
        """What it takes."""

    @property
    def outputs(self) -> Collection[str]:
        """What it gives."""


_STATE = ("image", "first_moment", "second_moment", "step")
_LOSSES = ("loss", "layer_losses")

_REQUIRED: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "objective": (("image",), (*_LOSSES, "gradient")),
    "adam_step": (
        (*_STATE, "learning_rate"),
        (*(f"next_{name}" for name in _STATE), *_LOSSES),
    ),
    "targets": (("exemplar", "output_size"), ()),
    "content_targets": (("content",), ()),
    "discriminator_step": (("image", "step", "learning_rate"), ("next_step",)),
    "resize": (("image", "size"), ("resized",)),
    "first_image": (("exemplar", "output_size", "seed"), ("first_image",)),
    "finer_image": (
        ("image", "exemplar", "coarser_exemplar_size", "output_size", "seed"),
        ("finer_image",),
    ),
    "directions": (("seed", "draw"), ()),
    "discriminators": (("seed",), ()),
}
"""Inputs and outputs that a graph of that name has whatever the losses are."""

_STATISTICS = ("targets", "content_targets")


def is_drawn(name: str) -> bool:
    """Whether a graph's input of this name is drawn at random or trained, not computed."""
    return name.startswith(f"{DIRECTIONS}.") or is_parameter(name)


def is_features_to_learn_from(name: str) -> bool:
    """Whether a target of this name is for the discriminators alone."""
    return name.startswith(f"target.{GAN.name}.")


def check_signatures(folder: Path, graphs: Mapping[str, Graph]) -> None:
    """Check that graphs have the inputs and outputs that they need, and fit together.

    Raises
    ------
    ArtifactError
        When an input or output is missing, or an input comes from nowhere.
    """
    for name, graph in graphs.items():
        inputs, outputs = _REQUIRED.get(name, ((), ()))
        for side, required, found in (
            ("input", inputs, graph.inputs),
            ("output", outputs, graph.outputs),
        ):
            if missing := [one for one in required if one not in found]:
                raise ArtifactError(f"'{folder / graph.file}' has no {side} '{missing[0]}'")
    given = [name for source in _STATISTICS if source in graphs for name in graphs[source].outputs]
    for name in ("objective", "adam_step"):
        _check_targets(folder, graphs[name], _REQUIRED[name][0], given)


def _check_targets(folder: Path, graph: Graph, own: Sequence[str], given: Sequence[str]) -> None:
    """Check that a graph takes all statistics of exemplar and content, and nothing unknown."""
    path = folder / graph.file
    for name in graph.inputs:
        if name not in own and name not in given and not is_drawn(name):
            raise ArtifactError(
                f"'{path}' takes '{name}', which no other graph of the folder gives"
            )
    for name in given:
        if name not in graph.inputs and not is_features_to_learn_from(name):
            raise ArtifactError(f"'{path}' has no input '{name}', which another graph gives for it")


def required_of_training(
    graphs: Mapping[str, Graph],
) -> dict[str, tuple[list[str], Sequence[str]]]:
    """Return what training and eval models must take and give.

    Those of the image are under ``""``; those of the discriminators, if there are any, under the
    name of their folder.
    """
    required: dict[str, tuple[list[str], Sequence[str]]] = {
        "": (list(graphs["objective"].inputs), _LOSSES)
    }
    if "discriminator_step" in graphs:
        features = [
            name
            for name in graphs["discriminator_step"].inputs
            if name == "image" or is_parameter(name) or is_features_to_learn_from(name)
        ]
        required[DISCRIMINATOR] = (features, _LOSSES)
    return required
