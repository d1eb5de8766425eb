"""Checking an exported folder: its files, its gradient, and every provider against the CPU."""

from texonnx.verification.report import Check, GraphOperators, Verification
from texonnx.verification.verifying import verify

__all__ = ["Check", "GraphOperators", "Verification", "verify"]
