"""What a simulated model answers: a pure function of what it was asked, whatever the vendor."""

import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.support.simulated.wire import Refused

INPUT, CACHED, OUTPUT, REASONING = 11, 4, 7, 2
"""Tokens of every reply: cached ones are part of the input, reasoning is part of the output."""
THOUGHT = "The user greets; greet back."
PROOF = "c2lnbmF0dXJlLW9mLXRoZS12ZW5kb3I="
"""What proves a thought to its vendor: signature or encrypted content, base64."""
VECTOR = (0.5, -0.25, 0.125)
CREATED = 1_700_000_000
RETRY_AFTER = 7


@dataclass
class Asked:
    """What matters of a request."""

    model: str
    text: str = ""
    """Of the last turn of the user."""
    tools: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Names with their JSON Schemas."""
    forced: bool = False
    """A tool has to be called."""
    results: list[str] = field(default_factory=list)
    """Of tools, in the last turn."""
    images: list[str] = field(default_factory=list)
    """Media types, or `url`."""
    schema: dict[str, Any] | None = None
    thinking: bool = False
    proofs: list[str] = field(default_factory=list)
    """What came back to prove earlier thoughts."""
    system: str = ""


class Called(NamedTuple):
    """A call of a tool."""

    id: str
    name: str
    arguments: dict[str, Any]


class Answer(NamedTuple):
    """What the model says."""

    text: str = ""
    thought: str = ""
    calls: tuple[Called, ...] = ()


def answer(asked: Asked) -> Answer:
    """The answer. Raises Refused for models named `fault-STATUS`."""
    kind, _, status = asked.model.partition("fault-")
    if status.isdigit() and not kind:
        raise Refused(int(status), f"The vendor says {status}.")
    thought = THOUGHT if asked.thinking else ""
    if asked.results and asked.forced:
        # An answer that has to be a call: the last tool is the one to give it with.
        return Answer("", thought, (_call(2, asked.tools[-1], "Paris"),))
    if asked.results:
        proved = " Proved." if asked.proofs else ""
        return Answer(f"It is {' and '.join(asked.results)}.{proved}", thought)
    if asked.tools and (asked.forced or not asked.schema):
        wanted = 2 if "both" in asked.text else 1
        calls = tuple(_call(n, asked.tools[0], ("Paris", "Rome")[n]) for n in range(wanted))
        return Answer("", thought, calls)
    if asked.schema is not None:
        return Answer(json.dumps(made(asked.schema, "yes")), thought)
    if asked.images:
        return Answer(f"I see {', '.join(asked.images)}.", thought)
    return Answer(f"Hello — naïve 😀: {asked.text}", thought)


def _call(number: int, tool: tuple[str, dict[str, Any]], text: str) -> Called:
    return Called(f"call_{number}_sim", tool[0], made(tool[1], text))


def made(schema: dict[str, Any], text: str, whole: dict[str, Any] | None = None) -> Any:
    """A value that a schema allows."""
    whole = whole or schema
    if "$ref" in schema:
        return made(whole["$defs"][schema["$ref"].rpartition("/")[2]], text, whole)
    if "enum" in schema:
        return schema["enum"][0]
    for word in ("anyOf", "oneOf", "any_of"):
        if word in schema:
            return made(schema[word][0], text, whole)
    kind = str(schema.get("type", "object")).lower()
    if kind == "object":
        return {name: made(one, text, whole) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [made(schema.get("items", {"type": "string"}), text, whole)]
    simple: dict[str, Any] = {"string": text, "integer": 3, "number": 1.5, "boolean": True}
    return simple.get(kind)
