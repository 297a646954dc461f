"""Frames of RFC 6455: what passes, what must not, and that no split of the bytes changes the story."""

from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.splits import cut_at
from torana.dialects.websocket import (
    BINARY,
    CLOSE,
    MOST_WATCHED,
    PING,
    PONG,
    TEXT,
    FrameReader,
    accept,
    close_frame,
    frame,
    is_key,
    masked,
    new_key,
)

MOST = 100_000


class Story(NamedTuple):
    """All that a gate takes from one direction."""

    passed: bytes
    error: str
    code: int
    closed: bool
    close_code: int
    messages: int
    inside: bool
    watched: tuple[bytes, ...]


def read(parts: list[bytes], from_client: bool = False) -> Story:
    watched: list[bytes] = []
    reader = FrameReader(
        masked=from_client, most=MOST, watch=lambda data, start, end: watched.append(bytes(data[start:end]))
    )
    passed = b"".join(reader.feed(part) for part in parts)
    error = reader.error
    return Story(
        passed,
        "" if error is None else str(error),
        0 if error is None else error.code,
        reader.closed,
        reader.close_code,
        reader.messages,
        reader.inside,
        tuple(watched),
    )


def server(opcode: int, payload: bytes = b"", final: bool = True) -> bytes:
    return frame(opcode, payload, mask=False, final=final)


def client(opcode: int, payload: bytes = b"", final: bool = True) -> bytes:
    return frame(opcode, payload, mask=True, final=final)


GOOD = (
    server(TEXT, b"one")
    + server(TEXT, b"tw", final=False)
    + server(PING, b"!")
    + server(0, b"", final=False)
    + server(0, b"o")
    + server(BINARY, bytes(300))
    + server(TEXT)
    + server(PONG)
    + server(TEXT, b"x" * 70_000)
)
MALFORMED = {
    "a reserved bit": b"\xc1\x00",
    "another reserved bit": b"\x91\x00",
    "an opcode of data that is not defined": b"\x83\x00",
    "a control opcode that is not defined": b"\x8b\x00",
    "a masked frame of a server": b"\x81\x80abcd",
    "a fragmented ping": b"\x09\x00",
    "a ping with a long payload": b"\x89\x7e\x00\x7e",
    "a ping of 127": b"\x89\x7f",
    "a continuation of nothing": b"\x80\x00",
    "a message within another": b"\x01\x01a\x81\x01b",
    "a length of 16 bits that would fit into 7": b"\x81\x7e\x00\x7d",
    "a length of 64 bits that would fit into 16": b"\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff",
    "a length with its highest bit": b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
    "a length over the bound": b"\x82\x7f" + (MOST + 1).to_bytes(8, "big"),
    "half a close code": b"\x88\x01\x03",
    "a close code that is never sent": b"\x88\x02" + (1005).to_bytes(2, "big"),
    "a close code below all": b"\x88\x02" + (999).to_bytes(2, "big"),
    "a close code above all": b"\x88\x02" + (5000).to_bytes(2, "big"),
    "a reserved close code": b"\x88\x02" + (1004).to_bytes(2, "big"),
    "a close reason that is not UTF-8": b"\x88\x03\x03\xe8\xff",
}


def test_whole_frames_pass_unchanged_and_texts_are_shown_whole() -> None:
    story = read([GOOD])
    assert story.passed == GOOD
    assert story.watched == (b"one", b"two", b"", b"x" * 70_000)
    assert (story.messages, story.error, story.closed, story.inside) == (5, "", False, False)


@given(points=st.lists(st.integers(0, len(GOOD)), max_size=12))
@example(points=list(range(400)))
def test_no_split_changes_what_passes_and_what_is_seen(points: list[int]) -> None:
    assert read(cut_at(GOOD, points)) == read([GOOD])


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_frame_stops_everything_at_its_first_byte(case: str) -> None:
    bad = MALFORMED[case]
    start = 3 if bad[0] == 1 else 0
    whole = server(TEXT, b"ok") + bad + server(TEXT, b"never")
    story = read([whole])
    assert story.passed == whole[: 4 + start]
    assert story.error
    assert story.code == (1009 if "bound" in case or "highest" in case else 1002)
    assert read([whole[at : at + 1] for at in range(len(whole))]) == story


