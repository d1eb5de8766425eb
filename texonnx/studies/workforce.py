"""What runs the cells of a grid: processes of this machine, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from texonnx.errors import OptionError
from texonnx.runtime.cluster import Told, cluster
from texonnx.studies.cells import Cell
from texonnx.studies.cluster import run_on_cluster
from texonnx.studies.outcome import Outcome
from texonnx.studies.running import default_jobs, run_cells
from texonnx.weights.sources import Progress


@dataclass(frozen=True)
class Workforce:
    """So many processes, each for one cell, or a cluster.

    Attributes
    ----------
    jobs
        Cells at a time; see :func:`default_jobs` if not given.
    scheduler, workers
        See :func:`texonnx.runtime.cluster.cluster`.

    Raises
    ------
    OptionError
        For less than one job.
    """

    jobs: int | None = None
    scheduler: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise OptionError(f"the number of jobs must be 1 or more, not {self.jobs}")

    @contextmanager
    def runs(
        self, cells: Sequence[Cell], place: Path, on_download: Progress | None, told: Told
    ) -> Iterator[Iterator[tuple[Cell, Outcome]]]:
        """Give the cells that are not done and what became of them, each as it is done.

        Parameters
        ----------
        cells, place, on_download
            As in :func:`run_cells`.
        told
            Is told what the cluster is.
        """
        with ExitStack() as stack:
            if self.scheduler is None and self.workers is None:
                runs = run_cells(cells, place, self.jobs or default_jobs(cells), on_download)
            else:
                client = stack.enter_context(cluster(self.scheduler, self.workers, told))
                runs = run_on_cluster(cells, place, client)
            yield stack.enter_context(closing(runs))
