"""How seconds and memory grow with the image: one candidate at a time, all memory to itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from peers.candidates import Candidate
from peers.figures import Row

SIZES = (128, 256, 512, 1024, 2048)
THREADS = (1, 2)

Measure = Callable[[Candidate, int, int], Row]
"""Measures a candidate at a size with a number of threads."""


def grow(
    candidates: Sequence[Candidate],
    sizes: Sequence[int],
    threads: Sequence[int],
    measure: Measure,
    blank: Measure,
) -> Iterator[list[Row]]:
    """Yield the rows of every number of threads and size, smallest first.

    A candidate that could not do a size is not tried at larger ones.
    """
    for count in threads:
        stopped: dict[str, int] = {}
        for size in sorted(sizes):
            rows = []
            for candidate in candidates:
                if candidate.name in stopped:
                    row = blank(candidate, size, count)
                    smaller = stopped[candidate.name]
                    row.problem = f"not here: it could not do {smaller}x{smaller}"
                else:
                    row = measure(candidate, size, count)
                    if row.problem is not None:
                        stopped[candidate.name] = size
                rows.append(row)
            yield rows
