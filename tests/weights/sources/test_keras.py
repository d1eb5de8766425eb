from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from texonnx.weights.catalogue import KerasFile
from texonnx.weights.sources import SourceUnavailableError, keras

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = bytes(range(256)) * 1000


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/x.h5":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()
        thread.join()


def test_a_file_is_downloaded_with_progress(server: str, tmp_path: Path) -> None:
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    told: list[tuple[int, int]] = []
    path = keras.download(
        KerasFile(f"{server}/x.h5", md5, 1), tmp_path, lambda *both: told.append(both)
    )
    assert path == tmp_path / "x.h5"
    assert path.read_bytes() == CONTENT
    assert told[0] == (65536, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_another_file_than_the_expected_is_refused(server: str, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="does not have the MD5 000"):
        keras.download(KerasFile(f"{server}/x.h5", "0" * 32, 1), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_told_with_its_status(server: str, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="status 404"):
        keras.download(KerasFile(f"{server}/y.h5", "0" * 32, 1), tmp_path)


def test_an_unreachable_server_is_one_sentence(tmp_path: Path) -> None:
    """Port 9 of this machine: nothing listens there, and nothing leaves the machine."""
    file = KerasFile("http://127.0.0.1:9/x.h5", "0" * 32, 10)
    with pytest.raises(SourceUnavailableError, match="no connection"):
        keras.download(file, tmp_path)
    assert list(tmp_path.iterdir()) == []
