"""The table of kernels: what is known, what is not, and where it was read."""

from __future__ import annotations

import pytest

from texonnx.verification.operators import KERNELS


def test_what_was_not_read_is_not_known() -> None:
    assert KERNELS["cuda"]["NoSuchOp"] is None
    assert KERNELS["webgpu"]["NoSuchOp"] is None


def test_webgpu_has_no_sorting() -> None:
    # docs/webgpu-operators.md of onnxruntime-web lists neither.
    assert KERNELS["webgpu"]["TopK"] is False
    assert KERNELS["webgpu"]["ScatterElements"] is False
    assert KERNELS["webgpu"]["Conv"] is True


@pytest.mark.parametrize("name", KERNELS)
def test_every_provider_has_a_source_and_no_op_is_on_both_lists(name: str) -> None:
    assert KERNELS[name].source
    assert not KERNELS[name].has & KERNELS[name].lacks
