"""The neutral form between dialects: what a caller asks of a model and what comes back, whatever wire format either side speaks.

Wider than any one dialect, so that decoding loses nothing: a dialect decodes into these types and encodes from them, and what its
own format has no place for it reports as a loss (core/losses.py). What only one dialect understands travels as `Opaque`, in that
dialect's own JSON. Everything is immutable; sequences are tuples; JSON values (schemas, metadata) are plain dicts and lists that
nobody changes.
"""

from typing import Any, Literal

import msgspec

from torana.core.usage import UNKNOWN, Usage

Role = Literal["system", "developer", "user", "assistant"]
Stop = Literal[
    "stop", "length", "stop_sequence", "tool_calls", "content_filter", "refusal", "pause", "context_window", "error"
]
"""Why a model ended. `pause`: it wants to be called again with what it said; `context_window`: longer than the model reads."""
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class Cache(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt-cache marker: what stands before and in the part that carries it may be kept by the vendor."""

    ttl: str | None = None
    """`5m`, `1h`; None is the vendor's default."""
    form: str | None = None
    """The marker's name in the dialect it came in, where that has more than one."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bytes of an image, document, sound or video are: exactly one of url, data, file_id and text is set."""

    media_type: str | None = None
    url: str | None = None
    data: str | None = None
    """Base64 in the standard alphabet, padded."""
    file_id: str | None = None
    text: str | None = None
    """A document's content as plain text."""


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """What a piece of text rests on."""

    url: str | None = None
    title: str | None = None
    cited_text: str | None = None
    start: int | None = None
    """Characters of the text that carries it, from `start` up to `end`."""
    end: int | None = None
    document: int | None = None
    """Number of the document in the request, from 0."""
    raw: Any = None
    """The citation in its dialect's own form, for `dialect`."""
    dialect: str | None = None


class Text(msgspec.Struct, frozen=True, kw_only=True, tag="text"):
    """Text."""

    text: str
    citations: tuple[Citation, ...] = ()
    signature: str | None = None
    """Opaque proof that the vendor wants back with this part (Gemini's thoughtSignature)."""
    phase: str | None = None
    """`commentary` or `final_answer`: what an assistant's text is, as OpenAI's newer models label it and want it back."""
    cache: Cache | None = None


class Image(msgspec.Struct, frozen=True, kw_only=True, tag="image"):
    """An image, asked or answered."""

    source: Source
    detail: str | None = None
    """`low`, `high`, `auto`, `original`."""
    signature: str | None = None
    cache: Cache | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True, tag="document"):
    """A PDF, a text, any other file."""

    source: Source
    title: str | None = None
    context: str | None = None
    citations: bool = False
    """Whether the model is to cite it."""
    detail: str | None = None
    """`low`, `high`, `auto`: how closely its pages are looked at."""
    cache: Cache | None = None


class Audio(msgspec.Struct, frozen=True, kw_only=True, tag="audio"):
    """Sound: in the request as data, in a reply with its transcript."""

    source: Source
    transcript: str | None = None
    id: str | None = None
    expires: int | None = None
    """Seconds since 1970 until which `id` stands for it."""
    cache: Cache | None = None


class Video(msgspec.Struct, frozen=True, kw_only=True, tag="video"):
    """Moving pictures."""

    source: Source
    cache: Cache | None = None


class Reasoning(msgspec.Struct, frozen=True, kw_only=True, tag="reasoning"):
    """What the model thought before it answered. It goes back unchanged with the next turn."""

    text: str = ""
    summary: tuple[str, ...] = ()
    signature: str | None = None
    encrypted: str | None = None
    """Content that only the vendor can read: redacted thinking, encrypted reasoning."""
    id: str | None = None


class ToolCall(msgspec.Struct, frozen=True, kw_only=True, tag="tool_call"):
    """A call the model wants made."""

    id: str
    name: str
    arguments: str = ""
    """JSON as the model wrote it: it may not be valid. The input of a custom (free text) tool where `custom`."""
    custom: bool = False
    signature: str | None = None
    cache: Cache | None = None


class ToolResult(msgspec.Struct, frozen=True, kw_only=True, tag="tool_result"):
    """What a call gave. Stands in a `user` message."""

    call_id: str
    name: str | None = None
    """Of the tool, where the dialect says it or the earlier call tells it."""
    content: tuple["Part", ...] = ()
    error: bool = False
    custom: bool = False
    cache: Cache | None = None


class Declined(msgspec.Struct, frozen=True, kw_only=True, tag="declined"):
    """The model's own words for why it will not answer (OpenAI's `refusal`)."""

    text: str


class Opaque(msgspec.Struct, frozen=True, kw_only=True, tag="opaque"):
    """A part, tool or item that only its own dialect understands: sent on to that dialect, a loss for every other."""

    dialect: str
    kind: str
    """Its `type` in that dialect, for the loss."""
    raw: Any


