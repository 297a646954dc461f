"""Replies as events and events as replies, for the laws."""

from typing import Any

import msgspec

from torana.core.exchange import Choice, ModelReply, Opaque, Part, Reasoning, Text, ToolCall
from torana.core.stream import (
    ArgumentsDelta,
    Cited,
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
from torana.core.usage import UNKNOWN

replace = msgspec.structs.replace


def unfold(reply: ModelReply) -> list[Event]:
    """A whole reply as the events of a stream."""
    choice = reply.choices[0]
    events: list[Event] = [Started(reply.id, reply.model, service_tier=reply.service_tier, usage=reply.usage)]
    for number, part in enumerate(choice.parts):
        events += _unfold_part(number, part)
    events += [UsageSeen(reply.usage), Stopped(0, choice.stop, choice.stop_sequence, choice.stop_detail), Finished()]
    return events


def _unfold_part(number: int, part: Part) -> list[Event]:
    if isinstance(part, Text):
        middle = len(part.text) // 2
        texts = [TextDelta(0, number, text) for text in (part.text[:middle], part.text[middle:]) if text]
        cited = [Cited(0, number, citation) for citation in part.citations]
        return [PartStarted(0, number, Text(text="")), *texts, *cited, PartEnded(0, number, part.signature)]
    if isinstance(part, ToolCall):
        start = PartStarted(0, number, replace(part, arguments="", signature=None))
        return [start, ArgumentsDelta(0, number, part.arguments), PartEnded(0, number, part.signature)]
    if isinstance(part, Reasoning):
        deltas = [ThoughtDelta(0, number, part.text)] if part.text else []
        proof = ThoughtDelta(0, number, signature=part.signature, encrypted=part.encrypted)
        return [PartStarted(0, number, Reasoning(id=part.id)), *deltas, proof, PartEnded(0, number)]
    return [PartStarted(0, number, part), PartEnded(0, number)]


def fold(events: list[Event]) -> ModelReply:
    """The reply that a whole stream adds up to; asserts what core/stream.py promises of every stream."""
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    started, usage = events[0], UNKNOWN
    parts: list[Part] = []
    stopped: Stopped | None = None
    open_part: Any = None
    for event in events[1:-1]:
        assert not isinstance(event, Started | Finished | Failed)
        if isinstance(event, UsageSeen):
            usage = event.usage
        elif isinstance(event, Stopped):
            assert open_part is None
            stopped = event
        elif isinstance(event, PartStarted):
            assert open_part is None
            assert event.number == len(parts)
            open_part = event.part
        else:
            assert open_part is not None
            assert event.number == len(parts)
            if isinstance(event, PartEnded):
                parts.append(open_part)
                open_part = None
            else:
                open_part = _grown(open_part, event)
    assert stopped is not None
    choice = Choice(
        parts=tuple(parts), stop=stopped.stop, stop_sequence=stopped.stop_sequence, stop_detail=stopped.stop_detail
    )
    return ModelReply(
        id=started.id, model=started.model, choices=(choice,), usage=usage, service_tier=started.service_tier
    )


def _grown(part: Any, event: Any) -> Any:
    assert not isinstance(part, Opaque)
    if isinstance(event, TextDelta):
        return replace(part, text=part.text + event.text)
    if isinstance(event, Cited):
        return replace(part, citations=(*part.citations, event.citation))
    if isinstance(event, ArgumentsDelta):
        return replace(part, arguments=part.arguments + event.json)
    assert isinstance(event, ThoughtDelta)
    return replace(
        part,
        text=part.text + event.text,
        signature=event.signature or part.signature,
        encrypted=event.encrypted or part.encrypted,
    )
