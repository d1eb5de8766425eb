"""The worker that runs an engine of texonnx."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from peers.answering import Job, NotHereError, Run, serve, timed


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """Turn an error whose message is for users into one that ends as a row of the table."""
    from texonnx.errors import TexonnxError

    try:
        yield
    except TexonnxError as error:
        raise NotHereError(str(error)) from error


def engine_for(job: Job) -> Any:
    """Return the engine that the job asks for, its targets taken."""
    from texonnx.objective.built import BuiltGraphs
    from texonnx.objective.specification import specify
    from texonnx.options import ObjectiveOptions, RunOptions
    from texonnx.run.hosting import Host
    from texonnx.runtime.choose import choose_route, open_engine
    from texonnx.runtime.goal import texture_of
    from texonnx.sizes import Size
    from texonnx.weights import load_weights

    # As the peers weight and pad them.
    objective = ObjectiveOptions(loss=job["loss"], layer_weights="equal", padding="zeros")
    source = BuiltGraphs(specify(objective), load_weights())
    options = RunOptions(threads=job["threads"], **job["settings"])
    size = Size(job["size"], job["size"])
    route = choose_route(source.traits, options, [size])
    engine = open_engine(route, source, Host(), options)
    with np.load(job["file"]) as shared:
        engine.aim(texture_of(shared["exemplar"]), size)
    return engine


def make(job: Job) -> Run:
    """Return the evaluation of loss and gradient at the shared image."""
    with sentences():
        engine = engine_for(job)
    image = np.load(job["file"])["image"]

    def iterate() -> float:
        with sentences():
            return float(engine.loss_and_gradient(image).losses.total)

    return timed(iterate)


if __name__ == "__main__":
    serve(make)
