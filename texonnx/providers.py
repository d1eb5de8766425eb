"""The execution providers, and all that is true of each: one record a provider, cheap to import."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from texonnx.errors import OptionError, RuntimeUnavailableError, unknown

PRECISIONS = ("fp32", "bf16", "tf32")
"""float32; bfloat16 in convolutions and products; NVIDIA's float32 with a short mantissa there."""

Told = Callable[[int], dict[str, str]]
"""What a provider is told, given how many threads an op may use; 0 for all."""


@dataclass(frozen=True)
class Kernels:
    """Which ops a provider has kernels for, as its documentation tells for opset 17 and float32.

    An op without a kernel still runs where ONNX Runtime may put it on the CPU; it costs copies to
    and fro.

    Attributes
    ----------
    source
        Where it was read.
    has, lacks
        The ops with and without a kernel; of others nothing is known.
    has_all
        Whether the source promises every standard op.
    """

    source: str
    has: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()
    has_all: bool = False

    def __getitem__(self, op: str) -> bool | None:
        """Return whether there is a kernel for `op`, or ``None`` if that is not known."""
        if self.has_all or op in self.has:
            return True
        return False if op in self.lacks else None


@dataclass(frozen=True)
class Plugin:
    """A package of its own that brings a provider to plain ONNX Runtime.

    Attributes
    ----------
    module
        What it installs.
    devices
        Which kinds of device are asked of it, the best first: ``CPU``, ``GPU`` or ``NPU``.
    without_device
        What to say where it offers none.
    """

    module: str
    devices: tuple[str, ...]
    without_device: str


def _nothing(threads: int) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Provider:
    """An execution provider.

    Attributes
    ----------
    name
        What the user types.
    onnxruntime
        ONNX Runtime's name of it.
    memory
        Where it computes: in the ``host``'s memory, in ``cuda``'s, where tensors can be put for
        it, or in that of another ``device``, which it fills from the host's by itself.
    trains
        Whether the training engine runs on it.
    measured
        Whether ``auto`` measures it, where it starts, beside the CPU.
    precisions
        What it is told for each that it may have.
    plugin
        The package that brings it, if it does not come with ONNX Runtime.
    kernels
        The ops that it has kernels for, if a document was read that tells.
    """

    name: str
    onnxruntime: str
    memory: str = "device"
    trains: bool = False
    measured: bool = False
    precisions: Mapping[str, Told] = field(default_factory=lambda: {"fp32": _nothing})
    plugin: Plugin | None = None
    kernels: Kernels | None = None

    @property
    def on_host(self) -> bool:
        """Whether it computes in the host's memory, so that the host can take part for nothing."""
        return self.memory == "host"

    @property
    def device(self) -> str:
        """ONNX Runtime's name of where tensors are put for it."""
        return "cuda" if self.memory == "cuda" else "cpu"

    def told(self, precision: str, threads: int) -> dict[str, str]:
        """Return what it is told to compute in `precision`, with `threads` for an op (0: all).

        Raises
        ------
        OptionError, RuntimeUnavailableError
            For an unknown precision; for one that it does not have.
        """
        if precision not in PRECISIONS:
            raise OptionError(unknown("precision", precision, PRECISIONS))
        if precision not in self.precisions:
            others = [one.name for one in PROVIDERS.values() if precision in one.precisions]
            raise RuntimeUnavailableError(
                f"the {self.name} provider has no {precision} here; --provider "
                f"{' or '.join(others)} may have it"
            )
        return self.precisions[precision](threads)


def _ops(*lines: str) -> frozenset[str]:
    return frozenset(op for line in lines for op in line.split())


def _cuda(use_tf32: bool) -> Told:
    # Sizes are fixed for a scale: the search for the fastest algorithm is made once.
    told = {"use_tf32": str(int(use_tf32)), "cudnn_conv_algo_search": "EXHAUSTIVE"}
    return lambda threads: dict(told)


def _openvino(hint: str) -> Told:
    def told(threads: int) -> dict[str, str]:
        settings = {"INFERENCE_PRECISION_HINT": hint}
        if threads:
            settings["INFERENCE_NUM_THREADS"] = str(threads)
        return {"load_config": json.dumps({"CPU": settings})}

    return told


