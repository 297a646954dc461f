"""Makes a reply of the events of a stream, and judges on the way whether they keep what core/stream.py promises."""

from collections.abc import Iterable

import msgspec

from torana.core.exchange import Audio, Choice, Declined, Image, Logprob, ModelReply, Part, Reasoning, Text, ToolCall
from torana.core.stream import (
    ArgumentsDelta,
    Cited,
    DataDelta,
    Event,
    Failed,
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


def _grown(part: Part, event: Event) -> Part:
    change = msgspec.structs.replace
    match part, event:
        case (Text() | Declined(), TextDelta(text=text)):
            return change(part, text=part.text + text)
        case Audio(), TextDelta(text=text):
            return change(part, transcript=(part.transcript or "") + text)
        case Audio(), DataDelta(data=data):
            return change(part, source=change(part.source, data=(part.source.data or "") + data))
        case ToolCall(), ArgumentsDelta(json=json):
            return change(part, arguments=part.arguments + json)
        case Text(), Cited(citation=citation):
            return change(part, citations=(*part.citations, citation))
        case (Text() | Image() | ToolCall(), PartEnded(signature=str() as signature)):
            return change(part, signature=signature)
        case Audio(), PartEnded(expires=int() as expires):
            return change(part, expires=expires)
        case Reasoning(), ThoughtDelta():
            return _thought(part, event)
        case _:
            return part


def _thought(part: Reasoning, event: ThoughtDelta) -> Reasoning:
    summary = part.summary
    if event.summary or event.new_paragraph:
        fresh = event.new_paragraph or not summary
        summary = (*summary, event.summary) if fresh else (*summary[:-1], summary[-1] + event.summary)
    return msgspec.structs.replace(
        part,
        text=part.text + event.text,
        summary=summary,
        signature=event.signature or part.signature,
        encrypted=event.encrypted or part.encrypted,
    )


def merged(earlier: Usage, later: Usage) -> Usage:
    """What is known after a later count has come."""
    return Usage._make(old if new is None else new for old, new in zip(earlier, later, strict=True))


def collect(events: Iterable[Event]) -> ModelReply:
    """The reply that these events tell. They have to keep what core/stream.py promises: an assertion fails where they do not."""
    seen = list(events)
    start = seen[0]
    assert isinstance(start, Started)
    assert isinstance(seen[-1], Finished), seen[-1]
    parts: dict[int, list[Part]] = {}
    inside: dict[int, int] = {}
    stopped: dict[int, Stopped] = {}
    logprobs: dict[int, tuple[Logprob, ...]] = {}
    usage = UNKNOWN
    for event in seen[1:-1]:
        if isinstance(event, UsageSeen):
            usage = merged(usage, event.usage)
            continue
        assert not isinstance(event, Started | Finished | Failed), event
        assert event.choice not in stopped, event
        mine = parts.setdefault(event.choice, [])
        if isinstance(event, Stopped):
            assert event.choice not in inside, event
            stopped[event.choice] = event
        elif isinstance(event, PartStarted):
            assert event.choice not in inside, event
            assert event.number == len(mine), event
            inside[event.choice] = event.number
            mine.append(event.part)
        else:
            assert inside[event.choice] == event.number, event
            mine[-1] = _grown(mine[-1], event)
            if isinstance(event, PartEnded):
                del inside[event.choice]
            if isinstance(event, TextDelta) and event.logprobs:
                logprobs[event.choice] = (*logprobs.get(event.choice, ()), *event.logprobs)
    assert not inside, inside
    return ModelReply(
        id=start.id,
        model=start.model,
        created=start.created,
        choices=tuple(
            Choice(
                index=index,
                parts=tuple(found),
                stop=stopped[index].stop,
                stop_sequence=stopped[index].stop_sequence,
                logprobs=logprobs.get(index),
                stop_detail=stopped[index].stop_detail,
            )
            for index, found in sorted(parts.items())
        ),
        usage=usage,
        service_tier=start.service_tier,
        fingerprint=start.fingerprint,
    )
