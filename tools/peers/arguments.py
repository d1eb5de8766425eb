"""Values of command-line arguments, read in one way by every tool."""

from __future__ import annotations

import argparse
import shutil


def python(text: str) -> str:
    """Return `text` if it names a program that can be run."""
    if shutil.which(text) is None:
        raise argparse.ArgumentTypeError(f"{text} is no program that can be run")
    return text


def at_least_one(text: str) -> int:
    """Return the whole number that `text` says, 1 or more."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 on")
    return number
