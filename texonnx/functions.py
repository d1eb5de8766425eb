"""The public functions, keyword by keyword; what each does is told in its room.

Every option is declared in :mod:`texonnx.options`; a new one is added there and to the functions
that have it, here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from texonnx.benchmark.cases import Measurement
from texonnx.benchmark.measuring import bench_cases
from texonnx.images import Image
from texonnx.options import (
    BENCH,
    EXPORT,
    OBJECTIVE,
    RECONSTRUCTION,
    RETILE,
    RUN,
    TILE,
    TRANSFER,
    BenchOptions,
    ExportOptions,
    ObjectiveOptions,
    ReconstructionOptions,
    RetileOptions,
    RunOptions,
    TileOptions,
    TransferOptions,
    taken,
)
from texonnx.planning.planned import Plan
from texonnx.planning.trial import plan_run
from texonnx.run.checkpoint import Keep
from texonnx.run.given import Exemplar
from texonnx.run.map_set import MapFile
from texonnx.run.preparation import one_or_several
from texonnx.run.provenance import described
from texonnx.run.result import OnStep, SynthesisResult
from texonnx.run.watch import OnBegin, Watch
from texonnx.runtime.cluster import crew
from texonnx.verbs.export import export_objective
from texonnx.verbs.reconstruction import (
    LayerReconstruction,
    reconstruct_every_layer,
    reconstruct_image,
)
from texonnx.verbs.retiling import retile_image
from texonnx.verbs.synthesis import synthesize_texture
from texonnx.verbs.transfer import Style, transfer_style
from texonnx.weights.sources import Progress


def synthesize(
    exemplar: Exemplar | Sequence[Exemplar],
    *,
    mix: Sequence[float] | None = None,
    maps: Sequence[MapFile] | None = None,
    loss: str = OBJECTIVE.loss,
    layers: str = OBJECTIVE.layers,
    layer_weights: str = OBJECTIVE.layer_weights,
    gram_norm: str = OBJECTIVE.gram_norm,
    pool: str = OBJECTIVE.pool,
    padding: str = OBJECTIVE.padding,
    arch: str = OBJECTIVE.arch,
    weights: str = OBJECTIVE.weights,
    convention: str = OBJECTIVE.convention,
    activation_scale: bool = OBJECTIVE.activation_scale,
    detail: str = OBJECTIVE.detail,
    disc_widths: Sequence[int] = OBJECTIVE.disc_widths,
    disc_steps: int = RUN.disc_steps,
    artifacts: str | Path | None = None,
    exemplar_size: int = RUN.exemplar_size,
    size: tuple[int, int] | None = RUN.size,
    tile: str = TILE.tile,
    exact_size: bool = TILE.exact_size,
    quality: str = RUN.quality,
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
    on_begin: OnBegin | None = None,
    on_download: Progress | None = None,
    checkpoint: str | Path | Keep | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
) -> SynthesisResult:
    """Make an image with the texture statistics of an exemplar.

    Parameters
    ----------
    exemplar
        An image file, or an array of shape [1, 3, H, W], RGB, in [0, 1]; or several of them,
        whose statistics are mixed.
    mix
        What each exemplar counts, 0 or more; they are divided by their sum. Alike if not given.
    maps
        Files of maps that belong to the exemplar pixel by pixel, such as normals, roughness and
        height, each alone or with what it is: ``("wall_n.png", "normal")``, ``data`` or
        ``colour``; without that its name tells. The result has maps that belong to it in the same
        way: each shows what the exemplar's shows where the exemplar is like the result. An alpha
        channel is carried along, the exemplar's too.
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
        What surrounds the input of every convolution: ``circular``, what lies on the other side,
        so that the image tiles and has no frame; ``zeros`` or ``reflect``. ``auto`` is
        ``circular``, and ``reflect`` where there is content to keep.
    arch
        ``vgg16`` or ``vgg19``.
    weights
        ``pretrained``, ``random``, ``random:SEED``, an imported name, or a weights file.
    convention
        How such a file wants its pixels: ``caffe``, ``caffe-rgb``, ``torch``, or ``auto``: see
        `texonnx.weights.importing.read_weights`.
    activation_scale
        Divide every layer by its mean activation, so that no layer drowns the others.
    detail
        What a finer scale starts from beside the coarser one's result: ``patches`` of the exemplar
        in place of its own, or noise with the ``spectrum`` of the detail.
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
    tile
        ``x``, ``y`` or ``both``: along these axes the size becomes the nearest in which the
        exemplar's period fits a whole number of times, if it has one, so that a wall of bricks
        closes. With circular padding any result tiles; ``none`` leaves the size alone.
    exact_size
        Keep the size of a tile, and resample the exemplar instead, by up to 2%.
    quality
        ``draft``, ``good`` or ``best``: sets the steps, where they are not given.
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
        ``training``, ``analytic``, or ``auto``: the faster, where both are installed.
    provider
        ``auto``, the fastest that starts here, measured once and kept in the cache; ``cpu``,
        ``cuda``, ``openvino`` and so on, never replaced by another in silence.
    precision
        ``auto``, the faster of ``fp32`` and, on OpenVINO where the processor has it, ``bf16``;
        ``tf32`` on CUDA.
    memory
        ``auto``: images of more than 512x512 pixels go through the network's first blocks in
        bands of rows, which are computed again for the gradient; ``low``: smaller ones too, of more
        than 256x256; ``high``: never. Bands are for the losses gram, mean, cov and tv.
    threads
        Of an op; 0 leaves it to ONNX Runtime.
    on_step
        Called after every step with the :class:`Step` and the image, before it is clipped.
    on_begin
        Called before the first step with a :class:`Beginning`: the result's size, and what runs
        it; what it raises ends the run.
    on_download
        Called with the bytes that have come and those that will, should weights be fetched.
    checkpoint
        A folder in which the run is kept at every scale and every minute (or a :class:`Keep`, which
        says more). Where one of the same call was stopped, this one goes on from there, to the
        same image. It is removed at the end.
    scheduler
        The address of a Dask scheduler, whose workers share the evaluations of images that go
        through the network in parts: see `memory`.
    workers
        Or so many Dask workers on this machine.

    Returns
    -------
    SynthesisResult
        The image, [1, 3, H, W] in [0, 1], its maps, the history of the run, and its recipe.

    Raises
    ------
    TexonnxError
        For an option, image, weights, folder, engine or provider that will not do.
    NotFiniteError
        When the loss is not finite; it carries the last good image.
    WorkerLostError
        When a worker that shares the image does not go on; it carries the image so far.
    SynthesisInterrupted
        On Ctrl-C; it carries the image so far.

    References
    ----------
    Gatys, Ecker and Bethge, "Texture Synthesis Using Convolutional Neural Networks", 2015.
    """
    given = locals()
    result: SynthesisResult | None = None
    try:
        with crew(scheduler, workers) as together:
            result = synthesize_texture(
                one_or_several(exemplar),
                mix,
                taken(ObjectiveOptions, given),
                taken(RunOptions, given),
                artifacts,
                _watch("synthesize", given),
                taken(TileOptions, given),
                [] if maps is None else one_or_several(maps),
                together,
            )
    except KeyboardInterrupt:
        # While the cluster ends, which takes seconds, what is made is not lost.
        if result is None:
            raise
    return result


def retile(
    image: Exemplar,
    *,
    loss: str = OBJECTIVE.loss,
    layers: str = OBJECTIVE.layers,
    layer_weights: str = OBJECTIVE.layer_weights,
    gram_norm: str = OBJECTIVE.gram_norm,
    pool: str = OBJECTIVE.pool,
    padding: str = OBJECTIVE.padding,
    arch: str = OBJECTIVE.arch,
    weights: str = OBJECTIVE.weights,
    convention: str = OBJECTIVE.convention,
    activation_scale: bool = OBJECTIVE.activation_scale,
    detail: str = OBJECTIVE.detail,
    disc_widths: Sequence[int] = OBJECTIVE.disc_widths,
    disc_steps: int = RUN.disc_steps,
    band: int | None = RETILE.band,
    axes: str = RETILE.axes,
    quality: str = RUN.quality,
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
    on_begin: OnBegin | None = None,
    on_download: Progress | None = None,
    checkpoint: str | Path | Keep | None = None,
) -> SynthesisResult:
    """Make an image tile: a band along its edges is made anew, the rest stays to the last bit.

    The band is made as :func:`texonnx.synthesize` makes a texture, of the image's own statistics
    and patches, with the optimiser free to move the band's pixels alone; it begins as a blend of
    both.

    Parameters
    ----------
    image
        An opaque image file, or an array of shape [1, 3, H, W], RGB, in [0, 1]; it is not scaled.
    loss, layers, layer_weights, gram_norm, pool, padding, arch, weights, convention
        As in :func:`texonnx.synthesize`.
    activation_scale, detail, disc_widths, disc_steps
        As in :func:`texonnx.synthesize`.
    band
        How many pixels along each edge are made anew; an eighth of the shorter side if not given.
    axes
        ``x``: left and right shall meet; ``y``: top and bottom; or ``both``.
    quality, scales, steps, until, optimizer, lr, init, seed, engine, provider, precision, memory
        As in :func:`texonnx.synthesize`.
    threads, on_step, on_begin, on_download, checkpoint
        As in :func:`texonnx.synthesize`.

    Returns
    -------
    SynthesisResult
        The image, [1, 3, H, W] in [0, 1], of the same size.

    Raises
    ------
    TexonnxError
        For an option, image, weights, engine or provider that will not do; a band that leaves
        nothing; an image that is transparent in parts.
    NotFiniteError
        When the loss is not finite; it carries the last good image.
    SynthesisInterrupted
        On Ctrl-C; it carries the image so far.
    """
    given = locals()
    return retile_image(
        image,
        taken(RetileOptions, given),
        taken(ObjectiveOptions, given),
        taken(RunOptions, given),
        _watch("retile", given),
    )


def _watch(verb: str, given: Mapping[str, Any]) -> Watch:
    """Return who follows a call of a public function, which has these arguments."""
    keep = given["checkpoint"]
    if keep is not None and not isinstance(keep, Keep):
        keep = Keep(Path(keep))
    return Watch(
        on_step=given["on_step"],
        on_begin=given["on_begin"],
        on_download=given["on_download"],
        recipe=described(verb, given),
        keep=keep,
    )


def plan(
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
    convention: str = OBJECTIVE.convention,
    activation_scale: bool = OBJECTIVE.activation_scale,
    detail: str = OBJECTIVE.detail,
    disc_widths: Sequence[int] = OBJECTIVE.disc_widths,
    disc_steps: int = RUN.disc_steps,
    artifacts: str | Path | None = None,
    exemplar_size: int = RUN.exemplar_size,
    size: tuple[int, int] | None = RUN.size,
    quality: str = RUN.quality,
    scales: int | None = RUN.scales,
    steps: int | Sequence[int] | None = RUN.steps,
    until: float | None = RUN.until,
    optimizer: str = RUN.optimizer,
    lr: float | None = RUN.lr,
    engine: str = RUN.engine,
    provider: str = RUN.provider,
    precision: str = RUN.precision,
    memory: str = RUN.memory,
    threads: int = RUN.threads,
    on_download: Progress | None = None,
) -> Plan:
    """Say what :func:`texonnx.synthesize` would take on this machine with these options.

    The scales are tried out in a process of their own: a few steps at each of up to 512x512 pixels,
    a few bands or windows of each that is walked in such. The figures of others lie on a straight
    line, over the pixels, through those of the last two tried.
    A run that ends a scale early, as it may with `until`, takes less.

    Parameters
    ----------
    exemplar, loss, layers, layer_weights, gram_norm, pool, padding, arch, weights
        As in :func:`texonnx.synthesize`.
    activation_scale, disc_widths, disc_steps, artifacts, exemplar_size, size, scales, steps
        As in :func:`texonnx.synthesize`.
    until, optimizer, lr
        As in :func:`texonnx.synthesize`.
    engine, provider, precision, memory, threads, on_download
        As in :func:`texonnx.synthesize`.

    Raises
    ------
    TexonnxError
        For an option, image, weights, folder, engine or provider that will not do.
    """
    given = locals()
    objective, run = taken(ObjectiveOptions, given), taken(RunOptions, given)
    return plan_run(exemplar, objective, run, artifacts, on_download)


def transfer(
    content: Exemplar,
    style: Style | Sequence[Style],
    *,
    loss: str = OBJECTIVE.loss,
    layers: str = OBJECTIVE.layers,
    layer_weights: str = OBJECTIVE.layer_weights,
    gram_norm: str = OBJECTIVE.gram_norm,
    pool: str = OBJECTIVE.pool,
    padding: str = OBJECTIVE.padding,
    arch: str = OBJECTIVE.arch,
    weights: str = OBJECTIVE.weights,
    convention: str = OBJECTIVE.convention,
    activation_scale: bool = OBJECTIVE.activation_scale,
    disc_widths: Sequence[int] = OBJECTIVE.disc_widths,
    disc_steps: int = RUN.disc_steps,
    content_layers: str = TRANSFER.content_layers,
    strength: float | None = TRANSFER.strength,
    content_weight: float | None = TRANSFER.content_weight,
    style_weight: float = TRANSFER.style_weight,
    tv: float = TRANSFER.tv,
    preserve_colour: str = TRANSFER.preserve_colour,
    style_scale: float = TRANSFER.style_scale,
    size: int | None = TRANSFER.size,
    quality: str = RUN.quality,
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
    on_begin: OnBegin | None = None,
    on_download: Progress | None = None,
    checkpoint: str | Path | Keep | None = None,
) -> SynthesisResult:
    """Make an image with the content of one image and the texture statistics of another.

    Parameters
    ----------
    content
        What it shall show: an image file, or an array of shape [1, 3, H, W], RGB, in [0, 1].
    style
        Whose texture it shall have; or several, each by itself or with what it counts, whose
        statistics are then mixed.
    loss, layers, layer_weights, gram_norm, pool, padding, arch, weights, convention,
    activation_scale
        Of the style, as for :func:`texonnx.synthesize`.
    disc_widths, disc_steps
        As for :func:`texonnx.synthesize`.
    content_layers
        The layers at which the content's features are kept, by name.
    strength
        How much of the style, from 0 to 1; it sets the content weight, from 0.2 down to 0.002;
        0.5 if not given.
    content_weight, style_weight, tv
        What multiplies the content loss (half the mean squared difference of the features, at
        each content layer), the texture losses, and total variation. A content weight stands in
        place of a strength.
    preserve_colour
        ``none``; ``luminance``: only the luminance is made, and the colours are the content's;
        ``histogram``: the style's colours are mapped to the content's beforehand (mean and
        covariance of RGB). Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer".
    style_scale
        The style is scaled so that its shorter side is the content's times this.
    size
        Pixels of the result's shorter side; the content's own if not given, at most 512.
    quality, scales, steps, until, optimizer, lr
        As for :func:`texonnx.synthesize`; sizes are halved down to 64 pixels, and where there are
        no steps given, L-BFGS takes 16 evaluations at the finest and twice as many at each coarser
        one, half of that for a ``draft`` and six times for the ``best``.
    init
        ``content``, in the style's colours, or as for :func:`texonnx.synthesize`.
    seed, engine, provider, precision, memory, threads, on_step, on_begin, on_download,
    checkpoint
        As for :func:`texonnx.synthesize`.

    Returns
    -------
    SynthesisResult
        As :func:`texonnx.synthesize` returns it.

    Raises
    ------
    TexonnxError, NotFiniteError, SynthesisInterrupted
        As :func:`texonnx.synthesize` does.

    References
    ----------
    Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks", 2016.
    """
    given = locals()
    return transfer_style(
        content,
        style,
        taken(TransferOptions, given),
        taken(ObjectiveOptions, given),
        taken(RunOptions, given, but="size"),
        _watch("transfer", given),
    )


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
    convention: str = OBJECTIVE.convention,
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
    on_begin: OnBegin | None = None,
    on_download: Progress | None = None,
    checkpoint: str | Path | Keep | None = None,
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
    pool, padding, arch, weights, convention, activation_scale
        As for :func:`texonnx.synthesize`.
    size
        Pixels of the shorter side of the image and of the result.
    scales
        How many sizes, each twice the one before: one for a content reconstruction if not given.
    steps, until, optimizer, lr
        As for :func:`texonnx.synthesize`.
    init
        As for :func:`texonnx.synthesize`; ``spectrum`` would give away the image's colours.
    seed, engine, provider, precision, memory, threads, on_step, on_begin, on_download,
    checkpoint
        As for :func:`texonnx.synthesize`.

    Returns
    -------
    SynthesisResult
        As :func:`texonnx.synthesize` returns it.

    Raises
    ------
    TexonnxError, NotFiniteError, SynthesisInterrupted
        As :func:`texonnx.synthesize` does.

    References
    ----------
    Mahendran and Vedaldi, "Understanding Deep Image Representations by Inverting Them", 2015;
    Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks", 2016,
    figure 1.
    """
    given = locals()
    return reconstruct_image(
        image,
        taken(ReconstructionOptions, given),
        taken(ObjectiveOptions, given),
        taken(RunOptions, given, but="size"),
        _watch("reconstruct", given),
    )


