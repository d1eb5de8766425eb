"""A Dask cluster: one that there is, or one of processes on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from texonnx.errors import OptionError, TexonnxError
from texonnx.runtime.spread import Part, WorkerFailedError
from texonnx.system.processes import first_line
from texonnx.version import __version__

Client: TypeAlias = Any
"""Dask's."""
Told = Callable[[str], None]
"""Is told a sentence that a person shall read."""

_PATIENCE = 10.0
"""Seconds that a scheduler, and its workers, have to answer."""


@contextlib.contextmanager
def cluster(scheduler: str | None, workers: int | None, told: Told) -> Iterator[Client]:
    """Give a client of a scheduler, or of a cluster of processes on this machine that ends with it.

    Parameters
    ----------
    scheduler
        Its address, such as ``tcp://host:8786``.
    workers
        How many processes; the cores are shared out among them.
    told
        Is told where the dashboard is, and what each worker runs on.

    Raises
    ------
    OptionError
        When Dask is not installed, the scheduler does not answer, or has no worker with this
        version of texonnx.
    """
    if scheduler is not None and workers is not None:
        raise OptionError("a scheduler has its own workers; give one of --scheduler and --workers")
    if workers is not None and workers < 1:
        raise OptionError(f"the number of workers must be 1 or more, not {workers}")
    distributed = dask()
    with contextlib.ExitStack() as stack:
        # It warns of large exemplars and of other versions of Python, and tells of every stream
        # that is closed; what matters comes as an exception.
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(_quietly())
        if scheduler is None:
            place: Any = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    dashboard_address="127.0.0.1:0",
                    host="127.0.0.1",
                    silence_logs=logging.CRITICAL,
                )
            )
        else:
            place = scheduler
        try:
            client = stack.enter_context(distributed.Client(place, timeout=_PATIENCE))
        except (OSError, ValueError, TimeoutError, asyncio.TimeoutError):
            raise OptionError(f"no Dask scheduler answers at '{scheduler}'") from None
        found = _workers_of(client, scheduler)
        told(f"dashboard: {client.dashboard_link}")
        for address, what in found.items():
            told(f"worker {address}: {what['way']}; {what['machine']}")
        yield client


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    levels = {logging.getLogger(name): logging.getLogger(name).level for name in names}
    for log in levels:
        log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for log, level in levels.items():
            log.setLevel(level)


def dask() -> Any:
    """Return the package."""
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise OptionError("clusters are Dask's: pip install 'texonnx[dask]'") from None


def _workers_of(client: Client, scheduler: str | None) -> dict[str, dict[str, str]]:
    """Return what each worker is, by address, if all of them will do."""
    with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
        client.wait_for_workers(1, timeout=_PATIENCE)
    found: dict[str, Any] = client.run(_what_it_is, on_error="return")
    if not found:
        raise OptionError(f"the scheduler at '{scheduler}' has no workers")
    for address, what in found.items():
        version = what.get("version") if isinstance(what, dict) else None
        if version != __version__:
            which = "none" if version is None else version
            raise OptionError(
                f"the worker {address} has another texonnx, {which}, than this, {__version__}"
            )
    return found


def _what_it_is() -> dict[str, str]:
    """Return what a worker is: run there."""
    from texonnx.runtime.installed import the_runtime
    from texonnx.runtime.tuning import choose_ways
    from texonnx.system.machine import this_machine

    machine = str(this_machine(the_runtime()))
    return {"version": __version__, "machine": machine, "way": str(choose_ways().way)}


def sharing_of(client: Client) -> dict[str, int]:
    """Return for every machine how many runs its workers may have at a time."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    count: Counter[str] = Counter()
    for address, about in workers.items():
        count[host_of(address)] += about["nthreads"]
    return dict(count)


def host_of(address: str) -> str:
    """Return the machine of a worker's address."""
    return address.rpartition("://")[2].rpartition(":")[0]


class DaskCrew:
    """The workers of a cluster, for an image that they share; each has an actor of Dask's.

    Parameters
    ----------
    client
        Of the cluster.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._addresses = sorted(client.scheduler_info(n_workers=-1)["workers"])
        self._sharing = sharing_of(client)

    def __len__(self) -> int:
        """Return how many they are."""
        return len(self._addresses)

    def give(self, number: int, *arguments: Any) -> _Actor:
        """Let one of them make its :class:`texonnx.runtime.spread.Part`."""
        address = self._addresses[number]
        beside = self._sharing.get(host_of(address), 1)
        with _told_of_failure(address):
            future = self._client.submit(
                Part, *arguments, beside, workers=[address], actor=True, pure=False
            )
            return _Actor(future.result(), address)


class _Actor:
    """A part that is with a worker."""

    def __init__(self, actor: Any, address: str) -> None:
        self._actor = actor
        self._address = address

    def ask(self, method: str, *arguments: Any) -> _Answer:
        """Call one of its methods, there."""
        with _told_of_failure(self._address):
            return _Answer(getattr(self._actor, method)(*arguments), self._address)


class _Answer:
    def __init__(self, future: Any, address: str) -> None:
        self._future = future
        self._address = address

    def result(self) -> Any:
        """Wait for it."""
        with _told_of_failure(self._address):
            return self._future.result()


@contextlib.contextmanager
def _told_of_failure(address: str) -> Iterator[None]:
    """Say in one sentence what became of a worker."""
    try:
        yield
    except TexonnxError:
        raise
    except Exception as error:  # of many types, as of a worker that is gone
        raise WorkerFailedError(
            f"the worker {address} does not go on: {type(error).__name__}: {first_line(error)}; "
            "with a checkpoint, the same command goes on from there"
        ) from error


@contextlib.contextmanager
def crew(scheduler: str | None, workers: int | None) -> Iterator[DaskCrew | None]:
    """Give those of a cluster, as :func:`cluster` takes them; none where neither is given."""
    if scheduler is None and workers is None:
        yield None
        return
    with cluster(scheduler, workers, logging.getLogger("texonnx").info) as client:
        yield DaskCrew(client)
