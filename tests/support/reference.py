"""The formulas of the papers in plain NumPy float64, as slow and literal as they can be.

Written from the formulas, never from the package's code: tests hold the package against it.
Feature maps are [N, H, W] or [N, M]; every distance is that of one layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Stack = Sequence[tuple["Array", "Array"]]
    """A discriminator: weight [out, in] and bias [out] of each layer, the last with out = 1."""

Array = NDArray[np.float64]
GramNorm = Literal["gatys", "no-n2", "no-m2", "no-n2-m2", "chw"]

LEAK = 0.2

_PAD_MODES = {"zeros": "constant", "reflect": "reflect", "circular": "wrap"}


def features(
    image: NDArray[np.floating],
    kernels: Mapping[str, NDArray[np.floating]],
    biases: Mapping[str, NDArray[np.floating]],
    mean: Sequence[float],
    layers: Sequence[str],
    *,
    pool: str = "avg",
    padding: str = "zeros",
    activation_scale: Mapping[str, float] | None = None,
) -> dict[str, Array]:
    """Return the activations after ReLU of `layers`, each [N, H, W].

    `image` is [1, 3, H, W], RGB, in [0, 1]; `kernels` are OIHW with conv1_1's input channels in
    BGR; `mean` is RGB in 0..255. A layer's activations come out divided by its activation scale.
    """
    rgb = np.asarray(image, np.float64)[0] * 255 - np.asarray(mean, np.float64)[:, None, None]
    x = rgb[::-1]
    found: dict[str, Array] = {}
    block, scale_before = "1", 1.0
    for name in sorted(kernels):
        if set(found) == set(layers):
            break
        if _block(name) != block:
            x, block = pool2x2(x, pool), _block(name)
        scale = 1.0 if activation_scale is None else activation_scale[name]
        kernel = np.asarray(kernels[name], np.float64) * (scale_before / scale)
        bias = np.asarray(biases[name], np.float64) / scale
        x = np.maximum(conv3x3(x, kernel, bias, padding), 0)
        scale_before = scale
        if name in layers:
            found[name] = x
    return {name: found[name] for name in layers}


def _block(layer: str) -> str:
    return layer.removeprefix("conv").split("_")[0]


def conv3x3(x: Array, kernel: Array, bias: Array, padding: str = "zeros") -> Array:
    """Return the cross-correlation of x [I, H, W] with kernel [O, I, 3, 3], of the same size."""
    _, height, width = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), mode=_PAD_MODES[padding])  # type: ignore[call-overload]
    y = np.zeros((len(kernel), height, width)) + bias[:, None, None]
    for i in range(3):
        for j in range(3):
            shifted = padded[:, i : i + height, j : j + width]
            y += np.tensordot(kernel[:, :, i, j], shifted, axes=1)
    return y


def pool2x2(x: Array, pool: str = "avg") -> Array:
    """Return the means or maxima of 2x2 windows; an odd last row or column is dropped."""
    height, width = x.shape[1] // 2, x.shape[2] // 2
    windows = x[:, : 2 * height, : 2 * width].reshape(len(x), height, 2, width, 2)
    pooled: dict[str, Array] = {"avg": windows.mean((2, 4)), "max": windows.max((2, 4))}
    return pooled[pool]


def gram_matrix(F: Array) -> Array:
    """Return F F^T, [N, N]."""
    F = _flat(F)
    G: Array = F @ F.T
    return G


def gram_distance(F: Array, F_target: Array, norm: GramNorm = "gatys") -> float:
    """Return the Gram distance; a target of other size counts by its mean over positions."""
    F, F_target = _flat(F), _flat(F_target)
    (N, M), M_target = F.shape, F_target.shape[1]
    difference = gram_matrix(F) - gram_matrix(F_target) * (M / M_target)
    factor = {
        "gatys": 1 / (4 * N**2 * M**2),
        "no-n2": 1 / (4 * M**2),
        "no-m2": 1 / (4 * N**2),
        "no-n2-m2": 1 / 4,
        "chw": 1 / (N * M) ** 2,
    }[norm]
    return float(factor * (difference**2).sum())


def emd_distance(F: Array, F_target: Array) -> float:
    """Return the mean over channels and positions of (sort F_target - sort F)²."""
    F, F_target = np.sort(_flat(F), axis=1), np.sort(_flat(F_target), axis=1)
    return float(((F - resample_quantiles(F_target, F.shape[1])) ** 2).mean())


def resample_quantiles(sorted_values: Array, count: int) -> Array:
    """Read sorted values [N, M] as quantile functions at `count` levels: [N, count].

    Sorted value i sits at level (i + 0.5) / M, output j at (j + 0.5) / count; linear between,
    constant beyond both ends.
    """
    M = sorted_values.shape[1]
    if count == M:
        return sorted_values
    have, want = (np.arange(M) + 0.5) / M, (np.arange(count) + 0.5) / count
    return np.stack([np.interp(want, have, channel) for channel in sorted_values])


def swd_distance(F: Array, F_target: Array, directions: Array) -> float:
    """Return the EMD of the features projected on every direction, one row of `directions` each."""
    return emd_distance(directions @ _flat(F), directions @ _flat(F_target))


def mean_distance(F: Array, F_target: Array) -> float:
    """Return the mean over channels of the squared difference of the channels' means."""
    return float(((_flat(F).mean(axis=1) - _flat(F_target).mean(axis=1)) ** 2).mean())


def cov_distance(F: Array, F_target: Array) -> float:
    """Return 1/(4 N²) sum (C - C^)², where C = (F - mu)(F - mu)^T / M with each one's own M."""
    N = len(F)
    return float(((_covariance(F) - _covariance(F_target)) ** 2).sum() / (4 * N**2))


