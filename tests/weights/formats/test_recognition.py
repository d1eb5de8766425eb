from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from texonnx.errors import WeightsError
from texonnx.weights.formats import recognise

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"<html>blocked</html>", "is not known; accepted are Keras .h5"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
    ],
)
def test_what_is_no_weights_file_is_refused(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(content)
    with pytest.raises(WeightsError, match=sentence):
        recognise(tmp_path / "weights")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="there is no weights file"):
        recognise(tmp_path / "missing.h5")
    with pytest.raises(WeightsError, match="cannot be read"):
        recognise(tmp_path)


def test_the_suffix_serves_where_the_first_bytes_cannot_tell(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"\x3a\x00")
    assert recognise(tmp_path / "model.onnx").name == "onnx"


@pytest.mark.parametrize("header", [0x80, 0x08])
def test_a_header_as_long_as_another_format_begins_is_still_safetensors(
    header: int, tmp_path: Path
) -> None:
    path = tmp_path / "weights"
    path.write_bytes((256 + header).to_bytes(8, "little") + b"{}".ljust(256 + header))
    assert path.read_bytes()[0] == header
    assert recognise(path).name == "safetensors"
