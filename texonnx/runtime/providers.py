"""Execution providers: their short names, what starts them, and which of them really run."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import onnxruntime as ort

from texonnx.errors import RuntimeUnavailableError, unknown
from texonnx.graph.tape import Tape
from texonnx.runtime.installed import INSTALL_HINT
from texonnx.runtime.precision import check_precision, provider_options

_EXECUTION_PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "webgpu": "WebGpuExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
}

PROVIDERS = tuple(_EXECUTION_PROVIDERS)

_OPENVINO_PLUGIN = "onnxruntime_ep_openvino"
_LOG_FATAL_ONLY = 4
"""Failures come back as exceptions; logged as well, they would be told twice."""

ort.set_default_logger_severity(_LOG_FATAL_ONLY)


def execution_provider(name: str) -> str:
    """Return ONNX Runtime's name of the provider that the user calls `name`.

    Examples
    --------
    >>> execution_provider("cpu")
    'CPUExecutionProvider'
    """
    if name not in _EXECUTION_PROVIDERS:
        raise RuntimeUnavailableError(unknown("provider", name, ["auto", *PROVIDERS]))
    return _EXECUTION_PROVIDERS[name]


def listed_providers() -> list[str]:
    """Return the short names of the providers that this ONNX Runtime lists, plugins included."""
    listed = set(ort.get_available_providers())
    names = [name for name, provider in _EXECUTION_PROVIDERS.items() if provider in listed]
    if "openvino" not in names and importlib.util.find_spec(_OPENVINO_PLUGIN) is not None:
        names.append("openvino")
    return names


def session_options(threads: int, *, arena: bool = True) -> ort.SessionOptions:
    """Return options for a quiet session whose results do not change from run to run.

    Parameters
    ----------
    threads
        How many threads an op may use; 0 leaves it to ONNX Runtime: one a physical core.
    arena
        Whether the session keeps the memory that it has once used, which is faster.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = _LOG_FATAL_ONLY
    options.use_deterministic_compute = True
    # One block planned for the whole graph takes half as much again as reusing buffers one by one.
    options.enable_mem_pattern = False
    options.enable_cpu_mem_arena = arena
    return options


def open_session(
    model: bytes | Path,
    provider: str,
    threads: int = 0,
    precision: str = "fp32",
    *,
    arena: bool = True,
) -> ort.InferenceSession:
    """Start a session on `provider`, or fail: another provider is never taken in silence.

    Parameters
    ----------
    model
        A serialised model, or the path of its file.
    provider
        A short name of :data:`PROVIDERS`.
    threads, arena
        As in :func:`session_options`.
    precision
        Of :data:`texonnx.runtime.precision.PRECISIONS`.

    Raises
    ------
    RuntimeUnavailableError
        When the provider is not in this ONNX Runtime, does not start here or has no such
        precision.
    """
    wanted = execution_provider(provider)
    told = provider_options(provider, check_precision(precision, provider), threads)
    if provider not in listed_providers():
        raise RuntimeUnavailableError(
            f"this ONNX Runtime ({ort.__version__}) has no {provider} provider; it has "
            f"{', '.join(listed_providers())}; {INSTALL_HINT}"
        )
    options = session_options(threads, arena=arena)
    arguments: dict[str, Any] = {}
    if wanted in ort.get_available_providers():
        arguments = {"providers": [wanted], "provider_options": [told]}
    else:
        devices = _plugin_devices(wanted)
        options.add_provider_for_devices(devices, told)
    try:
        session = ort.InferenceSession(
            model if isinstance(model, bytes) else str(model), options, **arguments
        )
    except Exception as error:
        raise RuntimeUnavailableError(
            f"the {provider} provider does not start: {_first_line(error)}"
        ) from error
    started = session.get_providers()
    if wanted not in started:
        raise RuntimeUnavailableError(
            f"the {provider} provider is listed but does not start here (ONNX Runtime fell back "
            f"to {', '.join(started)}): its driver or libraries are missing or of another version"
        )
    session.disable_fallback()
    return session


def _plugin_devices(wanted: str) -> list[Any]:
    """Register the OpenVINO plugin, once, and return the CPU device that it offers."""
    import onnxruntime_ep_openvino as plugin

    if not hasattr(ort, "register_execution_provider_library"):
        raise RuntimeUnavailableError(
            f"the openvino plugin needs a newer ONNX Runtime than {ort.__version__}"
        )
    if not any(device.ep_name == wanted for device in ort.get_ep_devices()):
        try:
            ort.register_execution_provider_library(wanted, plugin.get_library_path())
        except Exception as error:
            if "already registered" not in str(error):
                raise RuntimeUnavailableError(
                    f"the openvino plugin cannot be loaded: {_first_line(error)}"
                ) from error
    devices = [
        device
        for device in ort.get_ep_devices()
        if device.ep_name == wanted and device.device.type == ort.OrtHardwareDeviceType.CPU
    ]
    if not devices:
        raise RuntimeUnavailableError(
            "the openvino plugin finds no processor that it serves (it serves Intel's alone); the "
            "package onnxruntime-openvino, in place of onnxruntime, serves others too"
        )
    return devices[:1]


def probe(provider: str) -> str | None:
    """Start and run a session of one node on `provider`; return why it failed, or ``None``."""
    tape = Tape("probe")
    x = tape.input("x", [1, 4])
    tape.output(tape.relu(x), "y")
    try:
        session = open_session(ir.to_proto(tape.model()).SerializeToString(), provider)
        session.run(None, {"x": [[-1.0, 0.0, 1.0, 2.0]]})
    except RuntimeUnavailableError as error:
        return str(error)
    except Exception as error:
        return _first_line(error)
    return None


def check_precision_is_real(provider: str, precision: str) -> None:
    """Raise :class:`RuntimeUnavailableError` where `precision` is accepted and not used.

    A processor without bfloat16 computes in float32 and says nothing: the same product, in
    either, must differ.
    """
    check_precision(precision, provider)
    if precision == "fp32":
        return
    tape = Tape("precision")
    matrix = tape.input("matrix", [64, 64])
    tape.output(tape.matmul(matrix, tape.relu(matrix)), "product")
    model = ir.to_proto(tape.model()).SerializeToString()
    drawn = np.random.default_rng(0).random((64, 64), dtype=np.float32)
    products = [
        open_session(model, provider, precision=one).run(None, {"matrix": drawn})[0]
        for one in ("fp32", precision)
    ]
    if np.array_equal(*products):
        raise RuntimeUnavailableError(
            f"the {provider} provider takes {precision} here and computes in float32 all the same: "
            "the device has no such precision"
        )


def choose_provider(name: str) -> str:
    """Return `name`, or for ``auto`` CUDA where it starts and else the CPU."""
    if name != "auto":
        execution_provider(name)
        return name
    if "cuda" in listed_providers() and probe("cuda") is None:
        return "cuda"
    return "cpu"


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
