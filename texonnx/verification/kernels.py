"""Which ops the execution providers have kernels for, as their documentation tells.

Read for opset 17 and float32. An op without a kernel still runs where ONNX Runtime may put it on
the CPU; it costs copies to and fro. What no document was read about is not known.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kernels:
    """What is known of a provider.

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


def _ops(*lines: str) -> frozenset[str]:
    return frozenset(op for line in lines for op in line.split())


KERNELS = {
    "cuda": Kernels(
        "docs/OperatorKernels.md of microsoft/onnxruntime at 001d12d",
        has=_ops(
            "Abs Add And ArgMax ArgMin AveragePool Cast Ceil Clip Concat ConstantOfShape Conv",
            "ConvTranspose Cos CumSum DepthToSpace Div Einsum Equal Exp Expand Flatten Floor",
            "Gather GatherElements GatherND Gemm GlobalAveragePool GlobalMaxPool Greater",
            "GreaterOrEqual Identity If LeakyRelu Less LessOrEqual Log Loop MatMul Max MaxPool",
            "Min Mod Mul Neg Not Or Pad Pow Range Reciprocal ReduceMax ReduceMean ReduceMin",
            "ReduceSum ReduceSumSquare Relu Reshape Resize Round ScatterElements ScatterND Shape",
            "Sigmoid Sign Sin Size Slice Softplus Split Sqrt Squeeze Sub Sum Tanh Tile TopK",
            "Transpose Unsqueeze Where",
        ),
        lacks=_ops("MaxUnpool"),
    ),
    "webgpu": Kernels(
        "docs/webgpu-operators.md of onnxruntime-web 1.30.0",
        has=_ops(
            "Abs Add ArgMax ArgMin AveragePool Cast Ceil Clip Concat Conv ConvTranspose Cos",
            "CumSum DepthToSpace Div Einsum Equal Exp Expand Flatten Floor Gather GatherElements",
            "GatherND Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual If LeakyRelu",
            "Less LessOrEqual Log MatMul MaxPool Mul Neg Not Pad Pow Range Reciprocal ReduceMax",
            "ReduceMean ReduceMin ReduceSum ReduceSumSquare Relu Reshape Resize ScatterND Shape",
            "Sigmoid Sin Slice Split Sqrt Squeeze Sub Tanh Tile Transpose Unsqueeze Where",
        ),
        lacks=_ops(
            "And ConstantOfShape Identity Loop Max MaxUnpool Min Mod Or Round ScatterElements",
            "Sign Size Softplus Sum TopK",
        ),
    ),
    "wasm": Kernels("README.md of onnxruntime-web 1.30.0: all operators in ai.onnx", has_all=True),
    "openvino": Kernels(
        "docs/execution-providers/OpenVINO-ExecutionProvider.md of microsoft/onnxruntime at "
        "0084458, the column of the CPU",
        has=_ops(
            "Abs Add And ArgMax ArgMin AveragePool Cast Ceil Clip Concat ConstantOfShape Conv",
            "ConvTranspose Cos CumSum DepthToSpace Div Einsum Equal Exp Expand Flatten Floor",
            "Gather GatherND Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual",
            "Identity If LeakyRelu Less LessOrEqual Log Loop MatMul Max MaxPool Min Mod Mul Neg",
            "Not Or Pad Pow Range Reciprocal ReduceMax ReduceMean ReduceMin ReduceSum",
            "ReduceSumSquare Relu Reshape Resize Round ScatterElements ScatterND Shape Sigmoid",
            "Sign Sin Size Slice Softplus Split Sqrt Squeeze Sub Sum Tanh Tile TopK Transpose",
            "Unsqueeze Where",
        ),
        lacks=_ops("GatherElements MaxUnpool"),
    ),
}