def test_frames_of_a_client_have_to_be_masked() -> None:
    assert read([client(TEXT, b"hello")], from_client=True).error == ""
    assert read([server(TEXT, b"hello")], from_client=True).passed == b""
    assert read([server(TEXT, b"hello")], from_client=True).error == "it is not masked"


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1014, 3000, 4999])
@pytest.mark.parametrize("from_client", [True, False])
def test_nothing_passes_behind_a_close_frame(code: int, from_client: bool) -> None:
    last = close_frame(code, "so long", mask=from_client)
    whole = last + frame(TEXT, b"more", mask=from_client)
    story = read([whole], from_client)
    assert (story.passed, story.closed, story.close_code, story.error) == (last, True, code, "")
    assert read([whole[at : at + 1] for at in range(len(whole))], from_client) == story


def test_a_close_frame_may_be_empty() -> None:
    assert close_frame(1005, "not said", mask=False) == b"\x88\x00"
    assert read([b"\x88\x00"]).close_code == 1005


def test_a_masked_close_frame_is_judged_by_what_it_says() -> None:
    story = read([client(CLOSE, (1005).to_bytes(2, "big"))], from_client=True)
    assert (story.passed, story.closed) == (b"", False)


def test_a_control_frame_passes_only_when_all_of_it_is_there() -> None:
    whole = server(PING, b"payload")
    reader = FrameReader(masked=False, most=MOST)
    assert [reader.feed(whole[:5]), reader.feed(whole[5:])] == [b"", whole]


def test_what_has_passed_of_a_message_is_told_apart_from_what_has_passed_of_a_frame() -> None:
    reader = FrameReader(masked=False, most=MOST)
    reader.feed(server(TEXT, b"begun", final=False))
    assert not reader.inside
    reader.feed(server(0, b"rest")[:3])
    assert reader.inside


def test_a_long_text_passes_unseen_and_the_next_one_is_seen() -> None:
    parts = [server(TEXT, bytes(MOST), final=False)]
    parts += [server(0, bytes(MOST), final=False) for _ in range(MOST_WATCHED // MOST)]
    parts += [server(0, b"end"), server(TEXT, b"next")]
    story = read(parts)
    assert story.passed == b"".join(parts)
    assert (story.watched, story.messages) == ((b"next",), 2)


@given(data=st.binary(max_size=300), points=st.lists(st.integers(0, 300), max_size=8), from_client=st.booleans())
def test_any_bytes_give_one_story(data: bytes, points: list[int], from_client: bool) -> None:
    story = read([data], from_client)
    assert read(cut_at(data, points), from_client) == story
    assert data.startswith(story.passed)


@given(
    st.lists(st.tuples(st.sampled_from((TEXT, BINARY, PING, PONG)), st.binary(max_size=125), st.booleans()), max_size=8)
)
def test_all_frames_that_are_made_pass(frames: list[tuple[int, bytes, bool]]) -> None:
    for from_client in (True, False):
        whole = b"".join(frame(opcode, payload, mask=from_client) for opcode, payload, _ in frames)
        assert read([whole], from_client).passed == whole


@given(st.binary(max_size=70_000), st.binary(min_size=4, max_size=4))
def test_a_mask_comes_off_as_it_went_on(payload: bytes, mask: bytes) -> None:
    assert masked(masked(payload, mask), mask) == payload
    assert masked(payload[:3], mask) == bytes(a ^ b for a, b in zip(payload[:3], mask, strict=False))


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_lengths_are_written_in_the_shortest_way(size: int) -> None:
    assert read([frame(BINARY, bytes(size), mask=False)]).error == ""
    assert read([frame(BINARY, bytes(size), mask=True)], from_client=True).messages == 1


def test_keys_are_answered_as_the_standard_shows() -> None:
    assert accept(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert is_key(new_key())
    assert not any(is_key(key) for key in (b"", b"dGhlIHNhbXBsZQ==", b"dGhlIHNhbXBsZSBub25jZ!==", b"x" * 24, b"x" * 40))
