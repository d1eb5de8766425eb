"""The Keras applications' file, over HTTPS, verified by its MD5."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from texonnx.weights.sources import Progress, SourceUnavailableError

if TYPE_CHECKING:
    from texonnx.weights.catalogue import KerasFile

_CONNECT_SECONDS = 10
_READ_SECONDS = 30
_CHUNK = 1 << 16


def download(file: KerasFile, folder: Path, progress: Progress | None = None) -> Path:
    """Download `file` into `folder`, verify it, and return where it is."""
    import pooch
    from requests import RequestException

    downloader = pooch.HTTPDownloader(
        progressbar=False if progress is None else _Bar(file.size, progress),
        chunk_size=_CHUNK,
        timeout=(_CONNECT_SECONDS, _READ_SECONDS),
    )
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        where = pooch.retrieve(
            file.url,
            f"md5:{file.md5}",
            fname=file.url.rpartition("/")[2],
            path=folder,
            downloader=downloader,
        )
    except RequestException as error:
        raise SourceUnavailableError(f"{file.url} cannot be had ({_reason(error)})") from None
    except ValueError:
        raise SourceUnavailableError(
            f"what came from {file.url} does not have the MD5 {file.md5}"
        ) from None
    except OSError as error:
        raise SourceUnavailableError(f"{file.url} cannot be saved ({error})") from None
    finally:
        logger.setLevel(level)
    return Path(where)


class _Bar:
    """What pooch asks of a progress bar, passed on to a callback."""

    def __init__(self, size: int, progress: Progress) -> None:
        self.total = size
        self._expected = size
        self._done = 0
        self._progress = progress

    def update(self, count: int) -> None:
        total = self.total or self._expected  # a server may not tell the length
        self._done = min(self._done + count, total)
        self._progress(self._done, total)

    def reset(self) -> None:
        """Pooch starts over at the end, to show the whole."""
        self._done = 0

    def close(self) -> None:
        """There is nothing to close."""


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"status {response.status_code}"
    return "no connection" if "Connection" in type(error).__name__ else type(error).__name__
