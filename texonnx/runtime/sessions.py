"""Sessions on an execution provider: one that was asked for runs, or is an error."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime as ort
from numpy.typing import NDArray

from texonnx.errors import RuntimeUnavailableError
from texonnx.graph.tape import Tape
from texonnx.objective.source import Graph, Model
from texonnx.providers import PROVIDERS, Plugin, Provider, find_provider
from texonnx.runtime.installed import INSTALL_HINT
from texonnx.system.machine import threads_allowed
from texonnx.system.processes import first_line

Opener: TypeAlias = Callable[[Graph], ort.InferenceSession]
"""Starts a session of a graph."""

_TAKE_TENSORS = ("cpu", "cuda")
"""Providers that are given tensors beside the graph; others read the graph by themselves."""
_LOG_FATAL_ONLY = 4
"""Failures come back as exceptions; logged as well, they would be told twice."""

ort.set_default_logger_severity(_LOG_FATAL_ONLY)


def listed_providers() -> list[str]:
    """Return the short names of the providers that this ONNX Runtime lists, plugins included."""
    listed = set(ort.get_available_providers())
    return [
        name
        for name, provider in PROVIDERS.items()
        if provider.onnxruntime in listed or _installed_plugin(provider)
    ]


def _installed_plugin(provider: Provider) -> Plugin | None:
    """Return the plugin that brings a provider, where it is installed."""
    plugin = provider.plugin
    return plugin if plugin and importlib.util.find_spec(plugin.module) else None


def session_options(threads: int, *, arena: bool = True) -> ort.SessionOptions:
    """Return options for a quiet session whose results do not change from run to run.

    Parameters
    ----------
    threads
        How many threads an op may use; 0 leaves it to ONNX Runtime, one a physical core, where
        nothing limits them: see :func:`texonnx.system.machine.threads_allowed`.
    arena
        Whether the session keeps the memory that it has once used, which is faster.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or threads_allowed()
    options.log_severity_level = _LOG_FATAL_ONLY
    options.use_deterministic_compute = True
    # One block planned for the whole graph takes half as much again as reusing buffers one by one.
    options.enable_mem_pattern = False
    options.enable_cpu_mem_arena = arena
    return options


def open_session(
    model: bytes | Graph,
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
        A serialised model, one in memory, or the path of a file.
    provider
        A name of :data:`texonnx.providers.PROVIDERS`.
    threads, arena
        As in :func:`session_options`.
    precision
        Of :data:`texonnx.providers.PRECISIONS`.

    Raises
    ------
    RuntimeUnavailableError
        When the provider is not in this ONNX Runtime, does not start here or has no such
        precision.
    """
    wanted = find_provider(provider)
    told = wanted.told(precision, threads)
    if provider not in listed_providers():
        raise RuntimeUnavailableError(
            f"this ONNX Runtime ({ort.__version__}) has no {provider} provider; it has "
            f"{', '.join(listed_providers())}; {INSTALL_HINT}"
        )
    options = session_options(threads, arena=arena)
    arguments: dict[str, Any] = {}
    # Once its plugin is loaded, a provider is among the available as well, but does not start so.
    plugin = _installed_plugin(wanted)
    if plugin is None:
        arguments = {"providers": [wanted.onnxruntime], "provider_options": [told]}
    else:
        devices = _plugin_devices(wanted, plugin)
        options.add_provider_for_devices(devices, told)
    try:
        session = ort.InferenceSession(_readable(model, wanted, options), options, **arguments)
    except Exception as error:
        raise RuntimeUnavailableError(
            f"the {provider} provider does not start: {first_line(error)}"
        ) from error
    started = session.get_providers()
    if wanted.onnxruntime not in started:
        raise RuntimeUnavailableError(
            f"the {provider} provider is listed but does not start here (ONNX Runtime fell back "
            f"to {', '.join(started)}): its driver or libraries are missing or of another version"
        )
    session.disable_fallback()
    if isinstance(model, Model):
        session.tensors = model.tensors  # it computes with them where they lie: they must stay
    return session


def _readable(model: bytes | Graph, provider: Provider, options: ort.SessionOptions) -> bytes | str:
    """Return what a session reads; of a graph in memory, it gets the tensors as they lie there."""
    if isinstance(model, Path):
        return str(model)
    if isinstance(model, bytes):
        return model
    if provider.name not in _TAKE_TENSORS:
        return model.whole()
    names = [
        tensor.name
        for tensor in onnx.ModelProto.FromString(model.content).graph.initializer
        if tensor.data_location == onnx.TensorProto.EXTERNAL
    ]
    values = [ort.OrtValue.ortvalue_from_numpy(model.tensors[name]) for name in names]
    options.add_external_initializers(names, values)
    return model.content


class NamedSession:
    """A session that is given and gives values by their names.

    Attributes
    ----------
    inputs
        The shape of each input; what is not known of it is a string.
    """

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self.inputs = {value.name: tuple(value.shape) for value in session.get_inputs()}
        self._outputs = [value.name for value in session.get_outputs()]

    def __call__(self, values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return every output; of `values` it takes those that it needs."""
        feeds = {name: values[name] for name in self.inputs if name in values}
        found = self._session.run(self._outputs, feeds)
        # What the session returns lies in its memory, all of which would be kept for it.
        return {name: value.copy() for name, value in zip(self._outputs, found, strict=True)}


def _plugin_devices(provider: Provider, plugin: Plugin) -> list[Any]:
    """Register a provider's plugin, once, and return the first of the devices that it offers."""
    module = importlib.import_module(plugin.module)
    if not hasattr(ort, "register_execution_provider_library"):
        raise RuntimeUnavailableError(
            f"the {provider.name} plugin needs a newer ONNX Runtime than {ort.__version__}"
        )
    if not any(device.ep_name == provider.onnxruntime for device in ort.get_ep_devices()):
        try:
            ort.register_execution_provider_library(provider.onnxruntime, module.get_library_path())
        except Exception as error:
            if "already registered" not in str(error):
                raise RuntimeUnavailableError(
                    f"the {provider.name} plugin cannot be loaded: {first_line(error)}"
                ) from error
    devices = [
        device
        for kind in plugin.devices
        for device in ort.get_ep_devices()
        if device.ep_name == provider.onnxruntime
        and device.device.type == getattr(ort.OrtHardwareDeviceType, kind)
    ]
    if not devices:
        raise RuntimeUnavailableError(f"the {provider.name} plugin {plugin.without_device}")
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
        return first_line(error)
    return None


def check_precision_is_real(provider: str, precision: str) -> None:
    """Raise :class:`RuntimeUnavailableError` where `precision` is accepted and not used.

    A processor without bfloat16 computes in float32 and says nothing: the same product, in
    either, must differ.
    """
    find_provider(provider).told(precision, 0)
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
