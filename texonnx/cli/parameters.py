"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from texonnx.errors import OptionError
from texonnx.options import OBJECTIVE
from texonnx.sizes import Size

_OBJECTIVE = "Objective"
_NETWORK = "Network"
_OUTPUT = "Output"
_RUN = "Optimisation"
_ENGINE = "Engine"

Loss = Annotated[
    str,
    typer.Option(
        help="gram, emd, swd, mean, cov, gan, or a weighted sum: mean+cov, gram:1,emd:0.1; tv.",
        rich_help_panel=_OBJECTIVE,
    ),
]
Layers = Annotated[
    str,
    typer.Option(
        help="all, one-per-block, shallow, deep, or names: conv1_1,conv2_1.",
        rich_help_panel=_OBJECTIVE,
    ),
]
LayerWeights = Annotated[
    str,
    typer.Option(
        help="auto (geometric:0.5; for gan equal), equal, linear, geometric:RATIO, quadratic, "
        "inverse-height, inverse-channels (:descending reverses one), or one number for each "
        "layer: 1,0.5,0.25.",
        rich_help_panel=_OBJECTIVE,
    ),
]
GramNorm = Annotated[
    str,
    typer.Option(
        help="What divides the Gram loss: gatys (1/4N²M²), no-n2, no-m2, no-n2-m2, or chw "
        "(each matrix by C·H·W).",
        rich_help_panel=_OBJECTIVE,
    ),
]
Pool = Annotated[str, typer.Option(help="Pooling: avg or max.", rich_help_panel=_NETWORK)]
Padding = Annotated[
    str,
    typer.Option(
        help="Around every convolution: zeros, reflect, or circular (the result tiles).",
        rich_help_panel=_NETWORK,
    ),
]
Arch = Annotated[str, typer.Option(help="vgg16 or vgg19.", rich_help_panel=_NETWORK)]
Weights = Annotated[
    str,
    typer.Option(
        help="pretrained, random, random:SEED, an imported name, or a file.",
        rich_help_panel=_NETWORK,
    ),
]
ActivationScale = Annotated[
    bool,
    typer.Option(
        "--activation-scale/--raw",
        help="Divide every layer by its mean activation, or leave the network's units.",
        rich_help_panel=_NETWORK,
    ),
]
DiscWidths = Annotated[
    str,
    typer.Option(
        help="Of gan: channels of its discriminators' hidden layers, such as 64,32, or none.",
        rich_help_panel=_OBJECTIVE,
    ),
]
DISC_WIDTHS = ",".join(map(str, OBJECTIVE.disc_widths))
DiscSteps = Annotated[
    int,
    typer.Option(
        help="Of gan: steps of the discriminators for each of the image.",
        rich_help_panel=_OBJECTIVE,
    ),
]
ContentWeight = Annotated[
    float, typer.Option(help="Of the content loss.", rich_help_panel=_OBJECTIVE)
]
StyleWeight = Annotated[
    float, typer.Option(help="Of the texture losses.", rich_help_panel=_OBJECTIVE)
]
TotalVariation = Annotated[
    float, typer.Option("--tv", help="Weight of total variation.", rich_help_panel=_OBJECTIVE)
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Where to; the suffix decides the format.",
        show_default="in this folder, named after what it is made of",
        rich_help_panel=_OUTPUT,
    ),
]
Scales = Annotated[
    int | None,
    typer.Option(
        help="How many sizes, each twice the one before.",
        show_default="by the size",
        rich_help_panel=_RUN,
    ),
]
Steps = Annotated[
    str | None,
    typer.Option(
        help="Steps, of L-BFGS evaluations, at each scale: N, or N,N,N coarsest first.",
        show_default="by the scale",
        rich_help_panel=_RUN,
    ),
]
Until = Annotated[
    float | None,
    typer.Option(
        help="End a scale when ten steps lower the loss by less than this share, such as 0.02.",
        rich_help_panel=_RUN,
    ),
]
Optimizer = Annotated[
    str,
    typer.Option(
        help="auto (lbfgs, but adam with gan), lbfgs, scipy-lbfgs, adam or sgd.",
        rich_help_panel=_RUN,
    ),
]
LearningRate = Annotated[
    float | None,
    typer.Option(
        help="Learning rate of adam or sgd.",
        show_default="the optimizer's",
        rich_help_panel=_RUN,
    ),
]
Seed = Annotated[int, typer.Option(help="Of the noise.", rich_help_panel=_RUN)]
Engine = Annotated[str, typer.Option(help="auto, training or analytic.", rich_help_panel=_ENGINE)]
Provider = Annotated[
    str, typer.Option(help="auto, cpu, cuda, openvino and so on.", rich_help_panel=_ENGINE)
]
Precision = Annotated[
    str,
    typer.Option(
        help="fp32, bf16 (openvino) or tf32 (cuda), where the device has it.",
        rich_help_panel=_ENGINE,
    ),
]
Memory = Annotated[
    str,
    typer.Option(
        help="auto (above 512x512 in bands of rows), low (smaller images too) or high (never).",
        rich_help_panel=_ENGINE,
    ),
]
Threads = Annotated[
    int, typer.Option(help="Of an op; 0: one a physical core.", rich_help_panel=_ENGINE)
]
SaveEvery = Annotated[
    int | None,
    typer.Option(
        help="Also write the image every so many steps, as OUT-SCALE-STEP.",
        rich_help_panel=_OUTPUT,
    ),
]
History = Annotated[
    Path | None,
    typer.Option(help="Write every step's losses, as .csv or .json.", rich_help_panel=_OUTPUT),
]
Animate = Annotated[
    Path | None,
    typer.Option(help="Write the run as an animation, .gif or .webp.", rich_help_panel=_OUTPUT),
]
Plot = Annotated[
    Path | None,
    typer.Option(
        help="Write the loss curves, total and by layer, as .png or .svg.", rich_help_panel=_OUTPUT
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def parse_size(text: str | None) -> Size | None:
    """Turn ``N`` or ``WxH`` into height and width.

    Raises
    ------
    OptionError
        For anything else.

    Examples
    --------
    >>> parse_size("512x256")
    Size(height=256, width=512)
    """
    if text is None:
        return None
    width, times, height = text.lower().partition("x")
    try:
        return Size(int(height if times else width), int(width))
    except ValueError:
        raise OptionError(
            f"a size is N or WxH in pixels, such as 512 or 512x256, not '{text}'"
        ) from None


def parse_steps(text: str | None) -> tuple[int, ...] | None:
    """Turn ``N``, or ``N,N,N`` coarsest first, into numbers of steps.

    Raises
    ------
    OptionError
        For anything else.

    Examples
    --------
    >>> parse_steps("80,40,20")
    (80, 40, 20)
    """
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise OptionError(
            f"steps are one number, or one for each scale, such as 100 or 80,40,20, not '{text}'"
        ) from None


def parse_numbers(text: str, what: str) -> tuple[float, ...]:
    """Turn comma-separated numbers into numbers; nothing into none.

    Raises
    ------
    OptionError
        For anything else.

    Examples
    --------
    >>> parse_numbers("0.7,0.3", "shares")
    (0.7, 0.3)
    """
    try:
        return tuple(float(part) for part in text.split(",")) if text.strip() else ()
    except ValueError:
        raise OptionError(f"{what} are numbers with commas between them, not '{text}'") from None


def parse_widths(text: str) -> tuple[int, ...]:
    """Turn comma-separated whole numbers into numbers of channels; ``none`` into none.

    Raises
    ------
    OptionError
        For anything else.

    Examples
    --------
    >>> parse_widths("64,32")
    (64, 32)
    >>> parse_widths("none")
    ()
    """
    if text.strip() == "none":
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise OptionError(
            f"widths are whole numbers with commas between them, such as 64,32, or none, not "
            f"'{text}'"
        ) from None


def parse_style(text: str) -> tuple[Path, float]:
    """Turn ``IMAGE`` or ``IMAGE:SHARE`` into both.

    Examples
    --------
    >>> parse_style("cafe.jpg:0.7")
    (PosixPath('cafe.jpg'), 0.7)
    """
    path, colon, number = text.rpartition(":")
    try:
        return (Path(path), float(number)) if colon and path else (Path(text), 1.0)
    except ValueError:
        return Path(text), 1.0
