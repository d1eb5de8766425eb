"""Image files to and from float32 arrays [1, 3, H, W] in [0, 1], RGB."""

from texonnx.images.arrays import MAX_PIXELS, Image, check_image, resize, scale_shorter_side
from texonnx.images.reading import load_image
from texonnx.images.writing import StrPath, check_writable, next_free_path, save_image

__all__ = [
    "MAX_PIXELS",
    "Image",
    "StrPath",
    "check_image",
    "check_writable",
    "load_image",
    "next_free_path",
    "resize",
    "save_image",
    "scale_shorter_side",
]
