"""Who takes part: engines of texonnx and ways to run PyTorch, by the names that --only takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

ENVIRONMENTS = {
    "analytic": "texonnx[cpu]",
    "training": "texonnx[training]",
    "openvino": "texonnx[openvino]",
    "gpu": "texonnx[gpu]",
    "torch": "torch and numpy",
}
"""Options that name the Python of a virtual environment, and what is in it."""

TEXONNX_ENVIRONMENTS = ("analytic", "training", "openvino", "gpu")
TEXONNX_WORKER = "peers.texonnx_worker"
TORCH_WORKER = "peers.torch_worker"
DEVICES = ("cpu", "cuda")

_TOLERANCES = {"fp32": 1e-3}
_HALF_PRECISION_TOLERANCE = 5e-2


@dataclass(frozen=True)
class Candidate:
    """One way to compute loss and gradient.

    Attributes
    ----------
    environment
        Which of :data:`ENVIRONMENTS` it runs in.
    settings
        What its worker is told besides the job.
    precision
        ``fp32``, or the precision that most of the arithmetic has.
    device
        The one device that it is for, of those that --device takes; ``None`` for any.
    """

    name: str
    title: str
    environment: str
    worker: str
    settings: dict[str, Any] = field(default_factory=dict)
    precision: str = "fp32"
    device: str | None = None

    @property
    def tolerance(self) -> float:
        """By what share of it the loss may differ from another candidate's."""
        return _TOLERANCES.get(self.precision, _HALF_PRECISION_TOLERANCE)


def _texonnx(
    name: str,
    title: str,
    environment: str,
    provider: str = "cpu",
    engine: str = "analytic",
    precision: str = "fp32",
    device: str | None = None,
) -> Candidate:
    settings = {"engine": engine, "provider": provider, "precision": precision}
    return Candidate(
        name, f"texonnx {title}", environment, TEXONNX_WORKER, settings, precision, device
    )


def _torch(
    name: str,
    title: str,
    *,
    channels_last: bool = False,
    compiled: bool = False,
    precision: str = "fp32",
    device: str | None = None,
) -> Candidate:
    settings = {"channels_last": channels_last, "compiled": compiled, "precision": precision}
    return Candidate(name, f"PyTorch {title}", "torch", TORCH_WORKER, settings, precision, device)


CANDIDATES = (
    _texonnx("analytic", "analytic engine, CPU provider", "analytic"),
    _texonnx("training", "training engine, CPU provider", "training", engine="training"),
    _texonnx("analytic-1.19", "analytic engine on the training engine's runtime", "training"),
    _texonnx(
        "training-cuda",
        "training engine, CUDA",
        "training",
        "cuda",
        engine="training",
        device="cuda",
    ),
    _texonnx("openvino", "analytic engine, OpenVINO, float32", "openvino", "openvino"),
    _texonnx(
        "openvino-bf16",
        "analytic engine, OpenVINO, bfloat16",
        "openvino",
        "openvino",
        precision="bf16",
    ),
    _texonnx("cuda", "analytic engine, CUDA, float32", "gpu", "cuda"),
    _texonnx("cuda-tf32", "analytic engine, CUDA, TF32", "gpu", "cuda", precision="tf32"),
    _torch("torch", "eager, float32"),
    _torch("torch-channels-last", "eager, float32, channels last", channels_last=True),
    _torch("torch-tf32", "eager, TF32", precision="tf32", device="cuda"),
    _torch(
        "torch-bf16",
        "eager, bfloat16 autocast, channels last",
        channels_last=True,
        precision="bf16",
    ),
    _torch("torch-compile", "compiled, float32, channels last", channels_last=True, compiled=True),
    _torch(
        "torch-compile-bf16",
        "compiled, bfloat16 autocast, channels last",
        channels_last=True,
        compiled=True,
        precision="bf16",
    ),
)

REFERENCE = "torch"


def choose_candidates(
    environments: Sequence[str], device: str = "cpu", only: Sequence[str] | None = None
) -> list[Candidate]:
    """Return who takes part where `environments` are to be had.

    Parameters
    ----------
    environments
        Those of :data:`ENVIRONMENTS` whose Python was named.
    device
        PyTorch's, ``cpu`` or ``cuda``.
    only
        Names, to take no others.

    Raises
    ------
    ValueError
        For a name that there is not, or whose environment or device was not named.
    """
    placed = [_placed(candidate, device) for candidate in CANDIDATES]
    known = {candidate.name: candidate for candidate in placed}
    for name in only or ():
        if name not in known:
            raise ValueError(f"there is no candidate {name!r}; there are {', '.join(known)}")
        candidate = known[name]
        if candidate.environment not in environments:
            raise ValueError(f"{name} needs --{candidate.environment} PYTHON")
        if candidate.device not in (None, device):
            raise ValueError(f"{name} needs --device {candidate.device}")
    return [
        candidate
        for candidate in placed
        if candidate.environment in environments
        and candidate.device in (None, device)
        and (only is None or candidate.name in only)
    ]


def _placed(candidate: Candidate, device: str) -> Candidate:
    if candidate.worker != TORCH_WORKER:
        return candidate
    title = candidate.title if device == "cpu" else f"{candidate.title}, {device.upper()}"
    return replace(candidate, title=title, settings={**candidate.settings, "device": device})
