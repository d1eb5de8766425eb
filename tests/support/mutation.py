"""Files as accidents leave them: bits flipped, ends cut, pieces swapped, doubled or emptied."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

Mutation = Callable[[bytes], bytes]


def thorough(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the settings of so many examples: the same ones in every run, however slow it is."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@st.composite
def mutations(draw: st.DrawFn) -> Mutation:
    """Draw what happens to a file: one to four accidents in turn."""
    count = draw(st.integers(1, 4))
    accidents = [draw(st.sampled_from(_ACCIDENTS))(draw) for _ in range(count)]

    def mutated(content: bytes) -> bytes:
        for accident in accidents:
            content = accident(content)
        return content

    return mutated


def _place(content: bytes, share: float) -> int:
    return int(share * len(content))


def _flip(draw: st.DrawFn) -> Mutation:
    # Headers are where a byte says most.
    share = draw(st.one_of(st.floats(0, 1), st.floats(0, 0.02)))
    bits = draw(st.integers(1, 255))

    def flipped(content: bytes) -> bytes:
        if not content:
            return content
        at = min(_place(content, share), len(content) - 1)
        return content[:at] + bytes([content[at] ^ bits]) + content[at + 1 :]

    return flipped


def _cut(draw: st.DrawFn) -> Mutation:
    share = draw(st.floats(0, 1))
    return lambda content: content[: _place(content, share)]


def _swap(draw: st.DrawFn) -> Mutation:
    a, b, c = sorted(draw(st.lists(st.floats(0, 1), min_size=3, max_size=3)))

    def swapped(content: bytes) -> bytes:
        i, j, k = (_place(content, share) for share in (a, b, c))
        return content[:i] + content[j:k] + content[i:j] + content[k:]

    return swapped


def _double(draw: st.DrawFn) -> Mutation:
    a, b = sorted(draw(st.lists(st.floats(0, 1), min_size=2, max_size=2)))

    def doubled(content: bytes) -> bytes:
        i, j = _place(content, a), _place(content, b)
        return content[:j] + content[i:j] + content[j:]

    return doubled


def _empty(draw: st.DrawFn) -> Mutation:
    share, length = draw(st.floats(0, 1)), draw(st.integers(1, 64))
    value = draw(st.sampled_from([0, 255]))

    def emptied(content: bytes) -> bytes:
        at = _place(content, share)
        return (
            content[:at] + bytes([value]) * min(length, len(content) - at) + content[at + length :]
        )

    return emptied


_ACCIDENTS = (_flip, _flip, _cut, _swap, _double, _empty)
