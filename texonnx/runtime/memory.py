"""When memory runs out: how it is known, in the words of everybody who allocates."""

from __future__ import annotations

from texonnx.errors import RuntimeUnavailableError, TexonnxError

WHAT_HELPS = (
    "what helps: a smaller --size, --memory low, --layers shallow, or less of other work beside"
)
_WORDS = (
    "failed to allocate memory",
    "bad allocation",
    "bad_alloc",
    "out of memory",
    "out_of_memory",
    "cannot allocate memory",
    "allocation failed",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of Python, NumPy or a runtime's allocator says that memory ran out."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, TexonnxError) and not isinstance(error, RuntimeUnavailableError):
        return False  # what it says may be a file's name
    text = str(error).lower()
    return any(words in text for words in _WORDS)
