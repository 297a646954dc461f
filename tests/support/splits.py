"""Splits of bytes into portions, as networks make them."""

from itertools import pairwise

from hypothesis import strategies as st


def split_points(data: bytes, most: int = 12) -> st.SearchStrategy[list[int]]:
    """Places to cut, more often than chance has it close to line ends and in the middle of characters."""
    telling = [at for at, byte in enumerate(data) if byte in b"\r\n" or byte >= 0x80]
    anywhere = st.integers(0, len(data))
    places = (
        st.one_of(anywhere, st.sampled_from(telling), st.sampled_from(telling).map(lambda at: at + 1))
        if telling
        else anywhere
    )
    return st.lists(places, max_size=most)


def cut_at(data: bytes, points: list[int]) -> list[bytes]:
    """The portions between the points, empty ones left out."""
    places = sorted({0, len(data), *points})
    return [data[start:end] for start, end in pairwise(places)] or [data]
