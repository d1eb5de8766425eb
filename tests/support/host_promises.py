"""What every example promises; each host's tests inherit it, and bring the fixture `host`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from support.hosts import Host, Reference, assert_refused, assert_same_run
from support.small_runs import psnr
from support.stranger import Stranger

PRETRAINED = "pretrained"
KINDS = [
    pytest.param(PRETRAINED, marks=pytest.mark.weights),
    *("emd", "mean+cov", "swd", "gan"),
]
"""A Gram objective of all layers with the pretrained weights, and small ones with other losses."""


class Promises:
    """Of a host of exported folders."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_it_makes_the_picture_that_texonnx_makes(
        self,
        host: Host,
        references: Callable[[str], Reference],
        exemplar: Path,
        tmp_path: Path,
        kind: str,
    ) -> None:
        reference = references(kind)
        losses, image = host.synthesise(reference.folder, exemplar, tmp_path, *reference.run.words)
        assert_same_run(losses, image, reference)

    def test_size_and_seed_are_the_users(
        self, host: Host, small_folder: Path, exemplar: Path, tmp_path: Path
    ) -> None:
        short = ("--size", "72x64", "--exemplar-size", "64", "--steps", "1")
        _, image = host.synthesise(small_folder, exemplar, tmp_path, *short)
        _, other = host.synthesise(small_folder, exemplar, tmp_path, *short, "--seed", "1")
        assert image.shape == other.shape == (1, 3, 64, 72)
        assert psnr(image, other) < 30

    def test_of_what_has_no_colour_it_makes_what_has_none(
        self, host: Host, small_folder: Path, exemplar: Path, tmp_path: Path
    ) -> None:
        grey = tmp_path / "grey.png"
        with PIL.Image.open(exemplar) as picture:
            picture.convert("L").convert("RGB").save(grey)
        short = ("--exemplar-size", "64", "--steps", "3")
        _, image = host.synthesise(small_folder, grey, tmp_path, *short)
        np.testing.assert_array_equal(image[:, :1].repeat(3, axis=1), image)

    def test_what_is_transparent_in_parts_is_refused(
        self, host: Host, small_folder: Path, exemplar: Path, tmp_path: Path
    ) -> None:
        if host.suffix != ".png":
            pytest.skip(f"{host.suffix} has no transparency")
        clear = tmp_path / "clear.png"
        with PIL.Image.open(exemplar) as picture:
            whole = picture.convert("RGBA")
        whole.putpixel((3, 4), (1, 2, 3, 0))
        whole.save(clear)
        assert_refused(host(small_folder, clear, tmp_path / "out.png"), "transparent", str(clear))

    def test_it_leaves_nothing_at_home_and_looks_up_no_name(
        self,
        host: Host,
        small_folder: Path,
        exemplar: Path,
        tmp_path: Path,
        stranger: Stranger,
    ) -> None:
        given = host.readable(exemplar, tmp_path)
        short = ("--exemplar-size", "64", "--steps", "1")
        environment = stranger.environment
        done = host(
            small_folder, given, tmp_path / f"out{host.suffix}", *short, environment=environment
        )
        assert done.returncode == 0, done.stderr
        assert stranger.files() == []
        assert stranger.names() == []

    def test_a_folder_that_is_none_is_refused(
        self, host: Host, exemplar: Path, tmp_path: Path
    ) -> None:
        done = host(tmp_path / "none", exemplar, tmp_path / "out.png")
        assert_refused(done, str(tmp_path / "none"), "manifest.json")

    def test_altered_weights_are_refused(
        self, host: Host, small_folder: Path, exemplar: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "altered"
        shutil.copytree(small_folder, folder)
        weights = bytearray((folder / "weights.bin").read_bytes())
        weights[0] ^= 1
        (folder / "weights.bin").write_bytes(weights)
        done = host(folder, host.readable(exemplar, tmp_path), tmp_path / "out.png")
        assert_refused(done, "weights.bin", "SHA-256")

    def test_a_missing_graph_is_refused(
        self, host: Host, small_folder: Path, exemplar: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "incomplete"
        shutil.copytree(small_folder, folder)
        (folder / "targets.onnx").unlink()
        done = host(folder, host.readable(exemplar, tmp_path), tmp_path / "out.png")
        assert_refused(done, "targets.onnx", "missing")

    @pytest.mark.parametrize("content", [b"", b"P6 not an image", None])
    def test_an_image_that_cannot_be_read_is_refused(
        self, host: Host, small_folder: Path, tmp_path: Path, content: bytes | None
    ) -> None:
        picture = tmp_path / f"broken{host.suffix}"
        if content is not None:
            picture.write_bytes(content)
        assert_refused(host(small_folder, picture, tmp_path / "out.png"), str(picture))

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--steps", "1,2,3,4,5"), ("--steps", "2")),
            (("--size", "1x90"), ("1x90", "2x2")),
        ],
    )
    def test_options_that_do_not_fit_the_folder_are_refused(
        self,
        host: Host,
        small_folder: Path,
        exemplar: Path,
        tmp_path: Path,
        options: tuple[str, ...],
        words: tuple[str, ...],
    ) -> None:
        given = host.readable(exemplar, tmp_path)
        done = host(small_folder, given, tmp_path / "out.png", "--exemplar-size", "64", *options)
        assert_refused(done, *words)

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("--size", "3x"),
            ("--size", "3x4x5"),
            ("--steps", "4,0"),
            ("--seed", "none"),
            ("--seed", "99999999999999999999"),
        ],
    )
    def test_options_that_are_no_numbers_are_refused(
        self,
        host: Host,
        small_folder: Path,
        exemplar: Path,
        tmp_path: Path,
        option: str,
        value: str,
    ) -> None:
        given = host.readable(exemplar, tmp_path)
        assert_refused(host(small_folder, given, tmp_path / "out.png", option, value), option)
