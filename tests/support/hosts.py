"""Running an example as a user does: a command, a folder, an exemplar, a picture."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from support.limits import LONGEST_WAIT
from support.small_runs import psnr
from texonnx.images import Image, load_image

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Run:
    """A run that a host and texonnx itself make alike.

    Attributes
    ----------
    exemplar_size
        Of the shorter side.
    steps
        At each scale.
    loss_tolerance
        The relative difference between their losses that rounding explains.
    """

    exemplar_size: int
    steps: tuple[int, ...]
    loss_tolerance: float = 1e-3

    @property
    def steps_in_words(self) -> str:
        """With commas between them."""
        return ",".join(map(str, self.steps))

    @property
    def words(self) -> tuple[str, ...]:
        """The options of an example's command line."""
        return ("--exemplar-size", str(self.exemplar_size), "--steps", self.steps_in_words)


TWO_SCALES = Run(64, (4, 2))
"""The coarser of 38x32 pixels."""

TWO_DRAWS = Run(48, (12,), loss_tolerance=2e-2)
"""Long enough for the directions of ``swd`` to be drawn again, and for L-BFGS to start anew.

Rounding grows with the steps: what two hosts add up in another order differs by 4e-3 at the 12th.
"""

ONE_SCALE = Run(48, (4,))
"""For a whole network; and for ``emd``, where rounding decides ranks.

After four steps two hosts differ by 4e-5, and then a finer scale may start from other patches.
"""


@dataclass(frozen=True)
class Reference:
    """A folder, and what texonnx itself makes with it.

    Attributes
    ----------
    folder
        Exported.
    run
        Of how many pixels and steps.
    losses
        Of every step.
    image
        [1, 3, H, W] in [0, 1].
    """

    folder: Path
    run: Run
    losses: NDArray[np.float64]
    image: Image


@dataclass(frozen=True)
class Host:
    """An example: its command, and the suffix of the images that it reads and writes."""

    command: tuple[str | Path, ...]
    suffix: str = ".png"

    def __call__(
        self,
        folder: Path,
        exemplar: Path,
        out: Path,
        *options: str | Path,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            [*self.command, folder, exemplar, out, *options],
            capture_output=True,
            text=True,
            timeout=LONGEST_WAIT,
            check=False,
            env=environment,
        )

    def synthesise(
        self, folder: Path, exemplar: Path, place: Path, *options: str
    ) -> tuple[NDArray[np.float64], Image]:
        """Return the loss of every step, and the picture; `place` is a folder to write to."""
        given = self.readable(exemplar, place)
        out, losses = place / f"out{self.suffix}", place / "losses.json"
        done = self(folder, given, out, "--losses", losses, *options)
        assert done.returncode == 0, done.stderr
        history = json.loads(losses.read_text(encoding="utf-8"))
        return np.concatenate([scale["losses"] for scale in history]), load_image(out)

    def readable(self, exemplar: Path, place: Path) -> Path:
        """Return the exemplar in a format that the host reads."""
        if exemplar.suffix == self.suffix:
            return exemplar
        converted = place / f"exemplar{self.suffix}"
        with PIL.Image.open(exemplar) as picture:
            picture.save(converted)
        return converted


def assert_same_run(losses: NDArray[np.float64], image: Image, reference: Reference) -> None:
    """Check a host's losses and picture against texonnx's own."""
    np.testing.assert_allclose(losses, reference.losses, rtol=reference.run.loss_tolerance)
    assert image.shape == reference.image.shape
    assert psnr(image, reference.image) > 40


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Check for one sentence that has the words, and exit code 2."""
    assert done.returncode == 2, done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("synthesise: ")
    for word in words:
        assert word in done.stderr


def cannot(why: str) -> NoReturn:
    """Skip loudly; on CI what the tests need must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