def reconstruct_layers(
    image: Exemplar,
    *,
    loss: str = OBJECTIVE.loss,
    layer_weights: str = RECONSTRUCTION.layer_weights,
    gram_norm: str = OBJECTIVE.gram_norm,
    pool: str = OBJECTIVE.pool,
    padding: str = OBJECTIVE.padding,
    arch: str = OBJECTIVE.arch,
    weights: str = OBJECTIVE.weights,
    convention: str = OBJECTIVE.convention,
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
) -> Iterator[LayerReconstruction]:
    """Reconstruct an image from every layer: its content, then its style, layer by layer.

    Each comes as soon as it is made; whoever stops iterating keeps what there is.

    Parameters
    ----------
    image
        An image file, or an array of shape [1, 3, H, W], RGB, in [0, 1].
    loss, layer_weights, gram_norm
        Of the styles alone, as for :func:`texonnx.synthesize`.
    pool, padding, arch, weights, convention, activation_scale, size, scales, steps, until,
    optimizer, lr, init
        As for :func:`texonnx.reconstruct`.
    seed, engine, provider, precision, memory, threads, on_step, on_download
        As for :func:`texonnx.synthesize`.

    Yields
    ------
    LayerReconstruction
        The layer, whether it is the style's, and the result.

    Raises
    ------
    TexonnxError, NotFiniteError, SynthesisInterrupted
        As :func:`texonnx.reconstruct` does.
    """
    given = locals()
    return reconstruct_every_layer(
        image,
        taken(ReconstructionOptions, given),
        taken(ObjectiveOptions, given),
        taken(RunOptions, given, but="size"),
        Watch(on_step=on_step, on_download=on_download),
    )


