"""What vendors send, byte for byte, and the story a sink is told."""

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.upstream_script import BODY, HEAD, SMALL, Vendor, ask, client, replies, reset, run

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENTS = CHUNKED + b"6\r\ndata: \r\n3;x=y\r\n1\n\n\r\n1\r\n!\r\n0\r\nx-trailer: 1\r\n\r\n"


async def exchange(
    *pieces: bytes, then_close: bool = False, head: bytes = HEAD, body: bytes = BODY
) -> tuple[Vendor, object, int]:
    """The story of a reply, and how many connections it and a following good call used."""
    vendor = replies(*pieces, then_close=then_close)
    async with vendor.listening(), client() as made:
        told = await ask(made, vendor.endpoint(), head, body)
        await ask(made, vendor.endpoint(), head, body)
        return vendor, told.story, vendor.connections


GOOD = {
    "a length": (SMALL, b"hello", True),
    "chunks, an extension and a trailer": (EVENTS, b"data: 1\n\n!", True),
    "no body by its status": (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
    "an empty length": (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b"", True),
    "interim replies": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\n" + SMALL, b"hello", True),
    "connection: close": (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", b"ok", False),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", b"ok", False),
    "a second reply in the same bytes": (SMALL + SMALL, b"hello", False),
    "half a second reply in the same bytes": (SMALL + b"HTTP/1.1 2", b"hello", False),
    "more bytes than its length": (SMALL + b"surplus", b"hello", False),
    "bytes after connection: close": (
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nokmore",
        b"ok",
        False,
    ),
    "an identity encoding": (
        b"HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\ncontent-length: 2\r\n\r\nok",
        b"ok",
        True,
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_whole_reply_is_told_whole_and_only_a_clean_end_keeps_the_connection(name: str) -> None:
    raw, body, kept = GOOD[name]

    async def story() -> None:
        _, told, connections = await exchange(raw)
        assert isinstance(told, tuple)
        assert told[2:] == (body, "end")
        assert connections == (1 if kept else 2)

    run(story())


def test_a_reply_without_length_ends_with_the_connection() -> None:
    async def story() -> None:
        _, told, connections = await exchange(b"HTTP/1.1 200 OK\r\n\r\nall of ", b"it", then_close=True)
        assert told == (200, (), b"all of it", "end")
        assert connections == 2

    run(story())


def test_header_names_are_lower_case_values_and_order_are_kept_and_trailers_are_dropped() -> None:
    async def story() -> None:
        raw = (
            CHUNKED.replace(b"\r\n\r\n", b"\r\nX-A: One\r\nSet-Cookie: a\r\nSET-COOKIE: b\r\n\r\n")
            + b"0\r\nX-Late: 1\r\n\r\n"
        )
        _, told, _ = await exchange(raw)
        fields = ((b"transfer-encoding", b"chunked"), (b"x-a", b"One"), (b"set-cookie", b"a"), (b"set-cookie", b"b"))
        assert told == (200, fields, b"", "end")

    run(story())


def test_a_redirect_is_told_and_never_followed() -> None:
    async def story() -> None:
        async with (
            replies(
                b"HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
            ).listening() as vendor,
            client() as made,
        ):
            told = await ask(made, vendor.endpoint())
            assert told.status == 307
            assert vendor.requests == 1

    run(story())


def test_a_reply_to_head_has_no_body_whatever_its_length_says() -> None:
    async def story() -> None:
        head = b"HEAD /x HTTP/1.1\r\nhost: v\r\n\r\n"
        _, told, connections = await exchange(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", head=head, body=b"")
        assert told == (200, ((b"content-length", b"500"),), b"", "end")
        assert connections == 2

    run(story())


BAD = {
    "garbage": b"hello there, this is not HTTP\r\n\r\n",
    "TLS to a plain question": b"\x15\x03\x01\x00\x02\x02\x50",
    "a status below 100": b"HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n",
    "a status above 599": b"HTTP/1.1 600 Odd\r\ncontent-length: 0\r\n\r\n",
    "a change of protocol": b"HTTP/1.1 101 Switch\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nokk",
    "a negative length": b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok",
    "a length and chunks": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "another transfer-encoding": b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nok",
    "two transfer-encodings": b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "a bad chunk size": CHUNKED + b"2\r\nok\r\nzz\r\n",
    "a chunk longer than its size": CHUNKED + b"2\r\nokay\r\n0\r\n\r\n",
    "too many fields": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 201 + b"content-length: 0\r\n\r\n",
    "fields that are too long": b"HTTP/1.1 200 OK\r\n"
    + b"a: %b\r\n" % (b"x" * 7000) * 10
    + b"content-length: 0\r\n\r\n",
    "a field without end": b"HTTP/1.1 200 OK\r\na: " + b"x" * 300_000,
    "a trailer without end": CHUNKED + b"0\r\nx: " + b"x" * 300_000,
    "interim replies without end": b"HTTP/1.1 102 Wait\r\n\r\n" * 100,
    "a bare line feed": b"HTTP/1.1 200 OK\na: b\n\n",
    "a folded field": b"HTTP/1.1 200 OK\r\na: b\r\n c\r\ncontent-length: 0\r\n\r\n",
    "a control character in a name": b"HTTP/1.1 200 OK\r\na\x01: b\r\ncontent-length: 0\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD)
def test_a_reply_that_is_not_valid_http_fails_and_its_connection_is_never_used_again(name: str) -> None:
    async def story() -> None:
        vendor = replies(BAD[name])
        async with vendor.listening(), client() as made:
            told = await ask(made, vendor.endpoint())
            assert [failure.code for failure in told.failures] == ["upstream_malformed"]
            assert told.failures[0].detail["reason"]
            assert told.failures[0].sent
            await ask(made, vendor.endpoint())
            assert vendor.connections == 2

    run(story())


def test_an_encoding_that_was_not_asked_for_is_not_passed_on() -> None:
    async def story() -> None:
        _, told, _ = await exchange(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nok")
        assert told == (0, (), b"", "upstream_bad_reply")

    run(story())


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 20", SMALL[:-1], EVENTS[:70], CHUNKED + b"5\r\nhe"])
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_reply_cut_anywhere_fails_as_cut(raw: bytes, how: str) -> None:
    async def story() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await vendor.request(reader)
            writer.write(raw)
            await writer.drain()
            if how == "reset":
                await asyncio.sleep(0.02)
                reset(writer)

        vendor = Vendor(script)
        async with vendor.listening(), client() as made:
            told = await ask(made, vendor.endpoint())
            assert [failure.code for failure in told.failures] == ["upstream_cut"]
            assert told.failures[0].sent
            assert vendor.requests == 1

    run(story())


def test_a_reset_in_a_reply_without_length_is_a_cut_and_no_end() -> None:
    async def story() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await vendor.request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
            await writer.drain()
            await asyncio.sleep(0.02)
            reset(writer)

        vendor = Vendor(script)
        async with vendor.listening(), client() as made:
            told = await ask(made, vendor.endpoint())
            assert told.story == (200, (), b"half", "upstream_cut")

    run(story())


SPLITTABLE = [raw for raw, _, _ in GOOD.values()] + [raw for raw in BAD.values() if len(raw) < 2000] + [EVENTS[:80]]


@settings(max_examples=60, deadline=None)
@given(raw=st.sampled_from(SPLITTABLE), cuts=st.lists(st.integers(min_value=1, max_value=200), max_size=12))
def test_any_split_of_the_same_bytes_tells_the_same_story(raw: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    pieces = [raw[start:end] for start, end in itertools.pairwise(places)]

    async def story() -> None:
        stories = []
        for parts in ([raw], pieces):
            vendor = replies(*parts, then_close=True)
            async with vendor.listening(), client() as made:
                stories.append((await ask(made, vendor.endpoint())).story)
        assert stories[0] == stories[1]

    run(story())


def test_single_bytes_tell_the_same_story_too() -> None:
    async def story() -> None:
        vendor = replies(*(bytes([byte]) for byte in EVENTS))
        async with vendor.listening(), client() as made:
            told = await ask(made, vendor.endpoint())
            assert told.story == (200, ((b"transfer-encoding", b"chunked"),), b"data: 1\n\n!", "end")

    run(story())


def test_all_bytes_of_one_read_come_in_one_piece_and_a_read_is_bounded() -> None:
    async def story() -> None:
        vendor = replies(CHUNKED + b"1\r\nx\r\n" * 40_000 + b"0\r\n\r\n")
        async with vendor.listening(), client() as made:
            told = await ask(made, vendor.endpoint())
            assert told.body == b"x" * 40_000
            assert len(told.pieces) < 200
            assert max(map(len, told.pieces)) <= 32_768

    run(story())
