"""Malformed, ambiguous and oversized requests: each is refused once, with a reply the caller can read, and the connection ends."""

from time import monotonic_ns

import pytest

from tests.support.listening import SECOND, Notes, run, serving, until

POST = b"POST /x HTTP/1.1\r\nHost: gate\r\n"
AFTER = b"GET /smuggled HTTP/1.1\r\nHost: gate\r\n\r\n"

MALFORMED = {
    "no Host": b"GET /x HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /x HTTP/1.1\r\nHost: gate\r\nHost: gate\r\n\r\n",
    "two Hosts in different case": b"GET /x HTTP/1.1\r\nHost: gate\r\nhost: other\r\n\r\n",
    "an empty Host": b"GET /x HTTP/1.1\r\nHost:\r\n\r\n",
    "a Host with a path": b"GET /x HTTP/1.1\r\nHost: a/b?x#y\r\n\r\n",
    "a Host with userinfo": b"GET /x HTTP/1.1\r\nHost: u:p@a\r\n\r\n",
    "a Host with an impossible port": b"GET /x HTTP/1.1\r\nHost: a:65536\r\n\r\n",
    "a Host with an empty port": b"GET /x HTTP/1.1\r\nHost: a:\r\n\r\n",
    "a Host list": b"GET /x HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "length and encoding": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "encoding and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "gzip, chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "an empty coding before chunked": POST + b"Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
    "identity": POST + b"Transfer-Encoding: identity\r\n\r\n",
    "xchunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n",
    "chunked with a parameter": POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "an empty Transfer-Encoding": POST + b"Transfer-Encoding:\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked on HTTP/1.0": b"POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/2.0": b"GET /x HTTP/2.0\r\nHost: gate\r\n\r\n",
    "HTTP/0.9": b"GET /x HTTP/0.9\r\nHost: gate\r\n\r\n",
    "HTTP/1.2": b"GET /x HTTP/1.2\r\nHost: gate\r\n\r\n",
    "no version": b"GET /x\r\n\r\n",
    "an HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "another protocol": b"DESCRIBE /x RTSP/1.0\r\nHost: gate\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a lower-case method": b"get /x HTTP/1.1\r\nHost: gate\r\n\r\n",
    "an unknown method": b"FETCH /x HTTP/1.1\r\nHost: gate\r\n\r\n",
    "CONNECT": b"CONNECT gate:443 HTTP/1.1\r\nHost: gate:443\r\n\r\n",
    "two spaces": b"GET  /x HTTP/1.1\r\nHost: gate\r\n\r\n",
    "a tab in the request line": b"GET\t/x HTTP/1.1\r\nHost: gate\r\n\r\n",
    "two empty lines first": b"\r\n\r\nGET /x HTTP/1.1\r\nHost: gate\r\n\r\n",
    "a bare line feed first": b"\nGET /x HTTP/1.1\r\nHost: gate\r\n\r\n",
    "bare line feeds": b"GET /x HTTP/1.1\nHost: gate\n\n",
    "one bare line feed": b"GET /x HTTP/1.1\r\nHost: gate\nX: y\r\n\r\n",
    "a bare carriage return": POST + b"X: a\rY: b\r\n\r\n",
    "another host in the target": b"GET http://other/x HTTP/1.1\r\nHost: gate\r\n\r\n",
    "another port in the target": b"GET http://gate:81/x HTTP/1.1\r\nHost: gate\r\n\r\n",
    "userinfo in the target": b"GET http://gate@other/x HTTP/1.1\r\nHost: gate\r\n\r\n",
    "no host in the target": b"GET http:///x HTTP/1.1\r\nHost: gate\r\n\r\n",
    "another scheme in the target": b"GET ftp://gate/x HTTP/1.1\r\nHost: gate\r\n\r\n",
    "a relative target": b"GET x HTTP/1.1\r\nHost: gate\r\n\r\n",
    "a star for GET": b"GET * HTTP/1.1\r\nHost: gate\r\n\r\n",
    "UTF-8 in the target": b"GET /\xc3\xa9 HTTP/1.1\r\nHost: gate\r\n\r\n",
    "a folded line": POST + b"X: a\r\n b\r\n\r\n",
    "a folded first header": b"GET /x HTTP/1.1\r\n Host: gate\r\n\r\n",
    "a space before the colon": POST + b"X : a\r\n\r\n",
    "a control character in a name": POST + b"X\x01: a\r\n\r\n",
    "a control character in a value": POST + b"X: a\x01\r\n\r\n",
    "a NUL in a value": POST + b"X: a\x00b\r\n\r\n",
    "a DEL in a value": POST + b"X: a\x7f\r\n\r\n",
    "byte 0x85 in a value": POST + b"X: \x85chunked\r\n\r\n",
    "byte 0xA0 in a value": POST + b"X: a\xa0\r\n\r\n",
    "a non-ASCII name": POST + b"X\xe9: a\r\n\r\n",
    "an empty name": POST + b": a\r\n\r\n",
    "a line without a colon": POST + b"X\r\n\r\n",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a length list": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "a signed length": POST + b"Content-Length: +3\r\n\r\nabc",
    "a hexadecimal length": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "a length with an underscore": POST + b"Content-Length: 1_0\r\n\r\nabc",
    "an overflowing length": POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "an empty length": POST + b"Content-Length:\r\n\r\n",
    "a chunk size with 0x": POST + b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "a signed chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n",
    "an empty chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n",
    "a chunk that is too long": POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    "a chunk that ends with a bare line feed": POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n",
    "a chunk size that ends with a bare line feed": POST + b"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
    "endless chunk extensions": POST + b"Transfer-Encoding: chunked\r\n\r\n3;" + b"x" * 2_000,
    "many chunk extensions": POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"1;" + b"x" * 99 + b"\r\na\r\n") * 11,
    "endless trailers": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 2_000,
    "a folded trailer": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n z\r\n\r\n",
}
MALFORMED |= {
    f"the path {path.decode()}": b"GET %b HTTP/1.1\r\nHost: gate\r\n\r\n" % path
    for path in (
        b"/a/../b", b"/..", b"/a/.", b"/./a", b"/%2e%2e/a", b"/a%2Fb", b"/a%5cb", b"//evil/x", b"/a//b", b"/a\\b",
        b"/model/a%2e%2e/converse", b"/model/../converse", b"/model/a%5Cb/converse",
        b"/a#b", b"/%zz", b"/a%", b"/%00", b"/%61", b"/%5A", b"/%7e", b"/%30", b"/a?b#c", b"http://gate/../x",
    )
}  # fmt: skip
MALFORMED |= {
    f"two {name.decode()} headers": POST + b"%b: a\r\n%b: b\r\n\r\n" % (name, name.title())
    for name in (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"content-type", b"expect")
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_is_refused_once_and_the_connection_ends(name: str) -> None:
    async def main() -> None:
        notes = Notes()
        async with serving(notes) as door:
            got = await door.exchange(MALFORMED[name] + AFTER)
            assert door.listener.active == 0
            assert door.listener.buffered == 0
        assert got.startswith(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"), got
        assert notes.codes == ["malformed_request"]
        assert notes.requests == []

    run(main())


REFUSED = {
    "target_too_long": b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: gate\r\n\r\n",
    "headers_too_large": POST + b"X: " + b"y" * 40_000 + b"\r\n\r\n",
    "body_too_large": POST + b"Content-Length: 40000000\r\n\r\n",
    "unsupported_encoding": POST + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
    "expectation_failed": POST + b"Expect: 200-maybe\r\nContent-Length: 1\r\n\r\nx",
}


@pytest.mark.parametrize("code", REFUSED)
@pytest.mark.parametrize("piece", [1_000_000, 4_000])
def test_a_request_beyond_a_limit_is_refused_with_its_code(code: str, piece: int) -> None:
    async def main() -> None:
        notes = Notes()
        async with serving(notes) as door:
            data = REFUSED[code]
            got = await door.exchange(*(data[start : start + piece] for start in range(0, len(data), piece)))
        assert notes.codes == [code]
        assert got.endswith(b"\r\n\r\n" + code.encode())

    run(main())


def test_limits_hold_before_a_line_or_a_head_is_complete() -> None:
    async def main() -> None:
        for data, code in [
            (b"GET /" + b"x" * 9_000, "target_too_long"),
            (POST + b"X: " + b"y" * 40_000, "headers_too_large"),
            (POST + b"X: y\r\n" * 150, "headers_too_large"),
            (POST + b"".join(b"X%d: y\r\n" % number for number in range(150)), "headers_too_large"),
        ]:
            notes = Notes()
            async with serving(notes) as door:
                await door.exchange(data)
            assert notes.codes == [code]

    run(main())


def test_a_chunked_body_is_measured_while_it_arrives() -> None:
    async def main() -> None:
        notes = Notes()
        async with serving(notes, max_body_bytes=1_000) as door:
            head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
            got = await door.exchange(head, *[b"190\r\n" + b"x" * 400 + b"\r\n"] * 3)
            assert got.startswith(b"HTTP/1.1 413 ")
            assert door.listener.buffered == 0
        assert notes.codes == ["body_too_large"]

    run(main())


def test_bodies_beyond_the_memory_of_the_gate_are_refused_as_overload() -> None:
    async def main() -> None:
        notes = Notes(held=True)
        async with serving(notes, max_buffered_bytes=1_500) as door:
            first = await door.connect()
            await first.send(POST + b"Content-Length: 1000\r\n\r\n" + b"x" * 1_000)
            await until(lambda: notes.requests)
            assert door.listener.buffered == 1_000
            assert (await door.exchange(POST + b"Content-Length: 1000\r\n\r\n", b"x" * 600)).startswith(
                b"HTTP/1.1 503 "
            )
            notes.connections[0].reply(200, b"", b"")
            assert door.listener.buffered == 0
            first.writer.close()
        assert notes.codes == ["overloaded"]

    run(main())


def test_names_with_underscores_are_dropped() -> None:
    async def main() -> None:
        notes = Notes()
        async with serving(notes) as door:
            await door.exchange(
                POST + b"Content_Length: 9\r\nX_Forwarded_For: a\r\nX-Key: a_b\r\nConnection: close\r\n\r\n"
            )
        assert notes.requests[0].headers == {b"host": b"gate", b"x-key": b"a_b", b"connection": b"close"}

    run(main())


def test_a_refused_upload_can_still_be_read_about() -> None:
    async def main() -> None:
        notes = Notes()
        async with serving(notes) as door:
            caller = await door.connect()
            caller.writer.write(POST + b"Content-Length: 40000000\r\n\r\n" + b"x" * 2_000_000)
            assert (await caller.rest()).endswith(b"body_too_large")
            caller.writer.close()

    run(main())


def test_a_request_that_ends_in_the_middle_is_refused_as_incomplete() -> None:
    async def main() -> None:
        for data in (
            b"G",
            POST,
            POST + b"Content-Length: 9\r\n\r\nabc",
            POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\na",
        ):
            notes = Notes()
            async with serving(notes) as door:
                got = await door.exchange(data, end=True)
                assert got.endswith(b"incomplete_request")
                assert door.listener.buffered == 0
            assert notes.codes == ["incomplete_request"]
            assert notes.requests == []

    run(main())


def test_a_connection_without_a_byte_of_a_request_is_nobodys_record() -> None:
    async def main() -> None:
        notes = Notes()
        async with serving(notes) as door:
            for data in ((), (b"\r\n",), (b"\r",)):
                assert await door.exchange(*data, end=True) == b""
        assert notes.refusals == []
        assert notes.requests == []

    run(main())


def test_a_slow_head_and_a_slow_body_are_refused_at_their_deadlines() -> None:
    async def main() -> None:
        for data, seconds in ((b"GET /x HT", 10), (POST + b"Content-Length: 9\r\n\r\nab", 30)):
            notes = Notes()
            async with serving(notes) as door:
                caller = await door.connect()
                await caller.send(data)
                now = monotonic_ns()
                door.listener.sweep(now)
                door.listener.sweep(now + (seconds - 1) * SECOND)
                assert notes.refusals == []
                door.listener.sweep(now + (seconds + 1) * SECOND)
                assert notes.codes == ["request_timeout"]
                assert (await caller.rest()).startswith(b"HTTP/1.1 408 ")
                caller.writer.close()

    run(main())
