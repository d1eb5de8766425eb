"""The objective a part of the image at a time: loss and gradient with little of it in memory."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.losses.ports import TARGET, Port
from texonnx.objective.banded import BandedBlock, BandedGraphs
from texonnx.objective.banding import Stretch, Window, WindowKind
from texonnx.objective.source import Graph
from texonnx.runtime.binding import HostSession
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.runtime.scratch import Scratch, room_for
from texonnx.runtime.sessions import Opener

Array = NDArray[np.float32]
_Slices = tuple[slice, ...]

_ALL = slice(None)
_MOST_OPEN = 4
"""Bands of an image with edges have three kinds; windows nine and more."""


class BandedObjective:
    """Loss and gradient of an objective whose statistics follow from averages.

    Parameters
    ----------
    graphs
        Of the parts and of the rest.
    targets
        What the losses take beside the image, by name.
    open_session
        Starts a session of a graph.
    """

    def __init__(
        self,
        graphs: BandedGraphs,
        targets: Mapping[str, Array],
        open_session: Opener,
    ) -> None:
        self._blocks = [Block(block, open_session, targets=targets) for block in graphs.blocks]
        self._rest = HostSession(open_session(graphs.rest), targets)

    def __call__(self, image: Image) -> Evaluation:
        """Evaluate at `image`, [1, 3, H, W] in [0, 1]."""
        rest = self._rest.inputs
        inputs = _walk(self._blocks, image, rest)
        if "image" in rest:
            rest["image"][...] = image
        self._rest.run()
        results = self._rest.outputs
        gradient = Scratch(results["gradient"]) if "gradient" in results else None
        for block in reversed(self._blocks):
            x = inputs.pop()
            # The image's own gradient is the result, and stays in memory.
            of_x = room_for(block.shape) if inputs else Scratch(np.zeros(block.shape, np.float32))
            block.backward(x, gradient, results, of_x)
            gradient = of_x
        assert gradient is not None
        if "gradient.image" in results:
            gradient.array += results["gradient.image"]
        return Evaluation(Losses.of(results), gradient.array)

    def sample(self, image: Image) -> float:
        """Evaluate one window of each kind; return the seconds that all of them would take.

        All memory is taken that the whole takes.
        """
        seconds = 0.0
        held = []
        for place, block in enumerate(self._blocks):
            x = Scratch(image) if place == 0 else _filled(room_for(block.shape))
            gradient = _filled(room_for(block.shape))
            seconds += block.sample(x, gradient)
            held += [x, gradient]
        begun = time.perf_counter()
        self._rest.run()
        return seconds + time.perf_counter() - begun


def _filled(scratch: Scratch) -> Scratch:
    """Touch all of it, so that it is in memory, if that is where it is."""
    scratch.array[...] = 0
    scratch.let_go()
    return scratch


class BandedStatistics:
    """The statistics of an exemplar.

    Parameters
    ----------
    graphs
        Of the parts and of the rest.
    open_session
        Starts a session of a graph.
    """

    def __init__(self, graphs: BandedGraphs, open_session: Opener) -> None:
        self._blocks = [Block(block, open_session, gradients=False) for block in graphs.blocks]
        self._rest = HostSession(open_session(graphs.rest), {})

    def __call__(self, exemplar: Image) -> dict[str, Array]:
        """Return the target statistics of an exemplar, [1, 3, H, W], by name."""
        _walk(self._blocks, exemplar, self._rest.inputs)
        self._rest.run()
        return dict(self._rest.outputs)


class BandedContent:
    """The maps of a content image, which an image of its size is held against.

    Parameters
    ----------
    blocks
        As far as there are content layers.
    open_session
        Starts a session of a graph.
    """

    def __init__(self, blocks: Sequence[BandedBlock], open_session: Opener) -> None:
        self._blocks = [Block(block, open_session, gradients=False) for block in blocks]

    def __call__(self, content: Image) -> dict[str, Array]:
        """Return the targets of a content image, [1, 3, H, W], by name: [channels, positions]."""
        targets = {
            name: room_for(shape).array
            for block in self._blocks
            for name, shape in block.targets_shapes().items()
        }
        _walk(self._blocks, content, targets)
        return targets


class Block:
    """A block of the network, or several at once, in bands or windows.

    Parameters
    ----------
    block
        How, and the graphs.
    open_session
        Starts a session of a graph.
    gradients
        Whether gradients are asked for.
    held
        Which rows of its input there are, the first and the one behind the last, where that is not
        all of them; beyond the map's ends they stand for those of its other side.
    pooled_from
        Which row of what it leaves for deeper blocks is the first that there is room for.
    targets
        What its maps are held against position by position, [channels, positions], by name.
    """

    def __init__(
        self,
        block: BandedBlock,
        open_session: Opener,
        *,
        gradients: bool = True,
        held: tuple[int, int] | None = None,
        pooled_from: int = 0,
        targets: Mapping[str, Array] | None = None,
    ) -> None:
        self._held = held
        self._targets = targets or {}
        self._pooled_from = pooled_from
        self._plan = block.plan
        self._layers = {layer.name: layer for layer in block.plan.convolutions}
        # Those of a kind together, so that its session need not be opened twice.
        kinds = list(dict.fromkeys(window.kind for window in block.plan.windows))
        self._windows = sorted(block.plan.windows, key=lambda window: kinds.index(window.kind))
        self._forward, self._backward = (
            _Sessions(graphs, open_session)
            for graphs in (block.forward, block.backward if gradients else {})
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Of its input, [1, channels, H, W]."""
        return self._plan.shape

    def averages(self) -> dict[str, Array]:
        """Return zeros for each of its averages, by name; none where no window is its own."""
        return {
            name: np.zeros_like(value)
            for name, value in self._outputs().items()
            if name != "pooled"
        }

    def targets_shapes(self) -> dict[str, tuple[int, int]]:
        """Return the shapes of the targets that a content image's graphs give, by name."""
        shapes = {}
        for name, value in self._outputs().items():
            if name != "pooled":
                height, width = self._extents(name)
                shapes[name] = value.shape[0], height * width
        return shapes

    def _outputs(self) -> Mapping[str, Array]:
        """Return those of one of its windows, by name; none where no window is its own."""
        return self._forward[self._windows[0].kind].outputs if self._windows else {}

    def forward(self, x: Scratch, averages: Mapping[str, Array], pooled: Scratch | None) -> None:
        """Put the averages of the block's layers into `averages`, what follows into `pooled`.

        Of a content image they are its maps themselves, each window's at its place.

        Parameters
        ----------
        x
            The block's input, [1, channels, H, W].
        averages
            Arrays by name.
        pooled
            [1, channels, H', W'], where deeper blocks follow.
        """
        for window in self._windows:
            session = self._run_forward(x, window)
            for name, value in session.outputs.items():
                if name == "pooled":
                    continue
                if _is_target(name):
                    place = self._own_part(averages[name], window, name)
                    place[...] = value.reshape(place.shape)
                    continue
                if window is self._windows[0]:
                    averages[name][...] = 0
                averages[name] += self._share(window, name) * value
            if pooled is not None:
                own = session.outputs["pooled"]
                pooled.array[self._pooled(window, own)] = own
                pooled.let_go()

    def backward(
        self,
        x: Scratch,
        pooled_gradient: Scratch | None,
        cotangents: Mapping[str, Array],
        gradient: Scratch,
    ) -> None:
        """Add the gradient with respect to the block's input to `gradient`.

        Parameters
        ----------
        x
            The block's input, [1, channels, H, W].
        pooled_gradient
            The gradient with respect to what :meth:`forward` put into `pooled`.
        cotangents
            The gradients with respect to the averages, by name.
        gradient
            [1, channels, H, W].
        """
        for window in self._windows:
            for name, array in self._backward[window.kind].inputs.items():
                if name == "cotangent.pooled":
                    assert pooled_gradient is not None
                    array[...] = pooled_gradient.array[self._pooled(window, array)]
                    pooled_gradient.let_go()
                elif name != "x" and not _is_target(name):
                    np.multiply(cotangents[name], self._share(window, name), out=array)
            self._run_backward(x, window, gradient)

    def sample(self, x: Scratch, gradient: Scratch) -> float:
        """Evaluate one window of each kind; return the seconds that all of them would take."""
        seconds = 0.0
        count = Counter(window.kind for window in self._plan.windows)
        for window in {window.kind: window for window in self._plan.windows}.values():
            _ = self._forward[window.kind], self._backward[window.kind]  # opened once for all
            begun = time.perf_counter()
            self._run_forward(x, window)
            self._run_backward(x, window, gradient)
            seconds += (time.perf_counter() - begun) * count[window.kind]
        return seconds

    def _run_forward(self, x: Scratch, window: Window) -> HostSession:
        session = self._forward[window.kind]
        self._prepare(session, x, window)
        session.run()
        return session

    def _run_backward(self, x: Scratch, window: Window, gradient: Scratch) -> None:
        session = self._backward[window.kind]
        self._prepare(session, x, window)
        session.run()
        for there, here in self._places(window):
            gradient.array[there] += session.outputs["gradient"][here]
        gradient.let_go()

    def _prepare(self, session: HostSession, x: Scratch, window: Window) -> None:
        """Put what a window reads, and what its maps are held against, into its inputs."""
        for there, here in self._places(window):
            session.inputs["x"][here] = x.array[there]
        x.let_go()
        for name, array in session.inputs.items():
            if _is_target(name):
                part = self._own_part(self._targets[name], window, name)
                array.reshape(part.shape)[...] = part

    def _extents(self, name: str) -> tuple[int, int]:
        """Return height and width of the maps of the layer that a name is of."""
        halvings = self._halvings(name)
        height, width = self._plan.shape[2:]
        return height >> halvings, width >> halvings

    def _own_part(self, whole: Array, window: Window, name: str) -> Array:
        """View what a window's own positions have of [channels, positions], as maps."""
        halvings = self._halvings(name)
        rows, columns = (
            slice(stretch.start >> halvings, stretch.end >> halvings)
            for stretch in (window.rows, window.columns)
        )
        return whole.reshape(-1, *self._extents(name))[:, rows, columns]

    def _halvings(self, name: str) -> int:
        port = Port.parse(name)
        assert port is not None
        return self._plan.halvings(self._layers[port.layer])

    def _places(self, window: Window) -> Iterator[tuple[_Slices, _Slices]]:
        """Yield where what a window reads lies in the map and in the window, in up to 9 pieces."""
        height, width = self._plan.shape[2:]
        for rows, own_rows in self._rows(window.rows, height):
            for columns, own_columns in _turns(window.columns, width):
                yield (_ALL, _ALL, rows, columns), (_ALL, _ALL, own_rows, own_columns)

    def _rows(self, stretch: Stretch, extent: int) -> Iterator[tuple[slice, slice]]:
        if self._held is None:
            yield from _turns(stretch, extent)
            return
        first, last = stretch.first - self._held[0], stretch.last - self._held[0]
        yield slice(first, last), slice(0, last - first)

    def _pooled(self, window: Window, own: Array) -> _Slices:
        """Return where what is pooled of a window, `own`, lies in that of all."""
        halvings = self._plan.pooled_halvings
        down, across = window.rows.start >> halvings, window.columns.start >> halvings
        starts = (down - self._pooled_from, across)
        rows, columns = (
            slice(start, start + extent)
            for start, extent in zip(starts, own.shape[2:], strict=True)
        )
        return _ALL, _ALL, rows, columns

    def _share(self, window: Window, name: str) -> np.float32:
        """Return how much a window's average, or its cotangent, counts in that of the whole."""
        port = Port.parse(name)
        assert port is not None
        return np.float32(self._plan.share(window, self._layers[port.layer]))


