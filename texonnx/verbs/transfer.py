"""Style transfer: the content of one image in the texture of others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from typing import Any

from texonnx.errors import OptionError, unknown
from texonnx.images import (
    PRESERVE_COLOUR,
    Image,
    luminance,
    match_colours,
    match_luminance,
    resize,
    scale_shorter_side,
    with_colour_of,
)
from texonnx.optim.metric import ImageMetric
from texonnx.optim.schedule import steps_by_scale
from texonnx.options import (
    OBJECTIVE,
    RUN,
    TRANSFER,
    TRANSFER_SIZE,
    ObjectiveOptions,
    RunOptions,
    TransferOptions,
    channels,
    whole_numbers,
)
from texonnx.run.course import run_course
from texonnx.run.preparation import (
    Exemplar,
    Prepared,
    first_image,
    load_or_check,
    one_or_several,
    prepare,
    shares_of,
)
from texonnx.run.result import OnStep, SynthesisResult
from texonnx.runtime.goal import Goal
from texonnx.sizes import size_of
from texonnx.weights.sources import Progress

_CONTENT = "content"
_EFFORT = 2
"""A transfer takes so many times the steps of a synthesis."""

Style = Exemplar | tuple[Exemplar, float]
"""A style image, and what it counts where there are several."""


def transfer(
    content: Exemplar,
    style: Style | Sequence[Style],
    *,
    loss: str = OBJECTIVE.loss,
    layers: str = OBJECTIVE.layers,
    layer_weights: str = OBJECTIVE.layer_weights,
    gram_norm: str = OBJECTIVE.gram_norm,
    pool: str = OBJECTIVE.pool,
    padding: str = TRANSFER.padding,
    arch: str = OBJECTIVE.arch,
    weights: str = OBJECTIVE.weights,
    activation_scale: bool = OBJECTIVE.activation_scale,
    disc_widths: Sequence[int] = OBJECTIVE.disc_widths,
    disc_steps: int = RUN.disc_steps,
    content_layers: str = TRANSFER.content_layers,
    content_weight: float = TRANSFER.content_weight,
    style_weight: float = TRANSFER.style_weight,
    tv: float = TRANSFER.tv,
    preserve_colour: str = TRANSFER.preserve_colour,
    style_scale: float = TRANSFER.style_scale,
    size: int | None = TRANSFER.size,
    scales: int | None = RUN.scales,
    steps: int | Sequence[int] | None = RUN.steps,
    until: float | None = RUN.until,
    optimizer: str = RUN.optimizer,
    lr: float | None = RUN.lr,
    init: str | Path = TRANSFER.init,
    seed: int = RUN.seed,
    engine: str = RUN.engine,
    provider: str = RUN.provider,
    precision: str = RUN.precision,
    memory: str = RUN.memory,
    threads: int = RUN.threads,
    on_step: OnStep | None = None,
    on_download: Progress | None = None,
) -> SynthesisResult:
    """Make an image with the content of one image and the texture statistics of another.

    Parameters
    ----------
    content
        What it shall show: an image file, or an array of shape [1, 3, H, W], RGB, in [0, 1].
    style
        Whose texture it shall have; or several, each by itself or with what it counts, whose
        statistics are then mixed.
    loss, layers, layer_weights, gram_norm, pool, padding, arch, weights, activation_scale
        Of the style, as for :func:`texonnx.synthesize`; but the padding is ``circular``: at an
        edge the content is held less, and the style's colours would gather there.
    disc_widths, disc_steps
        As for :func:`texonnx.synthesize`.
    content_layers
        The layers at which the content's features are kept, by name.
    content_weight, style_weight, tv
        What multiplies the content loss (half the mean squared difference of the features, at
        each content layer), the texture losses, and total variation.
    preserve_colour
        ``none``; ``luminance``: only the luminance is made, and the colours are the content's;
        ``histogram``: the style's colours are mapped to the content's beforehand (mean and
        covariance of RGB). Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer".
    style_scale
        The style is scaled so that its shorter side is the content's times this.
    size
        Pixels of the result's shorter side; the content's own if not given, at most 512.
    scales, steps, until, optimizer, lr
        As for :func:`texonnx.synthesize`; twice as many steps where they are not given.
    init
        ``content``, in the style's colours, or as for :func:`texonnx.synthesize`.
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
    Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks", 2016.
    """
    started = time.perf_counter()
    objective = ObjectiveOptions(
        loss=loss,
        layers=layers,
        layer_weights=layer_weights,
        gram_norm=gram_norm,
        pool=pool,
        padding=padding,
        arch=arch,
        weights=weights,
        activation_scale=activation_scale,
        disc_widths=channels(disc_widths),
        content_layers=content_layers,
        content_weight=content_weight,
        style_weight=style_weight,
        tv=tv,
    )
    if preserve_colour not in PRESERVE_COLOUR:
        raise OptionError(unknown("way to preserve colour", preserve_colour, PRESERVE_COLOUR))
    chosen = TransferOptions(size=size, style_scale=style_scale)
    shown = load_or_check(content)
    side = chosen.size or min(*shown.shape[2:], TRANSFER_SIZE)
    shown = scale_shorter_side(shown, side)
    options = RunOptions(
        exemplar_size=max(1, round(side * chosen.style_scale)),
        size=size_of(shown),
        scales=scales,
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
        disc_steps=disc_steps,
    )
    images, counts = _styles(style)
    coloured = [_recoloured(load_or_check(image), shown, preserve_colour) for image in images]
    prepared = prepare(coloured, objective, options, None, on_download)
    schedule = steps_by_scale(
        prepared.options.steps, prepared.optimizer, len(prepared.scales), _EFFORT
    )
    shares = shares_of(counts, len(images))
    course = _Transfer(
        prepared,
        shares,
        shown,
        keep_colour=preserve_colour == "luminance",
        has_style=style_weight > 0,
    )
    return run_course(prepared, course, schedule, on_step, started)


class _Transfer:
    """The content's detail comes in at every scale that can show it."""

    def __init__(
        self,
        prepared: Prepared,
        shares: tuple[float, ...],
        content: Image,
        *,
        keep_colour: bool,
        has_style: bool,
    ) -> None:
        self._prepared = prepared
        self._shares = shares
        self._shown = content
        self._keep_colour = keep_colour
        self._content = luminance(content) if keep_colour else content
        # The gradient changes large areas slowly, so the run starts from the style's colours; where
        # the content's are to be kept, the style has those already.
        finest = self._style(len(prepared.scales) - 1)
        self._start = match_colours(self._content, finest) if has_style else self._content

    def goal(self, scale: int) -> Goal:
        """Return the styles at the scale, and the content."""
        content = self._at(scale, self._content)
        return Goal(self._prepared.exemplars_at(scale), self._shares, content)

    def start(self, scale: int, coarser: Image | None) -> Image:
        """Return the first image; or the coarser one enlarged, with the content's detail."""
        size = self._prepared.scales[scale].output
        options = self._prepared.options
        starts_from_content = str(options.init) == _CONTENT
        if coarser is None:
            if starts_from_content:
                return self._at(scale, self._start)
            return first_image(options, self._style(scale), size, self._prepared.host)
        enlarged = resize(coarser, *size)
        if not starts_from_content:
            return enlarged
        coarse = resize(self._at(scale - 1, self._start), *size)
        return enlarged + self._at(scale, self._start) - coarse

    def metric(self, scale: int) -> ImageMetric:
        """Return the metric that favours the style's colours.

        It favours no details: of those the content has its own.
        """
        size = self._prepared.scales[scale].output
        return ImageMetric(self._style(scale), size, power_of_frequency=0.0)

    def _style(self, scale: int) -> Image:
        """Return the style that counts most."""
        most = self._shares.index(max(self._shares))
        return self._prepared.exemplars_at(scale)[most]

    def finish(self, image: Image) -> Image:
        """Give the image the content's colours, where they are to be kept."""
        if not self._keep_colour:
            return image
        size = size_of(image)
        return with_colour_of(image, resize(self._shown, *size).clip(0, 1))

    def _at(self, scale: int, image: Image) -> Image:
        return resize(image, *self._prepared.scales[scale].output)


def _recoloured(style: Image, content: Image, preserve_colour: str) -> Image:
    if preserve_colour == "histogram":
        return match_colours(style, content)
    return match_luminance(style, content) if preserve_colour == "luminance" else style


def _styles(style: Style | Sequence[Style]) -> tuple[list[Exemplar], list[float]]:
    """Return the style images and what each counts."""
    several: list[Any] = [style] if _is_pair(style) else one_or_several(style)
    pairs = [one if _is_pair(one) else (one, 1.0) for one in several]
    return [image for image, _ in pairs], [share for _, share in pairs]


def _is_pair(style: object) -> bool:
    """Whether it is one image with what it counts, and not two images."""
    return isinstance(style, tuple) and len(style) == 2 and isinstance(style[1], Real)
