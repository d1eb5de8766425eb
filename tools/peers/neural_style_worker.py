"""A style transfer as neural-style makes it by default, with VGG-16, a process of its own.

J. Johnson's neural-style (2015), https://github.com/jcjohnson/neural-style, after Gatys, Ecker and
Bethge, "A Neural Algorithm of Artistic Style", 2015: content at conv4_2 with weight 5, style at the
first layer of every block with weight 100, Gram matrices over the number of elements, mean squared
errors, total variation 1e-3, maximum pooling, L-BFGS from noise, pixels in 0..255.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn.functional import conv2d, max_pool2d, mse_loss

_BLOCKS = (2, 2, 3, 3, 3)
_CONTENT_LAYER = "conv4_2"
_CONTENT_WEIGHT, _STYLE_WEIGHT, _TV_WEIGHT = 5.0, 100.0, 1e-3
_PAIRS = 100
_WHITE = 255.0


class _Objective:
    """The loss of pixels in 0..255 less the mean, [1, 3, H, W]."""

    def __init__(self, shared: Mapping[str, Any]) -> None:
        self._tensors = {name: torch.from_numpy(array) for name, array in shared.items()}
        self.mean: Any = _WHITE * self._tensors["mean"].reshape(1, 3, 1, 1)
        with torch.no_grad():
            self._style = self._features(_WHITE * self._tensors["exemplar"] - self.mean)[0]
            self._content = self._features(_WHITE * self._tensors["content"] - self.mean)[1]

    def __call__(self, pixels: Any) -> Any:
        styles, content = self._features(pixels)
        style = sum(map(mse_loss, styles, self._style))
        rows, columns = pixels.diff(dim=2), pixels.diff(dim=3)
        variation = (rows.square().sum() + columns.square().sum()) / 2
        return (
            _CONTENT_WEIGHT * mse_loss(content, self._content)
            + _STYLE_WEIGHT * style
            + _TV_WEIGHT * variation
        )

    def _features(self, pixels: Any) -> tuple[list[Any], Any]:
        """Return the Gram matrices, and what the content is compared by."""
        # Kernels take pixels in [0, 1].
        x = (pixels / _WHITE).contiguous(memory_format=torch.channels_last)
        grams, content = [], None
        for block, count in enumerate(_BLOCKS, start=1):
            if block > 1:
                x = max_pool2d(x, 2)
            for index in range(1, count + 1):
                name = f"conv{block}_{index}"
                kernel, bias = self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"]
                x = torch.relu(conv2d(x, kernel, bias, padding=1))
                if index == 1:
                    features = x.flatten(2)[0]
                    grams.append(features @ features.T / features.numel())
                if name == _CONTENT_LAYER:
                    content = x
        return grams, content


def paint(job: dict[str, Any]) -> dict[str, Any]:
    """Return the image, [1, 3, H, W] in [0, 1], after ``evaluations``."""
    if job["threads"]:
        torch.set_num_threads(job["threads"])
    with np.load(job["file"]) as shared:
        arrays = dict(shared)
    objective = _Objective(arrays)
    noise = torch.randn(arrays["content"].shape, generator=torch.Generator().manual_seed(0))
    pixels = (1e-3 * noise).requires_grad_()
    optimizer = torch.optim.LBFGS(
        [pixels],
        lr=1,
        max_iter=job["evaluations"],
        max_eval=job["evaluations"],
        history_size=_PAIRS,
        tolerance_grad=0,
        tolerance_change=0,
    )

    def closure() -> Any:
        optimizer.zero_grad()
        loss = objective(pixels)
        loss.backward()
        return loss

    optimizer.step(closure)
    image = (pixels.detach() + objective.mean) / _WHITE
    return {"image": image.clamp(0, 1).numpy(), "evaluations": job["evaluations"]}


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    np.savez(job["output"], **paint(job))
