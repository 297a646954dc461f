"""Cross-origin answers (the Fetch standard), from the setting `cors_origins`.

No cookies are involved, so no credentials are allowed.
"""

from torana.gate.listen.request import Request

_EXPOSED = b", ".join(
    [b"x-torana-call-id", b"x-torana-service", b"x-torana-target", b"retry-after"]
    + [
        b"x-ratelimit-%b-%b" % (what, unit)
        for unit in (b"requests", b"tokens")
        for what in (b"limit", b"remaining", b"reset")
    ]
)
_PREFLIGHT_SECONDS = 600


class Cors:
    """Headers for callers that are web pages."""

    __slots__ = ("_any", "_origins")

    def __init__(self, origins: str) -> None:
        names = {origin.strip().rstrip("/").encode() for origin in origins.split(",") if origin.strip()}
        self._any = b"*" in names
        self._origins = frozenset(names)

    def headers(self, request: Request) -> bytes:
        """Header lines that every reply to this request carries."""
        if self._any:
            return b"access-control-allow-origin: *\r\naccess-control-expose-headers: %b\r\n" % _EXPOSED
        origin = request.headers.get(b"origin")
        if origin is None or origin not in self._origins:
            return b"vary: Origin\r\n"
        return b"access-control-allow-origin: %b\r\nvary: Origin\r\naccess-control-expose-headers: %b\r\n" % (
            origin,
            _EXPOSED,
        )

    def preflight(self, request: Request) -> bytes | None:
        """Header lines that answer a preflight beside `headers()`; None when the request is not one."""
        headers = request.headers
        if request.method != b"OPTIONS" or b"origin" not in headers or b"access-control-request-method" not in headers:
            return None
        if not self._any and headers[b"origin"] not in self._origins:
            return b""
        return (
            b"access-control-allow-methods: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"
            b"access-control-allow-headers: %b\r\naccess-control-max-age: %d\r\n"
        ) % (headers.get(b"access-control-request-headers") or b"*", _PREFLIGHT_SECONDS)


def cors(origins: str) -> Cors | None:
    """None when no origin is allowed, so that a gate without web callers pays nothing."""
    return Cors(origins) if origins.strip() else None
