from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from texonnx.weights import VggWeights


def test_digest_is_sha256_of_the_tensors_in_network_order(vgg16_weights: VggWeights) -> None:
    data = b"".join(
        vgg16_weights.kernels[name].astype("<f4").tobytes()
        + vgg16_weights.biases[name].astype("<f4").tobytes()
        for name in vgg16_weights.kernels
    )
    assert vgg16_weights.digest == hashlib.sha256(data).hexdigest()
