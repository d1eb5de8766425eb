"""What precedes every run: the exemplar, the graphs and the sizes, checked against each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from texonnx.errors import ImageError, OptionError
from texonnx.exported.folder import ExportedFolder
from texonnx.images import Cutout, Image, size_by_shorter_side
from texonnx.objective.built import BuiltGraphs
from texonnx.objective.kinds import CONTENT_TARGETS, CUTOUT_TARGETS
from texonnx.objective.source import GraphSource, Traits
from texonnx.objective.specification import specify
from texonnx.optim.pyramid import COARSEST_SIDE, Scale, pyramid, shrunk
from texonnx.optimizers import ADAM, LBFGS, OPTIMIZERS, Optimizer
from texonnx.options import OBJECTIVE, ObjectiveOptions, RunOptions
from texonnx.run.given import Exemplar, Given, is_grey, scaling_note, texture_of
from texonnx.run.hosting import GraphHost, Host
from texonnx.runtime.installed import the_runtime
from texonnx.runtime.spread import Crew
from texonnx.sizes import check_size, size_of
from texonnx.weights import load_weights
from texonnx.weights.sources import Progress

_MOST_KEPT = 4


@dataclass(frozen=True)
class Prepared:
    """What a run works with.

    Attributes
    ----------
    source
        The graphs.
    exemplars
        Scaled, each [1, 3, H, W], in [0, 1].
    scales
        The sizes, coarsest first; the exemplar's are the first one's.
    options
        Those of the run, with an optimiser by name.
    host
        What is done around the steps.
    given
        The exemplars as they were given.
    crew
        Who shares what is evaluated in parts, if anybody does.
    """

    source: GraphSource
    exemplars: tuple[Image, ...]
    scales: list[Scale]
    options: RunOptions
    host: Host
    given: tuple[Given, ...]
    crew: Crew | None = None

    @property
    def grey(self) -> bool:
        """Whether no exemplar has a colour."""
        return all(
            is_grey(one.image if one.cutout is None else one.cutout.image) for one in self.given
        )

    @property
    def optimizer(self) -> Optimizer:
        """The optimiser that they name."""
        return OPTIMIZERS[self.options.optimizer]

    def exemplars_at(self, scale: int) -> tuple[Image, ...]:
        """Return the exemplars at a scale, counted from 0."""
        factor = 2 ** (len(self.scales) - 1 - scale)
        return tuple(
            self.host.resize(exemplar, shrunk(size_of(exemplar), factor))
            for exemplar in self.exemplars
        )

    def textures_at(self, scale: int) -> tuple[Image | Cutout, ...]:
        """Return what statistics are taken from at a scale, counted from 0."""
        return tuple(
            given.texture_at(exemplar, self.host.resize)
            for given, exemplar in zip(self.given, self.exemplars_at(scale), strict=True)
        )


def prepare(
    exemplars: Sequence[Exemplar | Given],
    objective: ObjectiveOptions,
    options: RunOptions,
    artifacts: str | Path | None,
    on_download: Progress | None = None,
    coarsest_side: int | None = None,
) -> Prepared:
    """Load the exemplars and the weights, and choose the sizes.

    Parameters
    ----------
    exemplars
        At least one; the first decides the sizes that are not given.
    artifacts, on_download
        As in :func:`texonnx.synthesize`.
    coarsest_side
        Sizes are halved while they have at least so many pixels; by the detail if not given.
    objective, options
        Its options; those of the objective must be the defaults where there are `artifacts`.

    Raises
    ------
    TexonnxError
        For an option, image, weights or folder that will not do.
    """
    the_runtime()
    given = tuple(texture_of(exemplar, options.exemplar_size) for exemplar in exemplars)
    originals = [one.image for one in given]
    if not originals:
        raise OptionError("there is no exemplar; give one, or several to mix")
    if artifacts is None:
        specification = specify(objective)
        _check_large_enough(originals, specification.minimum_size)
        source: GraphSource = _graphs_of(objective, on_download)
    else:
        if objective != OBJECTIVE:
            raise OptionError(
                "loss, layers, network and weights are fixed in the exported folder; leave their "
                "options out"
            )
        source = ExportedFolder(Path(artifacts))
        if source.has(CONTENT_TARGETS):
            raise OptionError(
                f"'{artifacts}' was exported with content layers, for a style transfer by another "
                "program; export a texture's objective, without --content-layers"
            )
        _check_large_enough(originals, source.traits.minimum_size)
    if source.traits.adversarial and options.until is not None:
        raise OptionError(
            "there is no saying when to end a scale by the loss of gan, whose discriminators learn "
            "as the image moves; leave 'until' out, and give steps"
        )
    if options.optimizer == "auto":
        options = replace(options, optimizer=(ADAM if source.traits.adversarial else LBFGS).name)
    adversarial_rate = OPTIMIZERS[options.optimizer].adversarial_learning_rate
    if source.traits.adversarial and adversarial_rate is not None and options.lr is None:
        options = replace(options, lr=adversarial_rate)
    if not source.has(CUTOUT_TARGETS):
        given = tuple(replace(one, cutout=None) for one in given)
    host = GraphHost(source)
    scaled = tuple(
        host.resize(one.image, size_by_shorter_side(one.size, options.exemplar_size))
        for one in given
    )
    scales = _choose_scales(
        scaled[0], options, source.traits, coarsest_side or COARSEST_SIDE[source.traits.detail]
    )
    return Prepared(source, scaled, scales, options, host, given)


_kept: dict[ObjectiveOptions, BuiltGraphs] | None = None
"""Graphs by objective, where they are kept."""


def keep_graphs() -> None:
    """From now on, keep graphs and weights in this process, which makes many runs of few kinds."""
    global _kept
    if _kept is None:
        _kept = {}


def _graphs_of(objective: ObjectiveOptions, on_download: Progress | None) -> BuiltGraphs:
    # What is in a file may be another the next time.
    keeps = _kept is not None and not Path(objective.weights).exists()
    if _kept is not None and keeps and objective in _kept:
        return _kept[objective]
    graphs = BuiltGraphs(
        specify(objective),
        load_weights(objective.weights, objective.arch, on_download, objective.convention),
        activation_scale=objective.activation_scale,
    )
    if _kept is not None and keeps:
        while len(_kept) >= _MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[objective] = graphs
    return graphs


def scaling_notes(prepared: Prepared) -> tuple[str, ...]:
    """Return what was done to the sizes of exemplars; raises as :func:`scaling_note` does."""
    notes = (
        scaling_note(given, size_of(scaled), prepared.options.exemplar_size)
        for given, scaled in zip(prepared.given, prepared.exemplars, strict=True)
    )
    return tuple(note for note in notes if note)


def one_or_several(given: object) -> list[Any]:
    """Return the items of a sequence; anything else as the only item, for others to refuse."""
    several = isinstance(given, Sequence) and not isinstance(given, str)
    return list(given) if several else [given]  # type: ignore[call-overload]


def shares_of(mix: Sequence[float] | None, count: int) -> tuple[float, ...]:
    """Return what each of `count` exemplars counts, in all 1.

    Raises
    ------
    OptionError
        For what is no number, another number of shares, one below 0, or a sum that is 0 or not
        finite.

    Examples
    --------
    >>> shares_of([3, 1], 2)
    (0.75, 0.25)
    """
    if mix is None:
        return (1 / count,) * count
    try:
        shares = tuple(float(share) for share in mix)
    except (TypeError, ValueError):
        raise OptionError(f"the shares of a mixture are numbers, not {mix!r}") from None
    text = ", ".join(f"{share:g}" for share in shares)
    if len(shares) != count:
        raise OptionError(f"{len(shares)} shares ({text}) were given for {count} exemplars")
    total = sum(shares)
    if not (0 < total < math.inf) or min(shares) < 0:
        raise OptionError(f"the shares of a mixture are 0 or more and not all 0, not {text}")
    return tuple(share / total for share in shares)


def _check_large_enough(exemplars: Sequence[Image], minimum_size: int) -> None:
    for exemplar in exemplars:
        size = size_of(exemplar)
        if min(size) < minimum_size:
            raise ImageError(
                f"the exemplar has {size} pixels, and the chosen layers need at least "
                f"{minimum_size}x{minimum_size}"
            )


def _choose_scales(
    exemplar: Image, options: RunOptions, traits: Traits, coarsest_side: int
) -> list[Scale]:
    exemplar_size = size_of(exemplar)
    size = options.size or traits.fixed_size or exemplar_size
    if options.size is not None:
        # Before the exemplar: in a transfer, the style's size follows from the output's.
        check_size("output", options.size, traits.minimum_size)
    for what, sides in (("exemplar", exemplar_size), ("output", size)):
        check_size(what, sides, traits.minimum_size)
    scales = options.scales or (1 if traits.fixed_size else None)
    return pyramid(exemplar_size, size, scales, traits.minimum_size, coarsest_side)
