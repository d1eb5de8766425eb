"""In what precision a provider computes, and what it must be told for that."""

from __future__ import annotations

import json

from texonnx.errors import OptionError, RuntimeUnavailableError, unknown

PRECISIONS = ("fp32", "bf16", "tf32")
"""float32; bfloat16 in convolutions and products; NVIDIA's float32 with a short mantissa there."""

_ELSEWHERE = {"bf16": "openvino", "tf32": "cuda"}
_OPENVINO_HINTS = {"fp32": "f32", "bf16": "bf16"}


def check_precision(precision: str, provider: str) -> str:
    """Return `precision` if `provider` may have it.

    Raises
    ------
    OptionError, RuntimeUnavailableError
        For an unknown name; for a precision that the provider does not have.
    """
    if precision not in PRECISIONS:
        raise OptionError(unknown("precision", precision, PRECISIONS))
    needed = _ELSEWHERE.get(precision, provider)
    if provider != needed:
        raise RuntimeUnavailableError(
            f"the {provider} provider has no {precision} here; --provider {needed} may have it"
        )
    return precision


def provider_options(provider: str, precision: str, threads: int) -> dict[str, str]:
    """Return what `provider` is told.

    Parameters
    ----------
    provider
        A short name.
    precision
        One that :func:`check_precision` lets through. OpenVINO's own default is bfloat16 where
        the processor has it, CUDA's is TF32: both are told when float32 is meant.
    threads
        How many threads an op may use, for providers with threads of their own; 0 for all.
    """
    if provider == "openvino":
        settings = {"INFERENCE_PRECISION_HINT": _OPENVINO_HINTS[precision]}
        if threads:
            settings["INFERENCE_NUM_THREADS"] = str(threads)
        return {"load_config": json.dumps({"CPU": settings})}
    if provider == "cuda":
        # Sizes are fixed for a scale: the search for the fastest algorithm is made once.
        return {
            "use_tf32": str(int(precision == "tf32")),
            "cudnn_conv_algo_search": "EXHAUSTIVE",
        }
    return {}
