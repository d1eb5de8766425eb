"""Graphs and their gradients: the tape and the gradient rules."""

from texonnx.graph import rules as rules
from texonnx.graph.reverse import gradient as gradient
from texonnx.graph.reverse import gradients as gradients
from texonnx.graph.reverse import pullback as pullback
