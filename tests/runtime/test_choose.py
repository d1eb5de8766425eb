"""What a run is refused before it begins, on this machine."""

from __future__ import annotations

from typing import Any

import pytest

from texonnx.errors import RuntimeUnavailableError
from texonnx.objective.source import Traits
from texonnx.options import RunOptions
from texonnx.runtime import choose
from texonnx.runtime.choose import choose_route
from texonnx.runtime.installed import the_runtime
from texonnx.runtime.route import Route
from texonnx.sizes import Size

SMALL, LARGE = Size(64, 96), Size(1024, 1024)
GRAM = {"averages": True}
WHOLE: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("traits", "options"),
    [(WHOLE, {}), (GRAM, {"memory": "high"}), (GRAM, {"engine": "training"})],
    ids=["whole", "high", "training"],
)
def test_what_has_to_be_in_memory_at_once_and_cannot_is_refused(
    traits: dict[str, Any], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if options.get("engine") == "training" and not the_runtime().can_train:
        pytest.skip("NEEDS onnxruntime-training")
    monkeypatch.setattr(choose, "memory_bytes", lambda: 10**9)

    def chosen(bytes_a_pixel: float, **more: Any) -> Route:
        run = RunOptions(provider="cpu", precision="fp32", **{**options, **more})
        return choose_route(Traits((), 1, maps_bytes=bytes_a_pixel, **traits), run, [SMALL, LARGE])

    assert chosen(900.0)
    with pytest.raises(RuntimeUnavailableError, match=r"at 1024x1024 .* 1049 MB .* has 1000;"):
        chosen(1000.0)
    if traits == GRAM:
        assert chosen(1000.0, memory="auto", engine="analytic")
