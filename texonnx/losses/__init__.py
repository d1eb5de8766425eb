"""The texture losses, one file each. Every module here is imported, so that its loss registers."""

import importlib
import pkgutil

from texonnx.losses.registry import (
    GRAM_NORMS,
    Comparison,
    LossOptions,
    TextureLoss,
    find_loss,
    loss_names,
)
from texonnx.losses.terms import LossTerm, label_of, parse_loss

__all__ = [
    "GRAM_NORMS",
    "Comparison",
    "LossOptions",
    "LossTerm",
    "TextureLoss",
    "find_loss",
    "label_of",
    "loss_names",
    "parse_loss",
]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
