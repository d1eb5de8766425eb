"""The objective of a large image over several workers, each of which has some of its rows.

A statistic that is an average is a sum over the positions, so each worker takes that of its own
rows. Where the windows of one read rows of another, those are handed over: rows of the image by
who has it, of what lies between the blocks by their owners. The gradient comes back the same way;
what a worker finds at rows that are another's is added there. So nothing is computed twice, and
loss and gradient are the whole's.

The image, its optimiser and the graph of the rest stay with who asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby, pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from texonnx.errors import RuntimeUnavailableError
from texonnx.images import Image
from texonnx.losses.ports import COTANGENT, Port
from texonnx.objective.banded import BandedBlock, BandedGraphs
from texonnx.objective.banding import BlockPlan, Window
from texonnx.runtime.banded import Block
from texonnx.runtime.binding import HostSession
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.runtime.scratch import Scratch, room_for
from texonnx.runtime.sessions import Opener, open_session
from texonnx.system.machine import cores
from texonnx.system.memory import keep_what_is_freed

Array = NDArray[np.float32]
Rows = tuple[int, int]
"""The first, and the one behind the last."""
Pieces = Sequence[tuple[int, Array]]
"""Rows of a map, [1, channels, rows, W], and where the first of them lies."""


class WorkerFailedError(RuntimeUnavailableError):
    """A worker is gone, or cannot do what it is asked."""


class Answer(Protocol):
    """What a worker will have found."""

    def result(self) -> Any:
        """Wait for it."""


class Worker(Protocol):
    """Has a :class:`Part`."""

    def ask(self, method: str, *arguments: Any) -> Answer:
        """Call one of its methods, there."""


class Crew(Protocol):
    """Those who share an image."""

    def __len__(self) -> int:
        """Return how many they are."""

    def give(self, number: int, *arguments: Any) -> Worker:
        """Let one of them, counted from 0, make its :class:`Part` from what that takes."""


class Where(NamedTuple):
    """Where sessions run: names as :func:`texonnx.runtime.sessions.open_session` takes them."""

    provider: str
    precision: str


@dataclass(frozen=True)
class Share:
    """What a part has of the map that a block takes, or of what is left for the rest.

    Attributes
    ----------
    windows
        Its own.
    own
        Rows that no other has.
    held
        Rows that it has, its own among them; beyond the map's ends they stand for those of its
        other side.
    """

    windows: tuple[Window, ...]
    own: Rows
    held: Rows


class Handing(NamedTuple):
    """Rows that one part has and another reads: where they are with each."""

    giver: int
    taker: int
    given: Rows
    taken: int


def shares_of(plans: Sequence[BlockPlan], parts: int) -> list[list[Share]]:
    """Return, for each block and for the rest if there is one, what each of `parts` has."""
    stages = []
    own: list[Rows] = [(0, 0)] * parts
    for plan in plans:
        windows = _cut(plan, parts)
        stages.append([_share(*pair) for pair in zip(windows, own, strict=True)])
        own = [_pooled_rows(plan, one) for one in windows]
    if plans[-1].pooled:
        stages.append([Share((), rows, rows) for rows in own])
    return stages


def _cut(plan: BlockPlan, parts: int) -> list[tuple[Window, ...]]:
    """Give each part the windows of as many rows, one below the other."""
    rows = [tuple(one) for _, one in groupby(plan.windows, key=lambda window: window.rows)]
    cuts = [round(len(rows) * part / parts) for part in range(parts + 1)]
    return [
        tuple(window for row in rows[first:last] for window in row)
        for first, last in pairwise(cuts)
    ]


def _share(windows: tuple[Window, ...], own: Rows) -> Share:
    read = [(window.rows.first, window.rows.last) for window in windows]
    ends = [one for one in [*read, own] if one[0] < one[1]]
    held = (min(first for first, _ in ends), max(last for _, last in ends)) if ends else (0, 0)
    return Share(windows, own, held)


def _pooled_rows(plan: BlockPlan, windows: Sequence[Window]) -> Rows:
    """Return the rows of what is left for deeper blocks that come from `windows`."""
    if not windows:
        return 0, 0
    halvings = plan.pooled_halvings
    return windows[0].rows.start >> halvings, windows[-1].rows.end >> halvings


def handings(shares: Sequence[Share], extent: int) -> list[Handing]:
    """Return what is handed over of a map of `extent` rows."""
    found = []
    for taker, share in enumerate(shares):
        for giver, other in enumerate(shares):
            for turn in (-extent, 0, extent):
                first = max(share.held[0], other.own[0] + turn)
                last = min(share.held[1], other.own[1] + turn)
                if first < last and (giver != taker or turn):
                    found.append(Handing(giver, taker, (first - turn, last - turn), first))
    return found


class SpreadObjective:
    """Loss and gradient of an objective whose statistics follow from averages.

    Parameters
    ----------
    graphs
        Of the parts and of the rest.
    targets
        What the losses take beside the image, by name.
    opener
        Starts a session of a graph here.
    where
        Where the workers' sessions run.
    crew
        The workers.
    """

    def __init__(
        self,
        graphs: BandedGraphs,
        targets: Mapping[str, Array],
        opener: Opener,
        where: Where,
        crew: Crew,
    ) -> None:
        self._plans = [block.plan for block in graphs.blocks]
        self._shares = shares_of(self._plans, len(crew))
        self._handings = [
            handings(shares, plan.shape[2])
            for plan, shares in zip(self._plans, self._shares, strict=False)
        ]
        self._workers = [
            crew.give(number, *_part_of(graphs.blocks, shares), where)
            for number, shares in enumerate(zip(*self._shares, strict=True))
        ]
        self._rest = HostSession(opener(graphs.rest), targets)

    def __call__(self, image: Image) -> Evaluation:
        """Evaluate at `image`, [1, 3, H, W] in [0, 1]."""
        rest = self._rest.inputs
        for stage in range(len(self._plans)):
            self._forward(stage, image, rest)
        if "x" in rest:
            self._collect(rest["x"])
        if "image" in rest:
            rest["image"][...] = image
        self._rest.run()
        results = self._rest.outputs
        for stage in reversed(range(len(self._plans))):
            self._backward(stage, results)
        gradient = self._gradient(image)
        if "gradient.image" in results:
            gradient += results["gradient.image"]
        return Evaluation(Losses.of(results), gradient)

    def _forward(self, stage: int, image: Image, rest: Mapping[str, Array]) -> None:
        """Take the averages of a block, all workers at once, into the inputs of the rest."""
        if stage:
            pieces = self._handed(stage, "rows")
        else:
            held = [share.held for share in self._shares[0]]
            rows = [np.arange(*one) % image.shape[2] for one in held]
            pieces = [[(one[0], image[:, :, own])] for one, own in zip(held, rows, strict=True)]
        answers = self._ask_all("forward", [(stage, given) for given in pieces])
        for name in {name for averages in answers for name in averages}:
            rest[name][...] = sum(averages[name] for averages in answers if name in averages)

    def _collect(self, x: Array) -> None:
        """Put what the blocks leave for the rest into its input."""
        stage = len(self._plans)
        owns = [share.own for share in self._shares[stage]]
        found = self._ask_all("rows", [(stage, *own) for own in owns])
        for (first, last), rows in zip(owns, found, strict=True):
            x[:, :, first:last] = rows

    def _backward(self, stage: int, results: Mapping[str, Array]) -> None:
        """Take the gradient back through a block, all workers at once."""
        if stage + 1 < len(self._plans):
            pieces = self._handed(stage + 1, "gradient_rows", back=True)
        elif "gradient" in results:
            owns = [share.own for share in self._shares[stage + 1]]
            pieces = [[(own[0], results["gradient"][:, :, slice(*own)])] for own in owns]
        else:
            pieces = [[] for _ in self._workers]
        layers = {layer.name for layer in self._plans[stage].convolutions}
        cotangents = {name: value for name, value in results.items() if _is_of(name, layers)}
        self._ask_all("backward", [(stage, given, cotangents) for given in pieces])

    def _gradient(self, image: Image) -> Image:
        """Add up what the workers found at the image's rows."""
        gradient = np.zeros_like(image)
        helds = [share.held for share in self._shares[0]]
        found = self._ask_all("gradient_rows", [(0, *held) for held in helds])
        for held, rows in zip(helds, found, strict=True):
            # No row twice: of one that is held on both sides, each has its own place.
            for first in range(held[0], held[1], image.shape[2]):
                last = min(held[1], first + image.shape[2])
                places = np.arange(first, last) % image.shape[2]
                gradient[:, :, places] += rows[:, :, first - held[0] : last - held[0]]
        return gradient

    def _handed(self, stage: int, method: str, *, back: bool = False) -> list[list[Any]]:
        """Return, for each worker, the rows of a block's input that others have for it."""
        handed = self._handings[stage]
        answers = []
        for one in handed:
            taken = (one.taken, one.taken + one.given[1] - one.given[0])
            at = (one.taker, taken) if back else (one.giver, one.given)
            answers.append(self._workers[at[0]].ask(method, stage, *at[1]))
        pieces: list[list[Any]] = [[] for _ in self._workers]
        for one, answer in zip(handed, answers, strict=True):
            to, row = (one.giver, one.given[0]) if back else (one.taker, one.taken)
            pieces[to].append((row, answer.result()))
        return pieces

    def _ask_all(self, method: str, arguments: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Ask every worker at once; return what each answers."""
        answers = [
            worker.ask(method, *given)
            for worker, given in zip(self._workers, arguments, strict=True)
        ]
        return [answer.result() for answer in answers]


def _part_of(
    blocks: Sequence[BandedBlock], shares: Sequence[Share]
) -> tuple[list[BandedBlock], list[Share]]:
    """Return what a part needs: of each block its own windows, and the graphs of their kinds."""
    own = []
    for block, share in zip(blocks, shares, strict=False):
        kinds = {window.kind for window in share.windows}
        forward, backward = (
            {kind: graph for kind, graph in graphs.items() if kind in kinds}
            for graphs in (block.forward, block.backward)
        )
        own.append(BandedBlock(replace(block.plan, windows=share.windows), forward, backward))
    return own, list(shares)


def _is_of(name: str, layers: set[str]) -> bool:
    """Whether a result is what the averages of one of `layers` have for a gradient."""
    port = Port.parse(name)
    return port is not None and port.key == COTANGENT and port.layer in layers


class Part:
    """What one worker has of the image, and does with it.

    Parameters
    ----------
    blocks
        With the windows that are its own.
    shares
        What it has of the input of each of them, and of what is left for the rest, if any.
    where
        Where its sessions run.
    beside
        How many workers share the cores of this machine.
    """

    def __init__(
        self,
        blocks: Sequence[BandedBlock],
        shares: Sequence[Share],
        where: Where,
        beside: int = 1,
    ) -> None:
        opener = partial(
            open_session,
            provider=where.provider,
            threads=max(1, cores() // beside),
            precision=where.precision,
            arena=False,
        )
        keep_what_is_freed()
        self._held = [share.held for share in shares]
        following = [*self._held[1:], (0, 0)]
        self._blocks = [
            Block(block, opener, held=held, pooled_from=deeper[0])
            for block, held, deeper in zip(blocks, self._held, following, strict=False)
        ]
        shapes = [list(block.plan.shape) for block in blocks]
        if len(shares) > len(blocks):
            shapes.append(_pooled_shape(blocks[-1].plan))
        for shape, (first, last) in zip(shapes, self._held, strict=True):
            shape[2] = last - first
        self._shapes = [tuple(shape) for shape in shapes]
        self._inputs: dict[int, Scratch] = {}
        self._gradients: dict[int, Scratch] = {}

    def forward(self, stage: int, pieces: Pieces) -> dict[str, Array]:
        """Return the share of the averages of a block that its own windows have.

        Parameters
        ----------
        stage
            Which block, from 0 at the shallowest.
        pieces
            What others have of the rows that it reads; of the first block all of them.
        """
        x = self._room(self._inputs, stage)
        for row, rows in pieces:
            x.array[:, :, self._local(stage, row, row + rows.shape[2])] = rows
        x.let_go()
        deeper = stage + 1 < len(self._shapes)
        pooled = self._room(self._inputs, stage + 1) if deeper else None
        averages = self._blocks[stage].averages()
        self._blocks[stage].forward(x, averages, pooled)
        return averages

    def rows(self, stage: int, first: int, last: int) -> Array:
        """Return rows of a block's input, or of what is left for the rest."""
        return self._inputs[stage].array[:, :, self._local(stage, first, last)].copy()

    def backward(self, stage: int, pieces: Pieces, cotangents: Mapping[str, Array]) -> None:
        """Find the gradient with respect to a block's input.

        Parameters
        ----------
        stage
            Which block.
        pieces
            What others found at the rows of the deeper one's input that are its own.
        cotangents
            The gradients with respect to the averages, by name.
        """
        deeper = None
        if stage + 1 < len(self._shapes):
            deeper = self._gradients.get(stage + 1) or self._room(self._gradients, stage + 1)
            for row, rows in pieces:
                deeper.array[:, :, self._local(stage + 1, row, row + rows.shape[2])] += rows
        self._gradients.pop(stage, None)
        gradient = self._room(self._gradients, stage)
        self._blocks[stage].backward(self._inputs[stage], deeper, cotangents, gradient)
        self._gradients.pop(stage + 1, None)

    def gradient_rows(self, stage: int, first: int, last: int) -> Array:
        """Return rows of the gradient with respect to a block's input."""
        return self._gradients[stage].array[:, :, self._local(stage, first, last)].copy()

    def _room(self, rooms: dict[int, Scratch], stage: int) -> Scratch:
        if stage not in rooms:
            rooms[stage] = room_for(self._shapes[stage])
        return rooms[stage]

    def _local(self, stage: int, first: int, last: int) -> slice:
        return slice(first - self._held[stage][0], last - self._held[stage][0])


def _pooled_shape(plan: BlockPlan) -> list[int]:
    """Return the shape of what a block leaves for deeper ones, [1, channels, H, W]."""
    channels, halvings = plan.convolutions[-1].out_channels, plan.pooled_halvings
    return [1, channels, *(extent >> halvings for extent in plan.shape[2:])]