def export(
    folder: str | Path | None = None,
    *,
    loss: str = OBJECTIVE.loss,
    layers: str = OBJECTIVE.layers,
    layer_weights: str = OBJECTIVE.layer_weights,
    gram_norm: str = OBJECTIVE.gram_norm,
    pool: str = OBJECTIVE.pool,
    padding: str = OBJECTIVE.padding,
    arch: str = OBJECTIVE.arch,
    weights: str = OBJECTIVE.weights,
    convention: str = OBJECTIVE.convention,
    activation_scale: bool = OBJECTIVE.activation_scale,
    detail: str = OBJECTIVE.detail,
    disc_widths: Sequence[int] = OBJECTIVE.disc_widths,
    content_layers: str = OBJECTIVE.content_layers,
    content_weight: float = EXPORT.content_weight,
    style_weight: float = OBJECTIVE.style_weight,
    tv: float = OBJECTIVE.tv,
    fp16: bool = EXPORT.fp16,
    size: tuple[int, int] | None = EXPORT.size,
    training: bool | None = EXPORT.training,
    scales: int | None = EXPORT.scales,
    force: bool = EXPORT.force,
    on_download: Progress | None = None,
) -> Path:
    """Write an objective as a folder of ONNX graphs that runs without texonnx.

    Parameters
    ----------
    folder
        Where to; ``models/<architecture>-<losses>`` if not given.
    loss, layers, layer_weights, gram_norm, pool, padding, arch, weights, convention,
    activation_scale
        As for :func:`texonnx.synthesize`.
    disc_widths
        As for :func:`texonnx.synthesize`.
    content_layers, content_weight, style_weight, tv
        As for :func:`texonnx.transfer`; without content layers the objective is a texture's.
    fp16
        Store the weights in 16 bits, which halves the folder; the graphs compute in 32.
    size
        Height and width of the image in pixels, to fix them in the graphs; symbolic if not given.
    training
        Whether to write training artifacts, which needs onnxruntime-training; if not given, they
        are written where that is installed.
    scales
        For how many sizes, each half the one before, there shall be training artifacts: from
        `size`, or 256x256, down; chosen by the size if not given.
    force
        Replace an exported folder of that name.
    on_download
        Called with the bytes that have come and those that will, should weights be fetched.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    TexonnxError
        For an option or weights that will not do, or a folder that cannot be written.
    """
    given = locals()
    return export_objective(
        folder, taken(ObjectiveOptions, given), taken(ExportOptions, given), on_download
    )


