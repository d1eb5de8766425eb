"""The rooms of the package stand on the floors that CONTRIBUTING draws."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import texonnx

PACKAGE = Path(texonnx.__file__).parent
GUIDE = PACKAGE.parent / "CONTRIBUTING.md"


def floors() -> dict[str, int]:
    """Return the floor of each room, counted from the top."""
    drawing = re.search(r"```\n(cli -> .*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert drawing is not None
    names = [re.split(r"[,\s]+", floor.strip()) for floor in drawing[1].split("->")]
    return {name: floor for floor, rooms in enumerate(names) for name in rooms}


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def imported(path: Path) -> Iterator[str]:
    """Yield the rooms that a file imports from, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "texonnx":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("texonnx."):
            yield room_of(str(node.module))


def test_every_room_is_in_the_drawing() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__main__", "__pycache__"} == set(floors())


@pytest.mark.parametrize("room", floors())
def test_a_room_imports_from_the_floors_below_alone(room: str) -> None:
    floor = floors()
    place = PACKAGE / room
    for path in place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]:
        for other in imported(path):
            assert other == room or floor[other] > floor[room], f"{path.name} imports {other}"
