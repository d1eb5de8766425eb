"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from texonnx.errors import OptionError

_OBJECTIVE = "Objective"
_NETWORK = "Network"

Loss = Annotated[
    str,
    typer.Option(
        help="gram, emd, mean, cov, or a weighted sum: mean+cov, gram:1,emd:0.1.",
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
        help="equal, or one number for each layer: 1,0.5,0.25.", rich_help_panel=_OBJECTIVE
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
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Turn ``N`` or ``WxH`` into height and width.

    Raises
    ------
    OptionError
        For anything else.

    Examples
    --------
    >>> parse_size("512x256")
    (256, 512)
    """
    if text is None:
        return None
    width, times, height = text.lower().partition("x")
    try:
        return (int(height), int(width)) if times else (int(width), int(width))
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
