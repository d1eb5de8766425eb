"""Reconstruction: what a layer, or the layers up to it, still know of an image."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from texonnx.errors import OptionError, unknown
from texonnx.objective.specification import specify
from texonnx.options import (
    OBJECTIVE,
    RECONSTRUCTION,
    ObjectiveOptions,
    ReconstructionOptions,
    RunOptions,
)
from texonnx.run.course import Course, run_course
from texonnx.run.given import Exemplar, Given, texture_of
from texonnx.run.preparation import prepare
from texonnx.run.result import SynthesisResult
from texonnx.run.watch import UNWATCHED, Watch
from texonnx.runtime.goal import Goal
from texonnx.verbs.synthesis import Texture
from texonnx.vgg import layer_names


def reconstruct_image(
    image: Exemplar | Given,
    chosen: ReconstructionOptions,
    objective: ObjectiveOptions,
    run: RunOptions,
    watch: Watch = UNWATCHED,
) -> SynthesisResult:
    """Make an image that a layer takes for the given one: see :func:`texonnx.reconstruct`.

    The size in `run` is that of `chosen`, in its place.
    """
    started = time.perf_counter()
    objective = replace(objective, detail="spectrum")  # no patches are given away
    names = layer_names(objective.arch)
    if chosen.layer not in names:
        raise OptionError(unknown(f"{objective.arch} layer", chosen.layer, names))
    if chosen.style:
        up_to = ",".join(names[: names.index(chosen.layer) + 1])
        objective = replace(objective, layers=up_to)
    else:
        if objective != _without_style(objective):
            raise OptionError(
                "loss, layer weights and Gram norm are of a style; reconstruct the style, or leave "
                "them out"
            )
        objective = replace(
            objective,
            layer_weights=OBJECTIVE.layer_weights,
            content_layers=chosen.layer,
            style_weight=0.0,
        )
        run = replace(run, scales=run.scales or 1)
    prepared = prepare(
        [image], objective, replace(run, exemplar_size=chosen.size), None, watch.on_download
    )
    course = Texture(prepared) if chosen.style else _Content(prepared)
    return run_course(course, watch, started)


def _without_style(objective: ObjectiveOptions) -> ObjectiveOptions:
    """Return an objective with a reconstruction's defaults for what is of a style."""
    return replace(
        objective,
        loss=OBJECTIVE.loss,
        layer_weights=RECONSTRUCTION.layer_weights,
        gram_norm=OBJECTIVE.gram_norm,
    )


@dataclass(frozen=True)
class LayerReconstruction:
    """What one layer, or the layers up to it, know of an image.

    Attributes
    ----------
    layer
        The layer.
    style
        Whether it is the style that was reconstructed, of all layers up to that one.
    result
        As :func:`texonnx.reconstruct` returns it.
    """

    layer: str
    style: bool
    result: SynthesisResult


def reconstruct_every_layer(
    image: Exemplar,
    chosen: ReconstructionOptions,
    objective: ObjectiveOptions,
    run: RunOptions,
    watch: Watch = UNWATCHED,
) -> Iterator[LayerReconstruction]:
    """Reconstruct from one layer after the other: see :func:`texonnx.reconstruct_layers`."""
    layers = layer_names(objective.arch)
    for count in range(1, len(layers) + 1):
        # What would otherwise be refused after all the content reconstructions.
        specify(replace(objective, layers=",".join(layers[:count])))
    loaded = texture_of(image)

    def made() -> Iterator[LayerReconstruction]:
        for style in (False, True):
            for layer in layers:
                result = reconstruct_image(
                    loaded,
                    replace(chosen, layer=layer, style=style),
                    objective if style else _without_style(objective),
                    run,
                    watch,
                )
                yield LayerReconstruction(layer, style, result)

    return made()


class _Content(Course):
    """The features of one image, and nothing of its colours, which a metric would give away."""

    def schedule(self) -> tuple[int, ...]:
        """Return as many steps at every scale as a layer's features take, if not told others."""
        if self.prepared.options.steps is not None:
            return super().schedule()
        return (self.prepared.optimizer.content_steps,) * len(self.prepared.scales)

    def goal(self, scale: int) -> Goal:
        """Return the image at the scale."""
        return Goal(content=self.exemplar(scale))
