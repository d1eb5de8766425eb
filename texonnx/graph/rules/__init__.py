"""The vector-Jacobian rules, one file a family of ops; importing this package registers them."""

from texonnx.graph.rules import (
    convolution,
    elementwise,
    matrix,
    pooling,
    reduction,
    shape,
    sorting,
)

__all__ = ["convolution", "elementwise", "matrix", "pooling", "reduction", "shape", "sorting"]
