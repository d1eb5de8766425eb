"""The checks of one provider: what its graphs compute, by itself and against the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texonnx.errors import reason
from texonnx.exported.signatures import GraphDescription
from texonnx.images import Image
from texonnx.losses.ports import is_trained
from texonnx.objective.adam_step import BETA1, BETA2, EPSILON
from texonnx.objective.kinds import KINDS
from texonnx.optim.lbfgs import minimise_lbfgs
from texonnx.optim.metric import ImageMetric
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.sizes import size_of
from texonnx.verification.comparison import (
    ADAM,
    DISCRIMINATORS,
    EXEMPLAR,
    FINITE_DIFFERENCES,
    GRAPHS,
    LBFGS,
    PROVIDERS,
    SUM,
    UNIT,
    relative,
    slope_error,
    worst,
)
from texonnx.verification.report import Check
from texonnx.verification.trial import (
    STEP,
    TRIAL_RATE,
    Arrays,
    Runner,
    following,
    moments_like,
)

_SEED = 0
_SLOPES = "gradient against finite differences"

_IN_TURN = sorted(
    KINDS.values(), key=lambda kind: (not kind.targets, not kind.starts, not kind.network)
)
"""Targets come first, then what steps start from; what has no network last."""
_EVALUATIONS = 4
"""Of L-BFGS."""


class Checking:
    """Makes the checks of one provider, and keeps what its graphs gave.

    Parameters
    ----------
    runner
        Runs the graphs there.
    graphs
        As the manifest describes them.
    values
        What they take, by name; statistics, moments and first states come to it, for others too.
    compared_parts
        Where in ``layer_losses`` exemplar or content is compared with the image.
    """

    def __init__(
        self,
        runner: Runner,
        graphs: Mapping[str, GraphDescription],
        values: Arrays,
        compared_parts: Sequence[int],
    ) -> None:
        self.results: dict[str, Arrays] = {}
        self.checks: list[Check] = []
        self._runner = runner
        self._graphs = {kind.name: graphs[kind.name] for kind in _IN_TURN if kind.name in graphs}
        self._values = values
        self._compared = list(compared_parts)

    def run_all(self) -> None:
        """Run every graph once; each has a check that it does and gives what it should."""
        for name in self._graphs:
            what = "runs, and gives finite values of its shapes"
            self._check(name, what, None, self._run, name)

    def check_by_themselves(self) -> None:
        """Check the graphs against finite differences, NumPy and each other."""
        self._check("objective", "the loss is the sum of its parts", SUM, self._sum_error)
        self._check("objective", _SLOPES, FINITE_DIFFERENCES, self._gradient_error)
        if self._compared:
            what = "no loss at the exemplar itself"
            self._check("objective", what, EXEMPLAR, self._loss_at_the_exemplar)
        self.check_steps()
        if "discriminator_step" in self._graphs:
            self._check("discriminator_step", _SLOPES, DISCRIMINATORS, self._discriminators_error)
        if "directions" in self._graphs:
            self._check("directions", "unit vectors", UNIT, self._length_error)

    def check_steps(self) -> None:
        """Check the optimisers' steps against those of NumPy with the objective's gradient."""
        self._check("adam_step", "a step with the objective's gradient", ADAM, self._adam_error)
        if "lbfgs_step" in self._graphs:
            what = "evaluations of L-BFGS with the objective's gradient"
            self._check("lbfgs_step", what, LBFGS, self._lbfgs_error)

    def check_against(self, reference: Mapping[str, Arrays]) -> None:
        """Check what the graphs gave against what they gave elsewhere."""
        for name in self._graphs:
            tolerances = PROVIDERS if name == "objective" else {"outputs": GRAPHS}
            for output, tolerance in tolerances.items():
                what = f"{output} against the CPU"
                self._check(name, what, tolerance, self._difference, name, output, reference)

    def _check(
        self,
        name: str,
        what: str,
        tolerance: float | None,
        deviation_of: Callable[..., float | None],
        *told: Any,
    ) -> None:
        deviation, failure = None, None
        try:
            deviation = deviation_of(*told)
        except KeyError as error:
            failure = f"'{error.args[0]}' could not be computed"
        except Exception as error:
            failure = reason(error).split("\n", 1)[0]
        file, provider = self._graphs[name].file, self._runner.provider
        self.checks.append(Check(file, what, provider, deviation, tolerance, failure))

    def _run(self, name: str) -> None:
        outputs = self._runner.run(name, self._values)
        self.results[name] = outputs
        if KINDS[name].targets:
            # The CPU's, which comes first, serve every provider.
            self._values |= outputs | self._values
        if KINDS[name].starts:
            self._values |= following(outputs) | self._values
        if name == "objective" and not self._values["first_moment"].any():
            self._values |= moments_like(outputs["gradient"])
        for output, value in outputs.items():
            self._check_output(name, output, value, self._graphs[name].outputs[output][1])

    def _check_output(
        self, graph: str, name: str, value: NDArray[Any], shape: Sequence[int | str]
    ) -> None:
        size_from = KINDS[graph].size_from
        if not np.isfinite(value).all():
            raise ValueError(f"'{name}' is not finite")
        wanted = list(shape)
        if len(shape) == value.ndim:
            known = zip(shape, value.shape, strict=True)
            wanted = [n if isinstance(n, int) else found for n, found in known]
        if size_from and name in KINDS[graph].outputs:
            wanted[2:] = [int(n) for n in self._values[size_from]]
        if wanted != list(value.shape):
            raise ValueError(f"'{name}' is of shape {list(value.shape)}, not {wanted}")

    def _difference(self, name: str, output: str, reference: Mapping[str, Arrays]) -> float:
        """Return the error of an output of a graph, or the largest of all its ``outputs``."""
        expected = self._changes(reference[name])
        wanted = expected if output == "outputs" else {output: expected[output]}
        return worst(self._changes(self.results[name]), wanted)

    def _changes(self, outputs: Arrays) -> Arrays:
        """Return outputs, the image after a step as what the step changed."""
        return {
            name: value - self._values["image"] if name == "next_image" else value
            for name, value in outputs.items()
        }

    def _parts(self, values: Arrays) -> NDArray[np.float64]:
        parts = self._runner.run("objective", values)["layer_losses"]
        return parts.astype(np.float64)

    def _sum_error(self) -> float:
        results = self.results["objective"]
        return relative(results["layer_losses"].sum(dtype=np.float64), results["loss"])

    def _gradient_error(self) -> float:
        gradient = self.results["objective"]["gradient"]
        return slope_error(
            lambda image: float(self._parts({**self._values, "image": image}).sum()),
            self._values["image"],
            gradient,
            _SEED,
        )

    def _loss_at_the_exemplar(self) -> float:
        exemplar = self._values["exemplar"]
        values = {**self._values, "content": exemplar}
        for name in self._graphs:
            if KINDS[name].targets:
                values |= self._runner.run(name, values)
        here = self._parts({**values, "image": exemplar})[self._compared]
        return float(here.sum() / self.results["objective"]["layer_losses"][self._compared].sum())

    def _adam_error(self) -> float:
        gradient = self.results["objective"]["gradient"]
        found = self.results["adam_step"]
        return worst(self._changes(found), self._changes(_adam(self._values, gradient)))

    def _lbfgs_error(self) -> float:
        image = self._values["image"]
        values = dict(self._values)
        for _ in range(_EVALUATIONS):
            values |= following(self._runner.run("lbfgs_step", values))

        def evaluate(at: Image) -> Evaluation:
            found = self._runner.run("objective", {**self._values, "image": at})
            return Evaluation(Losses.of(found), found["gradient"])

        metric = ImageMetric(self._values["exemplar"], size_of(image))
        expected = minimise_lbfgs(evaluate, image, _EVALUATIONS, lambda *_: None, metric)
        return relative(values["best_image"] - image, expected - image)

    def _discriminators_error(self) -> float:
        """Return the error of the slope over all parameters, as one long vector."""
        found = self.results["discriminator_step"]
        names = [name for name in self._graphs["discriminator_step"].inputs if is_trained(name)]
        averages = [found[f"next_first_moment.{name}"] for name in names]
        point = [self._values[name] for name in names]

        def loss_at(vector: NDArray[np.float32]) -> float:
            parameters = dict(zip(names, _cut(vector, point), strict=True))
            losses = self._runner.run("discriminator_step", {**self._values, **parameters})
            return float(losses["discriminator_losses"].sum(dtype=np.float64))

        return slope_error(
            loss_at, _joined(point), _joined(averages) / np.float32(1 - BETA1), _SEED
        )

    def _length_error(self) -> float:
        lengths = [
            np.linalg.norm(vectors, axis=1) for vectors in self.results["directions"].values()
        ]
        return float(np.abs(np.concatenate(lengths) - 1).max())


def _adam(values: Arrays, gradient: NDArray[np.float32]) -> Arrays:
    """Return the outputs of a step of Adam (Kingma and Ba 2015, section 2), in float64.

    Those that tell the loss are left out.
    """
    slope = gradient.astype(np.float64)
    first = BETA1 * values["first_moment"] + (1 - BETA1) * slope
    second = BETA2 * values["second_moment"] + (1 - BETA2) * slope**2
    rate = TRIAL_RATE * np.sqrt(1 - BETA2**STEP) / (1 - BETA1**STEP)
    return {
        "next_image": values["image"] - rate * first / (np.sqrt(second) + EPSILON),
        "next_first_moment": first,
        "next_second_moment": second,
        "next_step": values["step"] + 1,
    }


def _joined(arrays: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.concatenate([array.ravel() for array in arrays])


def _cut(
    vector: NDArray[np.float32], like: Sequence[NDArray[np.float32]]
) -> list[NDArray[np.float32]]:
    ends = np.cumsum([array.size for array in like])[:-1]
    pieces = np.split(vector, ends)
    return [piece.reshape(array.shape) for piece, array in zip(pieces, like, strict=True)]
