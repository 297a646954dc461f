"""Judges the head of a request: what is malformed or ambiguous is refused before anything reads it.

httptools checks the grammar of RFC 9112 strictly; here follows what it lets through. A head is fed to it only when it is whole,
so the end of each message is decided in one place (connection.py) and never by the parser.
"""

import re
from typing import NamedTuple

import httptools
from msgspec.structs import replace

from torana.core.errors import Refusal
from torana.gate.listen.request import Request
from torana.settings import Settings

_METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"))
_ONCE = frozenset(
    (
        b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"content-type", b"content-encoding",
        b"content-length", b"host", b"transfer-encoding", b"expect", b"origin",
    )
)  # fmt: skip
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_ABSOLUTE = re.compile(rb"[Hh][Tt][Tt][Pp][Ss]?://([^/?]*)(/[^?]*)?(?:\?(.*))?", re.DOTALL)
# Dot segments, empty segments, and escapes that decode to something a path may hold bare, to a slash, backslash or control byte:
# two readers could take such a path for two different ones.
_UNSTABLE = re.compile(
    rb"//|/\.{1,2}(?:/|$)|%(?![0-9A-Fa-f]{2})|%[01][0-9A-Fa-f]|%2[DdEeFf]|%3[0-9]|%[46][1-9A-Fa-f]|%[57][0-9Aa]|%5[CcFf]|%7[EeFf]"
)
_NAMES = (b"/v1/models/", b"/model/")
_SLASH = re.compile(rb"%2[Ff]")
_VISIBLE = re.compile(rb"[\x21-\x7e]+")
_LINE_ROOM = 32
"""Bytes of a request line beside its target."""


_LENGTH = re.compile(rb"\r\ncontent-length:[ ]*([0-9]+)\r\n", re.IGNORECASE)


class Repeat(NamedTuple):
    """A head that was found good, around the digits of its length: a caller's next head usually differs in nothing else."""

    before: bytes
    after: bytes
    request: Request
    most: int
    """Bytes of the longest body."""

    def read(self, data: bytes, started_ns: int) -> tuple[Request, int, int] | None:
        """The request, where its body begins and how long that is, if `data` begins with the same head; else None."""
        before = self.before
        if not data.startswith(before):
            return None
        start = len(before)
        end = data.find(b"\r", start, start + 12)
        digits = data[start:end]
        if end < 0 or not digits.isdigit() or not data.startswith(self.after, end):
            return None
        size = int(digits)
        if size > self.most:
            return None
        return replace(self.request, started_ns=started_ns), end + len(self.after), size


def repeat(head: bytes, request: Request, most: int) -> Repeat | None:
    """How to recognise the next head like this one; None where that would not be sound."""
    if (
        not request.keep_alive
        or request.http10
        or b"expect" in request.headers
        or b"transfer-encoding" in request.headers
    ):
        return None
    found = _LENGTH.search(head)
    if found is None:
        return None
    return Repeat(head[: found.start(1)], head[found.end(1) :], replace(request), most)


def malformed(reason: str) -> Refusal:
    """The refusal of a request that is malformed or ambiguous."""
    return Refusal("malformed_request", reason=reason)


class _Fields:
    """Lets httptools store header fields without running any Python."""

    def __init__(self, fields: dict[bytes, bytes]) -> None:
        self.on_header = fields.__setitem__


