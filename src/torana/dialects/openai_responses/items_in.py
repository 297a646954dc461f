"""The items of a request's `input`, decoded into turns.

The API's list is flat: a turn of the assistant is any number of reasoning, message and call items, one after the other. They become
one Message, because other dialects want the calls of a turn together; so do the outputs that follow them.
"""

from typing import Any

import msgspec

from torana.core.exchange import Image, Message, Opaque, Part, Reasoning, Role, Source, Text, ToolCall, ToolResult
from torana.dialects.fields import Fields, wrong
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.carried import restore, uncarry
from torana.dialects.openai_responses.output import IMAGE_ID
from torana.dialects.openai_responses.parts_in import read_content

_CALL = frozenset(("type", "id", "call_id", "name", "arguments", "input", "status"))
_OUTPUT = frozenset(("type", "id", "call_id", "name", "output", "status"))
_REASONING = frozenset(("type", "id", "summary", "content", "encrypted_content", "status"))
# Items of the caller's side; every other unknown item was the assistant's.
_GIVEN = frozenset(
    (
        "item_reference",
        "computer_call_output",
        "local_shell_call_output",
        "shell_call_output",
        "apply_patch_call_output",
        "mcp_approval_response",
        "additional_tools",
        "compaction_trigger",
        "configuration_update",
    )
)
_ROLES: dict[str, Role] = {"user": "user", "system": "system", "developer": "developer", "assistant": "assistant"}


def read_input(fields: Fields) -> list[Message]:
    """`input` of the body: a text, or items. Raises Refusal."""
    given = fields.rest.get("input")
    if isinstance(given, str):
        fields.take("input")
        return [Message(role="user", parts=(Text(text=given),))]
    turns = _Turns()
    for item in fields.objects("input"):
        _read_item(item, turns)
    turns.close()
    return turns.messages


class _Turns:
    """Collects the items of a turn."""

    __slots__ = ("_id", "_parts", "_said", "_side", "messages", "names")

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.names: dict[str, str] = {}
        """Of the calls so far: call id to tool name."""
        self._side: Role | None = None
        self._parts: list[Part] = []
        self._id: str | None = None
        self._said = False

    def close(self) -> None:
        """The turn, if there is one, is whole."""
        if self._side is not None:
            self.messages.append(Message(role=self._side, parts=tuple(self._parts), id=self._id))
        self._side, self._parts, self._id, self._said = None, [], None, False

    def add(self, side: Role, part: Part) -> None:
        """A part that is an item by itself."""
        if side != self._side:
            self.close()
            self._side = side
        self._parts.append(part)

    def say(self, parts: tuple[Part, ...], item_id: str | None) -> None:
        """A message of the assistant. Two in a row stay two turns, unless a call between them waits for its output."""
        if self._side != "assistant" or (self._said and not any(isinstance(part, ToolCall) for part in self._parts)):
            self.close()
        if not self._parts or not self._said:
            self._id = item_id
        self._side, self._said = "assistant", True
        self._parts.extend(parts)

    def sign_previous(self, signature: str) -> None:
        """The part before this item has a signature. It is lost where the caller has taken that part away."""
        if self._parts and isinstance(part := self._parts[-1], Text | Image | ToolCall):
            self._parts[-1] = msgspec.structs.replace(part, signature=signature)


def _read_item(item: Fields, turns: _Turns) -> None:
    raw = item.known()
    kind = item.text("type")
    if kind is None:
        kind = "message" if "role" in raw else "item_reference"
    if kind == "message":
        _read_message(item, raw, turns)
    elif kind in ("function_call", "custom_tool_call") and _plain(raw, _CALL):
        turns.add("assistant", _read_call(item, kind, turns))
    elif kind in ("function_call_output", "custom_tool_call_output") and _plain(raw, _OUTPUT):
        turns.add("user", _read_output(item, kind, turns))
    elif kind == "reasoning" and _REASONING.issuperset(raw):
        _read_reasoning(item, turns)
    elif kind == "image_generation_call" and str(raw.get("id")).startswith(IMAGE_ID):
        turns.add("assistant", _read_image(item))
    else:
        turns.add("user" if kind in _GIVEN else "assistant", Opaque(dialect=NAME, kind=kind, raw=raw))


def _plain(raw: dict[str, Any], known: frozenset[str]) -> bool:
    """Whether an item says only what has a neutral word. A direct caller and a call that is waited for are the ordinary case."""
    return all(
        name in known or (name == "caller" and value == {"type": "direct"}) or (name == "async" and value is False)
        for name, value in raw.items()
    )


def _read_message(item: Fields, raw: dict[str, Any], turns: _Turns) -> None:
    role = _ROLES.get(item.need_text("role"))
    if role is None:
        raise wrong(item.place("role"), "it has to be user, assistant, system or developer")
    phase = item.text("phase")
    parts = read_content(item, "content", phase if role == "assistant" else None)
    if role == "assistant":
        turns.say(parts, item.text("id"))
        return
    turns.close()
    turns.messages.append(Message(role=role, parts=parts, id=item.text("id")))


def _read_call(item: Fields, kind: str, turns: _Turns) -> ToolCall:
    custom = kind == "custom_tool_call"
    call = ToolCall(
        id=item.need_text("call_id"),
        name=item.need_text("name"),
        arguments=item.need_text("input" if custom else "arguments"),
        custom=custom,
    )
    turns.names[call.id] = call.name
    return call


def _read_output(item: Fields, kind: str, turns: _Turns) -> ToolResult:
    call_id = item.need_text("call_id")
    content = read_content(item, "output", None)
    name = item.text("name") or turns.names.get(call_id)
    return ToolResult(call_id=call_id, name=name, content=content, custom=kind == "custom_tool_call_output")


def _read_reasoning(item: Fields, turns: _Turns) -> None:
    summary = tuple([part.need_text("text") for part in item.objects("summary")])
    text = "".join([part.need_text("text") for part in item.objects("content")])
    item_id = item.text("id")
    encrypted = item.text("encrypted_content")
    if encrypted is None:
        turns.add("assistant", Reasoning(text=text, summary=summary, id=item_id))
        return
    try:
        carried = uncarry(encrypted)
    except ValueError as error:
        raise wrong(item.place("encrypted_content"), str(error)) from None
    if carried.previous is not None:
        turns.sign_previous(carried.previous)
    else:
        turns.add("assistant", restore(carried, text, summary, item_id))


def _read_image(item: Fields) -> Image:
    form = item.text("output_format")
    data = item.need_text("result")
    return Image(source=Source(media_type=None if form is None else f"image/{form}", data=data))
