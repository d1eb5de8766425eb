"""The graphs that there are, each once: what builds it, when there is one, what it takes and gives.

A new graph is a record here and a function that builds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import onnx_ir as ir

from texonnx.losses.content import CONTENT
from texonnx.losses.ports import TARGET, Port
from texonnx.objective import host_graphs, patch_graphs
from texonnx.objective.adam_step import adam_start_model, adam_step_model
from texonnx.objective.discriminator import discriminator_step_model
from texonnx.objective.forward import objective_model
from texonnx.objective.lbfgs_step import lbfgs_start_model, lbfgs_step_model
from texonnx.objective.specification import Specification
from texonnx.objective.targets import content_targets_model, targets_model
from texonnx.sizes import Size
from texonnx.subgraphs.trunk import TrunkParameters

Build = Callable[[Specification, TrunkParameters, Size | None], ir.Model]
Meanings = Mapping[str, str]


@dataclass(frozen=True, eq=False)
class GraphKind:
    """A graph that an objective may have.

    Attributes
    ----------
    name
        Of the graph, and of its file without the suffix.
    build
        Builds it from specification, network and size.
    inputs, outputs
        What it takes and gives whatever the losses are, and what each is; what is of a loss at a
        layer comes to it, by the names of :class:`texonnx.losses.ports.Port`.
    optional_inputs
        What it takes of some objectives alone.
    when
        Whether an objective has it.
    network
        Whether the network is in it; others are small, and for the CPU.
    targets
        Whether what it gives is what the image is held against.
    sized
        Whether it is for one size of the image, where that is known.
    size_from
        The input that says how large its images come out.
    starts
        Whether what it gives, as next_ and a name, is what a step graph takes first.
    indispensable
        Whether a run takes it also where no folder is: what has a network, and what nothing else
        does; of the others there are faster twins.
    """

    name: str
    build: Build
    inputs: Meanings
    outputs: Meanings = field(default_factory=dict)
    optional_inputs: Meanings = field(default_factory=dict)
    when: Callable[[Specification], bool] = lambda specification: True
    network: bool = True
    targets: bool = False
    sized: bool = False
    size_from: str = ""
    starts: bool = False
    indispensable: Callable[[Specification], bool] = lambda specification: False

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name}.onnx"


_EXEMPLAR = {"exemplar": "the texture to imitate, RGB in [0, 1]"}
_OUTPUT_SIZE = {"output_size": "height and width in pixels of the image to be made"}
_IMAGE = {"image": "the image being made, RGB in [0, 1]"}
_NEXT_IMAGE = {"next_image": "the image after the step; it may leave [0, 1], clip it to show it"}
_MOMENTS = {
    "first_moment": "Adam's running mean of the gradient, zeros at first",
    "second_moment": "Adam's running mean of the squared gradient, zeros at first",
}
_STEP = {"step": "number of this step, from 1"}
_LEARNING_RATE = {"learning_rate": "step length of Adam, in units of the image"}
_LOSSES = {
    "loss": "weighted sum over layers and losses, of the image that came in",
    "layer_losses": "its parts, in the order of the manifest's parts",
}
_NEXT_STEP = {"next_step": "step of the next step"}
_LBFGS = {
    "best_image": "the image of the last step that was taken: in the end the result",
    "best_gradient": "its gradient, in units and in the coordinates in which L-BFGS moves",
    "best_loss": "its loss, in units",
    "direction": "from there, in those coordinates",
    "length": "how far along it the image lies",
    "trials": "how often it was shortened since",
    "unit": "what losses and gradients are divided by",
    "pairs": "how many changes were taken in",
    "changes": "the last changes of the image, a row each, in those coordinates",
    "gradient_changes": "those of the gradient",
    "colours": "how those coordinates mix colours",
}


def _next(meanings: Meanings) -> Meanings:
    """Return the outputs of a graph that gives the next of each of its inputs."""
    return {f"next_{name}": f"{name} of the next step" for name in meanings}


_SEED = {"seed": "of the random numbers, from 0"}

OBJECTIVE = GraphKind(
    "objective",
    objective_model,
    _IMAGE,
    {**_LOSSES, "gradient": "derivative of the loss with respect to the image"},
    sized=True,
)
ADAM_STEP = GraphKind(
    "adam_step",
    adam_step_model,
    {**_IMAGE, **_MOMENTS, **_STEP, **_LEARNING_RATE},
    {
        **_NEXT_IMAGE,
        **_next(_MOMENTS),
        **_NEXT_STEP,
        **_LOSSES,
    },
    sized=True,
)
ADAM_START = GraphKind(
    "adam_start",
    lambda specification, parameters, size: adam_start_model(),
    _IMAGE,
    {**_NEXT_IMAGE, **_next(_MOMENTS), **_NEXT_STEP},
    network=False,
    starts=True,
)
LBFGS_STEP = GraphKind(
    "lbfgs_step",
    lbfgs_step_model,
    {**_IMAGE, **_LBFGS},
    {**_NEXT_IMAGE, **_next(_LBFGS), **_LOSSES},
    when=lambda specification: not specification.adversarial,
    sized=True,
)
LBFGS_START = GraphKind(
    "lbfgs_start",
    lambda specification, parameters, size: lbfgs_start_model(),
    {
        **_IMAGE,
        **_EXEMPLAR,
        "steps": "how many there will be, before it starts anew",
    },
    {**_NEXT_IMAGE, **_next(_LBFGS)},
    when=lambda specification: not specification.adversarial,
    network=False,
    starts=True,
)
RESIZE = GraphKind(
    "resize",
    lambda specification, parameters, size: host_graphs.resize_model(),
    {**_IMAGE, "size": "height and width in pixels that the image shall have"},
    {"resized": "the image at that size, in [0, 1]"},
    network=False,
    size_from="size",
)
FIRST_IMAGE = GraphKind(
    "first_image",
    lambda specification, parameters, size: host_graphs.first_image_model(),
    {**_EXEMPLAR, **_OUTPUT_SIZE, **_SEED},
    {"first_image": "where the coarsest scale starts"},
    network=False,
    size_from="output_size",
)
FINER_IMAGE = GraphKind(
    "finer_image",
    lambda specification, parameters, size: host_graphs.finer_image_model(specification),
    {
        **_IMAGE,
        **_EXEMPLAR,
        "coarser_exemplar_size": "height and width in pixels of the exemplar at the scale before",
        **_OUTPUT_SIZE,
    },
    {"finer_image": "where this scale starts"},
    optional_inputs=_SEED,  # of noise; patches have none
    network=False,
    size_from="output_size",
    indispensable=lambda specification: specification.detail == "patches",
)


def _built_of_patches(name: str, build: Callable[[], ir.Model]) -> GraphKind:
    """Return a kind that is not of a folder, whose hosts make no images so large."""
    return GraphKind(
        name,
        lambda specification, parameters, size: build(),
        {},
        when=lambda specification: specification.detail == "patches",
        network=False,
        indispensable=lambda specification: True,
    )


PATCH_PLACES = _built_of_patches("patch_places", patch_graphs.patch_places_model)
PATCH_USAGE = _built_of_patches("patch_usage", patch_graphs.patch_usage_model)
PATCH_DISTANCES = _built_of_patches("patch_distances", patch_graphs.patch_distances_model)
PATCH_AGREEMENT = _built_of_patches("patch_agreement", patch_graphs.patch_agreement_model)
PATCH_IMAGE = _built_of_patches("patch_image", patch_graphs.patch_image_model)
COLOURS_AND_CONTRAST = _built_of_patches(
    "colours_and_contrast", host_graphs.colours_and_contrast_model
)
TARGETS = GraphKind(
    "targets",
    lambda specification, parameters, size: targets_model(specification, parameters),
    {**_EXEMPLAR, **_OUTPUT_SIZE},
    when=lambda specification: bool(specification.terms),
    targets=True,
)
CUTOUT_TARGETS = GraphKind(
    "cutout_targets",
    lambda specification, parameters, size: targets_model(
        specification, parameters, of_cutout=True
    ),
    {**_EXEMPLAR, **_OUTPUT_SIZE},
    when=lambda specification: bool(specification.terms),
    targets=True,
)
"""Not of a folder: hosts take no picture that is transparent."""
CONTENT_TARGETS = GraphKind(
    "content_targets",
    lambda specification, parameters, size: content_targets_model(specification, parameters),
    {"content": "the image whose content is kept, of the output's size, RGB in [0, 1]"},
    when=lambda specification: bool(specification.content_layers),
    targets=True,
)
DISCRIMINATORS = GraphKind(
    "discriminators",
    lambda specification, parameters, size: host_graphs.discriminators_model(specification),
    _SEED,
    when=lambda specification: specification.adversarial,
    network=False,
)
DISCRIMINATOR_STEP = GraphKind(
    "discriminator_step",
    discriminator_step_model,
    {**_IMAGE, **_STEP, **_LEARNING_RATE},
    {**_NEXT_STEP, "discriminator_losses": "of each layer's discriminator, before the step"},
    when=lambda specification: specification.adversarial,
    sized=True,
)
DIRECTIONS = GraphKind(
    "directions",
    lambda specification, parameters, size: host_graphs.directions_model(specification),
    {**_SEED, "draw": "number of the draw: another one gives other numbers"},
    when=lambda specification: specification.draws_at_random,
    network=False,
)

KINDS: Mapping[str, GraphKind] = {
    kind.name: kind
    for kind in (
        OBJECTIVE,
        ADAM_START,
        ADAM_STEP,
        LBFGS_START,
        LBFGS_STEP,
        RESIZE,
        FIRST_IMAGE,
        FINER_IMAGE,
        TARGETS,
        CONTENT_TARGETS,
        DISCRIMINATORS,
        DISCRIMINATOR_STEP,
        DIRECTIONS,
    )
}
ALWAYS = (OBJECTIVE, ADAM_START, ADAM_STEP, RESIZE, FIRST_IMAGE, FINER_IMAGE)
"""Those that every objective has."""

_MEANINGS = {
    name: meaning
    for kind in KINDS.values()
    for values in (kind.inputs, kind.outputs, kind.optional_inputs)
    for name, meaning in values.items()
}


def meaning_of(name: str) -> str:
    """Return what an input or output of this name is.

    Raises
    ------
    KeyError
        For a name that no graph has.
    """
    if (port := Port.parse(name)) is None:
        return _MEANINGS[name]
    if port.key == TARGET:
        whose = "content image" if port.loss == CONTENT.name else "exemplar"
        return f"the {whose}'s statistic of the {port.loss} loss at {port.layer}"
    if port.drawn:
        return (
            f"unit vectors at random, one a row, that the {port.loss} loss looks along at "
            f"{port.layer}"
        )
    before = f"{_MOMENTS[port.moment]}: " if port.moment else ""
    after = ", after the step" if port.after_step else ""
    return f"{before}{port.key} of the discriminator at {port.layer}{after}"
