"""The ops of every graph of a folder, and where each has a kernel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import onnx

from texonnx.providers import PROVIDERS, Kernels
from texonnx.verification.report import GraphOperators

KERNELS: Mapping[str, Kernels] = {
    **{name: one.kernels for name, one in PROVIDERS.items() if one.kernels is not None},
    "wasm": Kernels("README.md of onnxruntime-web 1.30.0: all operators in ai.onnx", has_all=True),
}
"""Which ops have kernels where: of the providers what their records tell, and of browsers."""


def operators_of(path: Path) -> GraphOperators:
    """Count the ops of a graph; one of another domain than ONNX's own is named with it."""
    model = onnx.load(path, load_external_data=False)
    names = (f"{node.domain}.{node.op_type}".lstrip(".") for node in model.graph.node)
    opset = next(entry.version for entry in model.opset_import if not entry.domain)
    return GraphOperators(path.name, opset, model.ir_version, dict(sorted(Counter(names).items())))


def kernels_of(
    graphs: Iterable[GraphOperators], ran_on_the_cpu: Iterable[str]
) -> dict[str, Mapping[str, bool | None]]:
    """Return for every op and provider whether there is a kernel.

    Parameters
    ----------
    graphs
        Whose ops they are.
    ran_on_the_cpu
        The files of the graphs that ran on the CPU here, which has a kernel for all their ops.
    """
    ran = set(ran_on_the_cpu)
    used = list(graphs)
    on_cpu = {op for graph in used if graph.file in ran for op in graph.counts}
    return {
        op: {"cpu": True if op in on_cpu else None}
        | {provider: kernels[op] for provider, kernels in KERNELS.items()}
        for op in sorted({op for graph in used for op in graph.counts})
    }
