"""Random numbers that every host draws alike: each is a function of seed, stream and its place.

A random permutation of the whole numbers below the prime 2³¹ - 1, by integers of 64 bits alone, so
that graphs of standard ops can draw the same numbers (:mod:`texonnx.subgraphs.noise`). The fifth
power permutes them, because 5 shares no factor with 2³¹ - 2; the rounds of power and key are those
of a block cipher in miniature (compare Albrecht et al., "MiMC", 2016).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PRIME = 2**31 - 1
_PRIME = np.uint64(PRIME)
ROUNDS = ((48271, 12345), (69621, 1043618065), (39373, 1791398085))
"""Of the key, what each round multiplies it by and adds: multipliers known from Lehmer's method."""
SEED_FACTOR = 1566083941
STREAM_FACTOR = 742938285
UNIFORM_STREAMS = 2
"""Two uniform numbers, each from a stream of its own, make two normal ones."""


def standard_normal(shape: Sequence[int], seed: int, stream: int) -> NDArray[np.float32]:
    """Return numbers of mean 0 and variance 1, normally distributed, float32.

    Parameters
    ----------
    shape
        Of the result; the numbers fill it in C order.
    seed, stream
        The same two give the same numbers, other ones others.
    """
    count = int(np.prod(shape))
    pairs = (count + 1) // 2
    # Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958.
    radius = np.sqrt(np.float32(-2) * np.log(_uniform(pairs, seed, UNIFORM_STREAMS * stream)))
    angle = np.float32(2 * np.pi) * _uniform(pairs, seed, UNIFORM_STREAMS * stream + 1)
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
    return normal[:count].reshape(shape)


def _uniform(count: int, seed: int, stream: int) -> NDArray[np.float32]:
    """Return `count` float32 numbers above 0 and up to 1."""
    key = (seed % PRIME * SEED_FACTOR + stream % PRIME * STREAM_FACTOR) % PRIME
    places = np.arange(count, dtype=np.uint64)
    for factor, shift in ROUNDS:
        round_key = np.uint64((key * factor + shift) % PRIME)
        places = _fifth_power((places + round_key) % _PRIME)
    return (places.astype(np.float32) + np.float32(0.5)) / np.float32(PRIME)


def _fifth_power(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    square = numbers * numbers % _PRIME
    return square * square % _PRIME * numbers % _PRIME
