"""What a stream of events adds up to, as a whole reply; checks on the way what every decoder promises."""

from collections.abc import Iterable

import msgspec

from torana.core.exchange import Choice, Declined, Logprob, ModelReply, Part, Reasoning, Text, ToolCall, VendorError
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
from torana.core.usage import UNKNOWN, Usage

replace = msgspec.structs.replace


def collect(events: Iterable[Event]) -> tuple[ModelReply, VendorError | None, bool]:
    """The reply, the error that broke it off, and whether it was finished."""
    begun: Started | None = None
    stop: Stopped | None = None
    failed: VendorError | None = None
    finished = False
    usage = UNKNOWN
    parts: list[Part] = []
    logprobs: list[Logprob] = []
    open_number: int | None = None
    for event in events:
        assert not finished
        assert failed is None
        match event:
            case Started():
                assert begun is None
                begun = event
            case PartStarted() | PartEnded():
                assert (open_number is None) == isinstance(event, PartStarted)
                open_number = _turn(event, open_number, parts)
            case Stopped():
                assert open_number is None
                stop = event
            case UsageSeen():
                usage = usage._replace(**{k: v for k, v in event.usage._asdict().items() if v is not None})
            case Finished():
                assert None not in (begun, stop)
                finished = True
            case Failed():
                failed = event.error
            case _:
                assert event[1] == open_number
                parts[-1] = _more(parts[-1], event)
                logprobs.extend((isinstance(event, TextDelta) and event.logprobs) or ())
    return _reply(begun or Started("", ""), parts, logprobs, stop or Stopped(0, None), usage), failed, finished


def _turn(event: PartStarted | PartEnded, open_number: int | None, parts: list[Part]) -> int | None:
    if isinstance(event, PartEnded):
        assert event.number == open_number
        return None
    assert event.number == len(parts)
    parts.append(event.part)
    return event.number


def _reply(begun: Started, parts: list[Part], logprobs: list[Logprob], stop: Stopped, usage: Usage) -> ModelReply:
    choice = Choice(parts=tuple(parts), stop=stop.stop, logprobs=tuple(logprobs) or None, stop_detail=stop.stop_detail)
    return ModelReply(
        id=begun.id,
        model=begun.model,
        created=begun.created,
        choices=(choice,),
        usage=usage,
        service_tier=begun.service_tier,
    )


def _more(part: Part, event: Event) -> Part:
    match part, event:
        case ((Text() | Declined()), TextDelta()):
            return replace(part, text=part.text + event.text)
        case Text(), Cited():
            return replace(part, citations=(*part.citations, event.citation))
        case ToolCall(), ArgumentsDelta():
            return replace(part, arguments=part.arguments + event.json)
        case Reasoning(), ThoughtDelta():
            summary = part.summary
            if event.new_paragraph or (event.summary and not summary):
                summary = (*summary, event.summary)
            elif event.summary:
                summary = (*summary[:-1], summary[-1] + event.summary)
            return replace(
                part,
                text=part.text + event.text,
                summary=summary,
                signature=event.signature if part.signature is None else part.signature,
                encrypted=event.encrypted if part.encrypted is None else part.encrypted,
            )
        case _:
            raise AssertionError((part, event))


def events_of(reply: ModelReply) -> list[Event]:
    """A stream that adds up to the reply."""
    events: list[Event] = [Started(reply.id, reply.model, reply.created, reply.service_tier)]
    choice = reply.choices[0]
    logprobs = choice.logprobs
    for number, part in enumerate(choice.parts):
        match part:
            case Text() | Declined():
                empty: Part = replace(part, text="", citations=()) if isinstance(part, Text) else Declined(text="")
                events.append(PartStarted(0, number, empty))
                if logprobs and isinstance(part, Text):
                    events.append(TextDelta(0, number, part.text, logprobs))
                    logprobs = None
                else:
                    middle = len(part.text) // 2
                    events += [TextDelta(0, number, part.text[:middle]), TextDelta(0, number, part.text[middle:])]
                if isinstance(part, Text):
                    events += [Cited(0, number, citation) for citation in part.citations]
            case ToolCall():
                events.append(PartStarted(0, number, replace(part, arguments="")))
                events.append(ArgumentsDelta(0, number, part.arguments))
            case Reasoning():
                events.append(PartStarted(0, number, Reasoning(id=part.id)))
                for index, paragraph in enumerate(part.summary):
                    events.append(ThoughtDelta(0, number, summary=paragraph, new_paragraph=index > 0))
                events.append(ThoughtDelta(0, number, text=part.text))
                events.append(ThoughtDelta(0, number, signature=part.signature, encrypted=part.encrypted))
            case _:
                events.append(PartStarted(0, number, part))
        events.append(PartEnded(0, number))
    events += [
        Stopped(0, choice.stop, choice.stop_sequence, choice.stop_detail),
        UsageSeen(reply.usage),
        Finished(),
    ]
    return events
