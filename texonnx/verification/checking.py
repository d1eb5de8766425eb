"""The checks of one provider: what its graphs compute, by itself and against the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texonnx.errors import reason
from texonnx.exported.signatures import GraphDescription
from texonnx.losses.ports import is_trained
from texonnx.objective.adam_step import BETA1, BETA2, EPSILON
from texonnx.objective.kinds import KINDS, OBJECTIVE
from texonnx.verification.comparison import (
    ADAM,
    DISCRIMINATORS,
    EXEMPLAR,
    FINITE_DIFFERENCES,
    GRAPHS,
    PROVIDERS,
    SUM,
    UNIT,
    relative,
    worst,
)
from texonnx.verification.gradient import slope_error
from texonnx.verification.inputs import Arrays
from texonnx.verification.report import Check
from texonnx.verification.runner import Runner
from texonnx.verification.trial import STEP, TRIAL_RATE, moments_like, statistics

_SEED = 0


class Checking:
    """Makes the checks of one provider, and keeps what its graphs gave.

    Parameters
    ----------
    runner
        Runs the graphs there.
    graphs
        As the manifest describes them.
    values
        What they take, by name; statistics and moments come to it.
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
        self._graphs = graphs
        self._values = values
        self._compared = list(compared_parts)

    def run_all(self) -> None:
        """Run every graph once; each has a check that it does and gives what it should."""
        for name in in_turn(self._graphs):
            self._check(name, "runs, and gives finite values of its shapes", None, self._runs(name))

    def check_by_themselves(self) -> None:
        """Check the graphs against finite differences, NumPy and each other."""
        self._check("objective", "the loss is the sum of its parts", SUM, self._sum_error)
        self._check(
            "objective",
            "gradient against finite differences",
            FINITE_DIFFERENCES,
            self._gradient_error,
        )
        if self._compared:
            self._check(
                "objective", "no loss at the exemplar itself", EXEMPLAR, self._loss_at_the_exemplar
            )
        self.check_adam_step()
        if "discriminator_step" in self._graphs:
            self._check(
                "discriminator_step",
                "gradient against finite differences",
                DISCRIMINATORS,
                self._discriminators_error,
            )
        if "directions" in self._graphs:
            self._check("directions", "unit vectors", UNIT, self._length_error)

    def check_adam_step(self) -> None:
        """Check a step of Adam against NumPy, with the gradient that the objective gave."""
        self._check("adam_step", "a step with the objective's gradient", ADAM, self._adam_error)

    def check_against(self, reference: Mapping[str, Arrays]) -> None:
        """Check what the graphs gave against what they gave elsewhere."""
        for name in in_turn(self._graphs):
            if name != OBJECTIVE.name:
                error_of = partial(self._outputs_error, name, reference)
                self._check(name, "outputs against the CPU", GRAPHS, error_of)
                continue
            for output, tolerance in PROVIDERS.items():
                error_of = partial(self._output_error, name, output, reference)
                self._check(name, f"{output} against the CPU", tolerance, error_of)

    def _output_error(self, name: str, output: str, reference: Mapping[str, Arrays]) -> float:
        return relative(self.results[name][output], reference[name][output])

    def _outputs_error(self, name: str, reference: Mapping[str, Arrays]) -> float:
        return worst(self._changes(self.results[name]), self._changes(reference[name]))

    def _check(
        self,
        name: str,
        what: str,
        tolerance: float | None,
        deviation_of: Callable[[], float | None],
    ) -> None:
        deviation, failure = None, None
        try:
            deviation = deviation_of()
        except KeyError as error:
            failure = f"'{error.args[0]}' could not be computed"
        except Exception as error:
            failure = reason(error).split("\n", 1)[0]
        self.checks.append(
            Check(
                self._graphs[name].file,
                what,
                self._runner.provider,
                deviation,
                tolerance,
                failure,
            )
        )

    def _runs(self, name: str) -> Callable[[], None]:
        def run() -> None:
            outputs = self._runner.run(name, self._values)
            self.results[name] = outputs
            if KINDS[name].targets:
                # The CPU's, which comes first, serve every provider.
                self._values |= {
                    key: value for key, value in outputs.items() if key not in self._values
                }
            if name == "objective" and "first_moment" not in self._values:
                self._values |= moments_like(outputs["gradient"])
            for output, value in outputs.items():
                self._check_output(name, output, value, self._graphs[name].outputs[output][1])

        return run

    def _check_output(
        self, graph: str, name: str, value: NDArray[Any], shape: Sequence[int | str]
    ) -> None:
        size_from = KINDS[graph].size_from
        if not np.isfinite(value).all():
            raise ValueError(f"'{name}' is not finite")
        wanted = list(value.shape) if len(value.shape) == len(shape) else list(shape)
        wanted = [
            n if isinstance(n, int) else found for n, found in zip(shape, wanted, strict=True)
        ]
        if size_from and name in KINDS[graph].outputs:
            wanted[2:] = [int(n) for n in self._values[size_from]]
        if wanted != list(value.shape):
            raise ValueError(f"'{name}' is of shape {list(value.shape)}, not {wanted}")

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
        values |= statistics(self._runner, self._graphs, values)
        here = self._parts({**values, "image": exemplar})[self._compared]
        return float(here.sum() / self.results["objective"]["layer_losses"][self._compared].sum())

    def _adam_error(self) -> float:
        gradient = self.results["objective"]["gradient"]
        found = self.results["adam_step"]
        return worst(self._changes(found), self._changes(adam(self._values, gradient)))

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


def adam(values: Arrays, gradient: NDArray[np.float32]) -> Arrays:
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


def in_turn(names: Iterable[str]) -> list[str]:
    """Return graphs by name: targets come first, what has no network last."""
    known = [name for name in KINDS if name in set(names)]
    return sorted(known, key=lambda name: (not KINDS[name].targets, not KINDS[name].network))


def _joined(arrays: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.concatenate([array.ravel() for array in arrays])


def _cut(
    vector: NDArray[np.float32], like: Sequence[NDArray[np.float32]]
) -> list[NDArray[np.float32]]:
    ends = np.cumsum([array.size for array in like])[:-1]
    pieces = np.split(vector, ends)
    return [piece.reshape(array.shape) for piece, array in zip(pieces, like, strict=True)]
