"""Neutral requests, replies and streams to draw from; a dialect's tests narrow them to what that dialect can say.

`requests("x", seed=st.none())` draws requests without a seed: any field of `ModelRequest` can be given its own strategy.
`streams(replies())` draws a reply together with events that tell it; `tests.support.collecting` makes a reply of events again.
"""

from base64 import b64encode
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import strategies as st

from torana.core.exchange import (
    Audio,
    Choice,
    Declined,
    Document,
    Format,
    Image,
    Logprob,
    Message,
    ModelReply,
    ModelRequest,
    Part,
    Reasoning,
    Source,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    TopLogprob,
)
from torana.core.stream import (
    ArgumentsDelta,
    Cited,
    DataDelta,
    Event,
    Finished,
    PartEnded,
    PartStarted,
    Started,
    Stopped,
    TextDelta,
    ThoughtDelta,
    UsageSeen,
)
from torana.core.usage import UNKNOWN, Usage

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
"""Text of any kind that UTF-8 can carry, never empty."""
NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,20}", fullmatch=True)
"""Names of tools, models and the like, as every vendor takes them."""
BASE64 = st.binary(min_size=1, max_size=30).map(lambda data: b64encode(data).decode())
URLS = NAMES.map(lambda name: f"https://example.com/{name}.png")
NUMBERS = st.floats(0, 1, width=32).map(lambda number: round(number, 3))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)
SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    NAMES, st.fixed_dictionaries({"type": st.just("string")}), max_size=3
).map(lambda properties: {"type": "object", "properties": properties})
ARGUMENTS = st.dictionaries(NAMES, JSON, max_size=3).map(lambda value: msgspec.json.encode(value).decode())
"""Arguments as JSON of an object."""
TEXTS: st.SearchStrategy[Part] = st.builds(Text, text=WORDS)
INLINE_IMAGES: st.SearchStrategy[Part] = st.builds(
    Image, source=st.builds(Source, media_type=st.sampled_from(["image/png", "image/jpeg"]), data=BASE64)
)
LINKED_IMAGES: st.SearchStrategy[Part] = st.builds(Image, source=st.builds(Source, url=URLS))
PDFS: st.SearchStrategy[Part] = st.builds(
    Document, source=st.builds(Source, media_type=st.just("application/pdf"), data=BASE64), title=st.none() | NAMES
)
SOUNDS: st.SearchStrategy[Part] = st.builds(
    Audio, source=st.builds(Source, media_type=st.sampled_from(["audio/wav", "audio/mp3"]), data=BASE64)
)
THOUGHTS: st.SearchStrategy[Part] = st.builds(Reasoning, text=WORDS)
"""Thoughts in words alone."""
SIGNED_THOUGHTS: st.SearchStrategy[Part] = st.builds(Reasoning, text=WORDS, signature=BASE64)
CALLS: st.SearchStrategy[Part] = st.builds(ToolCall, id=NAMES, name=NAMES, arguments=ARGUMENTS)
DECLINED: st.SearchStrategy[Part] = st.builds(Declined, text=WORDS)
TOOLS = st.builds(
    Tool, name=NAMES, description=st.none() | WORDS, parameters=st.none() | SCHEMAS, strict=st.none() | st.booleans()
)
COUNTS = st.none() | st.integers(0, 2**40)
USAGES = st.builds(
    Usage,
    COUNTS,
    COUNTS,
    COUNTS,
    COUNTS,
    estimated=st.just(False),
    cache_write=COUNTS,
    audio_input=COUNTS,
    audio_output=COUNTS,
)
TOP_LOGPROBS = st.builds(
    TopLogprob,
    token=WORDS,
    logprob=st.integers(-50, 0).map(float),
    bytes=st.none() | st.lists(st.integers(0, 255)).map(tuple),
)
LOGPROBS = st.builds(
    Logprob,
    token=WORDS,
    logprob=st.integers(-50, 0).map(float),
    bytes=st.none() | st.lists(st.integers(0, 255), max_size=4).map(tuple),
    top=st.lists(TOP_LOGPROBS, max_size=2).map(tuple),
)


def results(calls: Sequence[ToolCall], content: st.SearchStrategy[Part] = TEXTS) -> st.SearchStrategy[tuple[Part, ...]]:
    """The results of these calls, in their order, named as the calls are."""
    return st.tuples(
        *(
            st.builds(
                ToolResult,
                call_id=st.just(call.id),
                name=st.just(call.name),
                content=st.lists(content, min_size=1, max_size=2).map(tuple),
            )
            for call in calls
        )
    )


