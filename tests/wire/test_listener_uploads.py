"""Bodies that are handed over while they arrive: what the handler is told, in any split, and what ends them."""

import asyncio
from collections.abc import Callable
from time import monotonic_ns

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.listening import SECOND, Events, Notes, run, serving, until
from tests.support.splits import cut_at, split_points
from torana.core.errors import Refusal
from torana.gate.listen import CallerEvents, Connection, Request

HEAD = b"POST /up HTTP/1.1\r\nHost: gate\r\n"
BODY = bytes(range(256)) * 400
LENGTH = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
NEXT = b"GET /next HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n"


def chunks(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join([b"%x;a=b\r\n%b\r\n" % (len(piece), piece) for piece in pieces]) + b"0\r\nx: y\r\n\r\n"


class Taken:
    """A sink that notes what it is told, and answers at the end."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.data = b""
        self.pieces = 0
        self.ended = False
        self.failed = ""
        self.at_data: Callable[[], None] = lambda: None

    def upload_data(self, data: bytes, end: bool) -> None:
        assert not self.ended
        assert not self.failed
        self.data += data
        self.pieces += 1
        self.ended = end
        self.at_data()
        if end and not self.failed:
            self.connection.reply(200, b"", b"ok")

    def upload_failed(self, refusal: Refusal) -> None:
        assert not self.failed
        self.failed = refusal.code
        self.connection.reply(refusal.status, b"", refusal.code.encode())


class Uploads(Notes):
    """Takes the bodies of `/up` while they arrive; everything else is answered at once."""

    def __init__(self, at_once: bool = True) -> None:
        super().__init__()
        self.at_once = at_once
        self.taken: list[Taken] = []

    def takes_uploads(self, request: Request) -> bool:
        return request.path == "/up"

    def called(self, connection: Connection, request: Request) -> CallerEvents | None:
        if request.upload is None and request.path == "/up":
            self.requests.append(request)
            connection.reply(200, b"", b"ok")
            return None
        if request.upload is None:
            return super().called(connection, request)
        self.requests.append(request)
        self.taken.append(Taken(connection))
        if self.at_once:
            request.upload.start(self.taken[-1])
        self.events.append(Events())
        return self.events[-1]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("sends", ["a length", "chunks"])
def test_any_split_gives_the_same_body_and_the_next_request_is_served(sends: str, data: st.DataObject) -> None:
    sent = LENGTH + BODY if sends == "a length" else CHUNKED + chunks(BODY, 7_000)
    whole = sent + NEXT
    pieces = cut_at(whole, data.draw(split_points(whole)))

    async def main() -> None:
        notes = Uploads()
        async with serving(notes) as door:
            answer = await door.exchange(*pieces)
            assert answer.startswith(OK)
            assert answer.endswith(b"GET /next []")
            bodies = [taken.data for taken in notes.taken] or [notes.requests[0].body]
            assert bodies == [BODY]
            assert door.listener.active == door.listener.buffered == 0

    run(main())


def test_every_byte_alone_gives_the_same_body() -> None:
    async def main() -> None:
        notes = Uploads()
        async with serving(notes) as door:
            sent = CHUNKED + chunks(BODY[:300], 60)
            answer = await door.exchange(*[sent[at : at + 1] for at in range(len(sent))], end=True)
            assert answer == OK
            assert notes.taken[0].data == BODY[:300]
            assert notes.taken[0].pieces > 250

    run(main())


def test_a_body_that_is_small_or_all_there_comes_whole() -> None:
    async def main() -> None:
        notes = Uploads()
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(HEAD + b"Content-Length: 5\r\n\r\n")
            await caller.send(b"hello")
            await until(lambda: notes.requests)
            assert notes.requests[0].body == b"hello"
            assert notes.taken == []
            caller.writer.close()

    run(main())


def test_an_upload_waits_until_it_is_its_turn() -> None:
    async def main() -> None:
        notes = Uploads()
        notes.held = True
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(b"GET /first HTTP/1.1\r\nHost: gate\r\n\r\n" + LENGTH + BODY[:70_000])
            await until(lambda: notes.requests)
            caller.writer.write(BODY[70_000:] + LENGTH + BODY + NEXT)
            await asyncio.sleep(0.05)
            assert notes.taken == []
            notes.connections[0].reply(200, b"", b"1st")
            await until(lambda: len(notes.requests) == 4)
            assert [taken.data for taken in notes.taken] == [BODY, BODY]
            notes.connections[-1].reply(200, b"", b"end")
            answer = await caller.rest()
            assert answer.count(b"HTTP/1.1 200 OK") == 4
            assert answer.index(b"1st") < answer.index(b"ok") < answer.index(b"end")
            caller.writer.close()

    run(main())


def test_reading_stops_while_the_sink_is_paused() -> None:
    async def main() -> None:
        notes = Uploads()
        async with serving(notes) as door:
            caller = await door.connect()
            size = 64 * 1_048_576
            caller.writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % size + bytes(100_000))
            await until(lambda: notes.taken and notes.taken[0].data)
            upload = notes.requests[0].upload
            assert upload is not None
            upload.pause()
            got = len(notes.taken[0].data)
            caller.writer.write(bytes(size - 100_000))
            await asyncio.sleep(0.1)
            assert len(notes.taken[0].data) == got
            assert caller.writer.transport.get_write_buffer_size() > 16 * 1_048_576
            door.listener.sweep(monotonic_ns() + 1_000 * SECOND)
            assert notes.taken[0].failed == ""
            notes.taken[0].at_data = lambda: setattr(notes.taken[0], "data", b"")
            upload.resume()
            await caller.take(OK)
            caller.writer.close()

    run(main())


def test_a_connection_that_was_paused_to_the_end_is_read_again_after_the_reply() -> None:
    async def main() -> None:
        notes = Uploads()
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(LENGTH)
            await until(lambda: notes.taken)
            upload = notes.requests[0].upload
            assert upload is not None
            notes.taken[0].at_data = upload.pause
            caller.writer.write(BODY[:-1])
            await until(lambda: len(notes.taken[0].data) > 0)
            while len(notes.taken[0].data) < len(BODY) - 1:
                upload.resume()
                await asyncio.sleep(0.01)
            upload.resume()
            caller.writer.write(BODY[-1:])
            await caller.take(OK)
            await caller.send(NEXT)
            assert (await caller.rest()).endswith(b"GET /next []")
            caller.writer.close()

    run(main())


def test_a_reply_before_the_end_of_the_body_ends_the_connection() -> None:
    async def main() -> None:
        notes = Uploads()
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(LENGTH + BODY[:70_000])
            await until(lambda: notes.taken)
            notes.taken[0].connection.reply(403, b"", b"no")
            caller.writer.write(BODY[70_000:] + NEXT)
            answer = await caller.rest()
            assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\n")
            assert b"/next" not in answer
            assert door.listener.active == 0
            caller.writer.close()
        assert notes.refusals == []

    run(main())


def test_a_streamed_reply_that_began_before_the_end_of_the_body_says_so_and_closes() -> None:
    async def main() -> None:
        notes = Uploads()
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(LENGTH + BODY[:70_000])
            await until(lambda: notes.taken)
            taken = notes.taken[0]
            taken.connection.start(200, b"")
            taken.connection.send(b"early")
            taken.at_data = lambda: setattr(taken, "failed", "answered")
            caller.writer.write(BODY[70_000:] + NEXT)
            await until(lambda: taken.ended)
            taken.connection.finish(b"late")
            answer = await caller.rest()
            assert b"connection: close" in answer
            assert answer.endswith(b"5\r\nearly\r\n4\r\nlate\r\n0\r\n\r\n")
            caller.writer.close()

    run(main())


def test_a_caller_is_asked_for_the_body_only_when_somebody_wants_it() -> None:
    async def main() -> None:
        notes = Uploads(at_once=False)
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY))
            await until(lambda: notes.taken)
            door.listener.sweep(monotonic_ns() + 1_000 * SECOND)
            upload = notes.requests[0].upload
            assert upload is not None
            upload.start(notes.taken[0])
            await caller.take(b"HTTP/1.1 100 Continue\r\n\r\n")
            caller.writer.write(BODY)
            await caller.take(OK)
            caller.writer.close()

    run(main())


ENDS: dict[str, tuple[bytes, bytes, str]] = {
    "a bad chunk": (CHUNKED, b"5\r\nhelloXX", "malformed_request"),
    "a chunk too long": (CHUNKED, b"%x\r\n" % 300_000, "body_too_large"),
    "too many chunks": (CHUNKED, chunks(BODY * 3, 7_000), "body_too_large"),
    "the end": (LENGTH, BODY[:70_000], "incomplete_request"),
    "the end in a chunk": (CHUNKED, b"ff\r\n", "incomplete_request"),
}


@pytest.mark.parametrize("name", ENDS)
def test_what_ends_a_body_too_early_is_told_once(name: str) -> None:
    head, body, code = ENDS[name]

    async def main() -> None:
        notes = Uploads()
        async with serving(notes, max_upload_bytes=200_000) as door:
            answer = await door.exchange(head, body, end=True)
            assert answer.endswith(code.encode())
            assert b"connection: close" in answer
            assert notes.taken[0].failed == code
            assert notes.refusals == []
            assert door.listener.active == door.listener.buffered == 0

    run(main())


def test_a_length_over_the_limit_is_refused_with_the_head() -> None:
    async def main() -> None:
        notes = Uploads()
        async with serving(notes, max_upload_bytes=100_000) as door:
            assert (await door.exchange(LENGTH)).endswith(b"body_too_large")
            assert notes.codes == ["body_too_large"]

    run(main())


def test_a_body_that_makes_no_progress_is_late() -> None:
    async def main() -> None:
        notes = Uploads()
        async with serving(notes, body_timeout_seconds=5) as door:
            caller = await door.connect()
            await caller.send(LENGTH + BODY[:70_000])
            await until(lambda: notes.taken)
            now = monotonic_ns()
            door.listener.sweep(now + 10 * SECOND)
            await caller.send(BODY[70_000:71_000])
            await until(lambda: len(notes.taken[0].data) == 71_000)
            door.listener.sweep(now + 16 * SECOND)
            assert notes.taken[0].failed == ""
            await caller.send(BODY[71_000:71_010])
            await until(lambda: len(notes.taken[0].data) == 71_010)
            door.listener.sweep(now + 22 * SECOND)
            assert notes.taken[0].failed == "request_timeout"
            assert (await caller.rest()).endswith(b"request_timeout")
            caller.writer.close()

    run(main())


def test_a_caller_who_is_gone_is_noticed() -> None:
    async def main() -> None:
        notes = Uploads()
        async with serving(notes) as door:
            caller = await door.connect()
            await caller.send(LENGTH + BODY[:70_000])
            await until(lambda: notes.taken)
            for connection in list(door.listener._connections):
                connection._transport.abort()
            await until(lambda: door.listener.open_connections == 0)
            assert notes.events[0].told == ["left"]
            assert door.listener.active == 0
            caller.writer.close()

    run(main())


def test_what_is_held_counts_against_the_gates_memory() -> None:
    async def main() -> None:
        notes = Uploads()
        async with serving(notes, max_buffered_bytes=100_000) as door:
            caller = await door.connect()
            await caller.send(LENGTH)
            await until(lambda: notes.taken)
            upload = notes.requests[0].upload
            assert upload is not None
            notes.taken[0].at_data = lambda: upload.charge(120_000)
            caller.writer.write(BODY[:1_000])
            assert (await caller.rest()).endswith(b"overloaded")
            assert notes.taken[0].failed == "overloaded"
            assert door.listener.buffered == 0
            caller.writer.close()

    run(main())
