"""Texture synthesis: an exemplar or several in, more of their texture out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from texonnx.images import Image
from texonnx.optim.metric import ImageMetric
from texonnx.optim.schedule import steps_by_scale
from texonnx.options import OBJECTIVE, RUN, ObjectiveOptions, RunOptions, channels, whole_numbers
from texonnx.run.course import run_course
from texonnx.run.preparation import (
    Exemplar,
    Prepared,
    first_image,
    one_or_several,
    prepare,
    shares_of,
)
from texonnx.run.result import OnStep, SynthesisResult
from texonnx.runtime.goal import Goal
from texonnx.sizes import Size, size_of
from texonnx.weights.sources import Progress


def synthesize(
    exemplar: Exemplar | Sequence[Exemplar],
    *,
    mix: Sequence[float] | None = None,
    loss: str = OBJECTIVE.loss,
    layers: str = OBJECTIVE.layers,
    layer_weights: str = OBJECTIVE.layer_weights,
    gram_norm: str = OBJECTIVE.gram_norm,
    pool: str = OBJECTIVE.pool,
    padding: str = OBJECTIVE.padding,
    arch: str = OBJECTIVE.arch,
    weights: str = OBJECTIVE.weights,
    activation_scale: bool = OBJECTIVE.activation_scale,
    disc_widths: Sequence[int] = OBJECTIVE.disc_widths,
    disc_steps: int = RUN.disc_steps,
    artifacts: str | Path | None = None,
    exemplar_size: int = RUN.exemplar_size,
    size: tuple[int, int] | None = RUN.size,
    scales: int | None = RUN.scales,
    steps: int | Sequence[int] | None = RUN.steps,
    until: float | None = RUN.until,
    optimizer: str = RUN.optimizer,
    lr: float | None = RUN.lr,
    init: str | Path = RUN.init,
    seed: int = RUN.seed,
    engine: str = RUN.engine,
    provider: str = RUN.provider,
    precision: str = RUN.precision,
    memory: str = RUN.memory,
    threads: int = RUN.threads,
    on_step: OnStep | None = None,
    on_download: Progress | None = None,
) -> SynthesisResult:
    """Make an image with the texture statistics of an exemplar.

    Parameters
    ----------
    exemplar
        An image file, or an array of shape [1, 3, H, W], RGB, in [0, 1]; or several of them,
        whose statistics are mixed.
    mix
        What each exemplar counts, 0 or more; they are divided by their sum. Alike if not given.
    loss
        ``gram``, ``emd``, ``swd``, ``mean``, ``cov``, ``gan`` or a weighted sum: ``mean+cov``,
        ``gram:1,emd:0.1``; ``tv`` beside them smooths.
    layers
        ``all``, ``one-per-block``, ``shallow``, ``deep``, or names: ``conv1_1,conv2_1``.
    layer_weights
        ``auto``, which is ``equal`` for ``gan`` and else ``geometric:0.5``, half as much at each
        deeper layer; one of those or another schedule: ``linear[:first,step]``, ``geometric:q``,
        ``quadratic``, ``inverse-height``, ``inverse-channels``, with ``:descending`` the other
        way round; or one number for each layer, separated by commas: see
        `texonnx.objective.layer_weights`.
    gram_norm
        ``gatys``, ``no-n2``, ``no-m2``, ``no-n2-m2`` or ``chw``: see `texonnx.losses.gram`.
    pool
        ``avg`` or ``max``.
    padding
        What surrounds the input of every convolution: ``zeros``, ``reflect``, or ``circular``,
        which makes an image that tiles.
    arch
        ``vgg16`` or ``vgg19``.
    weights
        ``pretrained``, ``random``, ``random:SEED``, an imported name, or a weights file.
    activation_scale
        Divide every layer by its mean activation, so that no layer drowns the others.
    disc_widths
        Of the ``gan`` loss: channels of the hidden layers of its discriminators; none for
        logistic regression.
    disc_steps
        How many steps the discriminators take for each step of the image.
    artifacts
        A folder that ``texonnx export`` wrote: it replaces all the options above.
    exemplar_size
        The exemplar is scaled so that its shorter side has this many pixels.
    size
        Height and width of the result in pixels; the scaled exemplar's if not given.
    scales
        How many sizes, each twice the one before; chosen by the size if not given.
    steps
        Steps at each scale, evaluations in the case of L-BFGS: one number, or one for each
        scale, coarsest first; by default few at the finest scale and more at the coarser ones.
    until
        End a scale before that when its loss falls by less than this share in ten steps.
    optimizer
        ``lbfgs``, ``scipy-lbfgs`` (SciPy's, without the metric), ``adam``, ``sgd``, or ``auto``:
        ``lbfgs``, but ``adam`` where discriminators learn as the image moves.
    lr
        Learning rate. Of ``adam``, in units of the image, falling to 0 over the last steps of a
        scale; by default 0.02. Of ``sgd``, for each pixel (the gradient of a mean shrinks as the
        image grows); by default 1e-5. Against discriminators Adam's is 0.004.
    init
        ``spectrum``: noise with the exemplar's colours and power spectrum; ``noise``: a little
        white noise around its mean colour; ``mean``: hardly any; or an image file.
    seed
        Of the noise; with the same machine and threads, the same seed gives the same image.
    engine
        ``training``, ``analytic``, or ``auto``: training where onnxruntime-training is installed.
    provider
        ``auto``, ``cpu``, ``cuda``, ``openvino`` and so on; never replaced by another in silence.
    precision
        ``fp32``; ``bf16`` on OpenVINO where the processor has it; ``tf32`` on CUDA.
    memory
        ``auto``: images of more than 512x512 pixels go through the network's first blocks in
        bands of rows, which are computed again for the gradient; ``low``: smaller ones too, of more
        than 256x256; ``high``: never. Bands are for the losses gram, mean and tv.
    threads
        Of an op; 0 leaves it to ONNX Runtime.
    on_step
        Called after every step with the :class:`Step` and the image, before it is clipped.
    on_download
        Called with the bytes that have come and those that will, should weights be fetched.

    Returns
    -------
    SynthesisResult
        The image, [1, 3, H, W] in [0, 1], and the history of the run.

    Raises
    ------
    TexonnxError
        For an option, image, weights, folder, engine or provider that will not do.
    NotFiniteError
        When the loss is not finite; it carries the last good image.
    SynthesisInterrupted
        On Ctrl-C; it carries the image so far.

    References
    ----------
    Gatys, Ecker and Bethge, "Texture Synthesis Using Convolutional Neural Networks", 2015.
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
    )
    options = RunOptions(
        exemplar_size=exemplar_size,
        size=None if size is None else Size(*size),
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
    prepared = prepare(one_or_several(exemplar), objective, options, artifacts, on_download)
    schedule = steps_by_scale(prepared.options.steps, prepared.optimizer, len(prepared.scales))
    shares = shares_of(mix, len(prepared.exemplars))
    return run_course(prepared, Texture(prepared, shares), schedule, on_step, started)


class Texture:
    """More of a texture: noise, then at every finer scale the detail that it has there."""

    def __init__(self, prepared: Prepared, shares: tuple[float, ...]) -> None:
        self._prepared = prepared
        self._shares = shares

    def goal(self, scale: int) -> Goal:
        """Return the exemplars at the scale."""
        return Goal(self._prepared.exemplars_at(scale), self._shares)

    def start(self, scale: int, coarser: Image | None) -> Image:
        """Return the first image, or the coarser one enlarged, with noise for its detail."""
        exemplar = self._exemplar(scale)
        size = self._prepared.scales[scale].output
        seed, host = self._prepared.options.seed, self._prepared.host
        if coarser is None:
            return first_image(self._prepared.options, exemplar, size, host)
        before = size_of(self._exemplar(scale - 1))
        return host.finer_image(coarser, exemplar, before, size, seed)

    def metric(self, scale: int) -> ImageMetric:
        """Return the metric that favours the exemplar's colours, and the details."""
        return ImageMetric(self._exemplar(scale), self._prepared.scales[scale].output)

    def _exemplar(self, scale: int) -> Image:
        """Return the exemplar that counts most."""
        most = self._shares.index(max(self._shares))
        return self._prepared.exemplars_at(scale)[most]

    def finish(self, image: Image) -> Image:
        """Return the image."""
        return image