Part = Text | Image | Document | Audio | Video | Reasoning | ToolCall | ToolResult | Declined | Opaque


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One turn. Instructions are messages with role system or developer, wherever they stand."""

    role: Role
    parts: tuple[Part, ...] = ()
    name: str | None = None
    id: str | None = None
    apart: bool = False
    """Said outside the conversation, in a field of its own that holds for this request only (Responses' `instructions`)."""


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A function the model may call."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    """JSON Schema."""
    strict: bool | None = None
    custom: bool = False
    """Takes free text instead of arguments; `parameters` is then its format, if it has one."""
    cache: Cache | None = None
    extra: dict[str, Any] = {}
    """Hints that only the caller's dialect has words for; without them the tool is the same."""


class ToolChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Whether and which tools the model must call."""

    mode: Literal["auto", "none", "required", "named"]
    name: str | None = None
    """With `named`."""
    allowed: tuple[str, ...] | None = None
    """With auto or required: only these."""


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """The form of the answer."""

    kind: Literal["text", "json", "schema"]
    schema: dict[str, Any] | None = None
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


class Thinking(msgspec.Struct, frozen=True, kw_only=True):
    """How much the model shall think, and how much of that the caller wants to see."""

    enabled: bool | None = None
    effort: Effort | None = None
    budget_tokens: int | None = None
    """-1: as much as the model likes."""
    adaptive: bool = False
    """The model decides (Anthropic's `adaptive`)."""
    visible: bool | None = None
    """Whether thoughts are to be in the reply."""
    summary: str | None = None
    """`auto`, `concise`, `detailed`."""
    encrypted: bool | None = None
    """Whether encrypted reasoning is to be in the reply (OpenAI's include reasoning.encrypted_content)."""


class Speech(msgspec.Struct, frozen=True, kw_only=True):
    """Spoken answers."""

    voice: str | None = None
    format: str | None = None


class ModelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request for an answer. None is always: not said."""

    dialect: str
    """Of the caller."""
    model: str
    messages: tuple[Message, ...] = ()
    tools: tuple[Tool | Opaque, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_tokens: int | None = None
    """Of output, reasoning included."""
    temperature: float | int | None = None
    top_p: float | int | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    frequency_penalty: float | int | None = None
    presence_penalty: float | int | None = None
    choices: int | None = None
    """How many answers."""
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, Any] | None = None
    format: Format | None = None
    verbosity: str | None = None
    thinking: Thinking | None = None
    modalities: tuple[str, ...] | None = None
    """`text`, `audio`, `image`: what the answer may hold."""
    speech: Speech | None = None
    stream: bool = False
    stream_usage: bool | None = None
    user: str | None = None
    metadata: dict[str, Any] | None = None
    service_tier: str | None = None
    """`auto`, `default`, `flex`, `priority`, `standard_only`, …; as the caller's dialect spells it."""
    cache_key: str | None = None
    """OpenAI's prompt_cache_key."""
    safety_id: str | None = None
    store: bool | None = None
    extra: dict[str, Any] = {}
    """Top-level fields that only `dialect` understands, as JSON values: a loss for every other."""


class TopLogprob(msgspec.Struct, frozen=True, kw_only=True):
    """One token that was likely at a place."""

    token: str
    logprob: float
    bytes: tuple[int, ...] | None = None


class Logprob(msgspec.Struct, frozen=True, kw_only=True):
    """One token of the answer and its alternatives."""

    token: str
    logprob: float
    bytes: tuple[int, ...] | None = None
    top: tuple[TopLogprob, ...] = ()


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One answer."""

    index: int = 0
    parts: tuple[Part, ...] = ()
    stop: Stop | None = None
    stop_sequence: str | None = None
    """The sequence that was met."""
    logprobs: tuple[Logprob, ...] | None = None
    stop_detail: str | None = None
    """The vendor's own word for why it stopped, where `stop` is coarser."""


class ModelReply(msgspec.Struct, frozen=True, kw_only=True):
    """A whole reply."""

    id: str = ""
    model: str = ""
    created: int | None = None
    """Seconds since 1970."""
    choices: tuple[Choice, ...] = ()
    usage: Usage = UNKNOWN
    service_tier: str | None = None
    fingerprint: str | None = None
    blocked: str | None = None
    """Why the prompt itself was refused (Gemini's blockReason); there are no choices then."""
    latency_ms: int | None = None
    """From the request to the whole reply, as the gate measures it for dialects that tell it."""


class EmbedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Texts to be turned into vectors."""

    dialect: str
    model: str
    inputs: tuple[str | tuple[int, ...] | tuple[Part, ...], ...]
    """Each a text, token ids, or parts."""
    dimensions: int | None = None
    base64: bool = False
    """Whether the caller wants vectors as base64 of little-endian 32-bit floats."""
    task: str | None = None
    """`search_query`, `search_document`, `classification`, `clustering`, `similarity`, `question_answering`, `fact_verification`
    or `code_query`."""
    title: str | None = None
    user: str | None = None
    single: bool = False
    """Whether one input was sent alone, not as a list: its answer then has the same shape."""
    extra: dict[str, Any] = {}


class EmbedReply(msgspec.Struct, frozen=True, kw_only=True):
    """The vectors, in the order of the inputs."""

    model: str = ""
    vectors: tuple[tuple[float, ...], ...] = ()
    usage: Usage = UNKNOWN


class RerankRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Documents to be put in the order of what they say to a question."""

    dialect: str
    model: str
    query: str
    documents: tuple[str, ...]
    top: int | None = None
    """How many are wanted, the best first."""
    return_documents: bool | None = None
    """Whether the reply shall repeat their text."""
    max_tokens_per_document: int | None = None
    extra: dict[str, Any] = {}


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """One document of the order."""

    index: int
    """Of the document in the request."""
    score: float


class RerankReply(msgspec.Struct, frozen=True, kw_only=True):
    """The order, best first."""

    id: str = ""
    model: str = ""
    results: tuple[Ranked, ...] = ()
    usage: Usage = UNKNOWN
    search_units: int | None = None
    """What Cohere bills: one for up to a hundred documents."""


class VendorError(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor's error body says, for a caller of another dialect."""

    message: str
    type: str | None = None
    code: str | None = None
    param: str | None = None
