"""What is typed on a command line, turned into values; OptionError for what cannot be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from texonnx.errors import OptionError
from texonnx.sizes import Size


def either(words: Iterable[str]) -> str:
    """Return words as alternatives.

    Examples
    --------
    >>> either(["fp32", "bf16", "tf32"])
    'fp32, bf16 or tf32'
    """
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


_MOST_OF_A_RANGE = 10_000


def parse_size(text: str) -> Size:
    """Turn ``N`` or ``WxH`` into height and width.

    Examples
    --------
    >>> parse_size("512x256")
    Size(height=256, width=512)
    """
    width, times, height = text.lower().partition("x")
    try:
        return Size(int(height if times else width), int(width))
    except ValueError:
        raise OptionError(
            f"a size is N or WxH in pixels, such as 512 or 512x256, not '{text}'"
        ) from None


def parse_words(texts: list[str]) -> tuple[str, ...] | None:
    """Return the words of an option given several times or with commas, each once.

    Examples
    --------
    >>> parse_words(["cpu,cuda", "cpu"])
    ('cpu', 'cuda')
    """
    words = [word.strip() for text in texts for word in text.split(",")]
    return tuple(dict.fromkeys(word for word in words if word)) or None


def parse_sizes(texts: list[str]) -> tuple[Size, ...] | None:
    """Return the sizes of an option given several times or with commas, each once."""
    words = parse_words(texts)
    return None if words is None else tuple(dict.fromkeys(map(parse_size, words)))


def parse_steps(text: str) -> tuple[int, ...]:
    """Turn ``N``, or ``N,N,N`` coarsest first, into numbers of steps.

    Examples
    --------
    >>> parse_steps("80,40,20")
    (80, 40, 20)
    """
    return _whole_numbers(
        text, "steps are one number, or one for each scale, such as 100 or 80,40,20"
    )


def parse_numbers(text: str, what: str) -> tuple[float, ...]:
    """Turn comma-separated numbers into numbers; nothing into none.

    Examples
    --------
    >>> parse_numbers("0.7,0.3", "shares")
    (0.7, 0.3)
    """
    try:
        return tuple(float(part) for part in text.split(",")) if text.strip() else ()
    except ValueError:
        raise OptionError(f"{what} are numbers with commas between them, not '{text}'") from None


def parse_ranges(text: str, what: str) -> tuple[int, ...]:
    """Turn whole numbers and ranges of them into numbers, each once.

    Examples
    --------
    >>> parse_ranges("1-3,7", "seeds")
    (1, 2, 3, 7)
    """
    found: list[int] = []
    for word in text.split(","):
        first, dash, last = (part.strip() for part in word.partition("-"))
        ends = (first, last if dash else first)
        if not all(end.isdecimal() for end in ends) or int(ends[0]) > int(ends[1]):
            raise OptionError(f"{what} are numbers or ranges, as 1-8 or 1,2,5-7, not '{text}'")
        if len(found) + int(ends[1]) - int(ends[0]) >= _MOST_OF_A_RANGE:
            raise OptionError(f"more than {_MOST_OF_A_RANGE} {what} are too many: '{text}'")
        found += range(int(ends[0]), int(ends[1]) + 1)
    return tuple(dict.fromkeys(found))


def parse_widths(text: str) -> tuple[int, ...]:
    """Turn comma-separated whole numbers into numbers of channels; ``none`` into none.

    Examples
    --------
    >>> parse_widths("64,32")
    (64, 32)
    >>> parse_widths("none")
    ()
    """
    if text.strip() == "none":
        return ()
    return _whole_numbers(
        text, "widths are whole numbers with commas between them, such as 64,32, or none"
    )


def _whole_numbers(text: str, accepted: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise OptionError(f"{accepted}, not '{text}'") from None


def parse_map(text: str) -> tuple[Path, str]:
    """Turn ``FILE`` or ``FILE:KIND`` into both; the kind is ``auto`` if it is not there.

    Examples
    --------
    >>> parse_map("wall_n.png:normal")
    (PosixPath('wall_n.png'), 'normal')
    """
    path, colon, kind = text.rpartition(":")
    return (Path(path), kind) if colon and path and kind.isalpha() else (Path(text), "auto")


def parse_style(text: str) -> tuple[Path, float]:
    """Turn ``IMAGE`` or ``IMAGE:SHARE`` into both.

    Examples
    --------
    >>> parse_style("cafe.jpg:0.7")
    (PosixPath('cafe.jpg'), 0.7)
    """
    path, colon, number = text.rpartition(":")
    try:
        return (Path(path), float(number)) if colon and path else (Path(text), 1.0)
    except ValueError:
        return Path(text), 1.0
