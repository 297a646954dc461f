"""Where a call can be sent, ready to be sent there: one target for each deployment, and a way to it for each path of the gate.

All that is the same for many calls is worked out here: addresses, request heads, who has to be asked in which dialect.
"""

import urllib.parse
from copy import copy
from typing import TYPE_CHECKING

import msgspec

from torana import __version__
from torana.core.errors import Refusal
from torana.core.secret import MASK, Secret
from torana.core.snapshot import Account, Deployment, Door
from torana.dialects.anthropic_messages.paths import VERSION
from torana.dialects.registry import DIALECTS, Dialect
from torana.gate.credentials.made import Credential, credential_of
from torana.gate.upstream.endpoint import Endpoint

if TYPE_CHECKING:
    from torana.gate.route.paths import Path
    from torana.settings import Settings

USER_AGENT = f"torana/{__version__}".encode()
_KEY_HEADERS = {
    "bearer": b"authorization: Bearer %b\r\n",
    "x-api-key": b"x-api-key: %b\r\n",
    "api-key": b"api-key: %b\r\n",
    "x-goog-api-key": b"x-goog-api-key: %b\r\n",
}
ALWAYS_FORWARDED = (b"idempotency-key", b"traceparent", b"tracestate")
_FORWARDED = {
    "openai_chat": (b"accept", b"openai-beta", *ALWAYS_FORWARDED),
    "openai_completions": (b"accept", b"openai-beta", *ALWAYS_FORWARDED),
    "openai_responses": (b"accept", b"openai-beta", *ALWAYS_FORWARDED),
    "anthropic_messages": (b"accept", b"anthropic-beta", b"anthropic-version", *ALWAYS_FORWARDED),
}
"""What a vendor may see of the headers of a caller who speaks its dialect."""
_DEMANDED = {"anthropic_messages": {"anthropic-version": VERSION}}
"""What every request of a dialect has to carry, whoever the vendor is; an account's own headers and a caller's go before."""
_COHERES_RERANK = "/v2/rerank"
_SAME = {"openai_completions": "openai_chat", "gemini_array": "gemini"}
"""Dialects that a vendor speaks who speaks another one."""


class Way:
    """How calls of one path, streamed or not, reach a model at an account."""

    __slots__ = (
        "_defaults",
        "_fixed",
        "_forwarded",
        "_head",
        "_spoken",
        "counts",
        "credential",
        "dialect",
        "endpoint",
        "host",
        "passes",
        "path",
        "quirks",
        "refits",
    )

    def __init__(self, target: "Target", door: Door, dialect: Dialect, passes: bool, path: str) -> None:
        account = target.account
        self.dialect = dialect
        """Spoken to the vendor."""
        self._spoken: dict[str, bytes] = {}
        self.counts = False
        """Whether tokens are to be counted that the vendor does not count."""
        self.passes = passes
        """Whether it is the caller's own, so that bytes pass."""
        self.quirks = target.quirks
        self.refits = dialect.refits if passes and self.quirks else None
        """Tells which requests cannot pass as they are, because the vendor would refuse them."""
        parts = urllib.parse.urlsplit(door.base_url)
        self.host = host_of(parts)
        self.path = parts.path.rstrip("/") + path
        self.endpoint = target.endpoint_at(parts)
        self.credential: Credential | None = credential_of(account, door, target.key)
        """What makes the credential for each call, where it is not simply a header."""
        self._forwarded = _FORWARDED.get(dialect.name, ALWAYS_FORWARDED) if passes else ALWAYS_FORWARDED
        line = _KEY_HEADERS.get(door.auth) if target.key is not None and self.credential is None else None
        fixed = b"" if line is None or target.key is None else line % target.key.reveal().encode()
        self._defaults = {**_DEMANDED.get(dialect.name, {}), **account.headers}
        for name, value in self._defaults.items():
            if name.encode() not in self._forwarded:
                fixed += b"%b: %b\r\n" % (name.encode(), value.encode())
        self._fixed = fixed + b"accept-encoding: identity\r\nuser-agent: %b\r\n" % USER_AGENT
        self._head = self._begin(b"POST", self.path.encode(), b"application/json")

    def spoken(self, caller: str) -> bytes:
        """The caller's dialect and the vendor's, as a record has them."""
        found = self._spoken.get(caller)
        if found is None:
            found = self._spoken[caller] = msgspec.msgpack.encode((caller, self.dialect.name))[1:]
        return found

    def head(self, headers: dict[bytes, bytes]) -> bytes:
        """The request head for a caller's headers, up to the length of the body and what a credential adds."""
        return self._with(self._head, headers)

    def any_head(self, method: bytes, target: bytes, kind: bytes, headers: dict[bytes, bytes]) -> bytes:
        """The same for any method and target; `kind` is the content type, empty where there is no body."""
        return self._with(self._begin(method, target, kind), headers)

    def _begin(self, method: bytes, target: bytes, kind: bytes) -> bytes:
        line = b"content-type: %b\r\n" % kind if kind else b""
        return b"%b %b HTTP/1.1\r\nhost: %b\r\n%b%b" % (method, target, self.host.encode(), line, self._fixed)

    def _with(self, head: bytes, headers: dict[bytes, bytes]) -> bytes:
        lines = [head]
        for name in self._forwarded:
            value = headers.get(name)
            if value is None and self._defaults:
                value = self._defaults.get(name.decode(), "").encode()
            if value:
                lines.append(b"%b: %b\r\n" % (name, value))
        return b"".join(lines)


