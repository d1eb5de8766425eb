"""A batch: every exemplar by every size and seed, as a study, and its images under plain names."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from texonnx.errors import OptionError, reason, unknown
from texonnx.images.reading import image_suffixes
from texonnx.runtime.cluster import Told
from texonnx.sizes import Size
from texonnx.studies.cells import Cell, cells_of
from texonnx.studies.outcome import IMAGE
from texonnx.studies.results import Result, Results
from texonnx.studies.study import VERBS, Study, Subject, Variant, options_of
from texonnx.studies.workforce import Workforce
from texonnx.system.files import make_folder
from texonnx.weights.sources import Progress

KEPT = ("all", "best")
"""What of each exemplar and size gets a plain name: every seed's, or that with the best score."""


@dataclass(frozen=True)
class Batch:
    """What a batch made.

    Attributes
    ----------
    images
        The files with plain names.
    failures
        Of each run that made none, why, by exemplar and seed.
    """

    images: tuple[Path, ...]
    failures: Mapping[str, str]


def batch(
    images: Sequence[str | Path],
    folder: str | Path,
    *,
    seeds: Sequence[int] = (0,),
    sizes: Sequence[tuple[int, int]] = (),
    keep: str = "all",
    jobs: int | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    on_told: Told | None = None,
    on_download: Progress | None = None,
    **options: Any,
) -> Batch:
    """Make a texture of every one of many exemplars, in every size and by every seed.

    What is done already is not done again: after an interruption the same call goes on. The folder
    gets the images, a table, a contact sheet and a report.

    Parameters
    ----------
    images
        Exemplars, or folders of them.
    folder
        Where results go; it is made where there is none.
    seeds, sizes
        By which each exemplar is made; a size is height and width. Without one, in that of the
        scaled exemplar.
    keep
        ``all``, or of the seeds the ``best`` by the score: which images get plain names.
    jobs
        Runs at a time, each a process; one a core if not given, and one on a graphics card.
    scheduler
        The address of a Dask scheduler, on whose workers to run.
    workers
        Or so many Dask workers on this machine.
    on_told
        Is told what each worker is, and what became of each run, in a sentence.
    on_download
        As in :func:`texonnx.synthesize`.
    **options
        Of :func:`texonnx.synthesize`, of every run.

    Raises
    ------
    OptionError
        For an option that will not do, no image, or a folder that cannot be written.
    """
    from texonnx.studies.report import write_report

    known = options_of(VERBS["synth"])
    if others := [name for name in options if name not in known]:
        raise OptionError(unknown("option of synth", others[0], known))
    place, told = Path(folder), on_told or _nobody
    exemplars = exemplars_for(map(Path, images), place, keep)
    asked = batch_of(exemplars, seeds, [Size(*one) for one in sizes], options)
    cells = cells_of(asked, quick=False)
    workforce = Workforce(jobs, scheduler, workers)
    make_folder(place)
    with workforce.runs(cells, place, on_download, told) as runs:
        for cell, outcome in runs:
            told(f"{cell.label}: {outcome.message or outcome.status}")
    results = write_report(asked, cells, place)
    failures = {one.cell.label: one.outcome.message for one in results if one.image is None}
    return Batch(tuple(name_images(results, place, keep)), failures)


def _nobody(sentence: str) -> None:
    pass


def batch_of(
    images: Sequence[Path], seeds: Sequence[int], sizes: Sequence[Size], options: Mapping[str, Any]
) -> Study:
    """Return the grid of a batch.

    Parameters
    ----------
    images
        The exemplars.
    seeds, sizes
        By which each is made; without a size, in that of the scaled exemplar.
    options
        Of :func:`texonnx.synthesize`, of every run.

    Raises
    ------
    OptionError
        When there is no image.
    """
    if not images:
        raise OptionError("there is no image for a batch")
    labels = _labels(images)
    subjects = tuple(
        Subject(label, (image.resolve(),)) for label, image in zip(labels, images, strict=True)
    )
    of_sizes: Sequence[Size | None] = list(sizes) or [None]
    variants = tuple(
        Variant(_label(size, seed), {"seed": seed} | ({} if size is None else {"size": size}))
        for size, seed in itertools.product(of_sizes, seeds)
    )
    plain = {name: str(one) if isinstance(one, Path) else one for name, one in options.items()}
    return Study(
        name="batch",
        folder=Path(),
        title=f"{len(images)} exemplars, {len(variants)} images each",
        question="",
        findings="",
        verb=VERBS["synth"],
        subjects=subjects,
        variants=variants,
        options=plain,
        quick={},
    )