def bench(
    *,
    loss: str = OBJECTIVE.loss,
    layers: str = OBJECTIVE.layers,
    pool: str = OBJECTIVE.pool,
    padding: str = OBJECTIVE.padding,
    arch: str = OBJECTIVE.arch,
    weights: str = OBJECTIVE.weights,
    convention: str = OBJECTIVE.convention,
    sizes: Sequence[tuple[int, int]] = BENCH.sizes,
    engines: Sequence[str] | None = BENCH.engines,
    providers: Sequence[str] | None = BENCH.providers,
    precisions: Sequence[str] | None = BENCH.precisions,
    threads: int = RUN.threads,
    memory: str = RUN.memory,
    rounds: int = BENCH.rounds,
    on_download: Progress | None = None,
) -> Iterator[Measurement]:
    """Measure loss and gradient on what this machine has, each case in a process of its own.

    Parameters
    ----------
    loss, layers, pool, padding, arch, weights
        As for :func:`texonnx.synthesize`.
    sizes
        Height and width in pixels of exemplar and image, for each case.
    engines, providers, precisions
        ``analytic`` and ``training``; ``cpu``, ``cuda`` and so on; ``fp32``, ``bf16``, ``tf32``.
        If not given: the engines that are installed, the providers that ONNX Runtime lists, and
        every precision that a provider has.
    threads, memory
        As for :func:`texonnx.synthesize`.
    rounds
        How many iterations to time in each case, after one to warm up.
    on_download
        Called with the bytes that have come and those that will, should weights be fetched.

    Yields
    ------
    Measurement
        Of one case, as soon as it is made, sizes from small to large. What does not run has the
        reason in `failure`, and is not tried at larger sizes.

    Raises
    ------
    TexonnxError
        For an option or weights that will not do, before anything is measured.
    """
    given = locals()
    return bench_cases(
        taken(ObjectiveOptions, given),
        taken(BenchOptions, given),
        taken(RunOptions, given),
        on_download,
    )
