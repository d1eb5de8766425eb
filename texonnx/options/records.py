"""What can be chosen, each option once: type, default, help, and what is accepted.

The command line, the checks and the studies are made from these records, and the public functions
read their defaults here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from texonnx.errors import OptionError
from texonnx.optimizers import OPTIMIZERS
from texonnx.options import values
from texonnx.options.declaration import Option, Options
from texonnx.options.text import (
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
PADDINGS = ("zeros", "reflect", "circular")
INITS = ("spectrum", "noise", "mean")
ENGINES = ("analytic", "training")
MEMORY_USES = ("auto", "low", "high")
PRESERVE_COLOUR = ("none", "luminance", "histogram")

_OBJECTIVE = "Objective"
_NETWORK = "Network"
_OUTPUT = "Output"
_RUN = "Optimisation"
_ENGINE = "Engine"
_FOLDER = "Folder"
_WHAT = "What"
_CASES = "Cases"

_LARGEST_STYLE_SCALE = 16

LayerWeights = Annotated[
    str,
    Option(
        "auto (geometric:0.5; for gan equal), equal, linear, geometric:RATIO, quadratic, "
        "inverse-height, inverse-channels (:descending reverses one), or one number for each "
        "layer: 1,0.5,0.25.",
        _OBJECTIVE,
    ),
]
Padding = Annotated[
    str,
    Option(
        "Around every convolution: zeros, reflect, or circular (the result tiles).",
        _NETWORK,
        "padding",
        PADDINGS,
    ),
]
ContentWeight = Annotated[
    float,
    Option("Of the content loss.", _OBJECTIVE, "content weight", check=values.float32_from_0),
]
StyleWeight = Annotated[
    float,
    Option("Of the texture losses.", _OBJECTIVE, "style weight", check=values.float32_from_0),
]
TotalVariation = Annotated[
    float,
    Option(
        "Weight of total variation.",
        _OBJECTIVE,
        "weight of tv",
        check=values.float32_from_0,
        flags=("--tv",),
    ),
]


@dataclass(frozen=True)
class ObjectiveOptions(Options):
    """What decides the graphs: network, layers and losses, in the user's words.

    See :func:`texonnx.synthesize` and :func:`texonnx.transfer` for what each accepts. Without
    content layers there is no content loss; a `style_weight` of 0 leaves out the texture losses.
    """

    loss: Annotated[
        str,
        Option(
            "gram, emd, swd, mean, cov, gan, or a weighted sum: mean+cov, gram:1,emd:0.1; tv.",
            _OBJECTIVE,
        ),
    ] = "gram"
    layers: Annotated[
        str,
        Option("all, one-per-block, shallow, deep, or names: conv1_1,conv2_1.", _OBJECTIVE),
    ] = "all"
    layer_weights: LayerWeights = "auto"
    gram_norm: Annotated[
        str,
        Option(
            "What divides the Gram loss: gatys (1/4N²M²), no-n2, no-m2, no-n2-m2, or chw "
            "(each matrix by C·H·W).",
            _OBJECTIVE,
            "Gram normalisation",
            GRAM_NORMS,
        ),
    ] = "gatys"
    pool: Annotated[str, Option("Pooling: avg or max.", _NETWORK, "pooling", POOLINGS)] = "avg"
    padding: Padding = "zeros"
    arch: Annotated[str, Option("vgg16 or vgg19.", _NETWORK, "architecture", ARCHITECTURES)] = (
        "vgg16"
    )
    weights: Annotated[
        str, Option("pretrained, random, random:SEED, an imported name, or a file.", _NETWORK)
    ] = "pretrained"
    activation_scale: Annotated[
        bool,
        Option(
            "Divide every layer by its mean activation, or leave the network's units.",
            _NETWORK,
            flags=("--activation-scale/--raw",),
        ),
    ] = True
    disc_widths: Annotated[
        tuple[int, ...],
        Option(
            "Of gan: channels of its discriminators' hidden layers, such as 64,32, or none.",
            _OBJECTIVE,
            normal=values.channels,
            check=values.hidden_layers,
            parse=parse_widths,
        ),
    ] = (32,)
    content_layers: Annotated[
        str,
        Option(
            "For style transfer: where the content is kept, such as conv4_2.",
            _OBJECTIVE,
            shown="none: a texture's objective",
        ),
    ] = ""
    content_weight: ContentWeight = 1.0
    style_weight: StyleWeight = 1.0
    tv: TotalVariation = 0.0


@dataclass(frozen=True)
class RunOptions(Options):
    """What decides a run over given graphs; see :func:`texonnx.synthesize`."""

    disc_steps: Annotated[
        int,
        Option(
            "Of gan: steps of the discriminators for each of the image.",
            _OBJECTIVE,
            "number of the discriminators' steps",
            check=values.at_least(1),
        ),
    ] = 1
    exemplar_size: Annotated[
        int,
        Option(
            "Pixels of the exemplar's shorter side after scaling.",
            _RUN,
            "exemplar size",
            check=values.at_least(1),
        ),
    ] = 256
    size: Annotated[
        Size | None,
        Option(
            "Pixels of the result, N or WxH.",
            _OUTPUT,
            normal=values.as_size,
            check=values.height_and_width,
            parse=parse_size,
            shown="the scaled exemplar's",
        ),
    ] = None
    scales: Annotated[
        int | None,
        Option(
            "How many sizes, each twice the one before.",
            _RUN,
            "number of scales",
            check=values.at_least(1),
            shown="by the size",
        ),
    ] = None
    steps: Annotated[
        int | tuple[int, ...] | None,
        Option(
            "Steps, of L-BFGS evaluations, at each scale: N, or N,N,N coarsest first.",
            _RUN,
            "number of steps",
            normal=values.whole_numbers,
            check=values.number_of_steps,
            parse=parse_steps,
            shown="by the scale",
        ),
    ] = None
    until: Annotated[
        float | None,
        Option(
            "End a scale when ten steps lower the loss by less than this share, such as 0.02.",
            _RUN,
            "share by which the loss must still fall",
            check=values.share,
        ),
    ] = None
    optimizer: Annotated[
        str,
        Option(
            "auto (lbfgs, but adam with gan), lbfgs, scipy-lbfgs, adam or sgd.",
            _RUN,
            "optimizer",
            ("auto", *OPTIMIZERS),
        ),
    ] = "auto"
    lr: Annotated[
        float | None,
        Option(
            "Learning rate of adam or sgd.",
            _RUN,
            "learning rate",
            check=values.float32_above_0,
            shown="the optimizer's",
        ),
    ] = None
    init: Annotated[
        str | Path,
        Option("spectrum (the exemplar's, as noise), noise, mean (its colour), or an image.", _RUN),
    ] = "spectrum"
    seed: Annotated[int, Option("Of the noise.", _RUN, "seed", check=values.at_least(0))] = 0
    engine: Annotated[
        str, Option("auto, training or analytic.", _ENGINE, "engine", ("auto", *reversed(ENGINES)))
    ] = "auto"
    provider: Annotated[
        str,
        Option("auto, cpu, cuda, openvino and so on.", _ENGINE, "provider", ("auto", *PROVIDERS)),
    ] = "auto"
    precision: Annotated[
        str,
        Option(
            "fp32, bf16 (openvino) or tf32 (cuda), where the device has it.",
            _ENGINE,
            "precision",
            PRECISIONS,
        ),
    ] = "fp32"
    memory: Annotated[
        str,
        Option(
            "auto (above 512x512 in bands of rows), low (smaller images too) or high (never).",
            _ENGINE,
            "memory use",
            MEMORY_USES,
        ),
    ] = "auto"
    threads: Annotated[
        int,
        Option(
            "Of an op; 0: one a physical core.",
            _ENGINE,
            "number of threads",
            check=values.at_least(0),
        ),
    ] = 0

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
class TransferOptions(Options):
    """What only a style transfer has, or has otherwise; see :func:`texonnx.transfer`."""

    content_weight: ContentWeight = 0.1
    style_weight: StyleWeight = 1.0
    content_layers: Annotated[str, Option("Where the content is kept.", _OBJECTIVE)] = "conv4_2"
    tv: TotalVariation = 0.0
    preserve_colour: Annotated[
        str,
        Option(
            "none, luminance (make only that) or histogram (the style in its colours).",
            _OBJECTIVE,
            "way to preserve colour",
            PRESERVE_COLOUR,
        ),
    ] = "none"
    style_scale: Annotated[
        float,
        Option(
            "The style's shorter side, in those of the content.",
            _OBJECTIVE,
            "style's scale",
            check=values.above_0_up_to(_LARGEST_STYLE_SCALE),
        ),
    ] = 1.0
    padding: Padding = "circular"
    size: Annotated[
        int | None,
        Option(
            "Pixels of the result's shorter side.",
            _OUTPUT,
            "size",
            check=values.at_least(1),
            shown="the content's, at most 512",
        ),
    ] = None
    init: Annotated[
        str | Path,
        Option("content, spectrum (the style's, as noise), noise, mean, or an image.", _RUN),
    ] = "content"


@dataclass(frozen=True)
class ReconstructionOptions(Options):
    """What only a reconstruction has, or has otherwise; see :func:`texonnx.reconstruct`."""

    layer: Annotated[str, Option("The layer, by name.", _WHAT)] = "conv4_2"
    style: Annotated[
        bool,
        Option(
            "Reconstruct the style from all layers up to the named one, not the content.",
            _WHAT,
            flags=("--style",),
        ),
    ] = False
    layer_weights: LayerWeights = "equal"
    size: Annotated[
        int,
        Option("Pixels of the result's shorter side.", _OUTPUT, "size", check=values.at_least(1)),
    ] = 256
    init: Annotated[str | Path, Option("noise, mean, spectrum, or an image.", _RUN)] = "noise"


@dataclass(frozen=True)
class ExportOptions(Options):
    """What only an export has, or has otherwise; see :func:`texonnx.export`."""

    content_weight: ContentWeight = TransferOptions.content_weight
    fp16: Annotated[bool, Option("Store the weights in 16 bits.", _FOLDER, flags=("--fp16",))] = (
        False
    )
    size: Annotated[
        Size | None,
        Option(
            "Fix the image to N or WxH pixels.",
            _FOLDER,
            normal=values.as_size,
            parse=parse_size,
            shown="any size",
        ),
    ] = None
    training: Annotated[
        bool | None,
        Option(
            "Write training artifacts.",
            _FOLDER,
            shown="where onnxruntime-training is installed",
        ),
    ] = None
    scales: Annotated[
        int | None,
        Option(
            "Training artifacts for how many sizes, halving.",
            _FOLDER,
            shown="by the size",
        ),
    ] = None
    force: Annotated[bool, Option("Replace an exported folder.", _FOLDER, flags=("--force",))] = (
        False
    )


@dataclass(frozen=True)
class BenchOptions(Options):
    """What only a benchmark has; see :func:`texonnx.bench`."""

    sizes: Annotated[
        tuple[Size, ...],
        Option(
            "Pixels of exemplar and image, N or WxH.",
            _CASES,
            normal=values.as_sizes,
            parse=parse_sizes,
            repeated=True,
            shown=",".join(str(size.width) for size in values.BENCH_SIZES),
            flags=("--size",),
        ),
    ] = values.BENCH_SIZES
    engines: Annotated[
        tuple[str, ...] | None,
        Option(
            "analytic or training.",
            _CASES,
            "engine",
            check=values.each_of(ENGINES),
            parse=parse_words,
            repeated=True,
            shown="those that are installed",
            flags=("--engine",),
        ),
    ] = None
    providers: Annotated[
        tuple[str, ...] | None,
        Option(
            "cpu, cuda, openvino and so on.",
            _CASES,
            "provider",
            check=values.each_of(tuple(PROVIDERS)),
            parse=parse_words,
            repeated=True,
            shown="those that ONNX Runtime lists",
            flags=("--provider",),
        ),
    ] = None
    precisions: Annotated[
        tuple[str, ...] | None,
        Option(
            "fp32, bf16 or tf32.",
            _CASES,
            "precision",
            check=values.each_of(PRECISIONS),
            parse=parse_words,
            repeated=True,
            shown="those that the provider has",
            flags=("--precision",),
        ),
    ] = None
    rounds: Annotated[
        int,
        Option(
            "Iterations to time, after one to warm up.",
            _CASES,
            "number of rounds",
            check=values.at_least(1),
        ),
    ] = 5


CONTENT_OPTIONS = ("content_layers", "content_weight", "style_weight", "tv")
"""Those of :class:`ObjectiveOptions` that a texture by itself does not have."""

OBJECTIVE = ObjectiveOptions()
RUN = RunOptions()
TRANSFER = TransferOptions()
RECONSTRUCTION = ReconstructionOptions()
EXPORT = ExportOptions()
BENCH = BenchOptions()
TRANSFER_SIZE = 512
"""Pixels to which a larger content image is scaled down where no size is given."""
EXPORT_SIZE = 256
"""Pixels of the side for which ``texonnx export`` writes training artifacts by default."""
