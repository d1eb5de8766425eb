"""What can be chosen, each option once: type, default, help, and what is accepted.

The command line, the checks and the studies are made from these records, and the public functions
read their defaults here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from texonnx.errors import OptionError
from texonnx.optimizers import OPTIMIZERS
from texonnx.options import values
from texonnx.options.declaration import Option, Options
from texonnx.options.text import (
    either,
    parse_size,
    parse_sizes,
    parse_steps,
    parse_widths,
    parse_words,
)
from texonnx.providers import PRECISIONS, PROVIDERS
from texonnx.sizes import Size
from texonnx.vgg import ARCHITECTURES

GRAM_NORMS = ("gatys", "no-n2", "no-m2", "no-n2-m2", "chw")
POOLINGS = ("avg", "max")
PADDINGS = ("circular", "zeros", "reflect")
DETAILS = ("patches", "spectrum")
PIXEL_CONVENTIONS = ("auto", "caffe", "caffe-rgb", "torch")
TILES = ("none", "x", "y", "both")
QUALITIES = ("draft", "good", "best")
INITS = ("spectrum", "noise", "mean")
ENGINES = ("analytic", "training")
AUTO_LAYER_WEIGHTS = "geometric:0.5"
AUTO_LAYER_WEIGHTS_OF_GAN = "equal"
"""Discriminators of the shallow layers alone lose the colours."""
MEMORY_USES = ("auto", "low", "high")
PRESERVE_COLOUR = ("none", "luminance", "histogram")

_AUTO_ENGINES = ("auto", *reversed(ENGINES))

_OBJECTIVE = "Objective"
_NETWORK = "Network"
_OUTPUT = "Output"
_RUN = "Optimisation"
_ENGINE = "Engine"
_FOLDER = "Folder"
_WHAT = "What"
_CASES = "Cases"

LARGEST_STYLE_SCALE = 16

STRENGTH = 0.5
_CONTENT_WEIGHT_AT_0 = 0.2
_CONTENT_WEIGHT_AT_1 = 0.002


def content_weight_of(strength: float) -> float:
    """Return the content weight that a strength of a transfer, from 0 to 1, stands for.

    Examples
    --------
    >>> [round(content_weight_of(strength), 4) for strength in (0, 0.5, 1)]
    [0.2, 0.02, 0.002]
    """
    ratio: float = (_CONTENT_WEIGHT_AT_1 / _CONTENT_WEIGHT_AT_0) ** strength
    return _CONTENT_WEIGHT_AT_0 * ratio


_LAYER_WEIGHTS = Option(
    f"auto ({AUTO_LAYER_WEIGHTS}; for gan {AUTO_LAYER_WEIGHTS_OF_GAN}), equal, linear, "
    "geometric:RATIO, quadratic, inverse-height, inverse-channels (:descending reverses one), or "
    "one number for each layer: 1,0.5,0.25.",
    _OBJECTIVE,
)
_CONTENT_WEIGHT = Option("Of the content loss.", _OBJECTIVE, check=values.float32_from_0)
_STYLE_WEIGHT = Option("Of the texture losses.", _OBJECTIVE, check=values.float32_from_0)
_TOTAL_VARIATION = Option(
    "Weight of total variation.",
    _OBJECTIVE,
    "weight of tv",
    check=values.float32_from_0,
    flag="--tv",
)


@dataclass(frozen=True)
class ObjectiveOptions(Options):
    """What decides the graphs: network, layers and losses, in the user's words.

    See :func:`texonnx.synthesize` and :func:`texonnx.transfer` for what each accepts. Without
    content layers there is no content loss; a `style_weight` of 0 leaves out the texture losses.
    """

    loss: str = Option(
        "gram, emd, swd, mean, cov, gan, or a weighted sum: mean+cov, gram:1,emd:0.1; tv.",
        _OBJECTIVE,
    ).default("gram")
    layers: str = Option(
        "all, one-per-block, shallow, deep, or names: conv1_1,conv2_1.", _OBJECTIVE
    ).default("all")
    layer_weights: str = _LAYER_WEIGHTS.default("auto")
    gram_norm: str = Option(
        "What divides the Gram loss: gatys (1/4N²M²), no-n2, no-m2, no-n2-m2, or chw "
        "(each matrix by C·H·W).",
        _OBJECTIVE,
        "Gram normalisation",
        GRAM_NORMS,
    ).default("gatys")
    pool: str = Option(f"Pooling: {either(POOLINGS)}.", _NETWORK, "pooling", POOLINGS).default(
        "avg"
    )
    padding: str = Option(
        "Around every convolution: auto (circular, and reflect where there is content to keep), "
        "circular (the result tiles), zeros or reflect.",
        _NETWORK,
        choices=("auto", *PADDINGS),
    ).default("auto")
    arch: str = Option(
        f"{either(ARCHITECTURES)}.", _NETWORK, "architecture", ARCHITECTURES
    ).default("vgg16")
    weights: str = Option(
        "pretrained, random, random:SEED, an imported name, or a file.", _NETWORK
    ).default("pretrained")
    convention: str = Option(
        f"How a weights file wants its pixels: {either(PIXEL_CONVENTIONS)}.",
        _NETWORK,
        "pixel convention",
        PIXEL_CONVENTIONS,
    ).default("auto")
    activation_scale: bool = Option(
        "Divide every layer by its mean activation, or leave the network's units.",
        _NETWORK,
        flag="--activation-scale/--raw",
    ).default(True)
    detail: str = Option(
        "What a finer scale starts from: patches of the exemplar, or noise of its spectrum.",
        _RUN,
        choices=DETAILS,
    ).default("patches")
    disc_widths: tuple[int, ...] = Option(
        "Of gan: channels of its discriminators' hidden layers, such as 64,32, or none.",
        _OBJECTIVE,
        normal=values.channels,
        check=values.hidden_layers,
        parse=parse_widths,
    ).default((32,))
    content_layers: str = Option(
        "For style transfer: where the content is kept, such as conv4_2.",
        _OBJECTIVE,
        shown="none: a texture's objective",
    ).default("")
    content_weight: float = _CONTENT_WEIGHT.default(1.0)
    style_weight: float = _STYLE_WEIGHT.default(1.0)
    tv: float = _TOTAL_VARIATION.default(0.0)


@dataclass(frozen=True)
class RunOptions(Options):
    """What decides a run over given graphs; see :func:`texonnx.synthesize`."""

    disc_steps: int = Option(
        "Of gan: steps of the discriminators for each of the image.",
        _OBJECTIVE,
        "number of the discriminators' steps",
        check=values.at_least(1),
    ).default(1)
    exemplar_size: int = Option(
        "Pixels of the exemplar's shorter side after scaling.", _RUN, check=values.at_least(1)
    ).default(256)
    size: Size | None = Option(
        "Pixels of the result, N or WxH.",
        _OUTPUT,
        normal=values.as_size,
        check=values.height_and_width,
        parse=parse_size,
        shown="the scaled exemplar's",
    ).default(None)
    quality: str = Option(
        "draft, good or best: sets the steps, where they are not given.", _RUN, choices=QUALITIES
    ).default("good")
    scales: int | None = Option(
        "How many sizes, each twice the one before.",
        _RUN,
        "number of scales",
        check=values.at_least(1),
        shown="by the size",
    ).default(None)
    steps: int | tuple[int, ...] | None = Option(
        "Steps, of L-BFGS evaluations, at each scale: N, or N,N,N coarsest first.",
        _RUN,
        "number of steps",
        normal=values.whole_numbers,
        check=values.number_of_steps,
        parse=parse_steps,
        shown="by the scale",
    ).default(None)
    until: float | None = Option(
        "End a scale when ten steps lower the loss by less than this share, such as 0.02.",
        _RUN,
        "share by which the loss must still fall",
        check=values.share,
    ).default(None)
    optimizer: str = Option(
        f"auto (lbfgs, but adam with gan), {either(OPTIMIZERS)}.",
        _RUN,
        choices=("auto", *OPTIMIZERS),
    ).default("auto")
    lr: float | None = Option(
        "Learning rate of adam or sgd.",
        _RUN,
        "learning rate",
        check=values.float32_above_0,
        shown="the optimizer's",
    ).default(None)
    init: str | Path = Option(
        "spectrum (the exemplar's, as noise), noise, mean (its colour), or an image.", _RUN
    ).default("spectrum")
    seed: int = Option("Of the noise.", _RUN, check=values.at_least(0)).default(0)
    engine: str = Option(f"{either(_AUTO_ENGINES)}.", _ENGINE, choices=_AUTO_ENGINES).default(
        "auto"
    )
    provider: str = Option(
        "auto (the fastest here), cpu, cuda, openvino and so on.",
        _ENGINE,
        choices=("auto", *PROVIDERS),
    ).default("auto")
    precision: str = Option(
        "auto (the faster that the device has), fp32, bf16 (openvino) or tf32 (cuda).",
        _ENGINE,
        choices=("auto", *PRECISIONS),
    ).default("auto")
    memory: str = Option(
        "auto (above 512x512 in bands of rows), low (smaller images too) or high (never).",
        _ENGINE,
        "memory use",
        MEMORY_USES,
    ).default("auto")
    threads: int = Option(
        "Of an op; 0: one a physical core.", _ENGINE, "number of threads", check=values.at_least(0)
    ).default(0)

    def __post_init__(self) -> None:
        super().__post_init__()
        named = OPTIMIZERS.get(self.optimizer)
        if self.lr is not None and named is not None and named.learning_rate is None:
            raise OptionError(f"{self.optimizer} takes no learning rate; leave it out")

    @property
    def learning_rate(self) -> float:
        """The learning rate given, or the optimiser's own; 0 where there is none."""
        if self.lr is not None:
            return self.lr
        named = OPTIMIZERS.get(self.optimizer)
        return (named.learning_rate if named else None) or 0.0


