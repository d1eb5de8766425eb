"""The texture losses, one file each. Every module here is imported, so that its loss registers."""

import importlib
import pkgutil

from texonnx.losses.registry import AddInput as AddInput
from texonnx.losses.registry import Arrays as Arrays
from texonnx.losses.registry import Comparison as Comparison
from texonnx.losses.registry import ImageLoss as ImageLoss
from texonnx.losses.registry import LayerFeatures as LayerFeatures
from texonnx.losses.registry import LossOptions as LossOptions
from texonnx.losses.registry import TextureLoss as TextureLoss
from texonnx.losses.registry import find_loss as find_loss
from texonnx.losses.registry import loss_names as loss_names
from texonnx.losses.registry import texture_loss as texture_loss
from texonnx.losses.terms import ImageTerm as ImageTerm
from texonnx.losses.terms import LossTerm as LossTerm
from texonnx.losses.terms import label_of as label_of
from texonnx.losses.terms import parse_loss as parse_loss

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
