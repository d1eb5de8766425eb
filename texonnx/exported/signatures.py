"""What each graph of an exported folder must take and give, so that they fit together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from texonnx.errors import ArtifactError
from texonnx.losses.ports import is_drawn, is_learned_from, is_trained
from texonnx.objective.kinds import ADAM_STEP, DISCRIMINATOR_STEP, KINDS, LBFGS_STEP, OBJECTIVE
from texonnx.objective.training import DISCRIMINATOR, IMAGE

Shape = tuple[int | str, ...]
Values = Mapping[str, tuple[str, Shape]]
"""Data type and shape of each input or output by name."""


@dataclass(frozen=True)
class GraphDescription:
    """What the manifest says of a graph.

    Attributes
    ----------
    file
        Its file.
    inputs, outputs
        Data type and shape of each by name; a string in a shape names what is known at run time.
    """

    file: str
    inputs: Values
    outputs: Values


def check_signatures(folder: Path, graphs: Mapping[str, GraphDescription]) -> None:
    """Check that graphs have the inputs and outputs that they need, and fit together."""
    known = [kind for kind in KINDS.values() if kind.name in graphs]
    for kind in known:
        graph = graphs[kind.name]
        check_has(folder / graph.file, "input", kind.inputs, graph.inputs)
        check_has(folder / graph.file, "output", kind.outputs, graph.outputs)
    given = [name for kind in known if kind.targets for name in graphs[kind.name].outputs]
    for kind in (OBJECTIVE, ADAM_STEP, LBFGS_STEP):
        if kind.name in graphs:
            _check_targets(folder, graphs[kind.name], kind.inputs, given)


def check_has(path: Path, side: str, required: Collection[str], found: Collection[str]) -> None:
    """Raise :class:`ArtifactError` where a graph's file lacks a required input or output."""
    if missing := [name for name in required if name not in found]:
        raise ArtifactError(f"'{path}' has no {side} '{missing[0]}'")


def _check_targets(
    folder: Path, graph: GraphDescription, own: Collection[str], given: Sequence[str]
) -> None:
    """Check that a graph takes all statistics of exemplar and content, and nothing unknown."""
    path = folder / graph.file
    for name in graph.inputs:
        if name not in own and name not in given and not (is_drawn(name) or is_trained(name)):
            raise ArtifactError(
                f"'{path}' takes '{name}', which no other graph of the folder gives"
            )
    for name in given:
        if name not in graph.inputs and not is_learned_from(name):
            raise ArtifactError(f"'{path}' has no input '{name}', which another graph gives for it")


def taken_in_training(graphs: Mapping[str, GraphDescription]) -> dict[str, list[str]]:
    """Return what training and eval models must take, by what is put before their files' names.

    Those of the discriminators, if there are any, have a folder of their own.
    """
    taken = {"": list(graphs[OBJECTIVE.name].inputs)}
    if DISCRIMINATOR_STEP.name in graphs:
        taken[f"{DISCRIMINATOR}/"] = [
            name
            for name in graphs[DISCRIMINATOR_STEP.name].inputs
            if name == IMAGE or is_trained(name) or is_learned_from(name)
        ]
    return taken
