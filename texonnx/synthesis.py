"""The loop: an exemplar in, an image with its statistics out, coarse to fine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from texonnx.artifacts.objective import Size
from texonnx.artifacts.source import GraphSource
from texonnx.images import Image, load_image, resize
from texonnx.optim.initial import INITS, initial_image, with_detail
from texonnx.optim.pyramid import Scale
from texonnx.optim.run import optimise
from texonnx.optim.schedule import Plateau, steps_by_scale
from texonnx.options import OBJECTIVE, RUN, ObjectiveOptions, RunOptions, whole_numbers
from texonnx.preparation import prepare
from texonnx.result import NotFiniteError, OnStep, Step, SynthesisInterrupted, SynthesisResult
from texonnx.runtime.choose import choose_engine
from texonnx.runtime.engine import Engine, Losses
from texonnx.weights.sources import Progress


def synthesize(
    exemplar: str | Path | Image,
    *,
    loss: str = OBJECTIVE.loss,
    layers: str = OBJECTIVE.layers,
    layer_weights: str = OBJECTIVE.layer_weights,
    gram_norm: str = OBJECTIVE.gram_norm,
    pool: str = OBJECTIVE.pool,
    padding: str = OBJECTIVE.padding,
    arch: str = OBJECTIVE.arch,
    weights: str = OBJECTIVE.weights,
    activation_scale: bool = OBJECTIVE.activation_scale,
    artifacts: str | Path | None = None,
    exemplar_size: int = RUN.exemplar_size,
    size: Size | None = RUN.size,
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
    threads: int = RUN.threads,
    on_step: OnStep | None = None,
    on_download: Progress | None = None,
) -> SynthesisResult:
    """Make an image with the texture statistics of an exemplar.

    Parameters
    ----------
    exemplar
        An image file, or an array of shape [1, 3, H, W], RGB, in [0, 1].
    loss
        ``gram``, ``emd``, ``mean``, ``cov`` or a weighted sum: ``mean+cov``, ``gram:1,emd:0.1``.
    layers
        ``all``, ``one-per-block``, ``shallow``, ``deep``, or names: ``conv1_1,conv2_1``.
    layer_weights
        ``equal``, or one number for each layer, separated by commas.
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
        ``lbfgs``, ``scipy-lbfgs`` (SciPy's, without the metric), ``adam`` or ``sgd``.
    lr
        Learning rate. Of ``adam``, in units of the image, falling to 0 over the last steps of a
        scale; by default 0.02. Of ``sgd``, for each pixel (the gradient of a mean shrinks as the
        image grows); by default 1e-5.
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
    )
    options = RunOptions(
        exemplar_size=exemplar_size,
        size=size,
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
        threads=threads,
    )
    prepared = prepare(exemplar, objective, options, artifacts, on_download)
    sizes = [scale.output for scale in prepared.scales]
    chosen = choose_engine(engine, prepared.source, provider, threads, sizes, precision)
    run = _Run(chosen, prepared.source, options, on_step, started)
    return run.through(prepared.scales, prepared.exemplar)


class _PlateauReached(Exception):  # noqa: N818
    """The scale may end: not an error."""


class _Run:
    """One run through the scales: keeps the history and the best image so far."""

    def __init__(
        self,
        engine: Engine,
        source: GraphSource,
        options: RunOptions,
        on_step: OnStep | None,
        started: float,
    ) -> None:
        self._engine = engine
        self._source = source
        self._options = options
        self._on_step = on_step
        self._started = started
        self._history: list[Step] = []

    def through(self, scales: Sequence[Scale], exemplar: Image) -> SynthesisResult:
        """Optimise at every scale, each starting from the one before."""
        options = self._options
        schedule = steps_by_scale(options.steps, options.optimizer, len(scales))
        image = _first_image(options, resize(exemplar, *scales[0].exemplar), scales[0].output)
        self._begin(image)
        coarser: Size | None = None
        try:
            for number, scale in enumerate(scales, start=1):
                scaled = resize(exemplar, *scale.exemplar)
                start = resize(_visible(image), *scale.output)
                if coarser is not None:
                    start = with_detail(start, scaled, coarser, options.seed)
                coarser = scale.exemplar
                self._begin(start)
                self._engine.aim(scaled, scale.output)
                try:
                    image = optimise(
                        self._engine,
                        start,
                        options.optimizer,
                        schedule[number - 1],
                        options.learning_rate,
                        partial(self._after_step, number, schedule),
                        scaled,
                    )
                except _PlateauReached:
                    image = self._best
                self._check_finite(image, self._history[-1].loss)
        except KeyboardInterrupt as interrupt:
            raise SynthesisInterrupted(self._result(self._best)) from interrupt
        return self._result(image)

    def _begin(self, image: Image) -> None:
        self._best, self._least = image, np.inf
        self._steps_here = 0
        self._plateau = None if self._options.until is None else Plateau(self._options.until)

    def _after_step(
        self, scale: int, schedule: Sequence[int], losses: Losses, image: Image
    ) -> None:
        self._steps_here += 1
        self._check_finite(image, losses.total)
        if losses.total < self._least:
            self._best, self._least = image, losses.total
        step = Step(
            scale=scale,
            scales=len(schedule),
            size=(image.shape[2], image.shape[3]),
            step=self._steps_here,
            steps=schedule[scale - 1],
            steps_to_come=tuple(schedule[scale:]),
            loss=losses.total,
            layer_losses=dict(zip(self._source.layers, losses.layers.tolist(), strict=True)),
            seconds=time.perf_counter() - self._started,
        )
        self._history.append(step)
        if self._on_step is not None:
            self._on_step(step, image)
        if self._plateau is not None and self._plateau.reached(losses.total):
            raise _PlateauReached

    def _check_finite(self, image: Image, loss: float) -> None:
        if np.isfinite(loss) and np.isfinite(image).all():
            return
        what = "image" if np.isfinite(loss) else "loss"
        height, width = image.shape[2:]
        raise NotFiniteError(
            f"the {what} is not finite at step {self._steps_here} of size {width}x{height}; "
            "a smaller learning rate or another optimizer may help",
            self._result(self._best),
        )

    def _result(self, image: Image) -> SynthesisResult:
        return SynthesisResult(
            image=_visible(image),
            engine=self._engine.name,
            provider=self._engine.provider,
            random_weights=self._source.random_weights,
            history=self._history,
            seconds=time.perf_counter() - self._started,
        )


def _visible(image: Image) -> Image:
    return np.clip(image, 0, 1)


def _first_image(options: RunOptions, exemplar: Image, size: Size) -> Image:
    if str(options.init) in INITS:
        return initial_image(str(options.init), exemplar, size, options.seed)
    return resize(load_image(options.init), *size)