@st.composite
def conversations(
    draw: st.DrawFn,
    asked: st.SearchStrategy[Part] = TEXTS,
    thought: st.SearchStrategy[Part] | None = None,
    result: st.SearchStrategy[Part] = TEXTS,
    instructions: Sequence[str] = ("system",),
) -> tuple[Message, ...]:
    """Turns as real ones go: instructions, then user and assistant by turns; calls are followed by all their results."""
    said: list[Message] = [
        Message(role=role, parts=(draw(TEXTS),))  # type: ignore[arg-type]  # a Role by the argument's own promise
        for role in instructions
        if draw(st.booleans())
    ]
    for turn in range(draw(st.integers(1, 3))):
        said.append(Message(role="user", parts=tuple(draw(st.lists(asked, min_size=1, max_size=3)))))
        if turn and not draw(st.booleans()):
            break
        parts: list[Part] = [draw(thought)] if thought is not None and draw(st.booleans()) else []
        parts.append(draw(TEXTS))
        calls = draw(
            st.lists(
                st.builds(ToolCall, id=NAMES, name=NAMES, arguments=ARGUMENTS),
                max_size=2,
                unique_by=lambda call: call.id,
            )
        )
        said.append(Message(role="assistant", parts=(*parts, *calls)))
        if calls:
            said.append(Message(role="user", parts=draw(results(calls, result))))
    return tuple(said)


