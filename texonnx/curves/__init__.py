"""Losses over a run, or over several to compare, as pictures; they need matplotlib."""

from texonnx.curves.comparison import plot_comparison
from texonnx.curves.figures import CURVES_SUFFIXES, check_curves_path
from texonnx.curves.run import plot_curves

__all__ = ["CURVES_SUFFIXES", "check_curves_path", "plot_comparison", "plot_curves"]
