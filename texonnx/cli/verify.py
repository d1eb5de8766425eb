"""``texonnx verify``: whether an exported folder is whole, and every provider computes it right."""

from __future__ import annotations

import json
import textwrap
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from texonnx.cli.ending import FAILED
from texonnx.cli.parameters import Quiet
from texonnx.options.text import parse_size

if TYPE_CHECKING:
    from texonnx.verification import Check, Verification

_WIDTH = 100
_KNOWN = {True: "yes", False: "no", None: "not known"}


def verify(
    folder: Annotated[Path, typer.Argument(help="What texonnx export wrote.")],
    provider: Annotated[
        list[str] | None,
        typer.Option(
            help="Held against the CPU: cuda, openvino and so on; may be given more than once.",
            show_default="all that run here",
        ),
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="Pixels of the images to try, N or WxH.", show_default="64")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the results here too.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Check an exported folder: files, gradient, and every provider against the CPU.

    The exit code is 0 if every check holds, 1 if one fails, and 2 if the
    folder is refused: incomplete, altered, or reaching outside itself.
    """
    from texonnx.system.files import check_target, write_text
    from texonnx.verification import verify as verify_folder

    if json_file is not None:
        check_target(json_file)
    asked = [word.strip() for one in provider or [] for word in one.split(",")]
    found = verify_folder(
        folder, providers=asked or None, size=None if size is None else parse_size(size)
    )
    if json_file is not None:
        write_text(json_file, json.dumps(_as_json(found), indent=1) + "\n")
    if not quiet:
        print(as_text(found))
    if not found.passed:
        raise typer.Exit(FAILED)


def as_text(found: Verification) -> str:
    """Return a line for each check, the ops of each graph, and who has kernels for them."""
    failed = [check for check in found.checks if not check.passed]
    result = f"{len(failed)} of {len(found.checks)} checks failed" if failed else "all checks hold"
    skipped = (f"not tried: {name}: {why}" for name, why in found.skipped.items())
    return "\n".join(
        [
            f"{found.folder}, tried with {found.size} pixels on {', '.join(found.providers)}",
            *skipped,
            "",
            *_check_lines(found.checks),
            "",
            *_operator_lines(found),
            "",
            *_kernel_lines(found),
            "",
            result,
        ]
    )


def _check_lines(checks: Sequence[Check]) -> Iterator[str]:
    columns = zip(*((one.provider or "", one.subject, one.what) for one in checks), strict=True)
    provider, subject, what = (max(map(len, column)) for column in columns)
    for check in checks:
        result = "ok" if check.passed else "failed"
        deviation = "" if check.deviation is None else f"{check.deviation:.1e}"
        allowed = "" if check.deviation is None else f"of {check.tolerance:.0e}"
        why = f": {check.failure}" if check.failure else ""
        yield (
            f"{check.provider or '':<{provider}}  {check.subject:<{subject}}  "
            f"{check.what:<{what}}  {deviation:>7} {allowed:<8} {result}{why}"
        )


def _operator_lines(found: Verification) -> Iterator[str]:
    for graph in found.graphs:
        counts = ", ".join(f"{op} {count}" for op, count in graph.counts.items())
        yield from textwrap.wrap(
            f"{graph.file}: opset {graph.opset}, IR version {graph.ir_version}, "
            f"{sum(graph.counts.values())} nodes: {counts}",
            _WIDTH,
            subsequent_indent="    ",
        )


def _kernel_lines(found: Verification) -> Iterator[str]:
    """Yield the providers, and the ops that have kernels on the same of them together."""
    from texonnx.verification.operators import KERNELS

    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for op, known in found.kernels.items():
        alike[tuple(_KNOWN[one] for one in known.values())].append(op)
    providers = next(iter(found.kernels.values()))
    yield "kernels for an op: " + "".join(f"{name:<11}" for name in providers).rstrip()
    for answers, ops in sorted(alike.items(), key=lambda item: -len(item[1])):
        yield " " * 19 + "".join(f"{answer:<11}" for answer in answers).rstrip()
        yield from textwrap.wrap(
            ", ".join(ops), _WIDTH, initial_indent="    ", subsequent_indent="    "
        )
    yield "cpu: as it ran here"
    for name, kernels in KERNELS.items():
        yield f"{name}: {kernels.source}"


def _as_json(found: Verification) -> dict[str, Any]:
    checks = [asdict(check) | {"passed": check.passed} for check in found.checks]
    return asdict(found) | {
        "folder": str(found.folder),
        "size": {"height": found.size[0], "width": found.size[1]},
        "passed": found.passed,
        "checks": checks,
    }