@dataclass(frozen=True)
class TileOptions(Options):
    """What decides whether a texture's size is one in which it tiles; see `texonnx.synthesize`."""

    tile: str = Option(
        "Fit the size to the exemplar's period, across (x), down (y) or both, or none.",
        _OUTPUT,
        choices=TILES,
    ).default("none")
    exact_size: bool = Option(
        "Of a tile: resample the exemplar by up to 2%, in place of another size.",
        _OUTPUT,
        flag="--exact-size",
    ).default(False)


@dataclass(frozen=True)
class RetileOptions(Options):
    """What only a retiling has; see :func:`texonnx.retile`."""

    band: int | None = Option(
        "Pixels along each edge that are made anew.",
        _OUTPUT,
        "band's width",
        check=values.at_least(1),
        shown="an eighth of the shorter side",
    ).default(None)
    axes: str = Option("Which edges shall meet: x, y or both.", _OUTPUT, choices=TILES[1:]).default(
        "both"
    )


@dataclass(frozen=True)
class TransferOptions(Options):
    """What only a style transfer has, or has otherwise; see :func:`texonnx.transfer`."""

    strength: float | None = Option(
        "Of the style, from 0 to 1: sets the content weight.",
        _OBJECTIVE,
        check=values.from_0_to_1,
        shown=str(STRENGTH),
    ).default(None)
    content_weight: float | None = Option(
        "Of the content loss.",
        _OBJECTIVE,
        check=values.float32_from_0,
        shown="by the strength",
    ).default(None)
    style_weight: float = _STYLE_WEIGHT.default(1.0)
    content_layers: str = Option("Where the content is kept.", _OBJECTIVE).default("conv4_2")
    tv: float = _TOTAL_VARIATION.default(0.0)
    preserve_colour: str = Option(
        "none, luminance (make only that) or histogram (the style in its colours).",
        _OBJECTIVE,
        "way to preserve colour",
        PRESERVE_COLOUR,
    ).default("none")
    style_scale: float = Option(
        "The style's shorter side, in those of the content.",
        _OBJECTIVE,
        "style's scale",
        check=values.above_0_up_to(LARGEST_STYLE_SCALE),
    ).default(1.0)
    size: int | None = Option(
        "Pixels of the result's shorter side.",
        _OUTPUT,
        check=values.at_least(1),
        shown="the content's, at most 512",
    ).default(None)
    init: str | Path = Option(
        "content, spectrum (the style's, as noise), noise, mean, or an image.", _RUN
    ).default("content")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.strength is not None and self.content_weight is not None:
            raise OptionError("the strength sets the content weight; give one of the two, not both")

    @property
    def weight_of_content(self) -> float:
        """The content weight given, or the strength's."""
        if self.content_weight is not None:
            return self.content_weight
        return content_weight_of(STRENGTH if self.strength is None else self.strength)


