"""Arrays that may lie in a file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from texonnx.runtime.scratch import Scratch, room_for

STATM = Path("/proc/self/statm")
SHAPE = (1, 3, 40, 60)


@pytest.mark.parametrize("large", [1, 2**40])
def test_it_is_zeros_to_be_written(large: int) -> None:
    scratch = room_for(SHAPE, large)
    assert scratch.array.shape == SHAPE
    assert scratch.array.dtype == np.float32
    assert not scratch.array.any()
    scratch.array[0, 1] = 2
    scratch.let_go()
    scratch.array[0, 2] += scratch.array[0, 1]
    scratch.let_go()
    np.testing.assert_array_equal(scratch.array[0, :, 7, 9], [0, 2, 2])


@pytest.mark.skipif(not STATM.exists(), reason="the system does not tell what is in memory")
def test_what_is_let_go_of_is_not_in_memory() -> None:
    def resident() -> int:
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    scratch = room_for((1, 64, 1024, 256), large=1)
    before = resident()
    scratch.array[...] = 1
    assert resident() - before > 0.9 * scratch.array.nbytes
    scratch.let_go()
    assert resident() - before < 0.1 * scratch.array.nbytes
    assert (scratch.array == 1).all()


def test_where_there_is_no_room_for_a_file_it_is_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    scratch = room_for(SHAPE, large=1)
    scratch.array[...] = 1
    scratch.let_go()
    assert (scratch.array == 1).all()


def test_what_is_given_stays_where_it_is() -> None:
    array = np.ones(SHAPE, np.float32)
    scratch = Scratch(array)
    scratch.let_go()
    assert scratch.array is array
