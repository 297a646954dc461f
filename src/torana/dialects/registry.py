"""Finds a dialect by its name. A module of a dialect is imported when it is first needed, and `preload` needs all of them."""

from collections.abc import Callable, Iterable
from functools import cached_property, partial
from importlib import import_module
from types import ModuleType
from typing import Protocol

from torana.core.errors import Refusal
from torana.core.exchange import (
    EmbedReply,
    EmbedRequest,
    ModelReply,
    ModelRequest,
    RerankReply,
    RerankRequest,
    VendorError,
)
from torana.core.losses import Losses
from torana.core.stream import Event
from torana.core.usage import Usage
from torana.dialects.body import Peek
from torana.dialects.passing import PassingStream

INBOUND = (
    "openai_chat", "openai_completions", "openai_responses", "anthropic_messages", "gemini", "bedrock_converse",
)  # fmt: skip
OUTBOUND = (*INBOUND, "cohere", "ollama")
_WITH_QUIRKS = frozenset({"openai_chat", "openai_completions"})
"""Spoken by many vendors with differences: their encoders want to know the target's quirks."""
_STREAM_TYPES = {
    "bedrock_converse": ("application/vnd.amazon.eventstream",),
    "ollama": ("application/x-ndjson", "application/json"),
}
_ID_HEADERS = {"bedrock_converse": b"x-amzn-requestid"}


class StreamDecoder(Protocol):
    """Reads a vendor's stream."""

    @property
    def model(self) -> str | None: ...

    @property
    def usage(self) -> Usage: ...

    @property
    def done(self) -> bool: ...

    def feed(self, data: bytes) -> list[Event]:
        """Events that these bytes complete."""

    def end(self) -> list[Event]:
        """The bytes have ended."""


class StreamEncoder(Protocol):
    """Writes a caller's stream."""

    def encode(self, events: Iterable[Event]) -> bytes:
        """Bytes to hand on."""


