"""Files in the safetensors format that others wrote, such as torchvision's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from texonnx.weights.formats.named_tensors import network_of
from texonnx.weights.formats.stored import StoredNetwork, is_wanted

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read(path: Path) -> StoredNetwork:
    """Read the convolutions of a .safetensors file."""
    from safetensors import safe_open

    arrays: dict[str, NDArray[Any]] = {}
    with safe_open(path, framework="numpy") as file:
        for name in file.keys():  # noqa: SIM118 - this is not a dictionary
            if is_wanted(tuple(file.get_slice(name).get_shape())):
                arrays[name] = file.get_tensor(name)
    return network_of(arrays, in_order=False)
