"""A whole reply as the stream it could have been, for a caller who asked for a stream and a vendor that does not stream."""

from collections.abc import Iterator

from msgspec.structs import replace

from torana.core.exchange import Audio, Declined, ModelReply, Part, Reasoning, Text, ToolCall
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


def replay(reply: ModelReply) -> list[Event]:
    """The events, as core/stream.py promises them."""
    events: list[Event] = [Started(reply.id, reply.model, reply.created, reply.service_tier, reply.fingerprint)]
    for choice in reply.choices:
        logprobs = choice.logprobs
        for number, part in enumerate(choice.parts):
            events.extend(part_events(choice.index, number, part))
            if logprobs and isinstance(part, Text):
                # They belong to the answer's text: given with its first piece.
                at = next(i for i in range(len(events) - 1, -1, -1) if isinstance(events[i], TextDelta))
                events[at] = events[at]._replace(logprobs=logprobs)  # type: ignore[call-arg]
                logprobs = None
        events.append(Stopped(choice.index, choice.stop, choice.stop_sequence, choice.stop_detail))
    if reply.blocked is not None and not reply.choices:
        events.append(Stopped(0, "content_filter", stop_detail=reply.blocked, blocked=True))
    events += [UsageSeen(reply.usage), Finished(reply.latency_ms)]
    return events


def part_events(choice: int, number: int, part: Part) -> Iterator[Event]:
    """The events of one part that is there as a whole."""
    if isinstance(part, Text):
        yield PartStarted(choice, number, replace(part, text="", citations=(), signature=None))
        yield TextDelta(choice, number, part.text)
        for citation in part.citations:
            yield Cited(choice, number, citation)
        yield PartEnded(choice, number, part.signature)
    elif isinstance(part, Declined):
        yield PartStarted(choice, number, Declined(text=""))
        yield TextDelta(choice, number, part.text)
        yield PartEnded(choice, number)
    elif isinstance(part, ToolCall):
        yield PartStarted(choice, number, replace(part, arguments=""))
        if part.arguments:
            yield ArgumentsDelta(choice, number, part.arguments)
        yield PartEnded(choice, number)
    elif isinstance(part, Reasoning):
        yield PartStarted(choice, number, Reasoning(id=part.id))
        if part.text:
            yield ThoughtDelta(choice, number, text=part.text)
        for paragraph, summary in enumerate(part.summary):
            yield ThoughtDelta(choice, number, summary=summary, new_paragraph=paragraph > 0)
        if part.signature is not None or part.encrypted is not None:
            yield ThoughtDelta(choice, number, signature=part.signature, encrypted=part.encrypted)
        yield PartEnded(choice, number)
    elif isinstance(part, Audio) and part.source.data:
        yield PartStarted(
            choice, number, replace(part, source=replace(part.source, data=""), transcript=None, expires=None)
        )
        if part.transcript:
            yield TextDelta(choice, number, part.transcript)
        yield DataDelta(choice, number, part.source.data)
        yield PartEnded(choice, number, expires=part.expires)
    else:
        yield PartStarted(choice, number, part)
        yield PartEnded(choice, number)
