from __future__ import annotations

import pytest
from peers.answering import NotHereError
from peers.texonnx_worker import sentences

from texonnx.errors import RuntimeUnavailableError


def test_an_error_for_users_is_not_here_and_any_other_is_itself():
    with pytest.raises(NotHereError, match="this machine has no bfloat16"), sentences():
        raise RuntimeUnavailableError("this machine has no bfloat16")
    with pytest.raises(ZeroDivisionError), sentences():
        raise ZeroDivisionError