class Dialect:
    """One wire format: the functions that dialects/__init__.py describes, found when they are first used."""

    def __init__(self, name: str, array: bool = False) -> None:
        self.name = name
        self.folder = "gemini" if name == "gemini_array" else name
        self.array = array
        """Streams are one JSON array (Gemini without `alt=sse`)."""
        self.stream_types = ("application/json",) if array else _STREAM_TYPES.get(name, ("text/event-stream",))
        """What its vendors' streams may be."""
        self.stream_type = self.stream_types[0]
        """What its callers' streams are."""
        self.stream_kind = self.stream_type.encode() + (b"" if name == "bedrock_converse" else b"; charset=utf-8")
        """The same as a content type: Bedrock's are bytes, all others text."""
        self.id_header = _ID_HEADERS.get(name)
        """Where its clients look for the id of a reply, beside those that every reply has."""

    def _module(self, file: str) -> ModuleType:
        return import_module(f"torana.dialects.{self.folder}.{file}")

    def has(self, file: str) -> bool:
        """Whether the dialect has this file of the contract, such as `embed`."""
        try:
            self._module(file)
        except ModuleNotFoundError:
            return False
        return True

    @cached_property
    def peek(self) -> Callable[[bytes], Peek]:
        return self._module("look").peek  # type: ignore[no-any-return]

    @cached_property
    def for_upstream(self) -> Callable[[bytes, Peek, str, bool], bytes]:
        return self._module("look").for_upstream  # type: ignore[no-any-return]

    @cached_property
    def refits(self) -> Callable[[bytes, Peek, frozenset[str]], bool] | None:
        """Whether a request has to be written anew for a vendor with these quirks, although it speaks the caller's dialect."""
        return getattr(self._module("look"), "refits", None) if self.has("look") else None

    @cached_property
    def read_reply(self) -> Callable[[bytes], tuple[str | None, Usage]]:
        return self._module("watch").read_reply  # type: ignore[no-any-return]

    @cached_property
    def passing(self) -> Callable[[bool], PassingStream]:
        return self._module("watch").ArrayReader if self.array else self._module("watch").StreamReader  # type: ignore[no-any-return]

    @cached_property
    def spelling(self) -> dict[str, str]:
        return self._module("request").SPELLING  # type: ignore[no-any-return]

    @cached_property
    def harmless(self) -> frozenset[str]:
        return frozenset(getattr(self._module("request"), "HARMLESS", ()))

    @cached_property
    def places(self) -> Callable[[ModelRequest], list[str]]:
        """Where each message of a request stood in its caller's body."""
        return self._module("request").places  # type: ignore[no-any-return]

    @cached_property
    def refuse_stored(self) -> Callable[[ModelRequest], None] | None:
        """Refuses what only the vendor can serve that keeps it."""
        return getattr(self._module("request"), "refuse_stored", None)

    @cached_property
    def decode_request(self) -> Callable[[bytes, str | None, bool | None], ModelRequest]:
        return self._module("request").decode_request  # type: ignore[no-any-return]

    @cached_property
    def encode_request(self) -> Callable[[ModelRequest, str, Losses, frozenset[str]], bytes]:
        """The body for a target with these quirks."""
        return self._with_quirks(self._module("request").encode_request)

    @cached_property
    def decode_reply(self) -> Callable[[bytes], ModelReply]:
        return self._module("reply").decode_reply  # type: ignore[no-any-return]

    @cached_property
    def encode_reply(self) -> Callable[[ModelReply, ModelRequest], bytes]:
        return self._module("reply").encode_reply  # type: ignore[no-any-return]

    @cached_property
    def decoder(self) -> Callable[[], StreamDecoder]:
        made = self._module("stream").Decoder
        return partial(made, array=True) if self.array else made

    @cached_property
    def encoder(self) -> Callable[[ModelRequest], StreamEncoder]:
        made = self._module("stream").Encoder
        return partial(made, array=True) if self.array else made

    @cached_property
    def decode_embed(self) -> Callable[[bytes, str | None], EmbedRequest]:
        return self._module("embed").decode_embed  # type: ignore[no-any-return]

    @cached_property
    def encode_embed(self) -> Callable[[EmbedRequest, str, Losses, frozenset[str]], bytes]:
        """The body for a target with these quirks."""
        return self._with_quirks(self._module("embed").encode_embed)

    @cached_property
    def decode_embed_reply(self) -> Callable[[bytes], EmbedReply]:
        return self._module("embed").decode_embed_reply  # type: ignore[no-any-return]

    @cached_property
    def encode_embed_reply(self) -> Callable[[EmbedReply, EmbedRequest], bytes]:
        return self._module("embed").encode_embed_reply  # type: ignore[no-any-return]

    @cached_property
    def decode_rerank(self) -> Callable[[bytes, str | None], RerankRequest]:
        return self._module("rerank").decode_rerank  # type: ignore[no-any-return]

    @cached_property
    def encode_rerank(self) -> Callable[[RerankRequest, str, Losses], bytes]:
        return self._module("rerank").encode_rerank  # type: ignore[no-any-return]

    @cached_property
    def decode_rerank_reply(self) -> Callable[[bytes], RerankReply]:
        return self._module("rerank").decode_rerank_reply  # type: ignore[no-any-return]

    @cached_property
    def encode_rerank_reply(self) -> Callable[[RerankReply, RerankRequest], bytes]:
        return self._module("rerank").encode_rerank_reply  # type: ignore[no-any-return]

    @cached_property
    def decode_count(self) -> Callable[[bytes, str | None], ModelRequest]:
        return self._module("count").decode_count  # type: ignore[no-any-return]

    @cached_property
    def encode_count(self) -> Callable[[ModelRequest, str, Losses], bytes]:
        return self._module("count").encode_count  # type: ignore[no-any-return]

    @cached_property
    def decode_count_reply(self) -> Callable[[bytes], int]:
        return self._module("count").decode_count_reply  # type: ignore[no-any-return]

    @cached_property
    def encode_count_reply(self) -> Callable[[int], bytes]:
        return self._module("count").encode_count_reply  # type: ignore[no-any-return]

    @cached_property
    def encode_error(self) -> Callable[[Refusal, str], bytes]:
        return self._module("errors").encode_error  # type: ignore[no-any-return]

    @cached_property
    def error_headers(self) -> Callable[[Refusal], bytes]:
        """Header lines of an error reply, where the dialect says there what its body does not."""
        return getattr(self._module("errors"), "error_headers", _no_headers)

    @cached_property
    def kept_error_headers(self) -> tuple[bytes, ...]:
        """What of a vendor's headers belongs to its error body, and passes with it."""
        return getattr(self._module("errors"), "KEPT_HEADERS", ())

    @cached_property
    def encode_error_event(self) -> Callable[[Refusal, str], bytes]:
        made = self._module("errors").encode_error_event
        return partial(made, array=True) if self.array else made

    @cached_property
    def decode_error(self) -> Callable[[bytes], VendorError | None]:
        return self._module("errors").decode_error  # type: ignore[no-any-return]

    @cached_property
    def upstream_path(self) -> Callable[[str, str, bool], str]:
        return self._module("paths").upstream_path  # type: ignore[no-any-return]

    def _with_quirks(self, encode: Callable[..., bytes]) -> Callable[..., bytes]:
        if self.name in _WITH_QUIRKS:
            return encode
        return lambda request, model, losses, quirks: encode(request, model, losses)


def _no_headers(refusal: Refusal) -> bytes:
    return b""


DIALECTS = {name: Dialect(name) for name in OUTBOUND}
"""By name."""
GEMINI_ARRAY = Dialect("gemini_array", array=True)
"""Gemini as its callers get it who did not ask for `alt=sse`."""


def preload() -> None:
    """Import what calls need, so that no call waits for it."""
    for dialect in DIALECTS.values():
        for file in ("look", "watch", "request", "reply", "stream", "embed", "count", "rerank", "errors", "paths"):
            dialect.has(file)
