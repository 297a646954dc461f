"""Requests and replies that Gemini can say, and what a sequence of events comes to."""

import base64
from typing import Any

import msgspec
from hypothesis import strategies as st

from torana.core.exchange import (
    Audio,
    Choice,
    Citation,
    Document,
    Format,
    Image,
    Logprob,
    Message,
    ModelReply,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Source,
    Speech,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    TopLogprob,
    Video,
)
from torana.core.stream import (
    ArgumentsDelta,
    Cited,
    DataDelta,
    Event,
    PartEnded,
    PartStarted,
    Started,
    Stopped,
    TextDelta,
    ThoughtDelta,
    UsageSeen,
)
from torana.core.usage import Usage

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
NAMES = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
BASE64 = st.binary(min_size=1, max_size=9).map(lambda data: base64.b64encode(data).decode())
SIGNED = st.none() | BASE64
COUNTS = st.integers(0, 2**40)
LEVELS = st.sampled_from([0, 0.25, 0.5, 1, 2])
JSON_SCHEMAS = st.sampled_from(
    [
        {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]},
        {"$defs": {"x": {"type": "integer"}}, "anyOf": [{"$ref": "#/$defs/x"}, {"const": "y"}]},
    ]
)


def _sources(*media_types: str) -> st.SearchStrategy[Source]:
    kinds = st.sampled_from(media_types)
    return (
        st.builds(Source, media_type=kinds, data=BASE64)
        | st.builds(Source, media_type=kinds, url=NAMES.map("https://example.com/{}".format))
        | st.builds(Source, media_type=kinds, file_id=NAMES.map("files/{}".format))
    )


def _media() -> st.SearchStrategy[Part]:
    return st.one_of(
        st.builds(Image, source=_sources("image/png", "image/webp"), signature=SIGNED),
        st.builds(Audio, source=_sources("audio/wav")),
        st.builds(Video, source=_sources("video/mp4")),
        st.builds(Document, source=_sources("application/pdf", "text/csv"), title=st.none() | WORDS),
    )


_ARGUMENTS = st.dictionaries(NAMES, st.integers(-5, 5) | WORDS | st.none(), max_size=2).map(
    lambda value: msgspec.json.encode(value).decode()
)


def _texts() -> st.SearchStrategy[Part]:
    return st.builds(Text, text=WORDS, signature=SIGNED)


def _thoughts() -> st.SearchStrategy[Part]:
    return st.builds(Reasoning, text=WORDS, signature=BASE64)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """Turns of user and model, each call answered."""
    messages: list[Message] = []
    if draw(st.booleans()):
        messages.append(Message(role="system", parts=tuple(draw(st.lists(st.builds(Text, text=WORDS), min_size=1)))))
    for number in range(draw(st.integers(0, 3))):
        asked = draw(st.lists(_texts() | _media(), min_size=1, max_size=3))
        messages.append(Message(role="user", parts=tuple(asked)))
        names = draw(st.lists(NAMES, max_size=2))
        calls = [
            ToolCall(id=f"id{number}_{at}", name=name, arguments=draw(_ARGUMENTS), signature=draw(SIGNED))
            for at, name in enumerate(names)
        ]
        code = st.just(Opaque(dialect="gemini", kind="executableCode", raw={"executableCode": {"code": "1"}}))
        said = draw(st.lists(_texts() | _thoughts() | code, min_size=1, max_size=3))
        messages.append(Message(role="assistant", parts=(*said, *calls)))
        if calls:
            messages.append(Message(role="user", parts=tuple(draw(_result(call)) for call in calls)))
    return tuple(messages)


def _result(call: ToolCall) -> st.SearchStrategy[ToolResult]:
    plain = WORDS.filter(lambda text: text.strip()[:1] != "{")
    words = plain | st.sampled_from(['{"a":1}', '{"output":"x"}', '{"error":"x"}', "[1]", "7"])
    content = st.tuples(st.builds(Text, text=words)) | st.tuples(st.builds(Text, text=words), _media_in_result())
    return st.builds(
        ToolResult, call_id=st.just(call.id), name=st.just(call.name), content=content, error=st.booleans()
    )


def _media_in_result() -> st.SearchStrategy[Part]:
    return st.builds(Image, source=_sources("image/png"))


def _thinking() -> st.SearchStrategy[Thinking]:
    visible = st.none() | st.booleans()
    return st.one_of(
        st.builds(Thinking, visible=st.booleans()),
        st.builds(Thinking, enabled=st.just(False), budget_tokens=st.just(0), visible=visible),
        st.builds(Thinking, enabled=st.just(True), budget_tokens=st.sampled_from([-1, 512]), visible=visible),
        st.builds(
            Thinking,
            enabled=st.just(True),
            effort=st.sampled_from(["minimal", "low", "medium", "high"]),
            visible=visible,
        ),
    )


