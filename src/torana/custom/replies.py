"""What a mapping gave, as a neutral reply. Forms are strict: an unknown field is a spelling mistake in the description.

JSONata drops what is undefined and unwraps lists of one, so every list may also be its only entry, and a reply that says nothing at
all is an error: its paths did not match.
"""

from typing import Any, Literal, TypeVar, get_args

import msgspec

from torana.core.exchange import (
    Audio,
    Choice,
    Declined,
    Document,
    EmbedReply,
    Image,
    ModelReply,
    Part,
    Reasoning,
    Source,
    Stop,
    Text,
    ToolCall,
    VendorError,
    Video,
)
from torana.core.ids import new_id
from torana.core.usage import UNKNOWN, Usage
from torana.custom.errors import failed

_MOST_TOKENS = 2**53
_MOST_FLOAT = 3.4028234663852886e38
"""The largest of 32 bits, in which callers may ask for vectors."""
_STOPS = frozenset(get_args(Stop))
Form = TypeVar("Form")
Rows = tuple[tuple[float, ...], ...]


class Counts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tokens, as far as the service tells them."""

    input: int | float | None = None
    cached_input: int | float | None = None
    cache_write: int | float | None = None
    output: int | float | None = None
    reasoning: int | float | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool that the model wants called."""

    name: str | None = None
    """In a stream: a call without a name goes on with the one before."""
    id: str | None = None
    arguments: Any = None
    """An object, or its JSON as text."""


