"""The optimisers, and what is true of each: one record an optimiser, cheap to import."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Optimizer:
    """An optimiser of the image.

    Attributes
    ----------
    name
        What the user types.
    method
        Where its algorithm is, ``module:name``: of one that searches a function, else a class,
        for engines that do not take its steps inside the runtime. See :mod:`texonnx.optim.run`.
    steps
        How many a synthesis takes at its finest scale.
    steps_with_patches
        How many it takes at its finest scale, at the next coarser one and so on, by quality, where
        scales start from patches of the exemplar; the last number is of all coarser ones.
    content_steps
        How many a reconstruction from one layer takes.
    searches
        Whether its steps are evaluations along a line, of a loss that must stay the same.
    fills_in
        After how many steps it holds as much memory as it ever will.
    learning_rate
        Taken where none is given; ``None`` for an optimiser that has none.
    learning_rates_with_patches
        The same at the finest scale, at the next coarser one and so on, where scales start from
        patches of the exemplar, which are nearly right; the last is of all coarser ones.
    adversarial_learning_rate
        The same against discriminators, which must keep up with the image.
    start_graph, step_graph
        The exported graphs that make its first state, and take a step of it, if there are any.
    result
        The part of that state in which the result of a run is.
    training_model
        The file among training artifacts that does, if there is one.
    """

    name: str
    method: str
    steps: int
    steps_with_patches: Mapping[str, tuple[int, ...]]
    content_steps: int
    searches: bool = False
    fills_in: int = 0
    learning_rate: float | None = None
    learning_rates_with_patches: tuple[float, ...] = ()
    adversarial_learning_rate: float | None = None
    start_graph: str = ""
    step_graph: str = ""
    result: str = "image"
    training_model: str = ""

    def rate_with_patches(self, halvings: int) -> float | None:
        """Return the learning rate of a scale that is so many halvings below the finest."""
        rates = self.learning_rates_with_patches
        return rates[min(halvings, len(rates) - 1)] if rates else self.learning_rate

    def load(self) -> Any:
        """Return the function or class that `method` names."""
        module, _, name = self.method.partition(":")
        return getattr(importlib.import_module(module), name)


_EVALUATIONS = {"draft": (1, 3, 12, 80), "good": (2, 6, 60, 360), "best": (6, 30, 200, 600)}
_ADAM_STEPS = {"draft": (2, 8, 30, 150), "good": (10, 30, 80, 300), "best": (30, 80, 200, 600)}

LBFGS = Optimizer(
    "lbfgs",
    "texonnx.optim.lbfgs:minimise_lbfgs",
    steps=8,
    steps_with_patches=_EVALUATIONS,
    content_steps=60,
    searches=True,
    fills_in=22,
    start_graph="lbfgs_start",
    step_graph="lbfgs_step",
    result="best_image",
)
SCIPY_LBFGS = Optimizer(
    "scipy-lbfgs",
    "texonnx.optim.scipy_lbfgs:minimise_scipy_lbfgs",
    steps=8,
    steps_with_patches=_EVALUATIONS,
    content_steps=60,
    searches=True,
    fills_in=12,
)
ADAM = Optimizer(
    "adam",
    "texonnx.optim.adam:AdamStepper",
    steps=40,
    steps_with_patches=_ADAM_STEPS,
    content_steps=150,
    learning_rate=0.02,  # in units of the image
    learning_rates_with_patches=(0.005, 0.005, 0.005, 0.02),
    adversarial_learning_rate=0.004,
    start_graph="adam_start",
    step_graph="adam_step",
    training_model="optimizer_model.onnx",
)
SGD = Optimizer(
    "sgd",
    "texonnx.optim.sgd:SgdStepper",
    steps=60,
    steps_with_patches=_ADAM_STEPS,
    content_steps=300,
    learning_rate=1e-5,  # for each pixel of the image
    training_model="sgd_optimizer_model.onnx",
)

OPTIMIZERS: Mapping[str, Optimizer] = {one.name: one for one in (LBFGS, SCIPY_LBFGS, ADAM, SGD)}
"""Every optimiser by the name that the user types."""