class _Sessions:
    """A session for each kind of window: all of them, or where they are many one at a time.

    Each holds the weights for itself.
    """

    def __init__(self, graphs: Mapping[WindowKind, Graph], open_session: Opener) -> None:
        self._graphs = graphs
        self._start = open_session
        self._open: dict[WindowKind, HostSession] = {}

    def __getitem__(self, kind: WindowKind) -> HostSession:
        """Return that of a kind."""
        if kind not in self._open:
            if len(self._graphs) > _MOST_OPEN:
                self._open.clear()
            self._open[kind] = HostSession(self._start(self._graphs[kind]), {})
        return self._open[kind]


def _is_target(name: str) -> bool:
    """Whether an input or output is what maps are held against position by position."""
    port = Port.parse(name)
    return port is not None and port.key == TARGET


def _turns(stretch: Stretch, extent: int) -> Iterator[tuple[slice, slice]]:
    """Yield where a stretch lies in a map that goes on at its other side, and in itself."""
    for turn in (-extent, 0, extent):
        first, last = max(stretch.first, turn), min(stretch.last, turn + extent)
        if first < last:
            yield (
                slice(first - turn, last - turn),
                slice(first - stretch.first, last - stretch.first),
            )


def _walk(blocks: Sequence[Block], image: Image, rest: Mapping[str, Array]) -> list[Scratch]:
    """Go through the blocks forward; return the input of each.

    Their averages, and what the deepest leaves for the `rest`, come to lie in its inputs.
    """
    inputs = [Scratch(image)]
    for block, deeper in zip(blocks, [*blocks[1:], None], strict=True):
        pooled = None
        if deeper is not None:
            pooled = room_for(deeper.shape)
        elif "x" in rest:
            pooled = Scratch(rest["x"])
        block.forward(inputs[-1], rest, pooled)
        if deeper is not None and pooled is not None:
            inputs.append(pooled)
    return inputs
