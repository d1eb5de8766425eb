"""The pictures of a report: its contact sheet, its curves, and images small enough for a page."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image
from PIL import ImageDraw

from texonnx.errors import ImageError
from texonnx.images import Image, load_image, save_image, scale_shorter_side
from texonnx.images.arrays import as_image, as_picture
from texonnx.images.labels import label_font, wrap
from texonnx.images.sheet import contact_sheet
from texonnx.studies.results import Results, Row

SHEET = "sheet.png"
_SIDE_WITHOUT_ANY = 128
"""Pixels of a model's shorter side where no cell of its row has an image."""
_WEB_SIDE = 512
_WEB_QUALITY = 88
_PAPER, _INK = (238, 236, 232), (96, 90, 84)


def model_images(row: Row) -> list[Image]:
    """Return the images that the row was made from, each about as large as the results.

    In place of one that cannot be read, it is said why.
    """
    sides = [min(load_image(one.image).shape[2:]) for one in row.results if one.image is not None]
    side = max(sides, default=_SIDE_WITHOUT_ANY)
    return [_model(image, side) for image in row.subject.images]


def _model(path: Path, side: int) -> Image:
    try:
        return scale_shorter_side(load_image(path), side)
    except ImageError as error:
        return notice(str(error), side, side)


def write_sheet(results: Results, place: Path) -> None:
    """Write the contact sheet: models first, then the variants; a failure says why in its cell."""
    rows: list[list[Image | None]] = []
    for row in results.rows:
        models = model_images(row)
        height, width = models[0].shape[2:]
        made = [
            load_image(one.image) if one.image else notice(one.absence, height, width)
            for one in row.results
        ]
        rows.append([*models, *made])
    study = results.study
    sheet = contact_sheet(
        rows,
        [subject.label for subject in study.subjects],
        [*study.verb.images, *(variant.label for variant in study.variants)],
        title=f"{study.title} (quick look)" if results.quick else study.title,
    )
    save_image(place / SHEET, sheet)


def write_curves(results: Results, place: Path) -> dict[str, Path]:
    """Draw the losses of each row that has any, in one plot; return the plots by row label."""
    from texonnx.curves import plot_comparison

    plots = {}
    for row in results.rows:
        label, ran = row.subject.label, [one for one in row.results if one.outcome.history]
        if ran:
            plots[label] = place / f"curves-{label.replace(' ', '')}.png"
            runs = {one.cell.variant.label: one.outcome.history for one in ran}
            plot_comparison(plots[label], runs, label)
    return plots


def notice(text: str, height: int, width: int) -> Image:
    """Return a sentence as an image, [1, 3, height, width], to stand where one is missing."""
    paper = PIL.Image.new("RGB", (width, height), _PAPER)
    size = max(9, round(min(height, width) * 0.07))
    font = label_font(size, [text])
    line = round(size * 1.3)
    lines = wrap(text, font, width - 2 * size, max(1, (height - size) // line))
    draw = ImageDraw.Draw(paper)
    top = (height - len(lines) * line) // 2
    for number, words in enumerate(lines):
        draw.text((width // 2, top + number * line), words, _INK, font, anchor="ma")
    return as_image(np.asarray(paper, np.float32) / np.float32(255))


def as_jpeg(image: Image) -> tuple[bytes, int, int]:
    """Return an image as a JPEG file for a page, and its width and height."""
    picture = as_picture(image)
    picture.thumbnail((_WEB_SIDE, _WEB_SIDE), PIL.Image.Resampling.LANCZOS)
    file = io.BytesIO()
    # Not with `optimize`: Pillow's buffer for that is too small for noise.
    picture.save(file, "JPEG", quality=_WEB_QUALITY, subsampling=0)
    return file.getvalue(), picture.width, picture.height
