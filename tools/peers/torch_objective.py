"""The same network and losses in PyTorch: VGG-16, thirteen layers, average pooling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, conv2d

_BLOCKS = (2, 2, 3, 3, 3)
CONTENT_LAYER = "conv4_2"


class TorchObjective:
    """The loss of an image, [1, 3, H, W], against the statistics of the exemplar.

    Parameters
    ----------
    shared
        The arrays that ``preparation.py`` wrote. With ``content`` among them, that image's features
        are kept too, and ``layer_weights`` weight the texture losses.
    loss
        ``gram`` or ``emd``.
    channels_last
        Whether features lie in memory with their channels last.
    half
        Whether to run under bfloat16 autocast. The kernels are cast once, not at every call.
    """

    def __init__(
        self,
        shared: Mapping[str, Any],
        loss: str,
        *,
        channels_last: bool = False,
        half: bool = False,
        device: str = "cpu",
    ) -> None:
        tensors = {name: torch.from_numpy(array).to(device) for name, array in shared.items()}
        self.image: Any = tensors["image"].requires_grad_()
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self._half = half
        self._device = device
        self._loss = loss
        self._mean = tensors["mean"].reshape(1, 3, 1, 1)
        self._biases = {name: value for name, value in tensors.items() if name.endswith(".bias")}
        self._kernels = {
            name: value.to(torch.bfloat16 if half else torch.float32, memory_format=self._layout)
            for name, value in tensors.items()
            if name.endswith(".weight")
        }
        self._weights = shared.get("layer_weights", np.ones(sum(_BLOCKS))).tolist()
        self._content_weight = float(shared.get("content_weight", 0))
        with torch.no_grad(), self._precision():
            self._targets, _ = self._statistics(tensors["exemplar"])
            _, self._content = self._statistics(tensors.get("content", tensors["exemplar"]))

    def loss_of(self, image: Any) -> Any:
        """Return the loss, a tensor that can be differentiated."""
        with self._precision():
            found, features = self._statistics(image)
            distances = map(self._distance, found, self._targets)
            loss = sum(weight * each for weight, each in zip(self._weights, distances, strict=True))
            if self._content_weight:
                difference = features.float() - self._content.float()
                loss = loss + self._content_weight * difference.square().mean() / 2
            return loss

    def _precision(self) -> Any:
        return torch.autocast(self._device, dtype=torch.bfloat16, enabled=self._half)

    def _statistics(self, image: Any) -> tuple[list[Any], Any]:
        """Return what is compared at every layer, and the features of the content's layer."""
        content: Any = None
        x = (image - self._mean).contiguous(memory_format=self._layout)
        found = []
        for block, count in enumerate(_BLOCKS, start=1):
            if block > 1:
                x = avg_pool2d(x, 2)
            for index in range(1, count + 1):
                name = f"conv{block}_{index}"
                kernel, bias = self._kernels[f"{name}.weight"], self._biases[f"{name}.bias"]
                x = torch.relu(conv2d(x, kernel, bias, padding=1))
                features = x.flatten(2)[0]
                if name == CONTENT_LAYER:
                    content = features
                if self._loss == "gram":
                    found.append((features @ features.T).float() / features.shape[1])
                else:
                    found.append(features.sort(dim=1).values)
        return found, content

    def _distance(self, statistic: Any, target: Any) -> Any:
        square = (statistic - target).square()
        if self._loss == "gram":
            return square.sum() / (4 * len(statistic) ** 2)
        return square.mean(dtype=torch.float32)
