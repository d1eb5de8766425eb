"""What a run would take: seconds and memory, measured at its small scales and extrapolated."""

from texonnx.planning.planned import Plan, PlannedScale

__all__ = ["Plan", "PlannedScale"]