def _choices() -> st.SearchStrategy[ToolChoice]:
    return st.one_of(
        st.sampled_from([ToolChoice(mode="auto"), ToolChoice(mode="none"), ToolChoice(mode="required")]),
        st.builds(ToolChoice, mode=st.just("named"), name=NAMES),
        st.builds(ToolChoice, mode=st.just("required"), allowed=st.lists(NAMES, min_size=2, max_size=3).map(tuple)),
    )


def requests() -> st.SearchStrategy[ModelRequest]:
    """All that a caller of Gemini can ask for."""
    tools = st.builds(Tool, name=NAMES, description=st.none() | WORDS, parameters=st.none() | JSON_SCHEMAS)
    own = st.just(Opaque(dialect="gemini", kind="googleSearch", raw={"googleSearch": {}}))
    extra: dict[str, Any] = {
        "safetySettings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_NONE"}],
        "cachedContent": "cachedContents/x",
        "generationConfig.imageConfig": {"aspectRatio": "1:1"},
        "toolConfig.retrievalConfig": {"languageCode": "de"},
    }
    return st.builds(
        ModelRequest,
        dialect=st.just("gemini"),
        model=st.just("gemini-3-pro"),
        messages=conversations(),
        tools=st.lists(tools, max_size=2).flatmap(
            lambda functions: st.lists(own, max_size=1).map(lambda others: (*functions, *others))
        ),
        tool_choice=st.none() | _choices(),
        max_tokens=st.none() | COUNTS,
        temperature=st.none() | LEVELS,
        top_p=st.none() | LEVELS,
        top_k=st.none() | COUNTS,
        stop=st.lists(WORDS, max_size=2).map(tuple),
        seed=st.none() | COUNTS,
        frequency_penalty=st.none() | LEVELS,
        presence_penalty=st.none() | LEVELS,
        choices=st.none() | st.integers(1, 4),
        logprobs=st.none() | st.booleans(),
        top_logprobs=st.none() | st.integers(0, 5),
        format=st.none()
        | st.sampled_from([Format(kind="text"), Format(kind="json")])
        | st.builds(Format, kind=st.just("schema"), schema=JSON_SCHEMAS),
        thinking=st.none() | _thinking(),
        modalities=st.none() | st.sampled_from([("text",), ("text", "image"), ("audio",)]),
        speech=st.none() | st.builds(Speech, voice=NAMES),
        stream=st.booleans(),
        metadata=st.none() | st.dictionaries(NAMES, WORDS, max_size=2),
        service_tier=st.none() | st.sampled_from(["flex", "priority"]),
        store=st.none() | st.booleans(),
        extra=st.lists(st.sampled_from(sorted(extra)), unique=True).map(lambda names: {n: extra[n] for n in names}),
    )


def usages() -> st.SearchStrategy[Usage]:
    """Counts that Gemini can say: thoughts are part of the output."""
    return st.builds(
        lambda input_, cached, said, thought, sound: Usage(
            input_, cached, said + (thought or 0), thought, audio_input=sound, audio_output=sound
        ),
        COUNTS,
        st.none() | COUNTS,
        COUNTS,
        st.none() | COUNTS,
        st.none() | COUNTS,
    )


def _cited_texts() -> st.SearchStrategy[Part]:
    citation = st.builds(
        lambda uri: Citation(
            url=uri,
            title="t",
            start=0,
            end=1,
            raw={"startIndex": 0, "endIndex": 1, "uri": uri, "title": "t"},
            dialect="gemini",
        ),
        NAMES,
    )
    return st.builds(
        Text,
        text=st.text("abc", min_size=1, max_size=5),
        citations=st.lists(citation, min_size=1, max_size=2).map(tuple),
    )


@st.composite
def replies(draw: st.DrawFn) -> ModelReply:
    """All that a model can answer in Gemini's form."""
    choices = []
    for index in range(draw(st.integers(1, 2))):
        parts: list[Part] = list(draw(st.lists(_thoughts(), max_size=1)))
        cited = draw(st.booleans())
        parts += [draw(_cited_texts())] if cited else draw(st.lists(st.builds(Text, text=WORDS), max_size=1))
        parts += draw(st.lists(st.builds(Image, source=_sources("image/png"), signature=SIGNED), max_size=1))
        calls = draw(
            st.lists(st.builds(ToolCall, id=NAMES, name=NAMES, arguments=_ARGUMENTS, signature=SIGNED), max_size=2)
        )
        parts += calls
        stop, detail = draw(
            st.sampled_from(
                [
                    ("tool_calls" if calls else "stop", None),
                    ("length", None),
                    ("content_filter", "SAFETY"),
                    ("content_filter", "RECITATION"),
                    ("error", "MALFORMED_FUNCTION_CALL"),
                ]
            )
        )
        top = st.builds(TopLogprob, token=WORDS, logprob=st.sampled_from([-0.5, -2.0]))
        token = st.builds(
            Logprob, token=WORDS, logprob=st.sampled_from([-0.5, 0.0]), top=st.lists(top, max_size=2).map(tuple)
        )
        has_text = any(isinstance(part, Text) for part in parts)
        logprobs = draw(st.none() | st.lists(token, min_size=1, max_size=2).map(tuple)) if has_text else None
        choices.append(
            Choice(index=index, parts=tuple(parts), stop=stop, stop_detail=detail, logprobs=logprobs)  # type: ignore[arg-type]
        )
    return ModelReply(id=draw(NAMES), model=draw(NAMES), choices=tuple(choices), usage=draw(usages()))


