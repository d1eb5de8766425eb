"""The score of an image: how far its texture is from an exemplar's, by a measure of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from texonnx.errors import ImageError
from texonnx.images import Image, check_image, load_image, read_picture, scale_shorter_side
from texonnx.options import OBJECTIVE, RUN, RunOptions
from texonnx.scoring.comparison import (
    COARSEST_SIDE,
    Distances,
    Units,
    compare,
    mean_distances,
    number_of_levels,
    statistics_of,
    units_of,
)
from texonnx.scoring.evenness import Evenness, evenness
from texonnx.scoring.judging import judge_of
from texonnx.scoring.seams import Seams, steps_alone
from texonnx.sizes import size_of

if TYPE_CHECKING:
    from texonnx.scoring.structure import Structure, StructureJudge


@dataclass(frozen=True)
class Score:
    """How far an image's texture is from an exemplar's; smaller is closer.

    Structure is what an eye sees first: see :class:`texonnx.scoring.structure.Structure`. The
    other distances see colour, contrast and fine grain. All but the spectra are in standard
    deviations of the exemplar's pixels at the level in question. The floor is what the exemplar
    scores against itself, its left half against the right and its top against the bottom, averaged:
    a synthesised image near the floor differs from the exemplar no more than two pieces of the
    exemplar do. It is a guide, not a bound: the halves are smaller than an image, so chance adds to
    the floor at the coarse levels, and a copy of the exemplar scores 0.

    Attributes
    ----------
    levels
        Sliced Wasserstein distance of the patches at each level, finest first.
    spectrum
        Root mean square difference of the natural logarithms of the power spectra.
    floor_levels, spectrum_floor
        The same between the exemplar's halves.
    evenness, evenness_of_exemplar
        How much image and exemplar differ from place to place.
    structure
        Whether what is there is seen in the exemplar, and the other way round, and what is copied.
    why_no_structure
        A sentence, where `structure` is None.
    seams
        Whether the image tiles, where that was asked for.
    """

    levels: tuple[float, ...]
    spectrum: float
    floor_levels: tuple[float, ...]
    spectrum_floor: float
    evenness: Evenness
    evenness_of_exemplar: Evenness
    structure: Structure | None = None
    why_no_structure: str = ""
    seams: Seams | None = None

    @property
    def mean(self) -> float:
        """The mean over the levels."""
        return sum(self.levels) / len(self.levels)

    @property
    def floor(self) -> float:
        """The mean over the levels between the exemplar's halves."""
        return sum(self.floor_levels) / len(self.floor_levels)


def score(
    exemplar: str | Path | Image,
    image: str | Path | Image,
    *,
    exemplar_size: int = RUN.exemplar_size,
    seed: int = RUN.seed,
    weights: str | None = OBJECTIVE.weights,
    tile: bool = False,
) -> Score:
    """Measure how far an image's texture is from an exemplar's.

    No loss of texonnx optimises these distances, so they can tell their results apart. There are
    two kinds.

    Structure: 3x3 patches of the features of the pretrained VGG-16, each with its nearest in the
    other image; in units of the distance between the exemplar's halves. And what the image has
    copied. It needs ONNX Runtime, the pretrained weights and 64x64 pixels.

    Colour, contrast and fine grain, without any network: both images become Laplacian pyramids; at
    each level, patches of 7x7 pixels in 3 colours, measured in the exemplar's means and standard
    deviations, are projected on 512 random directions, and the sorted projections compared (the
    sliced Wasserstein-1 distance). Where patches lie plays no part, nor does the images' size. The
    pyramid has as many levels as keep the shorter side of the smaller image at 32 pixels or more.

    Parameters
    ----------
    exemplar, image
        An image file, or an array of shape [1, 3, H, W], RGB, in [0, 1]. Their sizes may differ.
        Of an exemplar that is transparent in parts it is the largest opaque rectangle; an image is
        put over white.
    exemplar_size
        The exemplar, and it alone, is scaled so that its shorter side has this many pixels, as
        :func:`texonnx.synthesize` does; give both the same.
    seed
        Of the directions, and of the sample of 16384 patches at levels that have more; the same
        seed gives the same numbers.
    weights
        Of the network that judges the structure: ``pretrained`` or an imported name or file of
        VGG-16; None leaves the structure out. Nothing is downloaded.
    tile
        Whether to look across the edges, too, where the image meets itself when it is repeated.

    Returns
    -------
    Score
        Distances by level, their mean, and those of the exemplar's own halves; structure and
        copies; evenness.

    Raises
    ------
    ImageError
        When an image cannot be read, or is smaller than 32x32 pixels.
    OptionError
        When the exemplar's size is below 1, or the seed below 0.
    WeightsError
        When there are no such weights.

    Notes
    -----
    Patches of 7x7 pixels at one level are local. An image of the exemplar's power spectrum with
    random phases, a cloud of the right colours, scores only two or three times as much as the
    exemplar's mirror image, no more than many a good synthesis; the structure tells them apart.
    Structure alone would reward pasting pieces of the exemplar: look at `copies` beside it.

    References
    ----------
    Simakov, Caspi, Shechtman and Irani, "Summarizing Visual Data Using Bidirectional Similarity",
    CVPR 2008, for the structure; there of pixels.

    Karras, Aila, Laine and Lehtinen, "Progressive Growing of GANs for Improved Quality, Stability,
    and Variation", ICLR 2018, section 5; they compare sets of images, normalise each set by itself,
    which would not see a colour cast, and take other directions (see
    `texonnx.scoring.sliced_wasserstein`).
    """
    return score_all(
        exemplar, [image], exemplar_size=exemplar_size, seed=seed, weights=weights, tile=tile
    )[0]


