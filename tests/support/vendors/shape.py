"""What a simulated vendor is made of, and the answers that each can give."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

INPUT, OUTPUT = 21, 9
"""Tokens that every answer is said to have used."""
MODEL = "served-model"
CREATED = 1_700_000_000


class Answer(NamedTuple):
    """What the model says."""

    text: str = ""
    thought: str = ""
    call: tuple[str, str, str] | None = None
    """Id, name and arguments as JSON."""
    cut_short: bool = False
    """Whether the limit of tokens was met."""


class Simulated(NamedTuple):
    """One vendor. Its functions take the answer and return bytes."""

    model: str
    """A name that its models really have: some dialects go by it."""
    check: Callable[[bytes, str], None]
    """Given a request's body and path: fails where the vendor would refuse it."""
    whole: Callable[[Answer], bytes]
    events: Callable[[Answer], list[bytes]]
    """A stream's events; all together are the stream."""
    error: Callable[[int, str], bytes]
    error_event: bytes
    """An error in the middle of a stream."""
    stream_type: str = "text/event-stream"
    terminated: bool = True
    """Whether the last of `events` is needed to know that the stream is whole."""


def sse(*values: Any, name: str = "") -> list[bytes]:
    """Server-sent events; `name` is the field that gives an event's name too."""
    return [
        (f"event: {value[name]}\n".encode() if name else b"") + b"data: " + json.dumps(value).encode() + b"\n\n"
        for value in values
    ]


def pieces(text: str) -> Iterator[str]:
    """A text in portions of a few characters."""
    for at in range(0, len(text), 7):
        yield text[at : at + 7]


def exhaust(value: Any) -> None:
    """Look at all of what a validator has let through: it checks iterables only as they are read."""
    if isinstance(value, dict):
        for inner in value.values():
            exhaust(inner)
    elif not isinstance(value, str | bytes) and hasattr(value, "__iter__"):
        for inner in value:
            exhaust(inner)
