"""Files written whole or not at all, their places taken and checked before."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, TypeAlias

from texonnx.errors import OptionError, TexonnxError, reason, unknown

StrPath: TypeAlias = str | os.PathLike[str]
Refusal: TypeAlias = type[TexonnxError]


def check_target(
    path: StrPath,
    suffixes: Iterable[str] | None = None,
    kind: str = "file",
    refusal: Refusal = OptionError,
) -> None:
    """Make sure that :func:`write_whole` could write `path`; same parameters and errors."""
    probe = _beside(_target(path, suffixes, kind, refusal))
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise refusal(f"cannot write '{path}': {reason(error)}") from error


def write_whole(
    path: StrPath,
    write: Callable[[IO[bytes]], object],
    suffixes: Iterable[str] | None = None,
    kind: str = "file",
    refusal: Refusal = OptionError,
) -> None:
    """Let `write` fill a file beside `path`, then put it in its place: whole or not at all.

    Parameters
    ----------
    path
        Where to; an existing file is replaced.
    write
        Gets the open file. Whatever it raises becomes a `refusal`.
    suffixes, kind
        Those that `path` may have, in lower case, any if not given; and what the file is, for the
        sentence that refuses another.
    refusal
        The error that is raised.

    Raises
    ------
    TexonnxError
        The `refusal`, for an unknown suffix, a folder that is missing or cannot be written, a path
        that is a folder or a read-only file, or when `write` fails.
    """
    target = _target(path, suffixes, kind, refusal)
    beside = _beside(target)
    try:
        with beside.open("xb") as file:
            write(file)
        beside.replace(target)
    except Exception as error:  # encoders refuse images with errors of several types
        raise refusal(f"cannot write '{path}': {reason(error)}") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def make_folder(place: Path) -> None:
    """Make a folder for outputs, if there is none; raise :class:`OptionError` if that fails."""
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"'{place}' cannot be the output folder: {reason(error)}") from error


def write_text(path: StrPath, text: str) -> None:
    """Write UTF-8, whole or not at all."""
    write_whole(path, lambda file: file.write(text.encode("utf-8")))


@contextlib.contextmanager
def free_path(path: StrPath) -> Iterator[Path]:
    """Take `path` if nothing is there, else the first free of ``stem-2``, ``stem-3`` and so on.

    The place is taken by an empty file, which other processes see; it goes in the end if it is
    still empty. One that a process left which is no longer there is free.

    Raises
    ------
    OptionError
        When no file can be made there.
    """
    wanted = Path(path)
    numbered = (wanted.with_name(f"{wanted.stem}-{n}{wanted.suffix}") for n in itertools.count(2))
    taken = file = None
    while file is None:
        taken = wanted if taken is None else next(numbered)
        try:
            file = _taken(taken)
        except OSError as error:
            raise OptionError(f"cannot write '{taken}': {reason(error)}") from error
    assert taken is not None
    try:
        yield taken
    finally:
        file.close()
        with contextlib.suppress(OSError):
            if taken.stat().st_size == 0:
                taken.unlink()


def _taken(path: Path) -> IO[bytes] | None:
    """Return an empty file that this process alone has there, or ``None`` if one is there."""
    if path.is_symlink() or (path.exists() and not (path.is_file() and path.stat().st_size == 0)):
        return None
    file = path.open("ab")
    mine = lock(file) and path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno()))
    if mine and path.stat().st_size == 0:
        return file
    file.close()
    return None


def lock(file: IO[Any]) -> bool:
    """Lock an open file for this process, or return whether another has it.

    The lock goes with the process, however that ends. Windows has none of the kind: all succeed.
    """
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _target(path: StrPath, suffixes: Iterable[str] | None, kind: str, refusal: Refusal) -> Path:
    """Return where `path` leads, links followed, if its suffix is known and it can be a file."""
    suffix = Path(path).suffix
    if suffixes is not None and suffix.lower() not in (known := list(suffixes)):
        raise refusal(f"cannot write '{path}': {unknown(f'{kind} suffix', suffix, known)}")
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise refusal(f"cannot write '{path}': it is a folder; name a file")
        if not target.parent.is_dir():
            raise refusal(f"cannot write '{path}': there is no folder '{Path(path).parent}'")
        if target.exists() and not (target.is_file() and os.access(target, os.W_OK)):
            raise refusal(f"cannot write '{path}': it exists and cannot be written")
    except (OSError, ValueError) as error:
        raise refusal(f"cannot write '{path}': {reason(error)}") from error
    return target


def _beside(target: Path) -> Path:
    """Return a new hidden name in the folder of `target`."""
    return target.with_name(f".texonnx-{uuid.uuid4().hex}.tmp")
