"""What the simulated vendors have in common on the wire."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple


class Request(NamedTuple):
    """One request, its path without the vendor's prefix."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    """Names in lower case."""
    json: dict[str, Any]


class Reply(NamedTuple):
    """A reply; with `parts` it is streamed, each a chunk of its own."""

    body: bytes = b""
    status: int = 200
    type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    parts: tuple[bytes, ...] | None = None


class Refused(Exception):
    """The vendor says no."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def whole(value: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A JSON reply."""
    return Reply(json.dumps(value, ensure_ascii=False).encode(), status, headers=headers)


def events(values: Iterable[tuple[str, Any]], done: bytes = b"") -> Reply:
    """Server-sent events: a name, which may be empty, and JSON."""
    parts = []
    for name, value in values:
        head = f"event: {name}\n" if name else ""
        parts.append(f"{head}data: {json.dumps(value, ensure_ascii=False)}\n\n".encode())
    return Reply(type="text/event-stream", parts=(*parts, done) if done else tuple(parts))


def demand(given: str | None, wanted: str, what: str) -> None:
    """Raises Refused with 401 where a credential is not the one wanted."""
    if given != wanted:
        raise Refused(401, f"Invalid {what}.")


def pieces(text: str) -> list[str]:
    """A text in pieces of at most seven characters, as streams bring it."""
    return [text[at : at + 7] for at in range(0, len(text), 7)]
