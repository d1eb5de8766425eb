"""Which ops have kernels where: of the providers what their records tell, and of browsers."""

from __future__ import annotations

from collections.abc import Mapping

from texonnx.providers import PROVIDERS, Kernels

KERNELS: Mapping[str, Kernels] = {
    **{name: one.kernels for name, one in PROVIDERS.items() if one.kernels is not None},
    "wasm": Kernels("README.md of onnxruntime-web 1.30.0: all operators in ai.onnx", has_all=True),
}
