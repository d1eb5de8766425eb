"""Reconstruction: what a layer, or the layers up to it, still know of an image."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from texonnx.errors import OptionError, unknown
from texonnx.images import Image, resize
from texonnx.optim.schedule import steps_by_scale
from texonnx.options import (
    OBJECTIVE,
    RECONSTRUCTION,
    RUN,
    ObjectiveOptions,
    RunOptions,
    whole_numbers,
)
from texonnx.run.course import run_course
from texonnx.run.preparation import Exemplar, Prepared, first_image, prepare
from texonnx.run.result import OnStep, SynthesisResult
from texonnx.runtime.goal import Goal
from texonnx.verbs.synthesis import Texture
from texonnx.vgg import layer_names
from texonnx.weights.sources import Progress

_TEXTURE = (OBJECTIVE.loss, RECONSTRUCTION.layer_weights, OBJECTIVE.gram_norm)


def reconstruct(
    image: Exemplar,
    *,
    layer: str = RECONSTRUCTION.layer,
    style: bool = RECONSTRUCTION.style,
    loss: str = OBJECTIVE.loss,
    layer_weights: str = RECONSTRUCTION.layer_weights,
    gram_norm: str = OBJECTIVE.gram_norm,
    pool: str = OBJECTIVE.pool,
    padding: str = OBJECTIVE.padding,
    arch: str = OBJECTIVE.arch,
    weights: str = OBJECTIVE.weights,
    activation_scale: bool = OBJECTIVE.activation_scale,
    size: int = RECONSTRUCTION.size,
    scales: int | None = RUN.scales,
    steps: int | Sequence[int] | None = RUN.steps,
    until: float | None = RUN.until,
    optimizer: str = RUN.optimizer,
    lr: float | None = RUN.lr,
    init: str | Path = RECONSTRUCTION.init,
    seed: int = RUN.seed,
    engine: str = RUN.engine,
    provider: str = RUN.provider,
    precision: str = RUN.precision,
    memory: str = RUN.memory,
    threads: int = RUN.threads,
    on_step: OnStep | None = None,
    on_download: Progress | None = None,
) -> SynthesisResult:
    """Make an image from noise that a layer of the network takes for the given one.

    Parameters
    ----------
    image
        An image file, or an array of shape [1, 3, H, W], RGB, in [0, 1].
    layer
        The layer whose features are to be the same.
    style
        Reconstruct the style instead: the texture statistics of all layers up to `layer`.
    loss, layer_weights, gram_norm
        Of the style alone, as for :func:`texonnx.synthesize`.
    pool, padding, arch, weights, activation_scale
        As for :func:`texonnx.synthesize`.
    size
        Pixels of the shorter side of the image and of the result.
    scales
        How many sizes, each twice the one before: one for a content reconstruction if not given.
    steps, until, optimizer, lr
        As for :func:`texonnx.synthesize`.
    init
        As for :func:`texonnx.synthesize`; ``spectrum`` would give away the image's colours.
    seed, engine, provider, precision, memory, threads, on_step, on_download
        As for :func:`texonnx.synthesize`.

    Returns
    -------
    SynthesisResult
        The image, [1, 3, H, W] in [0, 1], and the history of the run.

    Raises
    ------
    TexonnxError
        For an option, image, weights, engine or provider that will not do.
    NotFiniteError
        When the loss is not finite; it carries the last good image.
    SynthesisInterrupted
        On Ctrl-C; it carries the image so far.

    References
    ----------
    Mahendran and Vedaldi, "Understanding Deep Image Representations by Inverting Them", 2015;
    Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks", 2016,
    figure 1.
    """
    started = time.perf_counter()
    names = layer_names(arch)
    if layer not in names:
        raise OptionError(unknown(f"{arch} layer", layer, names))
    network: dict[str, Any] = {
        "pool": pool,
        "padding": padding,
        "arch": arch,
        "weights": weights,
        "activation_scale": activation_scale,
    }
    if style:
        up_to = ",".join(names[: names.index(layer) + 1])
        objective = ObjectiveOptions(
            loss=loss,
            layers=up_to,
            layer_weights=layer_weights,
            gram_norm=gram_norm,
            **network,
        )
    else:
        if (loss, layer_weights, gram_norm) != _TEXTURE:
            raise OptionError(
                "loss, layer weights and Gram norm are of a style; reconstruct the style, or leave "
                "them out"
            )
        objective = ObjectiveOptions(content_layers=layer, style_weight=0.0, **network)
    options = RunOptions(
        exemplar_size=size,
        scales=scales if style or scales is not None else 1,
        steps=whole_numbers(steps),
        until=until,
        optimizer=optimizer,
        lr=lr,
        init=init,
        seed=seed,
        engine=engine,
        provider=provider,
        precision=precision,
        memory=memory,
        threads=threads,
    )
    prepared = prepare([image], objective, options, None, on_download)
    given, taken = prepared.options.steps, prepared.optimizer
    if style:
        course: Texture | _Content = Texture(prepared, (1.0,))
    else:
        course = _Content(prepared)
        given = taken.content_steps if given is None else given
    schedule = steps_by_scale(given, taken, len(prepared.scales))
    return run_course(prepared, course, schedule, on_step, started)


class _Content:
    """The features of one image, and nothing of the image itself."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared

    def goal(self, scale: int) -> Goal:
        """Return the image at the scale."""
        return Goal(content=self._prepared.exemplars_at(scale)[0])

    def start(self, scale: int, coarser: Image | None) -> Image:
        """Return the first image, or the coarser one enlarged."""
        size = self._prepared.scales[scale].output
        if coarser is not None:
            return resize(coarser, *size)
        exemplar = self._prepared.exemplars_at(scale)[0]
        return first_image(self._prepared.options, exemplar, size, self._prepared.host)

    def metric(self, scale: int) -> None:
        """Return ``None``: a metric of the image's colours would give them away."""

    def finish(self, image: Image) -> Image:
        """Return the image."""
        return image
