"""The recipe of a whole run with Adam, which an exported folder's manifest tells every host."""

from __future__ import annotations

from typing import Any

from texonnx.objective.specification import Specification
from texonnx.optim.adam import FALL_BEGINS
from texonnx.optim.pyramid import COARSEST_SIDE
from texonnx.optim.run import STEPS_A_DRAW
from texonnx.optim.schedule import least_at_coarsest, steps_by_halvings
from texonnx.optimizers import ADAM
from texonnx.options import QUALITIES, RUN
from texonnx.runtime.discriminators import DISCRIMINATOR_RATE
from texonnx.sizes import Size

_HALVINGS = tuple(range(8))
"""How often sizes are halved: enough for outputs of 4096 pixels."""


def adam_recipe(specification: Specification, size: Size | None) -> dict[str, Any] | None:
    """Return what ``texonnx synth --optimizer adam`` does by default, as JSON takes it.

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
    detail = "spectrum" if specification.adversarial else specification.detail
    used = _HALVINGS if size is None else _HALVINGS[:1]

    def steps(quality: str) -> list[int]:
        return [steps_by_halvings(ADAM, quality, detail)(halvings) for halvings in used]

    def rate(halvings: int) -> float | None:
        if specification.adversarial:
            return ADAM.adversarial_learning_rate
        return ADAM.rate_with_patches(halvings) if detail == "patches" else ADAM.learning_rate

    return {
        "optimizer": ADAM.name,
        "exemplar_size": RUN.exemplar_size,
        "coarsest_side": COARSEST_SIDE[specification.detail],
        "scales": [
            {"factor": 2**halvings, "steps": count, "learning_rate": rate(halvings)}
            for halvings, count in zip(used, steps(RUN.quality), strict=True)
        ],
        "least_steps_at_the_coarsest": least_at_coarsest(ADAM, RUN.quality, detail),
        "qualities": {
            quality: {
                "steps": steps(quality),
                "least_steps_at_the_coarsest": least_at_coarsest(ADAM, quality, detail),
            }
            for quality in QUALITIES
        },
        "learning_rate_falls_from": FALL_BEGINS,
        "seed": RUN.seed,
        "draw_every": STEPS_A_DRAW if specification.draws_at_random else None,
        "discriminators": {"steps": RUN.disc_steps, "learning_rate": DISCRIMINATOR_RATE}
        if specification.adversarial
        else None,
    }