class Piece(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the reply. Text has `text`, the others `url` or `data` (base64) with `media_type`."""

    type: Literal["text", "image", "document", "audio", "video"]
    text: Any = None
    url: str | None = None
    data: str | None = None
    media_type: str | None = None
    transcript: str | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An error of the service. `retryable` is by default what the status says."""

    message: Any = None
    code: str | int | float | None = None
    type: str | None = None
    retryable: bool | None = None


class Whole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `response` gives for a chat model: text alone, or this."""

    text: Any = None
    """Text; any other JSON value is written as JSON."""
    parts: Any = None
    """Pieces, in place of `text`."""
    reasoning: str | None = None
    refusal: str | None = None
    """The service's own words for why it will not answer."""
    tool_calls: Any = None
    """One Wanted or a list of them."""
    stop: str | None = None
    """A stop reason of ours (stop, length, tool_calls, content_filter, …); another word is kept as detail."""
    usage: Counts | None = None
    model: str | None = None
    id: str | None = None
    error: Fault | str | None = None
    """The service failed although its status was good."""


class Delta(Whole, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `stream.event` gives for one event: more text alone, or this."""

    done: bool | None = None


class Vectors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `response` gives for embeddings: the list of vectors alone, or this."""

    vectors: Any = None
    usage: Counts | None = None
    model: str | None = None
    error: Fault | str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The service said that it failed."""

    error: VendorError
    retryable: bool
    note: str | None = None
    """Why the description's own `error` mapping could not be used, where it could not."""


def read_form(value: bytes, form: type[Form], step: str) -> Form:
    """A mapping's result as one of the forms above. Raises CustomError."""
    try:
        return msgspec.json.decode(value, type=form)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise failed(step, f"its result does not fit: {_plain(error)}") from None


def convert_form(value: Any, form: type[Form], step: str) -> Form:
    """Plain data as one of the forms above. Raises CustomError."""
    try:
        return msgspec.convert(value, form)
    except (msgspec.ValidationError, RecursionError) as error:
        raise failed(step, f"its result does not fit: {_plain(error)}") from None


def chat_reply(value: bytes, usage: bytes | None, model: str) -> ModelReply | Problem:
    """The reply that `response` gave, and `usage` where it is described. Raises CustomError."""
    _refuse_nothing(value)
    if value.startswith(b'"'):
        whole = Whole(text=read_form(value, str, "response"))
    else:
        whole = read_form(value, Whole, "response")
    if whole.error is not None:
        return problem(whole.error, None)
    parts = parts_of(whole, "response")
    if not parts and whole.stop is None:
        raise failed(
            "response", "its result has none of text, parts, tool_calls, refusal and reasoning: its paths match nothing"
        )
    stop, detail = stop_of(whole.stop)
    if stop is None and detail is None:
        stop = "tool_calls" if any(isinstance(part, ToolCall) for part in parts) else "stop"
    counted = usage_of(read_form(usage, Counts | None, "usage")) if usage is not None else UNKNOWN  # type: ignore[arg-type]
    return ModelReply(
        id=whole.id or new_id("custom"),
        model=whole.model or model,
        choices=(Choice(parts=parts, stop=stop, stop_detail=detail),),
        usage=merged(usage_of(whole.usage), counted),
    )


def embed_reply(value: bytes, usage: bytes | None, model: str, count: int) -> EmbedReply | Problem:
    """The vectors that `response` gave for `count` inputs. Raises CustomError."""
    _refuse_nothing(value)
    whole = (
        Vectors(vectors=read_form(value, Any, "response"))
        if value.startswith(b"[")
        else read_form(value, Vectors, "response")
    )
    if whole.error is not None:
        return problem(whole.error, None)
    counted = usage_of(read_form(usage, Counts | None, "usage")) if usage is not None else UNKNOWN  # type: ignore[arg-type]
    return EmbedReply(
        model=whole.model or model,
        vectors=_vectors(whole.vectors, count),
        usage=merged(usage_of(whole.usage), counted),
    )


def parts_of(whole: Whole, step: str) -> tuple[Part, ...]:
    """The parts of a reply, in the order reasoning, text or pieces, refusal, calls. Raises CustomError."""
    if whole.text is not None and whole.parts is not None:
        raise failed(step, "its result has text and parts; only one of them can be given")
    parts: list[Part] = []
    if whole.reasoning:
        parts.append(Reasoning(text=whole.reasoning))
    if whole.text is not None:
        parts.append(Text(text=text_of(whole.text)))
    parts += [_part(convert_form(piece, Piece, step), step) for piece in listed(whole.parts)]
    if whole.refusal:
        parts.append(Declined(text=whole.refusal))
    parts += [tool_call(convert_form(call, Wanted, step), step) for call in listed(whole.tool_calls)]
    return tuple(parts)


def tool_call(call: Wanted, step: str) -> ToolCall:
    """A call, with an id of ours where the service gives none. Raises CustomError."""
    if not call.name:
        raise failed(step, "its result has a tool call without a name")
    return ToolCall(id=call.id or new_id("call"), name=call.name, arguments=arguments_of(call.arguments))


def arguments_of(value: Any) -> str:
    """A call's arguments as JSON text; absent ones are none."""
    return "" if value is None else text_of(value)


def text_of(value: Any) -> str:
    """Text as it is, any other JSON value as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def listed(value: Any) -> list[Any]:
    """A list, the only entry of one, or nothing."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def stop_of(word: str | None) -> tuple[Stop | None, str | None]:
    """Our reason for the end, or the service's own word where it is none of ours."""
    if word is None:
        return None, None
    found: Any = word.lower()
    return (found, None) if found in _STOPS else ("stop", word[:200])


def usage_of(counts: Counts | None) -> Usage:
    """What the service counted; a number that cannot be a count is unknown."""
    if counts is None:
        return UNKNOWN
    return Usage(
        _count(counts.input),
        _count(counts.cached_input),
        _count(counts.output),
        _count(counts.reasoning),
        cache_write=_count(counts.cache_write),
    )


def merged(first: Usage, later: Usage) -> Usage:
    """`first` with what `later` knows."""
    known = {field: value for field, value in later._asdict().items() if value is not None}
    return first._replace(**known)


def problem(fault: Fault | str, status: int | None, note: str | None = None) -> Problem:
    """An error of the service; `status` is None where its status was good."""
    said = Fault(message=fault) if isinstance(fault, str) else fault
    message = (
        text_of(said.message) if said.message not in (None, "") else f"the service failed with status {status or 200}"
    )
    code = None if said.code is None else text_of(said.code)
    retryable = said.retryable
    if retryable is None:
        retryable = status is not None and (status in (408, 425, 429) or status >= 500)
    return Problem(error=VendorError(message=message, code=code, type=said.type), retryable=retryable, note=note)


def _refuse_nothing(value: bytes) -> None:
    if value == b"null":
        raise failed("response", "it gives nothing: its paths match nothing in the service's reply")


def _part(piece: Piece, step: str) -> Part:
    if piece.type == "text":
        return Text(text=text_of("" if piece.text is None else piece.text))
    if (piece.url is None) == (piece.data is None):
        raise failed(step, f"its result has a part of type {piece.type} that needs either url or data")
    source = Source(media_type=piece.media_type, url=piece.url, data=piece.data)
    if piece.type == "image":
        return Image(source=source)
    if piece.type == "audio":
        return Audio(source=source, transcript=piece.transcript)
    return Document(source=source) if piece.type == "document" else Video(source=source)


def _vectors(found: Any, count: int) -> Rows:
    if not found:
        raise failed("response", "its result has no vectors: its paths match nothing")
    if isinstance(found, list) and not isinstance(found[0], list):
        if count != 1:
            hint = "; write data.[embedding] where data.embedding would join them"
            raise failed("response", f"its vectors have to be a list of lists of numbers{hint}")
        found = [found]
    rows: Rows = convert_form(found, Rows, "response")
    if len(rows) != count:
        raise failed("response", f"its result has {len(rows)} vectors for {count} inputs")
    if len({len(row) for row in rows}) != 1 or not rows[0]:
        raise failed("response", "its vectors differ in length or are empty")
    if any(abs(number) > _MOST_FLOAT for row in rows for number in row):
        raise failed("response", "its vectors hold a number that is too large")
    return rows


def _count(number: float | None) -> int | None:
    return int(number) if number is not None and 0 <= number < _MOST_TOKENS else None


def _plain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error).replace("`", "").replace(" - at $.", " at ").replace(" - at $", "")[:300]