@dataclass(frozen=True)
class ReconstructionOptions(Options):
    """What only a reconstruction has, or has otherwise; see :func:`texonnx.reconstruct`."""

    layer: str = Option("The layer, by name.", _WHAT).default("conv4_2")
    style: bool = Option(
        "Reconstruct the style from all layers up to the named one, not the content.",
        _WHAT,
        flag="--style",
    ).default(False)
    layer_weights: str = _LAYER_WEIGHTS.default("equal")
    size: int = Option(
        "Pixels of the result's shorter side.", _OUTPUT, check=values.at_least(1)
    ).default(256)
    init: str | Path = Option("noise, mean, spectrum, or an image.", _RUN).default("noise")


@dataclass(frozen=True)
class ExportOptions(Options):
    """What only an export has, or has otherwise; see :func:`texonnx.export`."""

    content_weight: float = _CONTENT_WEIGHT.default(content_weight_of(STRENGTH))
    fp16: bool = Option("Store the weights in 16 bits.", _FOLDER, flag="--fp16").default(False)
    size: Size | None = Option(
        "Fix the image to N or WxH pixels.",
        _FOLDER,
        normal=values.as_size,
        parse=parse_size,
        shown="any size",
    ).default(None)
    training: bool | None = Option(
        "Write training artifacts.", _FOLDER, shown="where onnxruntime-training is installed"
    ).default(None)
    scales: int | None = Option(
        "Training artifacts for how many sizes, halving.", _FOLDER, shown="by the size"
    ).default(None)
    force: bool = Option("Replace an exported folder.", _FOLDER, flag="--force").default(False)


