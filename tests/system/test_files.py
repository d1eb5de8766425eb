"""Places of files: the first that is free, and taken so that other processes see it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from texonnx.errors import OptionError
from texonnx.system.files import free_path, sha256_of


def test_a_free_path_is_taken_as_it_is_and_free_again_in_the_end(tmp_path: Path) -> None:
    with free_path(tmp_path / "a.png") as path:
        assert path == tmp_path / "a.png"
        assert path.stat().st_size == 0
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_there_stays(tmp_path: Path) -> None:
    with free_path(tmp_path / "a.png") as path:
        (tmp_path / "new").write_bytes(b"image")
        (tmp_path / "new").replace(path)
    assert (tmp_path / "a.png").read_bytes() == b"image"


def test_a_taken_path_gets_the_first_free_number_from_2(tmp_path: Path) -> None:
    for name in ("a.b.png", "a.b-2.png", "a.b-4.png"):
        (tmp_path / name).write_bytes(b"image")
    with free_path(str(tmp_path / "a.b.png")) as path:
        assert path == tmp_path / "a.b-3.png"


def test_a_dangling_link_and_a_folder_are_not_free(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "a-2.png").mkdir()
    with free_path(tmp_path / "a.png") as path:
        assert path == tmp_path / "a-3.png"
    assert not (tmp_path / "nowhere").exists()


def test_two_at_once_get_two_places(tmp_path: Path) -> None:
    with free_path(tmp_path / "a.png") as one, free_path(tmp_path / "a.png") as other:
        assert {one.name, other.name} == {"a.png", "a-2.png"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_a_place_that_a_killed_process_took_is_free_again(tmp_path: Path) -> None:
    program = (
        "import os, signal\n"
        "from texonnx.system.files import free_path\n"
        "with free_path('a.png'):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False)
    assert done.returncode == -9
    assert (tmp_path / "a.png").stat().st_size == 0
    with free_path(tmp_path / "a.png") as path:
        assert path == tmp_path / "a.png"


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(OptionError, match=r"cannot write '.*a\.png': No such file"),
        free_path(tmp_path / "no" / "a.png"),
    ):
        pass


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OptionError, match="Permission denied"), free_path(tmp_path / "a.png"):
            pass
    finally:
        tmp_path.chmod(0o700)


def test_a_digest_is_that_of_the_standard(tmp_path: Path) -> None:
    # FIPS 180-2, appendix B.1.
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
