"""Whether there can be a judge of structure, and why not where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from texonnx.images import Image
from texonnx.runtime.installed import installed_runtimes
from texonnx.sizes import size_of
from texonnx.weights import load_weights
from texonnx.weights.cache import path_of
from texonnx.weights.catalogue import PRETRAINED

if TYPE_CHECKING:
    from texonnx.scoring.structure import StructureJudge

LEAST_SIDE = 64
"""Pixels; of a smaller image the deepest map has too few patches to speak of."""
_ARCHITECTURE = "vgg16"


def judge_of(
    exemplar: Image, images: Sequence[Image], weights: str | None, seed: int
) -> StructureJudge | str:
    """Return a judge of structure, or the sentence that says why there is none.

    Parameters
    ----------
    exemplar, images
        [1, 3, H, W].
    weights
        As in :func:`texonnx.score`; nothing is downloaded.
    seed
        Of the judge.

    Raises
    ------
    WeightsError
        When there are no such weights.
    """
    if weights is None:
        return "structure was not asked for"
    absent = weights == PRETRAINED and not path_of(PRETRAINED, _ARCHITECTURE).exists()
    # What does not exist is refused, however small the images are.
    network = None if absent else load_weights(weights, _ARCHITECTURE)
    smallest = min((size_of(one) for one in (exemplar, *images)), key=min)
    if min(smallest) < LEAST_SIDE:
        least = f"{LEAST_SIDE}x{LEAST_SIDE}"
        return f"no structure: an image has {smallest} pixels, and {least} are needed"
    if network is None:
        return "no structure: the pretrained weights are not there yet; run texonnx weights fetch"
    if network.random:
        return "no structure: random filters do not tell one structure from another"
    if not installed_runtimes():
        return "no structure: no ONNX Runtime is installed"
    # ONNX Runtime is loaded here and not before: the other figures do without.
    from texonnx.scoring.structure import StructureJudge

    return StructureJudge(exemplar, network, seed)