class _FieldList:
    """Keeps every field, repeated ones too."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name.lower(), value))


class HeadReader:
    """Reads the heads of one connection. It remembers the last request line, because callers repeat it."""

    __slots__ = (
        "_checked_host",
        "_fields",
        "_host",
        "_http10",
        "_line",
        "_max_headers",
        "_max_size",
        "_max_target",
        "_method",
        "_path",
        "_proto",
        "_query",
        "_target",
        "known",
    )

    def __init__(self, settings: Settings) -> None:
        self._max_headers = settings.max_headers
        self._max_size = settings.max_header_bytes
        self._max_target = settings.max_target_bytes
        self._fields: dict[bytes, bytes] = {}
        self._proto = _Fields(self._fields)
        self._line: bytes | None = None
        self._checked_host: bytes | None = None
        self._method = self._target = self._query = self._host = b""
        self._path = ""
        self._http10 = False
        self.known = Request()
        """What is known of the request that `read` refused."""

    def check_part(self, data: bytes, started_ns: int) -> None:
        """Judge a head whose end has not arrived, so that what can never become one is refused at once. Raises Refusal."""
        self.known = Request(started_ns=started_ns)
        if not 65 <= data[0] <= 90:
            raise malformed("it does not begin with a method")
        if data.count(b"\n") != data.count(b"\r\n"):
            raise malformed("a line does not end with CR LF")
        end = data.find(b"\r\n")
        if end < 0:
            if len(data) > self._max_target + _LINE_ROOM:
                raise Refusal("target_too_long", limit=self._max_target)
            return
        self._read_line(data[:end])
        self._check_size(data, end)

    def read(self, head: bytes, started_ns: int) -> Request:
        """The request of a head that ends with its empty line. Raises Refusal; `known` then holds what was understood."""
        self.known = request = Request(started_ns=started_ns)
        end = head.find(b"\r\n")
        if head[:end] != self._line:
            self._read_line(head[:end])
        request.method = self._method
        request.target = self._target
        request.path = self._path
        request.query = self._query
        request.http10 = self._http10
        count = self._check_size(head, end)
        fields = self._fields
        fields.clear()
        self._parse(head, self._proto)
        headers = {name.lower(): value for name, value in fields.items()}
        if len(headers) != count:
            headers = self._join_repeated(head)
        request.headers = headers
        if b"_" in head:
            for name in [name for name in headers if b"_" in name]:
                del headers[name]
        if not head.isascii() and (b"\x85" in head or b"\xa0" in head):
            raise malformed("a header holds a byte that some programs take for white space")
        host = headers.get(b"host")
        if host is None or host != self._checked_host or self._host:
            self._check_host(host)
        connection = headers.get(b"connection")
        if connection is None:
            request.keep_alive = not self._http10
        else:
            options = [option.strip() for option in connection.lower().split(b",")]
            request.keep_alive = b"close" not in options and (not self._http10 or b"keep-alive" in options)
        return request

    def _check_size(self, head: bytes, end: int) -> int:
        count = head.count(b"\r\n") - 2
        if len(head) - end - 4 > self._max_size:
            raise Refusal("headers_too_large", limit=f"{self._max_size} bytes")
        if count > self._max_headers:
            raise Refusal("headers_too_large", limit=f"{self._max_headers} fields")
        return count

    def _parse(self, head: bytes, into: _Fields | _FieldList) -> None:
        try:
            httptools.HttpRequestParser(into).feed_data(head)
        except httptools.HttpParserUpgrade:
            return  # an Upgrade that is not taken up is answered as plain HTTP (RFC 9110 section 7.8)
        except httptools.HttpParserError as error:
            raise malformed(str(error).rstrip(".").lower()) from None

    def _join_repeated(self, head: bytes) -> dict[bytes, bytes]:
        kept = _FieldList()
        self._parse(head, kept)
        headers: dict[bytes, bytes] = {}
        for name, value in kept.fields:
            if name not in headers:
                headers[name] = value
            elif name in _ONCE:
                raise malformed(f"it has more than one {name.decode()} header")
            else:
                headers[name] = b"%b, %b" % (headers[name], value)
        return headers

    def _read_line(self, line: bytes) -> None:
        self._line = None
        parts = line.split(b" ")
        if len(parts) != 3:
            raise malformed("its first line is not a method, a target and a version")
        method, target, version = parts
        if version != b"HTTP/1.1" and version != b"HTTP/1.0":
            raise malformed("its version is neither HTTP/1.1 nor HTTP/1.0")
        self.known.method = method if method in _METHODS else b""
        if method not in _METHODS:
            raise malformed("its method is not one that is served here")
        if len(target) > self._max_target:
            raise Refusal("target_too_long", limit=self._max_target)
        self._method, self._http10 = method, version == b"HTTP/1.0"
        self._read_target(target)
        self._line = line

    def _read_target(self, target: bytes) -> None:
        if not _VISIBLE.fullmatch(target) or b"#" in target:
            raise malformed("its target holds a character that must be escaped")
        self._host = b""
        if target[0] == 47:
            path, _, query = target.partition(b"?")
        elif (absolute := _ABSOLUTE.fullmatch(target)) is not None:
            self._host = absolute[1]
            path, query = absolute[2] or b"/", absolute[3] or b""
            target = b"%b?%b" % (path, query) if absolute[3] is not None else path
            if not self._host:
                raise malformed("its target names no host")
        elif target == b"*" and self._method == b"OPTIONS":
            path, query = target, b""
        else:
            raise malformed("its target is not a path")
        # A model's name may hold a slash, which SDKs escape; behind these prefixes it is a name and never a path.
        judged = _SLASH.sub(b"x", path) if path.startswith(_NAMES) else path
        if b"\\" in judged or _UNSTABLE.search(judged):
            raise malformed("its path is not in normal form")
        self._target, self._path, self._query = target, path.decode("ascii"), query

    def _check_host(self, host: bytes | None) -> None:
        if host is None:
            if not self._http10:
                raise malformed("it has no Host header")
            if self._host:
                raise malformed("its target names a host and it has no Host header")
            return
        found = _HOST.fullmatch(host)
        if found is None or (found[1] is not None and int(found[1]) > 65_535):
            raise malformed("its Host header is not a name and a port")
        self._checked_host = host
        if self._host and self._host.lower() != host.lower():
            raise malformed("its target and its Host header name different hosts")


def body_size(request: Request, most: int) -> int:
    """Bytes of the body that follows the head; -1 when it is chunked. Raises Refusal when it may not follow."""
    headers = request.headers
    encoding = headers.get(b"content-encoding")
    if encoding is not None and encoding.lower() != b"identity":
        raise Refusal("unsupported_encoding", encoding=encoding.decode("ascii", "replace")[:100])
    expected = headers.get(b"expect")
    if expected is not None and expected.lower() != b"100-continue":
        raise Refusal("expectation_failed")
    transfer = headers.get(b"transfer-encoding")
    # Taken out: headers are shared by requests with equal heads, and the body tells its length itself.
    length = headers.pop(b"content-length", None)
    if transfer is not None:
        if request.http10 or length is not None or transfer.lower() != b"chunked":
            raise malformed("its Transfer-Encoding is not exactly `chunked` on HTTP/1.1")
        return -1
    size = 0 if length is None else int(length)
    if size > most:
        raise Refusal("body_too_large", limit=most)
    return size