_ALL = (
    Provider("cpu", "CPUExecutionProvider", memory="host", trains=True),
    Provider(
        "cuda",
        "CUDAExecutionProvider",
        memory="cuda",
        trains=True,
        measured=True,
        # Its own default is TF32, so float32 is told too.
        precisions={"fp32": _cuda(use_tf32=False), "tf32": _cuda(use_tf32=True)},
        kernels=Kernels(
            "docs/OperatorKernels.md of microsoft/onnxruntime at 001d12d",
            has=_ops(
                "Abs Add And ArgMax ArgMin AveragePool Cast Ceil Clip Concat ConstantOfShape Conv",
                "ConvTranspose Cos CumSum DepthToSpace Div Einsum Equal Exp Expand Flatten Floor",
                "Gather GatherElements GatherND Gemm GlobalAveragePool GlobalMaxPool Greater",
                "GreaterOrEqual Identity If LeakyRelu Less LessOrEqual Log Loop MatMul Max MaxPool",
                "Min Mod Mul Neg Not Or Pad Pow Range Reciprocal ReduceMax ReduceMean ReduceMin",
                "ReduceSum ReduceSumSquare Relu Reshape Resize Round ScatterElements ScatterND",
                "Shape Sigmoid Sign Sin Size Slice Softplus Split Sqrt Squeeze Sub Sum Tanh Tile",
                "TopK Transpose Unsqueeze Where",
            ),
            lacks=_ops("MaxUnpool"),
        ),
    ),
    Provider(
        "openvino",
        "OpenVINOExecutionProvider",
        memory="host",
        measured=True,
        # Its own default is bfloat16 where the processor has it, so float32 is told too.
        precisions={"fp32": _openvino("f32"), "bf16": _openvino("bf16")},
        plugin=Plugin(
            "onnxruntime_ep_openvino",
            devices=("CPU",),
            without_device="finds no processor that it serves (it serves Intel's alone); "
            "texonnx[openvino] has onnxruntime-openvino in its place, which serves others too",
        ),
        kernels=Kernels(
            "docs/execution-providers/OpenVINO-ExecutionProvider.md of microsoft/onnxruntime at "
            "0084458, the column of the CPU",
            has=_ops(
                "Abs Add And ArgMax ArgMin AveragePool Cast Ceil Clip Concat ConstantOfShape Conv",
                "ConvTranspose Cos CumSum DepthToSpace Div Einsum Equal Exp Expand Flatten Floor",
                "Gather GatherND Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual",
                "Identity If LeakyRelu Less LessOrEqual Log Loop MatMul Max MaxPool Min Mod Mul",
                "Neg Not Or Pad Pow Range Reciprocal ReduceMax ReduceMean ReduceMin ReduceSum",
                "ReduceSumSquare Relu Reshape Resize Round ScatterElements ScatterND Shape",
                "Sigmoid Sign Sin Size Slice Softplus Split Sqrt Squeeze Sub Sum Tanh Tile TopK",
                "Transpose Unsqueeze Where",
            ),
            lacks=_ops("GatherElements MaxUnpool"),
        ),
    ),
    Provider("tensorrt", "TensorrtExecutionProvider"),
    Provider(
        "webgpu",
        "WebGpuExecutionProvider",
        plugin=Plugin(
            "onnxruntime_ep_webgpu",
            devices=("GPU", "CPU"),
            without_device="finds no graphics card; a software one, such as Mesa's, is taken where "
            "ORT_WEBGPU_EP_ALLOW_SOFTWARE_ADAPTER=1 is set",
        ),
        kernels=Kernels(
            "docs/webgpu-operators.md of onnxruntime-web 1.30.0",
            has=_ops(
                "Abs Add ArgMax ArgMin AveragePool Cast Ceil Clip Concat Conv ConvTranspose Cos",
                "CumSum DepthToSpace Div Einsum Equal Exp Expand Flatten Floor Gather",
                "GatherElements GatherND Gemm GlobalAveragePool GlobalMaxPool Greater",
                "GreaterOrEqual If LeakyRelu Less LessOrEqual Log MatMul MaxPool Mul Neg Not Pad",
                "Pow Range Reciprocal ReduceMax ReduceMean ReduceMin ReduceSum ReduceSumSquare",
                "Relu Reshape Resize ScatterND Shape Sigmoid Sin Slice Split Sqrt Squeeze Sub",
                "Tanh Tile Transpose Unsqueeze Where",
            ),
            lacks=_ops(
                "And ConstantOfShape Identity Loop Max MaxUnpool Min Mod Or Round ScatterElements",
                "Sign Size Softplus Sum TopK",
            ),
        ),
    ),
    Provider("coreml", "CoreMLExecutionProvider"),
    Provider("directml", "DmlExecutionProvider"),
    Provider("migraphx", "MIGraphXExecutionProvider"),
)

PROVIDERS: Mapping[str, Provider] = {provider.name: provider for provider in _ALL}
"""Every provider by the name that the user types."""


def find_provider(name: str) -> Provider:
    """Return the provider that the user calls `name`.

    Raises
    ------
    RuntimeUnavailableError
        When there is none of that name.
    """
    if name not in PROVIDERS:
        raise RuntimeUnavailableError(unknown("provider", name, ["auto", *PROVIDERS]))
    return PROVIDERS[name]
