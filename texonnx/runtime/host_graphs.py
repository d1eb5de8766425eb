"""Running the graphs of what a host does around the steps, as every other host runs them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from texonnx.runtime.sessions import open_session

Arrays = dict[str, NDArray[np.float32]]


class HostGraph:
    """One such graph, on the CPU whatever the provider of the steps.

    It is small, and some providers compute whole numbers in 32 bits, which draws other random
    numbers.
    """

    def __init__(self, path: Path) -> None:
        self._session = open_session(path, "cpu")

    def __call__(self, **feeds: NDArray[np.float32] | Sequence[int]) -> Arrays:
        """Return the outputs by name; sequences of whole numbers go in as int64."""
        given = {
            name: feed if isinstance(feed, np.ndarray) else np.array(feed, np.int64)
            for name, feed in feeds.items()
        }
        names = [output.name for output in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, given), strict=True))
