"""Image files to and from float32 arrays [1, 3, H, W] in [0, 1], RGB."""

from texonnx.images.animation import ANIMATION_SUFFIXES as ANIMATION_SUFFIXES
from texonnx.images.animation import Animation as Animation
from texonnx.images.animation import check_animation_path as check_animation_path
from texonnx.images.arrays import Image as Image
from texonnx.images.arrays import check_image as check_image
from texonnx.images.arrays import check_new_size as check_new_size
from texonnx.images.arrays import repeated as repeated
from texonnx.images.arrays import resize as resize
from texonnx.images.arrays import scale_shorter_side as scale_shorter_side
from texonnx.images.arrays import size_by_shorter_side as size_by_shorter_side
from texonnx.images.colour import luminance as luminance
from texonnx.images.colour import match_colours as match_colours
from texonnx.images.colour import match_luminance as match_luminance
from texonnx.images.colour import with_colour_of as with_colour_of
from texonnx.images.cutouts import Cutout as Cutout
from texonnx.images.cutouts import largest_rectangle as largest_rectangle
from texonnx.images.cutouts import reduced as reduced
from texonnx.images.reading import Picture as Picture
from texonnx.images.reading import load_image as load_image
from texonnx.images.reading import read_metadata as read_metadata
from texonnx.images.reading import read_picture as read_picture
from texonnx.images.sheet import contact_sheet as contact_sheet
from texonnx.images.writing import check_fits as check_fits
from texonnx.images.writing import check_writable as check_writable
from texonnx.images.writing import save_image as save_image
