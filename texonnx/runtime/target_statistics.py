"""The exemplar's statistics, computed once a scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from texonnx.artifacts.objective import Size
from texonnx.artifacts.source import GraphSource
from texonnx.images import Image
from texonnx.runtime.providers import open_session


def target_statistics(
    source: GraphSource, exemplar: Image, size: Size, provider: str, threads: int
) -> dict[str, NDArray[np.float32]]:
    """Return every target statistic of `exemplar` for an output of `size`, by name."""
    session = open_session(source.targets(), provider, threads)
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, {"exemplar": exemplar, "output_size": np.array(size, np.int64)})
    return dict(zip(names, values, strict=True))
