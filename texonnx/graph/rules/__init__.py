"""The vector-Jacobian rules, one file a family of ops; importing this package registers them."""

from texonnx.graph.rules import convolution as convolution
from texonnx.graph.rules import elementwise as elementwise
from texonnx.graph.rules import matrix as matrix
from texonnx.graph.rules import shape as shape
