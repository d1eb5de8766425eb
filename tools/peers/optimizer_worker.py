"""The worker that tells what an optimiser adds to the evaluations it asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from peers.answering import Answer, Job, NotHereError, Run, median_seconds, serve
from peers.texonnx_worker import engine_for, sentences


def make(job: Job) -> Run:
    """Return one round: every optimiser in turn, each after as many evaluations alone."""
    with sentences():
        engine = engine_for(job)
    image = np.load(job["file"])["image"]
    steps = job["steps"]

    def run() -> Answer:
        return {optimizer: compare(optimizer) for optimizer in job["optimizers"]}

    def compare(optimizer: str) -> Answer:
        try:
            return compare_loop(
                lambda: engine.loss_and_gradient(image),
                lambda after_step: _loop(engine, image, optimizer, steps, after_step),
                steps,
            )
        except NotHereError as error:
            return {"problem": f"not here: {error}"}

    return run


def compare_loop(
    evaluate: Callable[[], object], loop: Callable[[Callable[..., None]], object], steps: int
) -> Answer:
    """Return seconds: an evaluation alone, a step of the loop, and what the loop takes to begin.

    `loop` calls what it is given after every step; a step is what lies between two calls.
    """
    alone = median_seconds(evaluate, steps)
    moments: list[float] = []
    start = time.perf_counter()
    loop(lambda *_: moments.append(time.perf_counter()))
    if len(moments) < 2:
        raise NotHereError("the loop ended before its second step")
    step = (moments[-1] - moments[0]) / (len(moments) - 1)
    begin = max(0.0, moments[0] - start - step)
    return {"alone": alone, "step": step, "begin": begin}


def _loop(
    engine: Any, image: Any, optimizer: str, steps: int, after_step: Callable[..., None]
) -> None:
    """Run texonnx's own loop: the one place here that knows its signature."""
    from texonnx.optim.run import optimise
    from texonnx.optimizers import OPTIMIZERS
    from texonnx.options import RunOptions

    with sentences():
        rate = RunOptions(optimizer=optimizer).learning_rate
        optimise(engine, image, OPTIMIZERS[optimizer], steps, rate, after_step)


if __name__ == "__main__":
    serve(make)
