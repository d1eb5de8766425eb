"""The objective in bands: loss and gradient without the maps of the first blocks in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence

import numpy as np
from numpy.typing import NDArray

from texonnx.images import Image
from texonnx.objective.banded import BandedBlock, BandedGraphs
from texonnx.objective.banding import Band
from texonnx.runtime.binding import HostSession
from texonnx.runtime.engine import Evaluation, Losses
from texonnx.runtime.sessions import Opener

Array = NDArray[np.float32]


class BandedObjective:
    """Loss and gradient of an objective whose statistics are averages.

    Parameters
    ----------
    graphs
        Of the bands and of the rest.
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
        assert graphs.rest is not None
        self._blocks = [_Block(block, open_session) for block in graphs.blocks]
        self._rest = HostSession(open_session(graphs.rest), targets)

    def __call__(self, image: Image) -> Evaluation:
        """Evaluate at `image`, [1, 3, H, W] in [0, 1]."""
        rest = self._rest.inputs
        inputs = _walk(self._blocks, image, rest, rest.get("x"))
        if "image" in rest:
            rest["image"][...] = image
        self._rest.run()
        results = self._rest.outputs
        gradient = results.get("gradient")
        for block in reversed(self._blocks):
            gradient = block.backward(inputs.pop(), gradient, results)
        assert gradient is not None
        if "gradient.image" in results:
            gradient += results["gradient.image"]
        return Evaluation(Losses.of(results), gradient)


class BandedStatistics:
    """The statistics of an exemplar.

    Parameters
    ----------
    graphs
        Of the bands and of the deeper blocks.
    open_session
        Starts a session of a graph.
    """

    def __init__(self, graphs: BandedGraphs, open_session: Opener) -> None:
        self._blocks = [_Block(block, open_session, gradients=False) for block in graphs.blocks]
        self._rest = None if graphs.rest is None else HostSession(open_session(graphs.rest), {})
        self._targets = graphs.targets

    def __call__(self, exemplar: Image) -> dict[str, Array]:
        """Return the target statistics of an exemplar, [1, 3, H, W], by name."""
        statistics: dict[str, Array] = {}
        last = None if self._rest is None else self._rest.inputs["x"]
        _walk(self._blocks, exemplar, statistics, last)
        if self._rest is not None:
            self._rest.run()
            statistics |= self._rest.outputs
        return {name: statistics[own] for own, name in self._targets.items()}


class _Block:
    """A block of the network, in bands."""

    def __init__(
        self,
        block: BandedBlock,
        open_session: Opener,
        *,
        gradients: bool = True,
    ) -> None:
        self.shape = block.plan.shape
        self._bands = block.plan.bands
        self._forward, self._backward = (
            {kind: HostSession(open_session(path), {}) for kind, path in graphs.items()}
            for graphs in (block.forward, block.backward if gradients else {})
        )

    def forward(
        self, x: Array, statistics: MutableMapping[str, Array], pooled: Array | None
    ) -> None:
        """Put the statistics of the block's layers into `statistics`, what follows into `pooled`.

        Parameters
        ----------
        x
            The block's input, [1, channels, H, W].
        statistics
            Arrays by name, filled where there are some, else new ones.
        pooled
            [1, channels, H // 2, W // 2], where deeper blocks follow.
        """
        for band in self._bands:
            session = self._forward[band.kind]
            self._read(x, band, session.inputs["x"])
            session.run()
            for name, value in session.outputs.items():
                if name == "pooled":
                    continue
                total = statistics.setdefault(name, np.empty_like(value))
                if band is self._bands[0]:
                    total[...] = 0
                total += self._share(band) * value
            if pooled is not None:
                rows = session.outputs["pooled"]
                pooled[:, :, _pooled_rows(band, rows)] = rows

    def backward(
        self, x: Array, pooled_gradient: Array | None, cotangents: Mapping[str, Array]
    ) -> Array:
        """Return the gradient with respect to the block's input.

        Parameters
        ----------
        x
            The block's input, [1, channels, H, W].
        pooled_gradient
            The gradient with respect to what :meth:`forward` put into `pooled`.
        cotangents
            The gradients with respect to the statistics, by name.
        """
        gradient = np.zeros_like(x)
        for band in self._bands:
            session = self._backward[band.kind]
            for name, array in session.inputs.items():
                if name == "x":
                    self._read(x, band, array)
                elif name == "cotangent.pooled":
                    assert pooled_gradient is not None
                    array[...] = pooled_gradient[:, :, _pooled_rows(band, array)]
                else:
                    np.multiply(cotangents[name], self._share(band), out=array)
            session.run()
            for there, here in self._rows(band):
                gradient[:, :, there] += session.outputs["gradient"][:, :, here]
        return gradient

    def _read(self, x: Array, band: Band, to: Array) -> None:
        for there, here in self._rows(band):
            to[:, :, here] = x[:, :, there]

    def _rows(self, band: Band) -> Iterator[tuple[slice, slice]]:
        """Yield where a band's rows lie in the map and in the band, in up to three pieces."""
        height = self.shape[2]
        for turn in (-height, 0, height):
            first, last = max(band.first, turn), min(band.last, turn + height)
            if first < last:
                yield slice(first - turn, last - turn), slice(first - band.first, last - band.first)

    def _share(self, band: Band) -> np.float32:
        return np.float32(band.kind.rows / self.shape[2])


def _walk(
    blocks: Sequence[_Block],
    image: Image,
    statistics: MutableMapping[str, Array],
    last: Array | None,
) -> list[Array]:
    """Go through the blocks forward: see :meth:`_Block.forward`. Return the input of each.

    What the deepest leaves for the rest comes to lie in `last`.
    """
    inputs = [image]
    for block, deeper in zip(blocks, [*blocks[1:], None], strict=True):
        pooled = last if deeper is None else np.empty(deeper.shape, np.float32)
        block.forward(inputs[-1], statistics, pooled)
        if deeper is not None and pooled is not None:
            inputs.append(pooled)
    return inputs


def _pooled_rows(band: Band, rows: Array) -> slice:
    start = band.start // 2
    return slice(start, start + rows.shape[2])
