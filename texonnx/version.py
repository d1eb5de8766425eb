"""The package's version, read from its metadata."""

from importlib import metadata

__version__ = metadata.version("texonnx")
