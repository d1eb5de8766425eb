"""Write what all workers share: the network's tensors, the exemplar, the image to start from.

Runs in an environment with texonnx.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from texonnx.images import load_image, resize, scale_shorter_side
from texonnx.objective.parameters import layer_units, trunk_tensors
from texonnx.objective.specification import specify
from texonnx.options import TRANSFER, ObjectiveOptions
from texonnx.vgg import layer_names
from texonnx.weights import load_weights

TRANSFER_OBJECTIVE = ObjectiveOptions(
    content_layers=TRANSFER.content_layers,
    content_weight=TRANSFER.weight_of_content,
    padding="zeros",
)
"""What `texonnx transfer` lowers by default, but for the padding, and so the peer too."""


def prepare(job: dict[str, Any]) -> None:
    """Write ``file``: the exemplar as a square of ``size``, or its shorter side scaled to that.

    With ``content`` the exemplar is a style, and the content, scaled likewise, is written too, with
    the weights that `texonnx transfer` has by default. With ``raw_activations`` layers have the
    network's own units instead of those of texonnx.
    """
    network = load_weights()
    units = None if job.get("raw_activations") else layer_units(network, "avg")
    tensors: dict[str, Any] = trunk_tensors(network, layer_names("vgg16"), units)
    size = job["size"]
    original = load_image(job["exemplar"])
    exemplar = resize(original, size, size) if job["square"] else scale_shorter_side(original, size)
    if "content" in job:
        tensors["content"] = scale_shorter_side(load_image(job["content"]), size)
        tensors["layer_weights"] = np.array(specify(TRANSFER_OBJECTIVE).layer_weights, np.float32)
        tensors["content_weight"] = np.array(TRANSFER_OBJECTIVE.content_weight, np.float32)
    np.savez(
        job["file"],
        exemplar=exemplar,
        image=np.random.default_rng(0).random(exemplar.shape, dtype=np.float32),
        mean=np.array(network.mean, np.float32) / 255,
        **tensors,
    )


if __name__ == "__main__":
    prepare(json.loads(sys.argv[1]))