def requests(dialect: str, **narrowed: st.SearchStrategy[Any]) -> st.SearchStrategy[ModelRequest]:
    """Requests of that dialect; a field named in `narrowed` is drawn from there."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        "dialect": st.just(dialect),
        "model": NAMES,
        "messages": conversations(),
        "tools": st.lists(TOOLS, max_size=2, unique_by=lambda tool: tool.name).map(tuple),
        "tool_choice": st.none()
        | st.sampled_from([ToolChoice(mode="auto"), ToolChoice(mode="none"), ToolChoice(mode="required")])
        | st.builds(ToolChoice, mode=st.just("named"), name=NAMES),
        "parallel_tool_calls": st.none() | st.booleans(),
        "max_tokens": st.none() | st.integers(1, 100_000),
        "temperature": st.none() | NUMBERS,
        "top_p": st.none() | NUMBERS,
        "top_k": st.none() | st.integers(1, 100),
        "stop": st.lists(WORDS, max_size=3).map(tuple),
        "seed": st.none() | st.integers(0, 2**31),
        "frequency_penalty": st.none() | NUMBERS,
        "presence_penalty": st.none() | NUMBERS,
        "choices": st.none() | st.integers(1, 3),
        "logprobs": st.none() | st.booleans(),
        "top_logprobs": st.none() | st.integers(0, 20),
        "logit_bias": st.none()
        | st.dictionaries(st.integers(0, 9).map(str), st.integers(-100, 100), min_size=1, max_size=2),
        "format": st.none()
        | st.just(Format(kind="json"))
        | st.builds(Format, kind=st.just("schema"), schema=SCHEMAS, name=NAMES, strict=st.none() | st.booleans()),
        "verbosity": st.none() | st.sampled_from(["low", "medium", "high"]),
        "thinking": st.none() | st.builds(Thinking, effort=st.sampled_from(["minimal", "low", "medium", "high"])),
        "stream": st.booleans(),
        "user": st.none() | WORDS,
        "metadata": st.none() | st.dictionaries(WORDS, WORDS, max_size=2),
        "service_tier": st.none() | st.sampled_from(["auto", "default"]),
        "cache_key": st.none() | WORDS,
        "safety_id": st.none() | WORDS,
        "store": st.none() | st.booleans(),
    }
    return st.builds(ModelRequest, **(fields | narrowed))


def choices(
    *parts: st.SearchStrategy[Part],
    stops: Sequence[Any] = ("stop", "length", "content_filter"),
    logprobs: st.SearchStrategy[tuple[Logprob, ...] | None] | None = None,
) -> st.SearchStrategy[Choice]:
    """Answers of one part of each of these kinds, or none of it, in this order; the index is set by `replies`.

    Log-probabilities are only of answers with text.
    """
    given = parts or (TEXTS,)
    drawn = st.tuples(*(st.lists(kind, max_size=1) for kind in given)).map(
        lambda lists: tuple(part for one in lists for part in one)
    )
    made = st.builds(
        Choice, parts=drawn, stop=st.sampled_from(stops), logprobs=st.none() if logprobs is None else logprobs
    )
    return made.map(_without_needless_logprobs)


def _without_needless_logprobs(choice: Choice) -> Choice:
    has_text = any(isinstance(part, Text | Declined) for part in choice.parts)
    return choice if has_text else msgspec.structs.replace(choice, logprobs=None)


def replies(
    answers: st.SearchStrategy[Choice] | None = None,
    most_choices: int = 1,
    usage: st.SearchStrategy[Usage] = USAGES,
    **narrowed: st.SearchStrategy[Any],
) -> st.SearchStrategy[ModelReply]:
    """Whole replies; a field named in `narrowed` is drawn from there."""
    numbered = st.lists(choices() if answers is None else answers, min_size=1, max_size=most_choices).map(
        lambda drawn: tuple(msgspec.structs.replace(choice, index=index) for index, choice in enumerate(drawn))
    )
    fields: dict[str, st.SearchStrategy[Any]] = {
        "id": NAMES,
        "model": NAMES,
        "created": st.integers(1, 2**32),
        "choices": numbered,
        "usage": usage,
    }
    return st.builds(ModelReply, **(fields | narrowed))


@st.composite
def _pieces(draw: st.DrawFn, text: str, step: int = 1) -> list[str]:
    units = len(text) // step
    cuts = sorted(draw(st.sets(st.integers(1, units), max_size=3))) if units else []
    edges = [0, *(cut * step for cut in cuts), len(text)]
    return [piece for start, end in pairwise(edges) if (piece := text[start:end])]


def _thoughts(draw: st.DrawFn, part: Reasoning, at: tuple[int, int]) -> list[Event]:
    told: list[Event] = [ThoughtDelta(*at, text=piece) for piece in draw(_pieces(part.text))]
    for number, paragraph in enumerate(part.summary):
        told += [
            ThoughtDelta(*at, summary=piece, new_paragraph=bool(number) and not count)
            for count, piece in enumerate(draw(_pieces(paragraph)))
        ]
    if part.signature is not None:
        told.append(ThoughtDelta(*at, signature=part.signature))
    if part.encrypted is not None:
        told.append(ThoughtDelta(*at, encrypted=part.encrypted))
    return [PartStarted(*at, Reasoning(id=part.id)), *told, PartEnded(*at)]


def _part_events(draw: st.DrawFn, part: Part, at: tuple[int, int]) -> list[Event]:
    match part:
        case Text():
            texts: list[Event] = [TextDelta(*at, piece) for piece in draw(_pieces(part.text))]
            cited: list[Event] = [Cited(*at, citation) for citation in part.citations]
            return [PartStarted(*at, Text(text="")), *texts, *cited, PartEnded(*at, part.signature)]
        case Declined():
            return [
                PartStarted(*at, Declined(text="")),
                *(TextDelta(*at, piece) for piece in draw(_pieces(part.text))),
                PartEnded(*at),
            ]
        case Reasoning():
            return _thoughts(draw, part, at)
        case ToolCall():
            start = PartStarted(*at, msgspec.structs.replace(part, arguments="", signature=None))
            return [
                start,
                *(ArgumentsDelta(*at, piece) for piece in draw(_pieces(part.arguments))),
                PartEnded(*at, part.signature),
            ]
        case Audio():
            empty = msgspec.structs.replace(part, source=Source(media_type=part.source.media_type), transcript=None)
            return [
                PartStarted(*at, empty),
                *(TextDelta(*at, piece) for piece in draw(_pieces(part.transcript or ""))),
                *(DataDelta(*at, piece) for piece in draw(_pieces(part.source.data or "", 4))),
                PartEnded(*at),
            ]
        case _:
            return [PartStarted(*at, part), PartEnded(*at)]


def _choice_events(draw: st.DrawFn, choice: Choice) -> list[Event]:
    told = [
        event for number, part in enumerate(choice.parts) for event in _part_events(draw, part, (choice.index, number))
    ]
    if choice.logprobs:
        at = next((place for place, event in enumerate(told) if isinstance(event, TextDelta)), None)
        if at is not None:
            told[at] = told[at]._replace(logprobs=choice.logprobs)  # type: ignore[call-arg]  # narrowed by the line above
    return [*told, Stopped(choice.index, choice.stop, choice.stop_sequence, choice.stop_detail)]


@st.composite
def streams(draw: st.DrawFn, whole: st.SearchStrategy[ModelReply] | None = None) -> tuple[ModelReply, list[Event]]:
    """A reply, and events that tell it: parts in any portions, choices in any mixture, usage before the end."""
    reply = draw(replies() if whole is None else whole)
    waiting = [_choice_events(draw, choice) for choice in reply.choices]
    told: list[Event] = [Started(reply.id, reply.model, reply.created, reply.service_tier, reply.fingerprint)]
    while waiting := [events for events in waiting if events]:
        told.append(waiting[draw(st.integers(0, len(waiting) - 1))].pop(0))
    if reply.usage != UNKNOWN:
        told.append(UsageSeen(reply.usage))
    return reply, [*told, Finished()]