@dataclass(frozen=True)
class BenchOptions(Options):
    """What only a benchmark has; see :func:`texonnx.bench`."""

    sizes: tuple[Size, ...] = Option(
        "Pixels of exemplar and image, N or WxH.",
        _CASES,
        normal=values.as_sizes,
        parse=parse_sizes,
        repeated=True,
        shown=",".join(str(size.width) for size in values.BENCH_SIZES),
        flag="--size",
    ).default(values.BENCH_SIZES)
    engines: tuple[str, ...] | None = Option(
        f"{either(ENGINES)}.",
        _CASES,
        "engine",
        check=values.each_of(ENGINES),
        parse=parse_words,
        repeated=True,
        shown="those that are installed",
        flag="--engine",
    ).default(None)
    providers: tuple[str, ...] | None = Option(
        "cpu, cuda, openvino and so on.",
        _CASES,
        "provider",
        check=values.each_of(tuple(PROVIDERS)),
        parse=parse_words,
        repeated=True,
        shown="those that ONNX Runtime lists",
        flag="--provider",
    ).default(None)
    precisions: tuple[str, ...] | None = Option(
        f"{either(PRECISIONS)}.",
        _CASES,
        "precision",
        check=values.each_of(PRECISIONS),
        parse=parse_words,
        repeated=True,
        shown="those that the provider has",
        flag="--precision",
    ).default(None)
    rounds: int = Option(
        "Iterations to time, after one to warm up.",
        _CASES,
        "number of rounds",
        check=values.at_least(1),
    ).default(5)


CONTENT_OPTIONS = ("content_layers", "content_weight", "style_weight", "tv")
"""Those of :class:`ObjectiveOptions` that a texture by itself does not have."""
TEXTURE_OPTIONS = ("detail",)
"""Those that it alone has."""

OBJECTIVE = ObjectiveOptions()
RUN = RunOptions()
TILE = TileOptions()
RETILE = RetileOptions()
TRANSFER = TransferOptions()
RECONSTRUCTION = ReconstructionOptions()
EXPORT = ExportOptions()
BENCH = BenchOptions()
TRANSFER_SIZE = 512
"""Pixels to which a larger content image is scaled down where no size is given."""
EXPORT_SIZE = 256
"""Pixels of the side for which ``texonnx export`` writes training artifacts by default."""
