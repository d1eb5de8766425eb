"""The command line: a thin layer over the public functions."""

from __future__ import annotations

# ruff: noqa: E402
import gc

# What is imported and declared here stays to the end, and is frozen below.
# To look for garbage among it takes a tenth of the time of --help.
gc.disable()

import sys
from typing import Any

import typer

from texonnx.cli import (
    again,
    batch,
    bench,
    describe,
    doctor,
    export,
    reconstruct,
    retile,
    score,
    study,
    synth,
    tile,
    transfer,
    verify,
    weights,
)
from texonnx.cli.ending import BAD_INPUT, INTERRUPTED, complain, relay_notes, stop
from texonnx.cli.signals import exit_code, heed
from texonnx.cli.streams import forgive
from texonnx.errors import TexonnxError, reason

app = typer.Typer(
    name="texonnx",
    help="Make more of a texture, with ONNX Runtime alone.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(synth.synth)
app.command()(tile.tile)
app.command()(retile.retile)
app.command()(transfer.transfer)
app.command()(reconstruct.reconstruct)
app.command()(again.resume)
app.command()(again.replay)
app.command()(batch.batch)
app.command()(study.study)
app.command()(export.export)
app.command()(verify.verify)
app.command()(describe.describe)
app.add_typer(weights.app, name="weights")
app.command()(score.score)
app.command()(bench.bench)
app.command()(doctor.doctor)

gc.freeze()
gc.enable()


def _show_version(wanted: bool) -> None:
    if wanted:
        from texonnx.version import __version__

        print(f"texonnx {__version__}")
        raise typer.Exit


@app.callback()
def _texonnx(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Make more of a texture, with ONNX Runtime alone."""


def main() -> None:
    """Run the command line; every failure a user can cause is one sentence and exit code 2."""
    forgive()
    heed()
    relay_notes(True)
    try:
        _run()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError as error:
            complain(f"what was printed is lost: {reason(error)}")


def _run() -> None:
    try:
        code = app(standalone_mode=False)
    except TexonnxError as error:
        stop(str(error), BAD_INPUT)
    except MemoryError:
        stop("memory ran out; give it smaller images, or less to do beside it", BAD_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        stop("interrupted", exit_code())
    except Exception as error:
        # What the parser refuses has a message for the user; anything else is our own mistake.
        if not hasattr(error, "format_message"):
            raise
        stop(_sentence(error), BAD_INPUT)
    # Typer turns a Ctrl-C that no command took care of into this code.
    if code == INTERRUPTED:
        stop("interrupted", exit_code())
    sys.exit(code)


def _sentence(error: Any) -> str:
    """Return what the parser refuses, with the value, which its own message leaves out."""
    message = str(error.format_message()).rstrip(".")
    details = getattr(error.__cause__, "errors", None)
    return f"{message}, not '{details()[0]['input']}'" if details else message
