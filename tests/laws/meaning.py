"""What a request and a reply mean, apart from the ways in which dialects put the same thing."""

from collections.abc import Iterable
from typing import Any

import msgspec

from torana.core.exchange import (
    Audio,
    Declined,
    Document,
    Image,
    Message,
    ModelReply,
    ModelRequest,
    Part,
    Reasoning,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from torana.core.usage import Usage
from torana.dialects.anthropic_messages.turns_out import OPENING

Atom = tuple[Any, ...]


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text or "{}")
    except msgspec.MsgspecError:
        return text


def _atoms(part: Part) -> list[Atom]:
    match part:
        case Text(text=text) | Declined(text=text):
            # Anthropic wants the user to begin: these words stand for a beginning that says nothing.
            return [("text", text)] if text.strip() and text != OPENING else []
        case Image(source=source):
            return [("image", source.url, source.data)]
        case Document(source=source):
            return [("document", source.url, source.data)]
        case Audio(source=source):
            return [("audio", source.data)]
        case ToolCall():
            return [("call", part.id, part.name, _json(part.arguments))]
        case ToolResult():
            texts = "\n".join(inner.text for inner in part.content if isinstance(inner, Text))
            files = [atom for inner in part.content if not isinstance(inner, Text) for atom in _atoms(inner)]
            try:
                given = msgspec.json.decode(texts)
            except msgspec.MsgspecError:
                # Anthropic refuses blocks of white space alone, so that they are left out.
                given = "".join(texts.split())
            return [("result", part.call_id, given, files)]
        case Reasoning():
            # Thoughts may be left out of what goes to another vendor; laws of their own say when they must come back.
            return []
        case _:
            return [("other", part)]


def _joined(atoms: Iterable[Atom]) -> list[Atom]:
    found: list[Atom] = []
    for atom in atoms:
        if found and atom[0] == found[-1][0] == "text":
            found[-1] = ("text", f"{found[-1][1]}{atom[1]}")
        else:
            found.append(("text", str(atom[1])) if atom[0] == "text" else atom)
    return [("text", "".join(str(atom[1]).split())) if atom[0] == "text" else atom for atom in found]


def turns(messages: Iterable[Message]) -> list[tuple[str, list[Atom]]]:
    """Who said what; turns of one side that follow each other are one, and the calls of a turn come behind its words."""
    found: list[tuple[str, list[Atom]]] = []
    for message in messages:
        if message.role in ("system", "developer"):
            continue
        atoms = [atom for part in message.parts for atom in _atoms(part)]
        if not atoms:
            continue
        if found and found[-1][0] == message.role:
            found[-1][1].extend(atoms)
        else:
            found.append((message.role, atoms))
    return [(role, _joined(sorted(atoms, key=lambda atom: _PLACES.get(atom[0], 1)))) for role, atoms in found]


_PLACES = {"result": 0, "call": 2}


def instructions(messages: Iterable[Message]) -> str:
    """All that the model was told before the conversation, without white space, which joins differ in."""
    texts = [
        part.text
        for message in messages
        if message.role in ("system", "developer")
        for part in message.parts
        if isinstance(part, Text)
    ]
    return "".join("".join(texts).split())


def _tool(tool: Any) -> Atom:
    if not isinstance(tool, Tool):
        return ("opaque", tool)
    empty: dict[str, Any] = {"type": "object", "properties": {}}
    return (tool.name, tool.description or None, {**empty, **(tool.parameters or {})})


def asked(request: ModelRequest) -> dict[str, Any]:
    """Everything that a request asks, by the fields of the exchange. A field that says the default says nothing."""
    choice, form = request.tool_choice, request.format
    allowed = None if choice is None or choice.allowed is None else frozenset(choice.allowed)
    name = None if choice is None else choice.name
    mode = None if choice is None or (choice.mode == "auto" and allowed is None) else choice.mode
    if allowed is not None and len(allowed) == 1 and mode == "required":
        # One tool that may be called and must be.
        mode, name, allowed = "named", next(iter(allowed)), None
    return {
        "instructions": instructions(request.messages),
        "messages": turns(request.messages),
        "tools": [_tool(tool) for tool in request.tools],
        "tool_choice": None if mode is None else (mode, name, allowed),
        "format": None if form is None or form.kind == "text" else (form.kind, form.schema),
        "parallel_tool_calls": None if request.parallel_tool_calls is not False else False,
        "stop": request.stop,
        "choices": None if request.choices == 1 else request.choices,
        "frequency_penalty": request.frequency_penalty or None,
        "presence_penalty": request.presence_penalty or None,
        "logprobs": request.logprobs or None,
        "top_logprobs": request.top_logprobs or None,
        "logit_bias": request.logit_bias or None,
        "effort": None if request.thinking is None else request.thinking.effort,
        "stream": request.stream,
        **{field: getattr(request, field) for field in ("max_tokens", "temperature", "top_p", "top_k", "seed")},
    }


def answered(reply: ModelReply) -> list[Atom]:
    """What a reply says, choice by choice."""
    return [
        (
            choice.index,
            _joined(sorted((a for part in choice.parts for a in _atoms(part)), key=lambda a: _PLACES.get(a[0], 1))),
            choice.stop,
        )
        for choice in reply.choices
    ]


def counted(usage: Usage) -> tuple[int, int]:
    """The two counts that every dialect has."""
    return usage.input or 0, usage.output or 0