def told(reply: ModelReply) -> list[Event]:
    """A whole reply as the events of a stream."""
    events: list[Event] = [Started(reply.id, reply.model)]
    for choice in reply.choices:
        logprobs = choice.logprobs
        for number, part in enumerate(choice.parts):
            at = (choice.index, number)
            if isinstance(part, Text):
                events.append(PartStarted(*at, Text(text="")))
                events.append(TextDelta(*at, part.text, logprobs))
                logprobs = None
                events += [Cited(*at, citation) for citation in part.citations]
                events.append(PartEnded(*at, part.signature))
            elif isinstance(part, Reasoning):
                events.append(PartStarted(*at, Reasoning(id=part.id)))
                events.append(ThoughtDelta(*at, part.text))
                events.append(ThoughtDelta(*at, signature=part.signature, encrypted=part.encrypted))
                events.append(PartEnded(*at))
            elif isinstance(part, ToolCall):
                events.append(PartStarted(*at, msgspec.structs.replace(part, arguments="")))
                half = len(part.arguments) // 2
                events.append(ArgumentsDelta(*at, part.arguments[:half]))
                events.append(ArgumentsDelta(*at, part.arguments[half:]))
                events.append(PartEnded(*at))
            else:
                events += [PartStarted(*at, part), PartEnded(*at)]
        events.append(Stopped(choice.index, choice.stop, choice.stop_sequence, choice.stop_detail))
    events.append(UsageSeen(reply.usage))
    return events


def collected(events: list[Event]) -> ModelReply:
    """The whole reply that events come to; the rules of core/stream.py are checked on the way."""
    reply = ModelReply()
    parts: dict[int, list[Any]] = {}
    stops: dict[int, Choice] = {}
    logprobs: dict[int, tuple[Logprob, ...]] = {}
    started = 0
    open_: dict[int, int] = {}
    for event in events:
        if isinstance(event, Started):
            started += 1
            reply = msgspec.structs.replace(reply, id=event.id, model=event.model)
        elif isinstance(event, PartStarted):
            assert event.choice not in open_
            own = parts.setdefault(event.choice, [])
            assert event.number == len(own)
            open_[event.choice] = event.number
            own.append(event.part)
        elif isinstance(event, PartEnded):
            assert open_.pop(event.choice) == event.number
            if event.signature is not None:
                _change(parts, event, signature=event.signature)
        elif isinstance(event, Stopped):
            assert event.choice not in stops
            stops[event.choice] = Choice(index=event.choice, stop=event.stop, stop_detail=event.stop_detail)
        elif isinstance(event, UsageSeen):
            reply = msgspec.structs.replace(reply, usage=event.usage)
        elif isinstance(event, TextDelta | ThoughtDelta | ArgumentsDelta | DataDelta | Cited):
            assert open_[event.choice] == event.number
            _delta(parts, event)
            if isinstance(event, TextDelta) and event.logprobs:
                logprobs[event.choice] = logprobs.get(event.choice, ()) + event.logprobs
    assert started <= 1
    choices = tuple(
        msgspec.structs.replace(choice, parts=tuple(parts.get(index, ())), logprobs=logprobs.get(index))
        for index, choice in sorted(stops.items())
    )
    return msgspec.structs.replace(reply, choices=choices)


def _change(parts: dict[int, list[Any]], event: Any, **changes: Any) -> None:
    own = parts[event.choice]
    own[event.number] = msgspec.structs.replace(own[event.number], **changes)


def _delta(parts: dict[int, list[Any]], event: TextDelta | ThoughtDelta | ArgumentsDelta | DataDelta | Cited) -> None:
    part = parts[event.choice][event.number]
    if isinstance(event, TextDelta):
        _change(parts, event, text=part.text + event.text)
    elif isinstance(event, ThoughtDelta):
        _change(
            parts,
            event,
            text=part.text + event.text,
            signature=event.signature or part.signature,
            encrypted=event.encrypted or part.encrypted,
        )
    elif isinstance(event, ArgumentsDelta):
        _change(parts, event, arguments=part.arguments + event.json)
    elif isinstance(event, DataDelta):
        data = (part.source.data or "") + event.data
        _change(parts, event, source=msgspec.structs.replace(part.source, data=data))
    else:
        _change(parts, event, citations=(*part.citations, event.citation))
