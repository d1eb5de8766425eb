from __future__ import annotations

import numpy as np
import pytest

from texonnx.errors import WeightsError
from texonnx.weights.formats.torch_pickle import Storage, Tensor


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(1, (4,), (1,)), (0, (2, 2), (3, 1)), (0, (2,), (-1,)), (-1, (2,), (1,)), (0, (-1,), (1,))],
)
def test_a_view_outside_its_storage_is_refused(
    offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    tensor = Tensor(Storage("FloatStorage", "0", 4), offset, shape, strides)
    with pytest.raises(WeightsError, match="outside"):
        tensor.read(bytes(16))


def test_big_endian_storages_are_read() -> None:
    tensor = Tensor(Storage("FloatStorage", "0", 2), 0, (2,), (1,))
    np.testing.assert_array_equal(tensor.read(np.array([1, 2], ">f4").tobytes(), ">"), [1, 2])


def test_bfloat16_is_the_upper_half_of_float32() -> None:
    tensor = Tensor(Storage("BFloat16Storage", "0", 2), 0, (2,), (1,))
    upper_halves = np.array([1.5, -2.0], "<f4").view("<u2")[1::2]
    np.testing.assert_array_equal(tensor.read(upper_halves.tobytes()), [1.5, -2.0])
