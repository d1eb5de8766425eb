from __future__ import annotations

import pytest
from peers.answering import NotHereError
from peers.texonnx_worker import engine_options, sentences

from texonnx.errors import RuntimeUnavailableError


def test_a_precision_is_asked_for_only_when_it_is_not_float32():
    assert engine_options({"precision": "fp32"}) == {}
    assert engine_options({"precision": "bf16"}) == {"precision": "bf16"}


def test_an_error_for_users_is_not_here_and_any_other_is_itself():
    with pytest.raises(NotHereError, match="this machine has no bfloat16"), sentences():
        raise RuntimeUnavailableError("this machine has no bfloat16")
    with pytest.raises(ZeroDivisionError), sentences():
        raise ZeroDivisionError
