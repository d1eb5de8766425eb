"""The usual recipe in PyTorch, a process of its own: one scale or several, L-BFGS, one image.

From noise for a texture, from the content for a transfer. Gatys, Ecker and Bethge, "Texture
Synthesis Using Convolutional Neural Networks", 2015; "Image Style Transfer Using Convolutional
Neural Networks", 2016.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn.functional import interpolate

from peers.torch_objective import TorchObjective

_COARSEST = 64
"""Pixels of the shorter side."""
_LAYERS = 13
_SCALE = 1e3
"""Multiplies the loss: L-BFGS's first step is along the gradient, and must be neither too long nor
too short."""


def synthesise(job: dict[str, Any]) -> dict[str, Any]:
    """Return the image with the least loss, [1, 3, H, W] in [0, 1], and what was spent on it.

    With ``coarse_to_fine`` in the job, sizes are halved down to 64 pixels, and each of them gets
    the evaluations; layers count half as much as the one before; features lie channels last, and
    are bfloat16 where that is faster here.
    """
    if job["threads"]:
        torch.set_num_threads(job["threads"])
    with np.load(job["file"]) as shared:
        arrays = dict(shared)
    if not job.get("coarse_to_fine"):
        return _lowered(TorchObjective(arrays, "gram"), _first_image(arrays), job["evaluations"])
    arrays["layer_weights"] = (0.5 ** np.arange(_LAYERS)).astype(np.float32)
    exemplar = arrays["exemplar"]
    half = _has_bfloat16() and _seconds(arrays, half=True) < _seconds(arrays, half=False)
    height, width = exemplar.shape[2:]
    found: dict[str, Any] = {}
    for factor in (2**k for k in reversed(range((min(height, width) // _COARSEST).bit_length()))):
        size = (height // factor, width // factor)
        at_scale = {**arrays, "exemplar": _resized(torch.from_numpy(exemplar), size).numpy()}
        start = (
            _resized(torch.from_numpy(found["image"]), size) if found else _first_image(at_scale)
        )
        objective = TorchObjective(at_scale, "gram", channels_last=True, half=half)
        found = _lowered(objective, start, job["evaluations"])
    return found


def _resized(image: Any, size: tuple[int, int]) -> Any:
    return interpolate(image, size, mode="bicubic", antialias=True).clamp(0, 1)


def _has_bfloat16() -> bool:
    return bool(
        torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )


def _seconds(arrays: Mapping[str, Any], *, half: bool) -> float:
    """Return the seconds of an evaluation, the best of three after one to warm up."""
    objective = TorchObjective(arrays, "gram", channels_last=True, half=half)
    image = _first_image(arrays).requires_grad_()
    found = []
    for _ in range(4):
        begun = time.perf_counter()
        objective.loss_of(image).backward()
        found.append(time.perf_counter() - begun)
    return min(found[1:])


def _lowered(objective: TorchObjective, start: Any, evaluations: int) -> dict[str, Any]:
    image = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [image],
        lr=1,
        max_iter=evaluations,
        max_eval=evaluations,
        history_size=10,
        tolerance_grad=0,
        tolerance_change=0,
    )
    best, least, spent = image.detach().clone(), float("inf"), 0

    def closure() -> Any:
        nonlocal best, least, spent
        optimizer.zero_grad()
        loss = _SCALE * objective.loss_of(image)
        loss.backward()
        spent += 1
        value = float(loss.detach()) / _SCALE
        if value < least:
            best, least = image.detach().clone(), value
        return loss

    optimizer.step(closure)
    return {
        "image": best.clamp(0, 1).numpy(),
        "loss": least,
        "evaluations": spent,
        "threads": torch.get_num_threads(),
    }


def _first_image(shared: Mapping[str, Any]) -> Any:
    if "content" in shared:
        return torch.from_numpy(shared["content"])
    return torch.rand(shared["exemplar"].shape, generator=torch.Generator().manual_seed(0))


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    np.savez(job["output"], **synthesise(job))
