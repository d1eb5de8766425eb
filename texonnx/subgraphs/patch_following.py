"""Maps that go with an image as an exemplar's go with the exemplar, in a graph.

The image is made of patches of the exemplar, or nearly; so are its maps, of the same patches. After
Hertzmann, Jacobs, Oliver, Curless and Salesin, "Image Analogies", SIGGRAPH 2001, whose unfiltered
image is the photograph here, and the filtered one the maps.
"""

from __future__ import annotations

import onnx_ir as ir

from texonnx.graph.tape import Tape
from texonnx.subgraphs.patch_agreement import agreeing
from texonnx.subgraphs.patch_detail import nearest, patches
from texonnx.subgraphs.patch_layout import RADIUS, blocks_of, image_of, laid, surrounded
from texonnx.subgraphs.resampling import resample

_PASSES = 4
_REACH = 3
"""Of the filter that halves an image, in pixels of the result."""
_INT64 = ir.DataType.INT64


def followed_model(channels: int, *, wraps: bool) -> ir.Model:
    """Build the graph: image, exemplar, maps -> followed.

    ``image`` [1, 3, h, w] and ``exemplar`` [1, 3, H, W] have even sides; ``maps``, [1, channels, H,
    W], are the exemplar's, ``followed``, [1, channels, h, w], the image's. For each block of 2x2
    pixels of the image the patch of the exemplar is found that is most like what surrounds it: the
    nearest at half the size, and then, as patches overlap and go on, the one that is most like the
    image, and whose maps are most like what the patches around it show.
    """
    tape = Tape("followed")
    image = tape.input("image", [1, 3, "height", "width"])
    exemplar = tape.input("exemplar", [1, 3, "exemplar_height", "exemplar_width"])
    maps = tape.input("maps", [1, channels, "exemplar_height", "exemplar_width"])
    around = _halved(tape, surrounded(tape, image, 2 * (RADIUS + _REACH), wraps))
    for axis in (2, 3):
        around = tape.slice(around, axis, _REACH, -_REACH)
    places = nearest(tape, patches(tape, around), patches(tape, _halved(tape, exemplar)))
    of_maps = blocks_of(tape, maps)
    of_all = blocks_of(tape, tape.concat([exemplar, maps], axis=1))
    followed = image_of(tape, laid(tape, places, of_maps, wraps))
    for _ in range(_PASSES):
        shown = tape.concat([image, followed], axis=1)
        places = agreeing(tape, places, shown, of_all, wraps)
        followed = image_of(tape, laid(tape, places, of_maps, wraps))
    tape.output(followed, "followed")
    return tape.model()


def _halved(tape: Tape, image: ir.Value) -> ir.Value:
    size = tape.concat([tape.extent(image, 2), tape.extent(image, 3)], axis=0)
    half = tape.op("Div", [size, tape.integers([2])], (2,), dtype=_INT64)
    return resample(tape, image, half)
