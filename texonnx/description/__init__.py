"""What an exported folder is, what its graphs take and give, and what a step costs."""

from texonnx.description.cost import Cost
from texonnx.description.described import Description, describe
from texonnx.exported.signatures import GraphDescription

__all__ = ["Cost", "Description", "GraphDescription", "describe"]
