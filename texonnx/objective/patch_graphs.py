"""The graphs that put an exemplar's patches into a large image, a window of it at a time.

What :func:`texonnx.subgraphs.patch_detail.patch_detail` writes into one graph, in the pieces
between which a host has something of the whole image to see to: where the patches come from, how
often each is used, and how well they agree. A window has a margin, beyond which nothing reaches
what is taken of it.
"""

from __future__ import annotations

import onnx_ir as ir

from texonnx.graph.tape import Tape
from texonnx.objective.forward import image_shape
from texonnx.objective.host_graphs import two_sizes
from texonnx.subgraphs.patch_agreement import Whole, agreeing, own_distances, usage_of
from texonnx.subgraphs.patch_detail import large_enough, places_of
from texonnx.subgraphs.patch_layout import RADIUS, Blocks, Places, blocks_of, image_of, laid
from texonnx.subgraphs.resampling import clip_to_visible

MARGIN = 4 * RADIUS
"""Of a window, in pixels of the coarse image: patches around patches around candidates."""
_INT64 = ir.DataType.INT64


def patch_places_model() -> ir.Model:
    """Build the graph: image, exemplar, coarser_exemplar_size -> row, column.

    The image is a window of the coarse one, and the places are those of its pixels.
    """
    tape = Tape("patch_places")
    image = clip_to_visible(tape, tape.input("image", image_shape("coarser", None)))
    coarse, sharp = _exemplars(tape)
    _give(tape, places_of(tape, image, large_enough(tape, coarse, sharp)[0], wraps=False))
    return tape.model()


def patch_usage_model() -> ir.Model:
    """Build the graph: row, column of the whole image, exemplar, coarser_exemplar_size -> usage."""
    tape = Tape("patch_usage")
    tape.output(usage_of(tape, _places(tape), _blocks(tape)), "usage", ("patches",))
    return tape.model()


def patch_distances_model() -> ir.Model:
    """Build the graph: row, column, exemplar, coarser_exemplar_size -> distances."""
    tape = Tape("patch_distances")
    places, blocks = _places(tape), _blocks(tape)
    shown = image_of(tape, laid(tape, places, blocks, wraps=False))
    distances = own_distances(tape, places, shown, blocks, wraps=False)
    tape.output(distances, "distances", ("rows", "columns"))
    return tape.model()


def patch_agreement_model() -> ir.Model:
    """Build the graph: row, column, usage, distance, exemplar, its size -> next of the first two.

    Usage and distance are of the whole image.
    """
    tape = Tape("patch_agreement")
    places, blocks = _places(tape), _blocks(tape)
    whole = Whole(tape.input("usage", ("patches",)), tape.input("distance", (1, 1, 1)))
    shown = image_of(tape, laid(tape, places, blocks, wraps=False))
    _give(tape, agreeing(tape, places, shown, blocks, wraps=False, of_whole=whole))
    return tape.model()


def patch_image_model() -> ir.Model:
    """Build the graph: row, column, exemplar, coarser_exemplar_size -> detailed."""
    tape = Tape("patch_image")
    shown = image_of(tape, laid(tape, _places(tape), _blocks(tape), wraps=False))
    tape.output(shown, "detailed", image_shape("detailed", None))
    return tape.model()


def _places(tape: Tape) -> Places:
    return Places(*(tape.input(name, ("rows", "columns"), _INT64) for name in ("row", "column")))


def _give(tape: Tape, places: Places) -> None:
    for name, value in (("next_row", places.row), ("next_column", places.column)):
        tape.output(value, name, ("rows", "columns"))


def _exemplars(tape: Tape) -> tuple[ir.Value, ir.Value]:
    exemplar = tape.input("exemplar", image_shape("exemplar", None))
    return two_sizes(tape, exemplar, tape.input("coarser_exemplar_size", [2], _INT64))


def _blocks(tape: Tape) -> Blocks:
    return blocks_of(tape, large_enough(tape, *_exemplars(tape))[1])
