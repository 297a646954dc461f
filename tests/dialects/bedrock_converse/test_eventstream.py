"""The binary event stream against AWS's own reader."""

import warnings
from itertools import pairwise
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from tests.support.eventstream import Header, write_event, write_frame, write_header
from torana.dialects.bedrock_converse import eventstream
from torana.dialects.bedrock_converse.eventstream import Frame, FrameError, Frames, HeaderValue, read_headers

_values: dict[int, st.SearchStrategy[Any]] = {
    0: st.none(),
    1: st.none(),
    2: st.integers(-(2**7), 2**7 - 1),
    3: st.integers(-(2**15), 2**15 - 1),
    4: st.integers(-(2**31), 2**31 - 1),
    5: st.integers(-(2**63), 2**63 - 1),
    6: st.binary(min_size=1, max_size=40),
    7: st.text(min_size=1, max_size=40),
    8: st.integers(-(2**63), 2**63 - 1),
    9: st.binary(min_size=16, max_size=16),
}
_names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
_header = st.tuples(_names, st.sampled_from(sorted(_values))).flatmap(
    lambda head: _values[head[1]].map(lambda value: (head[0], head[1], value))
)
_headers: st.SearchStrategy[list[Header]] = st.lists(_header, max_size=6, unique_by=lambda header: header[0])
_frames = st.lists(st.tuples(_headers, st.binary(max_size=200)), min_size=1, max_size=5)


def _feed_split(data: bytes, points: list[int]) -> list[Frame]:
    frames = Frames()
    places = sorted({0, len(data), *[point % (len(data) + 1) for point in points]})
    return [frame for start, end in pairwise(places) for frame in frames.feed(data[start:end])]


@given(_frames, st.lists(st.integers(0, 100_000), max_size=12))
def test_frames_are_read_as_botocore_reads_them_however_they_are_split(
    written: list[tuple[list[Header], bytes]], points: list[int]
) -> None:
    data = b"".join(write_frame(headers, payload) for headers, payload in written)
    theirs = EventStreamBuffer()
    theirs.add_data(data)
    expected = [Frame(event.headers, event.payload) for event in theirs]
    assert _feed_split(data, points) == expected


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_noticed(place: int, change: int) -> None:
    data = bytearray(write_event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "hello"}}))
    data[place % len(data)] ^= change
    frames = Frames()
    with pytest.raises(FrameError):
        frames.feed(bytes(data))


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_frames_or_a_frame_error(data: bytes) -> None:
    frames = Frames()
    try:
        frames.feed(data)
    except FrameError:
        return
    assert len(data) < 12


@given(st.binary(max_size=200))
def test_arbitrary_headers_are_headers_or_a_frame_error(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            read_headers(data)
        except FrameError:
            return


def test_a_frame_that_claims_too_much_is_refused_before_it_is_waited_for() -> None:
    from struct import pack
    from zlib import crc32

    for lengths in (pack(">II", 2**31, 100), pack(">II", 2**20, 2**19), pack(">II", 15, 0), pack(">II", 20, 10)):
        with pytest.raises(FrameError, match="claims"):
            Frames().feed(lengths + pack(">I", crc32(lengths)))


def test_a_header_that_comes_twice_is_refused() -> None:
    header = write_header(("a", 4, 1))
    with pytest.raises(FrameError, match="twice"):
        read_headers(header + header)


def test_what_is_unfinished_is_known() -> None:
    data = write_event("messageStart", {"role": "assistant"})
    frames = Frames()
    found = [(len(frames.feed(piece)), frames.unfinished) for piece in (b"", data[:-1], data[-1:])]
    assert found == [(0, False), (0, True), (1, False)]


_own_values: st.SearchStrategy[HeaderValue] = (
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=40) | st.text(max_size=40)
)
_own_frames = st.lists(
    st.tuples(st.dictionaries(_names, _own_values, max_size=6), st.binary(max_size=200)), min_size=1, max_size=5
)


@given(_own_frames, st.lists(st.integers(0, 100_000), max_size=12))
def test_frames_that_are_written_are_read_as_they_were_and_by_botocore_too(
    written: list[tuple[dict[str, HeaderValue], bytes]], points: list[int]
) -> None:
    data = b"".join(
        eventstream.write_frame(eventstream.write_headers(headers), payload) for headers, payload in written
    )
    expected = [Frame(headers, payload) for headers, payload in written]
    assert _feed_split(data, points) == expected
    theirs = EventStreamBuffer()
    theirs.add_data(data)
    assert [(event.headers, event.payload) for event in theirs] == written


@pytest.mark.parametrize("headers", [{"n" * 256: "x"}, {"n": "x" * 65_536}, {"n": 2**63}, {"n": "\ud800"}])
def test_what_no_header_can_hold_is_told(headers: dict[str, HeaderValue]) -> None:
    with pytest.raises(FrameError):
        eventstream.write_headers(headers)


def test_a_frame_beyond_the_limits_is_not_written() -> None:
    for headers, payload in ((b"", bytes(eventstream.MOST_PAYLOAD_BYTES + 1)), (bytes(128 * 1024 + 1), b"")):
        with pytest.raises(FrameError):
            eventstream.write_frame(headers, payload)
