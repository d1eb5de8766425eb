"""Image files to and from float32 arrays [1, 3, H, W] in [0, 1], RGB."""

from texonnx.images.animation import ANIMATION_SUFFIXES, Animation, check_animation_path
from texonnx.images.arrays import (
    Image,
    check_image,
    check_new_size,
    resize,
    scale_shorter_side,
    size_by_shorter_side,
)
from texonnx.images.colour import (
    luminance,
    match_colours,
    match_luminance,
    with_colour_of,
)
from texonnx.images.reading import load_image
from texonnx.images.sheet import contact_sheet
from texonnx.images.writing import check_writable, next_free_path, save_image

__all__ = [
    "ANIMATION_SUFFIXES",
    "Animation",
    "Image",
    "check_animation_path",
    "check_image",
    "check_new_size",
    "check_writable",
    "contact_sheet",
    "load_image",
    "luminance",
    "match_colours",
    "match_luminance",
    "next_free_path",
    "resize",
    "save_image",
    "scale_shorter_side",
    "size_by_shorter_side",
    "with_colour_of",
]
