"""A run kept in a folder, so that another process can go on from there to the same image.

One file holds all of it, and is replaced whole: what the run is made from, the scale it is at and
where that began, the place of the optimiser, the history. Two processes do not share a folder.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from texonnx.errors import OptionError, reason
from texonnx.images import Image
from texonnx.optim.keeping import Place
from texonnx.run.provenance import key_of
from texonnx.run.result import Step
from texonnx.sizes import Size
from texonnx.system.files import lock, write_whole

FILE = "run.npz"
_LOCK = "lock"
_TOLD = "told"
_PLACE = "place."
_PARAMETER = "parameter."
EVERY = 60.0
"""Seconds between two times that a run is kept."""
_LONG = 30 * 24 * 3600
"""Seconds after which a run that is kept quietly is forgotten."""
_SHARE = 0.1
"""Of the run's time that keeping it may take."""


@dataclass(frozen=True)
class Keep:
    """How a run is kept.

    Attributes
    ----------
    folder
        Where. It is made, and removed at the end of the run if nothing else is in it.
    every
        Seconds between two times.
    quietly
        Whether it is kept in a folder of its own within that one, once so many seconds are over,
        and goes on without where it cannot be kept.
    note
        What whoever keeps it wants to know again, as JSON takes it.
    """

    folder: Path
    every: float = EVERY
    quietly: bool = False
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """A run as it was kept.

    Attributes
    ----------
    recipe, note
        What it is made from; of :class:`Keep`.
    scale
        Counted from 0.
    start
        The image where that scale began.
    best, least
        The best image of that scale so far, and its loss.
    place
        Of the optimiser; ``None`` at the start.
    parameters
        Of discriminators where that scale began.
    history
        Every step so far; those behind the place are made again.
    seconds
        What they took.
    """

    recipe: Mapping[str, Any]
    scale: int
    start: Image
    best: Image
    least: float
    place: Place | None
    parameters: Mapping[str, NDArray[np.float32]]
    history: Sequence[Step]
    seconds: float
    note: Mapping[str, Any] = field(default_factory=dict)


def read_kept(folder: Path) -> Kept:
    """Return the run that a folder keeps.

    Raises
    ------
    OptionError
        When there is none, or it is damaged.
    """
    path = folder / FILE
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return _parsed({name: stored[name] for name in stored.files})
    except FileNotFoundError:
        raise OptionError(f"no run is kept in '{folder}'") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise OptionError(f"the run in '{folder}' cannot be read: {reason(error)}") from None


class Checkpoint:
    """A folder in which a run is kept as it goes on.

    Raises
    ------
    OptionError
        When another process keeps its run there, another run is kept there, or it cannot be
        written.
    """

    def __init__(self, keep: Keep, recipe: Mapping[str, Any]) -> None:
        self._keep = keep
        self._folder = keep.folder / key_of(recipe) if keep.quietly else keep.folder
        self._last = time.monotonic()
        self._patience = keep.every
        self._lock: IO[str] | None = None
        self._note = keep.note
        self.kept: Kept | None = None
        if keep.quietly:
            _forget_old(keep.folder)
            with contextlib.suppress(OptionError):
                self._look(recipe)
        else:
            self._look(recipe)
            self._open()

    def _look(self, recipe: Mapping[str, Any]) -> None:
        """Find the run that is kept there, if one is."""
        if not (self._folder / FILE).exists():
            return
        self._open()
        kept = read_kept(self._folder)
        if dict(kept.recipe) != json.loads(json.dumps(recipe)):
            self.close()
            raise OptionError(
                f"'{self._folder}' keeps another run; go on with it by 'texonnx resume "
                f"{self._folder}', remove it, or name another folder"
            )
        self.kept = kept

    @property
    def due(self) -> bool:
        """Whether it is time to keep the run."""
        return time.monotonic() - self._last >= self._patience

    @property
    def at_once(self) -> bool:
        """Whether the start of a scale is kept without waiting."""
        return not self._keep.quietly

    def save(self, kept: Kept) -> None:
        """Keep the run as it is now."""
        began = time.monotonic()
        try:
            self._write(replace(kept, note=self._note))
        except OptionError:
            if not self._keep.quietly:
                raise
            self._patience = math.inf
            return
        self._last = time.monotonic()
        self._patience = max(self._keep.every, (self._last - began) / _SHARE)

    def _write(self, kept: Kept) -> None:
        self._open()

        def write(file: IO[bytes]) -> None:
            np.savez(file, **_stored(kept))  # type: ignore[arg-type]  # its stub takes no mapping
            file.flush()
            os.fsync(file.fileno())

        write_whole(self._folder / FILE, write)

    def remove(self) -> None:
        """Forget the run: it has come to its end."""
        with contextlib.suppress(OSError):
            (self._folder / FILE).unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let others have the folder; without a run in it, it goes."""
        if self._lock is None:
            return
        self._lock.close()
        self._lock = None
        if not (self._folder / FILE).exists():
            with contextlib.suppress(OSError):
                (self._folder / _LOCK).unlink(missing_ok=True)
                self._folder.rmdir()

    def _open(self) -> None:
        """Make the folder, and be the only one in it."""
        if self._lock is not None:
            return
        folder = self._folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / _LOCK).open("w", encoding="utf-8")
        except OSError as error:
            raise OptionError(f"a run cannot be kept in '{folder}': {reason(error)}") from error
        if not lock(self._lock):
            self.close()
            raise OptionError(f"another process keeps its run in '{folder}'")
        for half_written in folder.glob(".texonnx-*.tmp"):
            half_written.unlink(missing_ok=True)


def _forget_old(folder: Path) -> None:
    """Remove the runs that nobody has gone on with for long."""
    with contextlib.suppress(OSError):
        for path in folder.glob(f"*/{FILE}"):
            if time.time() - path.stat().st_mtime > _LONG:
                shutil.rmtree(path.parent, ignore_errors=True)


def _stored(kept: Kept) -> dict[str, NDArray[Any]]:
    told = {
        "recipe": dict(kept.recipe),
        "note": dict(kept.note),
        "scale": kept.scale,
        "least": None if np.isinf(kept.least) else kept.least,
        "step": None if kept.place is None else kept.place.step,
        "seconds": kept.seconds,
        "history": [asdict(step) for step in kept.history],
    }
    arrays = {"start": kept.start, "best": kept.best}
    arrays |= {_PARAMETER + name: value for name, value in kept.parameters.items()}
    if kept.place is not None:
        arrays |= {_PLACE + name: value for name, value in kept.place.values.items()}
    arrays[_TOLD] = np.frombuffer(json.dumps(told).encode(), np.uint8)
    return arrays


def _parsed(stored: Mapping[str, NDArray[Any]]) -> Kept:
    told = json.loads(stored[_TOLD].tobytes())
    place = None
    if told["step"] is not None:
        place = Place(told["step"], _behind(_PLACE, stored))
    return Kept(
        recipe=told["recipe"],
        note=told["note"],
        scale=told["scale"],
        start=stored["start"],
        best=stored["best"],
        least=np.inf if told["least"] is None else told["least"],
        place=place,
        parameters=_behind(_PARAMETER, stored),
        history=[_step(entry) for entry in told["history"]],
        seconds=told["seconds"],
    )


def _behind(prefix: str, stored: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {
        name.removeprefix(prefix): value
        for name, value in stored.items()
        if name.startswith(prefix)
    }


def _step(entry: Mapping[str, Any]) -> Step:
    sequences = {"size": Size(*entry["size"]), "steps_to_come": tuple(entry["steps_to_come"])}
    return Step(**{**entry, **sequences})
