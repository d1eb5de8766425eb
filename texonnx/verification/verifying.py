"""From an exported folder to a verification: the order of things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from texonnx.errors import RuntimeUnavailableError
from texonnx.exported.manifest import MANIFEST, Contents, read_manifest
from texonnx.exported.schema import fault
from texonnx.objective.kinds import DISCRIMINATOR_STEP, KINDS
from texonnx.objective.specification import content_part
from texonnx.providers import find_provider
from texonnx.runtime.installed import the_runtime
from texonnx.verification.checking import Checking
from texonnx.verification.operators import kernels_of, operators_of
from texonnx.verification.report import Check, Verification
from texonnx.verification.trial import Runner, first_values

SIDE = 64
"""Pixels: small, so that finite differences take moments, and enough for all layers."""

_CPU = "cpu"


def verify(
    folder: str | Path,
    *,
    providers: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
) -> Verification:
    """Check an exported folder: files, manifest, gradient, and every provider against the CPU.

    The graphs are tried with smooth random noise. The objective's gradient is held against
    central differences, a step of Adam and a few of L-BFGS against the same in NumPy, and what
    every other provider computes with the network, in float32, against what the CPU does.

    Parameters
    ----------
    folder
        What :func:`texonnx.export` wrote.
    providers
        Execution providers to try beside the CPU: ``cuda``, ``openvino`` and so on; all that run
        here if not given.
    size
        Height and width in pixels of the images to try; 64x64 if not given, or what the graphs
        are fixed to.

    Returns
    -------
    Verification
        Every check, passed or failed; the ops of every graph, and who has kernels for them.

    Raises
    ------
    ArtifactError
        When the folder is refused: a file is missing, cut short or altered, a graph is not the
        one that the manifest describes, or reads what lies outside the folder.
    OptionError, RuntimeUnavailableError
        For a size that will not do; a provider that cannot be had.
    """
    folder = Path(folder)
    contents = read_manifest(folder)
    graphs = contents.graphs
    tried_size = contents.size_for(folder, size, SIDE)
    the_runtime()
    tried, skipped = _providers(providers)
    checks = _manifest_checks(contents.entries)
    values = first_values(graphs, tried_size)
    compared = _compared_parts(contents)
    reference = Checking(Runner(folder, graphs, _CPU), graphs, values, compared)
    reference.run_all()
    reference.check_by_themselves()
    checks += reference.checks
    with_network = {name: graph for name, graph in graphs.items() if KINDS[name].network}
    for provider in tried:
        other = Checking(Runner(folder, graphs, provider), with_network, values, compared)
        other.run_all()
        other.check_steps()
        other.check_against(reference.results)
        checks += other.checks
    operators = tuple(operators_of(folder / graph.file) for graph in graphs.values())
    return Verification(
        folder=folder,
        size=tried_size,
        providers=(_CPU, *tried),
        skipped=skipped,
        checks=tuple(checks),
        graphs=operators,
        kernels=kernels_of(operators, [graphs[name].file for name in reference.results]),
    )


def _providers(asked: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    """Return the providers to try beside the CPU, and why others are left out."""
    from texonnx.runtime.sessions import listed_providers, probe

    failures = {}
    for name in listed_providers() if asked is None else asked:
        find_provider(name)
        failures[name] = None if name == _CPU else probe(name)
    failed = {name: why for name, why in failures.items() if why is not None}
    if asked is not None and failed:
        raise RuntimeUnavailableError(next(iter(failed.values())))
    return [name for name in failures if name not in (_CPU, *failed)], failed


def _manifest_checks(manifest: Mapping[str, Any]) -> list[Check]:
    """Return the checks without which the folder would have been refused already, and one more."""
    number, schema = len(manifest["files"]), f"is of schema version {manifest['schema_version']}"
    return [
        Check(MANIFEST, f"{number} files have their lengths and digests"),
        Check(
            MANIFEST,
            f"graphs have their inputs and outputs, opset {manifest['opset']}, IR version "
            f"{manifest['ir_version']}",
        ),
        Check(MANIFEST, "external data lie in the folder"),
        Check(MANIFEST, schema, failure=fault(manifest)),
    ]


def _compared_parts(contents: Contents) -> list[int]:
    """Return where ``layer_losses`` has what is 0 if the image is exemplar and content itself.

    A discriminator's loss is not, nor is one of the image alone.
    """
    if DISCRIMINATOR_STEP.name in contents.graphs:
        return []
    compared = {layer["name"] for layer in contents.entries["layers"]}
    compared |= {content_part(part["layer"]) for part in contents.entries["content"]}
    return [place for place, part in enumerate(contents.traits.parts) if part in compared]