class Target:
    """One deployment, ready to be called."""

    __slots__ = (
        "_endpoints", "_secret", "_settings", "_ways", "account", "deployment", "doors", "facts", "in_process", "key", "lines",
        "model", "name", "quirks",
    )  # fmt: skip

    def __init__(self, deployment: Deployment, account: Account, key: Secret | None, settings: "Settings") -> None:
        self._is(deployment, b"")
        self.model = deployment.model
        self.account = account
        self.key = key
        self.quirks = frozenset(account.quirks)
        self._settings = settings
        self._secret = b"" if key is None else key.reveal().encode()
        self.in_process = account.vendor == "demo"
        self.doors = account.doors or (Door("openai_chat", account.base_url, account.auth),)
        self._ways: dict[Path, list[Way | None]] = {}
        self._endpoints: dict[tuple[str, str], Endpoint] = {}

    def serving(self, deployment: Deployment, lines: bytes) -> "Target":
        """A target for another deployment of the same model at the same account.

        Ways and whatever else depends on these two is the same object: thousands of services are served by few models, and what
        all their calls touch stays in the processor's cache.
        """
        other = copy(self)
        other._is(deployment, lines)
        return other

    def _is(self, deployment: Deployment, lines: bytes) -> None:
        self.deployment = deployment
        self.name = deployment.name
        self.facts = deployment.facts
        self.lines = lines
        """Of replies that come from here."""

    def way(self, path: "Path", stream: bool) -> Way:
        """How to send a call of `path` here. Raises Refusal (endpoint_not_supported)."""
        ways = self._ways.get(path)
        if ways is None:
            ways = self._ways[path] = [None, None]
        found = ways[stream]
        if found is None:
            found = ways[stream] = self._find(path, stream)
        return found

    def without_secret(self, text: bytes) -> bytes:
        """What this target said, without the account's own key: some vendors repeat it in their errors."""
        return text.replace(self._secret, MASK.encode()) if self._secret else text

    def endpoint_at(self, parts: urllib.parse.SplitResult) -> Endpoint:
        """Where this is, with the account's trust and time limits; the same for all ways to one address."""
        known = self._endpoints.get((parts.scheme, parts.netloc))
        if known is None:
            known = self._endpoints[parts.scheme, parts.netloc] = endpoint_of(parts, self.account, self._settings)
        return known

    def _find(self, path: "Path", stream: bool) -> Way:
        own = _SAME.get(path.dialect.name, path.dialect.name)
        model = self.model
        # Who has a rerank of its own has it there, and not where it is compatible with OpenAI, which has none.
        reranks = path.operation == "rerank" and any(door.dialect == "cohere" for door in self.doors)
        for door in self.doors:
            if reranks:
                break
            spoken = door.dialect == own and not (own != path.dialect.name and "no_completions" in self.quirks)
            if spoken or door.dialect == path.dialect.name:
                return Way(self, door, path.dialect, True, _path_to_same(path, model))
        door = next(door for door in self.doors if door.dialect == "cohere") if reranks else self.doors[0]
        dialect = DIALECTS[door.dialect]
        if reranks and path.label == _COHERES_RERANK:
            return Way(self, door, dialect, True, path.upstream)
        if path.operation == "count" and not dialect.has("count"):
            way = Way(self, door, dialect, False, "")
            way.counts = True
            return way
        try:
            upstream = dialect.upstream_path(path.operation, model, stream)
        except (KeyError, ValueError):
            reason = f"{self.name} speaks {door.dialect}, which has no such endpoint."
            raise Refusal("endpoint_not_supported", service=model[:200], endpoint=path.label, reason=reason) from None
        return Way(self, door, dialect, False, upstream)


def endpoint_of(parts: urllib.parse.SplitResult, account: Account, settings: "Settings") -> Endpoint:
    """The endpoint of an address, reached with an account's trust, proxy and time limits."""
    return Endpoint(
        scheme="https" if parts.scheme == "https" else "http",
        host=parts.hostname or "",
        port=parts.port or (443 if parts.scheme == "https" else 80),
        ca_pem=account.ca_pem,
        proxy=account.proxy or settings.upstream_proxy or None,
        name=account.id,
        connect_timeout_ns=_ns(account.connect_timeout_seconds, settings.upstream_connect_timeout_seconds),
        first_byte_timeout_ns=_ns(account.first_byte_timeout_seconds, settings.upstream_first_byte_timeout_seconds),
        idle_timeout_ns=_ns(account.idle_timeout_seconds, settings.upstream_idle_timeout_seconds),
        total_timeout_ns=_ns(account.total_timeout_seconds, settings.upstream_total_timeout_seconds),
    )


def host_of(parts: urllib.parse.SplitResult) -> str:
    """The value of a Host header."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port is None else f"{host}:{parts.port}"


def _path_to_same(path: "Path", model: str) -> str:
    """Behind the base URL of a target that speaks the caller's dialect."""
    if path.upstream:
        return path.upstream
    if path.dialect.folder != "gemini":
        return path.dialect.upstream_path(path.operation, model, path.streams)
    resource = model if "/" in model else f"models/{model}"
    return f"/{urllib.parse.quote(resource, safe='/')}:{path.method}"


def _ns(own: float | None, default: float) -> int:
    return int((default if own is None else own) * 1_000_000_000)