def _covariance(F: Array) -> Array:
    F = _flat(F)
    C: Array = gram_matrix(F - F.mean(axis=1, keepdims=True)) / F.shape[1]
    return C


def _flat(F: Array) -> Array:
    F = np.asarray(F, np.float64)
    return F.reshape(len(F), -1)


def content_distance(F: Array, P: Array) -> float:
    """Return half the mean over channels and positions of (F - P)²."""
    return float(((_flat(F) - _flat(P)) ** 2).mean() / 2)


def total_variation(image: NDArray[np.floating]) -> float:
    """Return the mean squared difference of vertical and of horizontal neighbours, summed.

    `image` is [1, 3, H, W].
    """
    x = np.asarray(image, np.float64)
    return float((np.diff(x, axis=2) ** 2).mean() + (np.diff(x, axis=3) ** 2).mean())


def verdicts(F: Array, stack: Stack) -> Array:
    """Return what a discriminator says at every position, [M], looking at each by itself."""
    x = _flat(F)
    for k, (weight, bias) in enumerate(stack):
        if k:
            x = np.where(x > 0, x, LEAK * x)
        x = weight @ x + bias[:, None]
    says: Array = x[0]
    return says


def slopes(F: Array, stack: Stack, step: float = 1e-6) -> Array:
    """Return the slope of :func:`verdicts` in each channel at each position, [N, M]."""
    F = _flat(F)
    found = np.empty_like(F)
    for channel in range(len(F)):
        moved = np.zeros((len(F), 1))
        moved[channel] = step
        difference = verdicts(F + moved, stack) - verdicts(F - moved, stack)
        found[channel] = difference / (2 * step)
    return found


def softplus(x: Array) -> Array:
    """Return log(1 + exp x)."""
    result: Array = np.logaddexp(0, x)
    return result


def gan_distance(F: Array, stack: Stack) -> float:
    """Return the mean of softplus(-D): small where the discriminator says "exemplar"."""
    return float(softplus(-verdicts(F, stack)).mean())


def discriminator_loss(F: Array, F_exemplar: Array, stack: Stack, penalty: float = 1.0) -> float:
    """Return the negative log-likelihood of telling exemplar from image, and the penalty.

    The penalty is half of `penalty` times the mean over the exemplar's positions of the squared
    length of the discriminator's slope.
    """
    real = softplus(-verdicts(F_exemplar, stack)).mean()
    made = softplus(verdicts(F, stack)).mean()
    squared_lengths = (slopes(F_exemplar, stack) ** 2).sum(axis=0)
    return float(real + made + penalty / 2 * squared_lengths.mean())


def distance(
    loss_name: str,
    F: Array,
    F_target: Array,
    gram_norm: GramNorm = "gatys",
    directions: Array | None = None,
    stack: Stack = (),
) -> float:
    """Return the distance named `loss_name`; ``a+b`` is the sum of a and b.

    `directions` are for ``swd``, the discriminator `stack` for ``gan``.
    """
    distances: dict[str, Callable[[], float]] = {
        "gram": lambda: gram_distance(F, F_target, gram_norm),
        "emd": lambda: emd_distance(F, F_target),
        "mean": lambda: mean_distance(F, F_target),
        "cov": lambda: cov_distance(F, F_target),
        "swd": lambda: swd_distance(F, F_target, np.asarray(directions)),
        "gan": lambda: gan_distance(F, stack),
    }
    return float(sum(distances[name]() for name in loss_name.split("+")))


def loss(
    image: NDArray[np.floating],
    exemplar: NDArray[np.floating],
    kernels: Mapping[str, NDArray[np.floating]],
    biases: Mapping[str, NDArray[np.floating]],
    mean: Sequence[float],
    layers: Sequence[str],
    layer_weights: Sequence[float],
    terms: Sequence[tuple[str, float]],
    gram_norm: GramNorm = "gatys",
    pool: str = "avg",
    padding: str = "zeros",
    activation_scale: Mapping[str, float] | None = None,
    directions: Mapping[str, Array] | None = None,
    stacks: Mapping[str, Stack] | None = None,
) -> tuple[float, list[float]]:
    """Return the total loss and what each layer contributes to it, its layer weight included.

    `directions` and `stacks` are those of each layer, for ``swd`` and ``gan``.
    """
    F, F_target = (
        features(
            each,
            kernels,
            biases,
            mean,
            layers,
            pool=pool,
            padding=padding,
            activation_scale=activation_scale,
        )
        for each in (image, exemplar)
    )
    per_layer = [
        layer_weight
        * sum(
            weight
            * distance(
                name,
                F[layer],
                F_target[layer],
                gram_norm,
                (directions or {}).get(layer),
                (stacks or {}).get(layer, ()),
            )
            for name, weight in terms
        )
        for layer, layer_weight in zip(layers, layer_weights, strict=True)
    ]
    return sum(per_layer), per_layer


def adam(
    image: NDArray[np.floating],
    gradient_fn: Callable[[Array], Array],
    steps: int,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> Array:
    """Return the image after `steps` steps of Adam in the form that puts eps beside sqrt(v).

    lr_t = lr sqrt(1 - beta2^t) / (1 - beta1^t); x -= lr_t m / (sqrt(v) + eps); t counts from 1.
    Kingma and Ba 2015, the end of section 2. Nothing is clipped.
    """
    x = np.array(image, np.float64)
    m, v = np.zeros_like(x), np.zeros_like(x)
    for t in range(1, steps + 1):
        gradient = np.asarray(gradient_fn(x), np.float64)
        m = beta1 * m + (1 - beta1) * gradient
        v = beta2 * v + (1 - beta2) * gradient**2
        x = x - lr * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + eps)
    return x