def score_all(
    exemplar: str | Path | Image,
    images: Sequence[str | Path | Image],
    *,
    exemplar_size: int = RUN.exemplar_size,
    seed: int = RUN.seed,
    weights: str | None = OBJECTIVE.weights,
    tile: bool = False,
) -> list[Score]:
    """Score several images, all on the number of levels that the smallest of them allows.

    Parameters, errors and sources are those of :func:`score`.
    """
    options = RunOptions(exemplar_size=exemplar_size, seed=seed)
    whole = scale_shorter_side(exemplar_image(exemplar), options.exemplar_size)
    _check_size(whole, "scaled exemplar", exemplar)
    read = [_image(image) for image in images]
    for array, image in zip(read, images, strict=True):
        _check_size(array, "image", image)
    levels = min(number_of_levels(min(array.shape[2:])) for array in (whole, *read))
    units = units_of(whole, levels, options.seed)
    floor = _floor(whole, units)
    wanted = statistics_of(whole, units)
    found = [compare(wanted, statistics_of(array, units)) for array in read]
    even = evenness(whole)
    judge = judge_of(whole, read, weights, options.seed)
    return [
        Score(
            levels=one.levels,
            spectrum=one.spectrum,
            floor_levels=floor.levels,
            spectrum_floor=floor.spectrum,
            evenness=evenness(array),
            evenness_of_exemplar=even,
            structure=None if isinstance(judge, str) else judge.judge(array),
            why_no_structure=judge if isinstance(judge, str) else "",
            seams=_seams(array, judge) if tile else None,
        )
        for array, one in zip(read, found, strict=True)
    ]


def _floor(exemplar: Image, units: Units) -> Distances:
    """Return the mean distances between left and right, and between top and bottom."""
    middle_row, middle_column = (side // 2 for side in exemplar.shape[2:])
    halves = (
        (exemplar[..., :middle_column], exemplar[..., middle_column:]),
        (exemplar[..., :middle_row, :], exemplar[..., middle_row:, :]),
    )
    return mean_distances(
        [compare(statistics_of(one, units), statistics_of(other, units)) for one, other in halves]
    )


def _seams(image: Image, judge: StructureJudge | str) -> Seams:
    return steps_alone(image) if isinstance(judge, str) else judge.seams(image)


def exemplar_image(exemplar: str | Path | Image) -> Image:
    """Return what an image is held against: of a file, the largest opaque rectangle."""
    if isinstance(exemplar, (str, Path)):
        return read_picture(exemplar).opaque_part()
    return check_image(exemplar)


def _image(image: str | Path | Image) -> Image:
    return load_image(image) if isinstance(image, (str, Path)) else check_image(image)


def _check_size(array: Image, what: str, given: str | Path | Image) -> None:
    size = size_of(array)
    if min(size) < COARSEST_SIDE:
        name = f" '{given}'" if isinstance(given, (str, Path)) else ""
        raise ImageError(
            f"the {what}{name} has {size} pixels; for a score at least "
            f"{COARSEST_SIDE}x{COARSEST_SIDE} are needed"
        )
