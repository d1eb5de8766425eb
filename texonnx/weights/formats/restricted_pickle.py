"""An unpickler that admits a given few reconstructions and nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import IO, Any, TypeAlias

from texonnx.errors import WeightsError

Globals: TypeAlias = Mapping[tuple[str, str], Any]


class Callback:
    """A function that a pickle may call but, having no attributes, not tamper with."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        """Call the function."""
        return self._function(*arguments)


class RestrictedUnpickler(pickle.Unpickler):
    """Reads a pickle without ever importing or calling what it names.

    Parameters
    ----------
    file
        Open for reading in binary.
    admitted
        For each module and name that a pickle may ask for, what it gets in its place. Made anew
        for each file, so that nothing a pickle does to it lasts.
    persistent_load
        What turns a persistent identifier into an object; without it there may be none.
    """

    def __init__(
        self,
        file: IO[bytes],
        admitted: Globals,
        persistent_load: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(file, encoding="latin1")  # latin1 keeps the bytes of Python 2 strings
        self._admitted = admitted
        self._persistent_load = persistent_load

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for a global, or refuse it by its name."""
        try:
            return self._admitted[module, name]
        except KeyError:
            raise WeightsError(
                f"its pickle asks for '{module}.{name}', and only arrays and containers of "
                "arrays are admitted"
            ) from None

    def persistent_load(self, pid: Any) -> Any:
        """Return what a persistent identifier stands for."""
        if self._persistent_load is None:
            raise WeightsError("its pickle refers to objects outside of it, and none are admitted")
        return self._persistent_load(pid)
