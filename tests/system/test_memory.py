"""The peak of a process's memory."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from texonnx.system.memory import forget_peak, peak_memory

MEGABYTES = 200


def allocate() -> None:
    np.ones(MEGABYTES * 10**6 // 8)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own figures are Linux's")
def test_the_peak_stays_when_the_memory_is_given_back_until_it_is_forgotten() -> None:
    forget_peak()
    before = peak_memory()
    allocate()
    peak = peak_memory()
    assert before is not None
    assert peak is not None
    assert peak - before == pytest.approx(MEGABYTES, rel=0.1)
    forget_peak()
    after = peak_memory()
    assert after is not None
    assert after < before + MEGABYTES / 2
