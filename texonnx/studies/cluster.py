"""Running cells on a Dask cluster.

Dask sends, watches and sends again; here is only what a worker is sent and what comes back. Where
workers see the folder of the study, a run is kept there while it goes on, and goes on from there on
another worker should its own be killed; elsewhere it begins anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import tempfile
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from texonnx.errors import OptionError, reason
from texonnx.runtime.cluster import Client, dask, host_of, sharing_of
from texonnx.studies.cells import Cell
from texonnx.studies.outcome import (
    BROKEN,
    IMAGE,
    REFUSED,
    RESULT,
    Outcome,
    read_outcome,
    write_outcome,
)
from texonnx.studies.running import fresh_folder, is_done
from texonnx.system.files import write_text
from texonnx.system.machine import cores
from texonnx.system.memory import keep_what_is_freed
from texonnx.system.processes import first_line

_GIVEN, _KEPT = "given", "kept"
"""Folders in a cell's while it is being made."""
_KEEP_EVERY = 15.0
_MARK = ".texonnx-cluster"


def run_on_cluster(
    cells: Sequence[Cell], place: Path, client: Client
) -> Generator[tuple[Cell, Outcome], None, None]:
    """Make every cell whose result is not below `place`, and yield each as it is done.

    As :func:`texonnx.studies.running.run_cells` does, but where the cluster's workers are.

    Parameters
    ----------
    cells, place
        As there.
    client
        Of the cluster.

    Raises
    ------
    OptionError
        When nothing can be written there, or the scheduler no longer answers.
    """
    undone: dict[str, Cell] = {}
    for cell in cells:
        if not is_done(cell, place):
            undone.setdefault(cell.digest, cell)
    sharing = sharing_of(client)
    with _mark(place) as mark:
        files = _Files(client)
        futures = {}
        for digest, cell in undone.items():
            folder = _folder(cell, place)
            job = {
                "verb": cell.verb.name,
                "names": [image.name for image in cell.subject.images],
                "settings": dict(cell.settings),
                "folder": str(folder.resolve()),
                "mark": mark,
                "sharing": sharing,
            }
            try:
                images = [files.on_workers(image) for image in cell.subject.images]
            except OSError as error:
                told = f"cannot read '{error.filename}': {reason(error)}"
                yield cell, _written(folder, cell, Outcome(REFUSED, told))
                continue
            key = f"texonnx-{digest}-{secrets.token_hex(4)}"
            futures[client.submit(make_on_worker, job, *images, key=key, pure=False)] = cell
        try:
            for future in dask().as_completed(futures):
                cell = futures.pop(future)
                outcome = _came_back(future, cell, place)
                future.release()  # or it is made again should the worker that has it die
                yield cell, outcome
        finally:
            client.cancel(list(futures), force=True)


def make_on_worker(job: dict[str, Any], *images: bytes) -> dict[str, Any]:
    """Make a cell on this worker; return its result, and its image unless that is in its place.

    Parameters
    ----------
    job
        ``verb``, ``names`` of the images, ``settings``; ``folder`` of the cell and ``mark``, a file
        and what is in it where that folder is seen from here too; ``sharing``, how many workers
        share the cores of each machine.
    images
        The files' bytes.
    """
    from texonnx.run.checkpoint import Keep
    from texonnx.run.preparation import keep_graphs
    from texonnx.studies.worker import make

    keep_graphs()
    keep_what_is_freed()
    here = dask().get_worker()
    beside = job["sharing"].get(host_of(here.address), 1)
    with tempfile.TemporaryDirectory(prefix="texonnx-") as scratch:
        made = Path(scratch)
        together = _sees(*job["mark"])
        # A run that is kept goes on with the same files.
        given = Path(job["folder"], _GIVEN) if together else made / _GIVEN
        paths = []
        for number, (name, data) in enumerate(zip(job["names"], images, strict=True)):
            path = given / str(number) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            paths.append(str(path))
        work = {
            "verb": job["verb"],
            "images": paths,
            "settings": job["settings"],
            "threads": max(1, cores() // beside),
            "jobs": beside,
            "folder": str(made),
        }
        keep = Keep(Path(job["folder"], _KEPT), _KEEP_EVERY)
        told = {"checkpoint": keep} if together else {}
        outcome = make(work, **told)
        write_outcome(made, outcome, job["settings"])
        image = made / IMAGE
        return {
            "result": (made / RESULT).read_text(encoding="utf-8"),
            "image": image.read_bytes() if image.exists() else None,
        }


def _came_back(future: Any, cell: Cell, place: Path) -> Outcome:
    """Write what a worker made to its place, and return what became of the cell."""
    folder = fresh_folder(cell, place)
    answer: dict[str, Any] = {}
    try:
        answer = future.result()
    except Exception as error:  # of many types, as of a task at which three workers died
        if "connection-lost" in str(error):
            raise OptionError(
                "the Dask scheduler no longer answers; what is done stays, and the same command "
                "goes on from there"
            ) from None
        told = f"the cluster gave it up: {type(error).__name__}: {first_line(error)}"
        return _written(folder, cell, Outcome(BROKEN, told))
    with _writing(folder):
        if answer["image"] is not None:
            (folder / IMAGE).write_bytes(answer["image"])
        write_text(folder / RESULT, answer["result"])
    found = read_outcome(folder)
    return found if found is not None else Outcome(BROKEN, "its result is not whole")


def _written(folder: Path, cell: Cell, outcome: Outcome) -> Outcome:
    with _writing(folder):
        write_outcome(folder, outcome, dict(cell.settings))
    return outcome


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Raise :class:`OptionError` where nothing can be written, as when the disk is full."""
    try:
        yield
    except OSError as error:
        raise OptionError(f"'{folder}' cannot be written: {reason(error)}") from error


class _Files:
    """Sends each file once, so that workers hand it on, and it is sent again if they all die."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._sent: dict[Path, Any] = {}

    def on_workers(self, path: Path) -> Any:
        if path not in self._sent:
            data = path.read_bytes()
            key = f"texonnx-file-{hashlib.sha256(data).hexdigest()}"
            self._sent[path] = self._client.submit(bytes, data, key=key)
        return self._sent[path]


def _folder(cell: Cell, place: Path) -> Path:
    """Return the folder of a cell; what a run kept there stays."""
    folder = cell.folder(place)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def _mark(place: Path) -> Iterator[tuple[str, str]]:
    """Leave a file by which a worker tells whether it sees this folder; give path and content."""
    path, content = place / _MARK, secrets.token_hex(16)
    with _writing(place):
        path.write_text(content, encoding="utf-8")
    try:
        yield str(path.resolve()), content
    finally:
        path.unlink(missing_ok=True)


def _sees(path: str, content: str) -> bool:
    try:
        return Path(path).read_text(encoding="utf-8") == content
    except OSError:
        return False
