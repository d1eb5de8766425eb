"""The recipe of a whole run, which an exported folder's manifest tells every host."""

from __future__ import annotations

from typing import Any

from texonnx.objective.specification import Specification
from texonnx.optim.adam import FALL_BEGINS
from texonnx.optim.pyramid import COARSEST_SIDE
from texonnx.optim.run import STEPS_A_DRAW
from texonnx.optim.schedule import least_at_coarsest, steps_by_halvings
from texonnx.optimizers import ADAM, LBFGS, Optimizer
from texonnx.options import QUALITIES, RUN
from texonnx.runtime.discriminators import DISCRIMINATOR_RATE
from texonnx.sizes import Size

_HALVINGS = tuple(range(8))
"""How often sizes are halved: enough for outputs of 4096 pixels."""


def optimizer_of(specification: Specification) -> Optimizer:
    """Return whose steps a host takes: L-BFGS, but for Adam against discriminators."""
    return ADAM if specification.adversarial else LBFGS


def recipe_of(specification: Specification, size: Size | None) -> dict[str, Any] | None:
    """Return what ``texonnx synth`` does by default with :func:`optimizer_of`, as JSON takes it.

    Parameters
    ----------
    specification
        The objective.
    size
        Height and width where the graphs are for one size alone, and so for one scale.

    Returns
    -------
    dict or None
        As ``models/README.md`` tells it; nothing for an objective with content layers, which no
        texture can be made with.
    """
    if specification.content_layers:
        return None
    optimizer = optimizer_of(specification)
    detail = "spectrum" if specification.adversarial else specification.detail
    used = _HALVINGS if size is None else _HALVINGS[:1]
    draws = STEPS_A_DRAW if specification.draws_at_random else None

    def steps(quality: str) -> list[int]:
        return [steps_by_halvings(optimizer, quality, detail)(halvings) for halvings in used]

    rate = optimizer.adversarial_learning_rate  # None where there are no discriminators
    return {
        "optimizer": optimizer.name,
        "start_graph": optimizer.start_graph,
        "step_graph": optimizer.step_graph,
        "result": optimizer.result,
        "exemplar_size": RUN.exemplar_size,
        "coarsest_side": COARSEST_SIDE[specification.detail],
        "scales": [
            {"factor": 2**halvings, "steps": count, "learning_rate": rate}
            for halvings, count in zip(used, steps(RUN.quality), strict=True)
        ],
        "least_steps_at_the_coarsest": least_at_coarsest(optimizer, RUN.quality, detail),
        "qualities": {
            quality: {
                "steps": steps(quality),
                "least_steps_at_the_coarsest": least_at_coarsest(optimizer, quality, detail),
            }
            for quality in QUALITIES
        },
        "learning_rate_falls_from": None if rate is None else FALL_BEGINS,
        "seed": RUN.seed,
        "draw_every": draws,
        "start_every": draws if optimizer.searches else None,
        "discriminators": {"steps": RUN.disc_steps, "learning_rate": DISCRIMINATOR_RATE}
        if specification.adversarial
        else None,
    }
