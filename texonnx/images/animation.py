"""An animation of how an image came about, collected while a run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import numpy as np
import PIL.Image

from texonnx.errors import ImageError, OptionError
from texonnx.images.arrays import Image, as_picture, finite_image
from texonnx.system.files import StrPath, check_target, write_whole
from texonnx.version import __version__

ANIMATION_SUFFIXES = (".gif", ".webp")

_SECONDS, _LAST_SECONDS = 6.0, 2.0
"""About how long all frames take, and the last one."""
_SHORTEST, _LONGEST = 0.04, 0.25
"""How long any other frame takes."""
_COLOURS = 256
_SOFTWARE = 0x0131
"""A tag of EXIF."""
_WEBP = {"quality": 85, "method": 4}


def check_animation_path(path: StrPath) -> None:
    """Raise, before any work is done, what :meth:`Animation.save` would because of `path`."""
    check_target(path, ANIMATION_SUFFIXES, "animation", ImageError)


class Animation:
    """The frames of an animation, few and small enough to keep in memory.

    As more come than are kept, every other one goes and from then on every second, every fourth
    and so on is kept: evenly over the run, the first and the last always among them.

    Parameters
    ----------
    most_frames
        The most frames to keep, at least 2.
    longest_side
        In pixels; larger images are shrunk to it as they come.

    Raises
    ------
    OptionError
        When `most_frames` is below 2 or `longest_side` below 1.

    Examples
    --------
    >>> animation = Animation(most_frames=4)
    >>> for step in range(10):
    ...     animation.add(np.full((1, 3, 8, 8), step / 10, np.float32))
    >>> len(animation)
    4
    """

    def __init__(self, most_frames: int = 120, longest_side: int = 512) -> None:
        if most_frames < 2:
            raise OptionError(f"an animation keeps 2 frames or more, not {most_frames}")
        if longest_side < 1:
            raise OptionError(f"an animation's sides are 1 pixel or more, not {longest_side}")
        self._most_frames = most_frames
        self._longest_side = longest_side
        self._frames: list[PIL.Image.Image] = []
        self._every = 1
        self._added = 0
        self._last: Image | None = None
        """The last image, where it is not among the frames."""

    def __len__(self) -> int:
        return len(self._frames) + (self._last is not None)

    def add(self, image: Image) -> None:
        """Take the next image, of any size; values outside [0, 1] are clipped. It is copied.

        Raises :class:`ImageError` for an array of another shape or with values that are not finite.
        """
        values = finite_image(image)
        if len(self._frames) == self._most_frames:
            del self._frames[1::2]
            self._every *= 2
        if self._added % self._every == 0:
            self._frames.append(self._frame(values))
            self._last = None
        else:
            self._last = np.array(values, np.float32)
        self._added += 1

    def save(self, path: StrPath, size: tuple[int, int] | None = None) -> None:
        """Write an animated GIF or WebP, which loops for ever; it appears whole or not at all.

        Frames are shown equally long, for about six seconds together, the last one for two more. A
        GIF's frames have 256 colours each, chosen for the frame, with error diffusion.

        Parameters
        ----------
        path
            Where to; the suffix decides the format: .gif or .webp. An existing file is replaced.
        size
            Height and width in pixels; frames of another size are resampled to it, bicubically. By
            default that of the last frame, which has at most `longest_side` pixels a side.

        Raises
        ------
        ImageError
            Where :func:`check_animation_path` would raise it, and without frames.
        """
        frames = self._frames + ([] if self._last is None else [self._frame(self._last)])
        if not frames:
            raise ImageError(f"cannot write '{path}': the animation has no frames")
        height, width = size or frames[-1].size[::-1]
        each = min(max(_SECONDS / len(frames), _SHORTEST), _LONGEST)
        # GIF counts hundredths of a second.
        durations = [10 * round(each * 100)] * (len(frames) - 1) + [round(_LAST_SECONDS * 1000)]
        gif = Path(path).suffix.lower() == ".gif"
        maker = f"texonnx {__version__}"

        def encode(file: IO[bytes]) -> None:
            sized = (
                frame.resize((width, height), PIL.Image.Resampling.BICUBIC) for frame in frames
            )
            first, *others = [_in_few_colours(frame) for frame in sized] if gif else sized
            first.save(
                file,
                format="GIF" if gif else "WEBP",
                save_all=True,
                append_images=others,
                duration=durations,
                loop=0,
                **({"comment": maker.encode()} if gif else {**_WEBP, "exif": _made_by(maker)}),
            )

        write_whole(path, encode, ANIMATION_SUFFIXES, "animation", ImageError)

    def _frame(self, image: Image) -> PIL.Image.Image:
        """Return the image in 8 bits, and no longer than the longest side."""
        frame = as_picture(image)
        frame.thumbnail((self._longest_side, self._longest_side), PIL.Image.Resampling.LANCZOS)
        return frame


def _made_by(maker: str) -> PIL.Image.Exif:
    tags = PIL.Image.Exif()
    tags[_SOFTWARE] = maker
    return tags


def _in_few_colours(frame: PIL.Image.Image) -> PIL.Image.Image:
    # Pillow dithers only to a palette that is given. To be dithered to, the octree's is better than
    # the median cut's, and made 20 times as fast.
    palette = frame.quantize(_COLOURS, PIL.Image.Quantize.FASTOCTREE)
    return frame.quantize(palette=palette, dither=PIL.Image.Dither.FLOYDSTEINBERG)
