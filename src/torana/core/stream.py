"""The neutral form of a streamed reply: a sequence of events.

What every decoder promises and every encoder may rely on:

- `Started` comes first, once. `Finished` comes last, once, unless the stream fails or is cut.
- The parts of one choice have numbers that rise from 0 and never overlap: `PartStarted`, its deltas, `PartEnded`, then the next.
  A decoder whose dialect mixes parts (OpenAI's parallel tool calls may) holds back what belongs to a later one.
- `PartStarted` carries the part without what its deltas bring: text, arguments and thoughts are empty there. A part that comes
  whole (an image, an `Opaque`) has no deltas.
- `Stopped` comes once for each choice, after its last part.
- `UsageSeen` may come any number of times; the fields of a later one that are not None replace those of earlier ones.
- `Failed` ends the stream: the vendor sent an error in its middle.

Plain tuples, because a stream makes thousands of them.
"""

from typing import NamedTuple

from torana.core.exchange import Citation, Logprob, Part, Stop, VendorError
from torana.core.usage import Usage


class Started(NamedTuple):
    """The reply begins."""

    id: str
    model: str
    created: int | None = None
    """Seconds since 1970."""
    service_tier: str | None = None
    fingerprint: str | None = None
    usage: Usage | None = None
    """What was counted before the reply began. It comes as `UsageSeen` too."""


class PartStarted(NamedTuple):
    """A part of a choice begins."""

    choice: int
    number: int
    part: Part


class TextDelta(NamedTuple):
    """More of a `Text`, a `Declined` or an `Audio`'s transcript."""

    choice: int
    number: int
    text: str
    logprobs: tuple[Logprob, ...] | None = None


class ThoughtDelta(NamedTuple):
    """More of a `Reasoning`."""

    choice: int
    number: int
    text: str = ""
    summary: str = ""
    """More of its summary's present paragraph."""
    signature: str | None = None
    encrypted: str | None = None
    new_paragraph: bool = False
    """The summary goes on in a new paragraph, which `summary` begins."""


class ArgumentsDelta(NamedTuple):
    """More of a `ToolCall`'s arguments."""

    choice: int
    number: int
    json: str


class DataDelta(NamedTuple):
    """More of an `Audio`'s data, base64 of whole bytes."""

    choice: int
    number: int
    data: str


class Cited(NamedTuple):
    """A citation of the `Text`."""

    choice: int
    number: int
    citation: Citation


class PartEnded(NamedTuple):
    """The part is whole."""

    choice: int
    number: int
    signature: str | None = None
    """Of a `Text`, `Image` or `ToolCall`, where it became known only at the end."""
    expires: int | None = None
    """Of an `Audio`, where it became known only at the end."""


class Stopped(NamedTuple):
    """The choice is whole."""

    choice: int
    stop: Stop | None
    stop_sequence: str | None = None
    stop_detail: str | None = None
    blocked: bool = False
    """The prompt itself was refused, and `stop_detail` says why: what `blocked` is in a whole reply."""


class UsageSeen(NamedTuple):
    """What the vendor has counted so far."""

    usage: Usage


class Finished(NamedTuple):
    """The reply is whole."""

    latency_ms: int | None = None
    """As in a whole reply."""


class Failed(NamedTuple):
    """The vendor broke off with an error of its own."""

    error: VendorError


Event = (
    Started
    | PartStarted
    | TextDelta
    | ThoughtDelta
    | ArgumentsDelta
    | DataDelta
    | Cited
    | PartEnded
    | Stopped
    | UsageSeen
    | Finished
    | Failed
)
