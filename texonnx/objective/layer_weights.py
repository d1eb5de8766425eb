"""The weight of each layer in the objective: a schedule over the chosen layers, or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, repeat
from operator import mul

import numpy as np

from texonnx.errors import OptionError, did_you_mean, unknown
from texonnx.vgg import ConvLayer, conv_layers

_FORMS = {
    "equal": "equal",
    "linear": "linear or linear:FIRST,STEP",
    "geometric": "geometric:RATIO with a ratio above 0, such as geometric:0.5",
    "quadratic": "quadratic",
    "inverse-height": "inverse-height",
    "inverse-channels": "inverse-channels",
}
SCHEDULES = tuple(_FORMS)
_DESCENDING = ":descending"
_LEAST, _MOST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)


def parse_layer_weights(text: str, layers: Sequence[str], arch: str) -> tuple[float, ...]:
    """Turn a schedule or comma-separated numbers into one weight for each of `layers`.

    Parameters
    ----------
    text
        With i = 0, 1, ... n-1 counting `layers` in the order given:

        ====================  ===========================================================
        equal                 1
        linear                i + 1
        linear:FIRST,STEP     FIRST + i STEP
        geometric:RATIO       RATIO^i
        quadratic             ((i + 1) / n)²
        inverse-height        the image's height over the layer's: 2 for each pooling before it
        inverse-channels      1 / N of the layer
        ====================  ===========================================================

        Each but ``equal`` may end in ``:descending``, which reverses the weights over the
        layers. Or numbers, one for each layer; 0 leaves a layer out.
    layers
        Names that :func:`texonnx.vgg.parse_layers` returned.
    arch
        ``vgg16`` or ``vgg19``.

    Raises
    ------
    OptionError
        For an unknown schedule, numbers that do not fit it, another count of numbers than of
        layers, and weights that are negative, all 0, not finite, or beyond float32.

    Examples
    --------
    >>> parse_layer_weights("1,0.5", ["conv1_1", "conv2_1"], "vgg16")
    (1.0, 0.5)
    >>> parse_layer_weights("geometric:0.5", ["conv1_1", "conv2_1", "conv3_1"], "vgg16")
    (1.0, 0.5, 0.25)
    >>> parse_layer_weights("linear:descending", ["conv1_1", "conv2_1", "conv3_1"], "vgg16")
    (3.0, 2.0, 1.0)
    """
    words = text.strip()
    ascending = words.removesuffix(_DESCENDING)
    name, colon, rest = ascending.partition(":")
    if name in SCHEDULES:
        table = {layer.name: layer for layer in conv_layers(arch)}
        numbers = _numbers(rest) if colon else []
        weights = _schedule(name, numbers, [table[layer] for layer in layers])
        if weights is None:
            hint = did_you_mean(rest.rpartition(":")[2], [_DESCENDING[1:]])
            raise OptionError(
                f"layer weights '{name}' are written {_FORMS[name]}, not '{text}'{hint}"
            )
    else:
        weights = _numbers(ascending)
        if weights is None:
            word = name if name.replace("-", "").isalpha() else text
            raise OptionError(unknown("layer weights", word, [*SCHEDULES, "numbers as in 1,0.5"]))
        if len(weights) != len(layers):
            raise OptionError(f"{len(weights)} layer weights were given for {len(layers)} layers")
    if ascending != words:
        if name == "equal" or name not in SCHEDULES:
            raise OptionError(
                f"only a schedule such as linear or quadratic can end in '{_DESCENDING}', "
                f"not '{text}'"
            )
        weights.reverse()
    _check(weights, text)
    return tuple(weights)


def _numbers(text: str) -> list[float] | None:
    """Return comma-separated numbers, or None where `text` is anything else."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        return None


def _schedule(
    name: str, numbers: list[float] | None, layers: Sequence[ConvLayer]
) -> list[float] | None:
    """Return the weights of a schedule, or None where it does not take these numbers."""
    n = len(layers)
    match name, numbers:
        case "equal", []:
            return [1.0] * n
        case "linear", []:
            return [1.0 + i for i in range(n)]
        case "linear", [first, step]:
            return [first + i * step for i in range(n)]
        case "geometric", [ratio] if 0 < ratio < np.inf:
            # A power too large would raise OverflowError; a product is infinite, and refused.
            return list(accumulate(repeat(ratio, n - 1), mul, initial=1.0))
        case "quadratic", []:
            return [((i + 1) / n) ** 2 for i in range(n)]
        case "inverse-height", []:
            return [2.0**layer.pools_before for layer in layers]
        case "inverse-channels", []:
            return [1 / layer.out_channels for layer in layers]
    return None


def _check(weights: Sequence[float], text: str) -> None:
    """Refuse weights that the graphs, in float32, cannot hold or that leave no layer."""
    for weight in weights:
        if weight != 0 and not _LEAST <= weight <= _MOST:
            raise OptionError(
                f"layer weights must be finite and not negative, 0 or from {_LEAST:.1e} to "
                f"{_MOST:.1e}, and '{text}' gives {weight:g}"
            )
    if not any(weights):
        raise OptionError(f"at least one layer weight must be above 0, and '{text}' gives none")
