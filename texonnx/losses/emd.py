"""The sort-based EMD: per feature map, the squared 1-D Wasserstein-2 distance of the values.

The values of each channel are sorted along the positions (never across the channels, which would
mix up what the channels mean). Both sides sorted, the optimal transport pairs equal ranks.
"""

from __future__ import annotations

import onnx_ir as ir

from texonnx.losses.registry import LayerFeatures, TextureLoss, register


def sorted_values(features: LayerFeatures) -> ir.Value:
    """Write each row of the features sorted, rising: its quantile function."""
    return features.tape.sort(features.matrix)[0]


EMD = register(
    TextureLoss(
        name="emd",
        summary="sorted values of each feature map (1-D Wasserstein-2)",
        source="per-channel 1-D Wasserstein-2",
        statistic=sorted_values,
        quantiles=True,
        sorts=True,
    )
)