def exemplars_for(paths: Iterable[Path], place: Path, keep: str) -> list[Path]:
    """Return the exemplars of a batch: files that are named, and all in folders, by name.

    Parameters
    ----------
    paths
        Files and folders.
    place
        Where the results go.
    keep
        One of `KEPT`.

    Raises
    ------
    OptionError
        For what is not there, a folder without an image, or with the results in it; for another
        word than those.
    """
    if keep not in KEPT:
        raise OptionError(unknown("choice of what to keep", keep, KEPT))
    found: list[Path] = []
    suffixes = image_suffixes()
    for path in paths:
        if path.is_dir():
            if path.resolve() == place.resolve():
                raise OptionError(
                    f"'{place}' has the exemplars; take another folder for the results"
                )
            inside = sorted(
                one for one in path.iterdir() if one.suffix.lower() in suffixes and one.is_file()
            )
            if not inside:
                raise OptionError(f"there is no image in the folder '{path}'")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise OptionError(f"there is no image file '{path}'")
    return list(dict.fromkeys(found))


def plain_name(cell: Cell) -> str:
    """Return the name of the file that a cell's image is copied to."""
    return f"{cell.subject.label}-{cell.variant.label.replace(' ', '-')}{Path(IMAGE).suffix}"


def name_images(results: Results, place: Path, keep: str) -> list[Path]:
    """Copy the images of a batch to plain names in `place`; return them.

    Those of this grid that are not kept lose theirs: with more seeds, another may be the best.

    Parameters
    ----------
    results
        Of :func:`batch_of`'s grid.
    place
        The folder that has the cells.
    keep
        One of `KEPT`.

    Raises
    ------
    OptionError
        When one cannot be written there.
    """
    named = []
    chosen = dict(_named(results, keep))
    for dropped in {plain_name(one.cell) for one in results} - set(chosen):
        with suppress(OSError):
            (place / dropped).unlink()
    for name, source in chosen.items():
        target = place / name
        whole = target.with_name(f".{target.name}.tmp")
        try:
            shutil.copyfile(source, whole)
            whole.replace(target)
        except OSError as error:
            whole.unlink(missing_ok=True)
            raise OptionError(f"'{target}' cannot be written: {reason(error)}") from error
        named.append(target)
    return named


def _named(results: Results, keep: str) -> Iterator[tuple[str, Path]]:
    for row in results.rows:
        made = [one for one in row.results if one.image is not None]
        if keep == "best":
            groups = itertools.groupby(made, key=lambda one: _size_of(one))
            made = [min(group, key=_badness) for _, group in groups]
        for one in made:
            assert one.image is not None
            yield plain_name(one.cell), one.image


def _size_of(result: Result) -> tuple[int, ...] | None:
    size = result.cell.settings.get("size")
    return None if size is None else tuple(size)


def _badness(result: Result) -> tuple[bool, float]:
    """Return what the best of several has least of: structure, or grain where that is absent."""
    figure = result.structure if result.structure is not None else result.grain
    return figure is None, figure or 0.0


def _label(size: Size | None, seed: int) -> str:
    return f"seed {seed}" if size is None else f"{size} seed {seed}"


def _labels(images: Sequence[Path]) -> list[str]:
    """Return a label for each: the name without suffix, or more where that is of several."""
    ways = (
        lambda image: image.stem,
        lambda image: image.name.replace(".", "-"),
        lambda image: "-".join(image.with_suffix("").parts[-2:]),
        lambda image: "-".join(image.resolve().parts[1:]).replace(".", "-"),
    )
    for way in ways:
        labels = [way(image) for image in images]
        if len(set(labels)) == len(labels):
            break
    return labels
