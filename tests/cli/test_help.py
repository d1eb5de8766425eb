"""Help and version: quick, complete, and true to the functions behind them."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main
from support.commands import Texonnx, run_process

import texonnx
from texonnx.cli import app
from texonnx.curves import CURVES_SUFFIXES
from texonnx.images import ANIMATION_SUFFIXES
from texonnx.options.text import parse_widths
from texonnx.weights import CONVENTIONS, FETCH_SOURCES

HEAVY = ("numpy", "onnx", "onnx_ir", "onnxruntime", "scipy", "PIL", "h5py", "torch")

_REPORT_MODULES = """
import json, sys
from texonnx.cli import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        [],
        ["synth", "--help"],
        ["transfer", "--help"],
        ["reconstruct", "-h"],
        ["export", "--help"],
        ["verify", "-h"],
        ["describe", "-h"],
        ["weights", "-h"],
        ["bench", "-h"],
    ],
    ids=" ".join,
)
def test_help_and_version_import_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    outcome = run_process([sys.executable, "-c", _REPORT_MODULES, *arguments], tmp_path)
    modules = set(json.loads(outcome.out.splitlines()[-1]))
    assert not modules & set(HEAVY)
    assert "Traceback" not in outcome.err


def test_version_is_that_of_the_package(texonnx: Texonnx) -> None:
    from importlib import metadata

    outcome = texonnx("--version")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"texonnx {metadata.version('texonnx')}\n"


def test_help_names_every_command(texonnx: Texonnx) -> None:
    outcome = texonnx("--help")
    assert outcome.code == 0
    names = (
        "synth", "tile", "retile", "transfer", "reconstruct", "batch", "export", "verify",
        "describe",
        "weights", "score", "bench", "doctor",
    )  # fmt: skip
    assert all(name in outcome.out for name in names)


def parameters(name: str) -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    found = group
    for word in name.split():
        found = found.commands[word]
    return {parameter.name: parameter for parameter in found.params}


CALLBACKS = {"on_step", "on_begin", "on_download"}
OF_THE_COMMAND = {"checkpoint": "auto"}
"""Defaults that the function has not: in a program, nothing is kept that was not asked for."""
AS_TEXT = {"disc_widths"}
"""Numbers that the command line takes with commas between them."""


@pytest.mark.parametrize(
    ("name", "function", "positional"),
    [
        ("synth", texonnx.synthesize, set()),
        ("transfer", texonnx.transfer, set()),
        ("reconstruct", texonnx.reconstruct, set()),
        ("retile", texonnx.retile, set()),
        ("export", texonnx.export, {"folder"}),
    ],
)
def test_every_option_and_default_is_that_of_the_function(
    name: str, function: Callable[..., Any], positional: set[str]
) -> None:
    options = parameters(name)
    for word, parameter in inspect.signature(function).parameters.items():
        if word in CALLBACKS | positional:
            continue
        assert word in options, f"--{word} is missing"
        if parameter.default is not inspect.Parameter.empty:
            default = options[word].default
            if word in OF_THE_COMMAND:
                assert default == OF_THE_COMMAND[word]
                continue
            if word in AS_TEXT:
                default = parse_widths(default)
            assert default == parameter.default, word
            assert type(default) is type(parameter.default), word


@pytest.mark.parametrize("name", ["synth", "transfer", "reconstruct"])
def test_the_help_of_a_picture_of_a_run_names_the_formats(name: str) -> None:
    options = parameters(name)
    assert all(suffix in options["animate"].help for suffix in ANIMATION_SUFFIXES)
    assert all(suffix in options["plot"].help for suffix in CURVES_SUFFIXES)


@pytest.mark.parametrize(
    ("name", "option", "accepted"),
    [("weights fetch", "source", FETCH_SOURCES), ("weights import", "convention", CONVENTIONS)],
)
def test_the_help_of_the_weights_commands_names_everything_they_accept(
    name: str, option: str, accepted: tuple[str, ...]
) -> None:
    words = parameters(name)[option].help
    assert all(one in words for one in accepted), words


@pytest.mark.parametrize(
    "name",
    [
        "synth",
        "transfer",
        "reconstruct",
        "tile",
        "retile",
        "batch",
        "export",
        "verify",
        "describe",
        "score",
        "bench",
        "doctor",
        "weights fetch",
        "weights import",
        "weights list",
    ],
)
def test_every_option_has_a_help(name: str) -> None:
    for word, parameter in parameters(name).items():
        assert parameter.help or word == "help", word


@pytest.mark.parametrize("name", ["transfer", "reconstruct", "retile"])
def test_the_help_of_a_verb_names_its_images_and_options(name: str, texonnx: Texonnx) -> None:
    outcome = texonnx(name, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    for word in ("--output", "--animate", "--plot", "--history", "--save-every", "--quiet"):
        assert word in outcome.out
    assert ("CONTENT" if name == "transfer" else "IMAGE") in outcome.out
