"""The texture losses, one file each. Every module here is imported, so that its loss registers."""

import importlib
import pkgutil

from texonnx.losses.registry import (
    AddInput,
    Arrays,
    Comparison,
    ImageLoss,
    LayerFeatures,
    LossOptions,
    TextureLoss,
    find_loss,
    loss_names,
    texture_loss,
)
from texonnx.losses.terms import ImageTerm, LossTerm, label_of, parse_loss

__all__ = [
    "AddInput",
    "Arrays",
    "Comparison",
    "ImageLoss",
    "ImageTerm",
    "LayerFeatures",
    "LossOptions",
    "LossTerm",
    "TextureLoss",
    "find_loss",
    "label_of",
    "loss_names",
    "parse_loss",
    "texture_loss",
]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
