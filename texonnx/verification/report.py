"""What a verification found: checks that passed or failed, and the ops of every graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from texonnx.sizes import Size


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes
    ----------
    subject
        A graph's file, or ``manifest.json``.
    what
        What was held against what.
    provider
        The execution provider that computed it; ``None`` where none did.
    deviation
        A relative error, in L2 where many numbers are compared; ``None`` where the check is not
        a number.
    tolerance
        The largest deviation that passes.
    failure
        What went wrong, where it is not the deviation.
    """

    subject: str
    what: str
    provider: str | None = None
    deviation: float | None = None
    tolerance: float | None = None
    failure: str | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing went wrong and the deviation, if there is one, is within tolerance."""
        if self.failure is not None:
            return False
        if self.deviation is None or self.tolerance is None:
            return True
        return self.deviation <= self.tolerance


@dataclass(frozen=True)
class GraphOperators:
    """What a graph is made of.

    Attributes
    ----------
    file
        Its file.
    opset, ir_version
        Its versions.
    counts
        How many nodes there are of each op.
    """

    file: str
    opset: int
    ir_version: int
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Verification:
    """What :func:`texonnx.verify` found.

    Attributes
    ----------
    folder
        The exported folder.
    size
        Height and width in pixels of the images that it was tried with.
    providers
        The execution providers that were tried, the CPU first.
    skipped
        Why a provider that ONNX Runtime lists was not tried, by its name.
    checks
        Every check, in the order in which they were made.
    graphs
        The ops of every portable graph.
    kernels
        For every op and provider, whether there is a kernel; ``None`` where that is not known.
    """

    folder: Path
    size: Size
    providers: tuple[str, ...]
    skipped: Mapping[str, str]
    checks: tuple[Check, ...]
    graphs: tuple[GraphOperators, ...]
    kernels: Mapping[str, Mapping[str, bool | None]]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)
