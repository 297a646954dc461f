"""Messages, both ways. Source: https://platform.openai.com/docs/api-reference/chat/create"""

from collections.abc import Iterable
from typing import Any

import msgspec

from torana.core.exchange import (
    Audio,
    Declined,
    Image,
    Message,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Role,
    Source,
    Text,
    ToolCall,
    ToolResult,
)
from torana.dialects.fields import Fields, wrong
from torana.dialects.openai_chat.parts import (
    NAME,
    Target,
    bare,
    plain_thoughts,
    read_content,
    read_thoughts,
    write_cache,
    write_content,
    write_details,
)
from torana.dialects.proofs import is_marked, without_marked

_ROLES: dict[str, Role] = {"system": "system", "developer": "developer", "user": "user"}
_ECHOED = ("id", "type", "object", "created", "index", "annotations", "provider_specific_fields")
"""What callers send back because a reply had it, and no vendor reads."""
_encode = msgspec.json.Encoder().encode


def read_messages(body: Fields) -> tuple[Message, ...]:
    """`messages`. Results of tools that follow each other become one message of the user. Raises Refusal."""
    if body.rest.get("messages") is None:
        raise wrong("messages", "it is missing")
    calls: dict[str, ToolCall] = {}
    said: list[Message] = []
    results: list[Part] = []
    for message in body.objects("messages"):
        role = message.need_text("role")
        if role in ("tool", "function"):
            results.append(_read_result(message, calls))
            continue
        if results:
            said.append(Message(role="user", parts=tuple(results)))
            results = []
        if role == "assistant":
            said.append(_read_assistant(message, calls))
        elif role in _ROLES:
            name, parts = message.text("name"), read_content(message)
            said.append(Message(role=_ROLES[role], parts=(*parts, *_left(message)), name=name))
        else:
            raise wrong(message.place("role"), "it has to be system, developer, user, assistant or tool")
    if results:
        said.append(Message(role="user", parts=tuple(results)))
    return tuple(said)


def _left(message: Fields) -> Iterable[Opaque]:
    """Fields of a message that are a vendor's own, such as `prefix`."""
    for name, value in message.rest.items():
        if value and name not in _ECHOED:
            yield Opaque(dialect=NAME, kind=name, raw={name: value})


def _read_result(message: Fields, calls: dict[str, ToolCall]) -> ToolResult:
    name, call_id = message.text("name"), message.text("tool_call_id")
    if call_id is None:
        if name is None:
            raise wrong(message.place("tool_call_id"), "it is missing")
        # The older `function` role names the function, not the call: its latest call is meant.
        call_id = next((found.id for found in reversed(calls.values()) if found.name == name), f"call_{name}")
    call = calls.get(call_id)
    return ToolResult(
        call_id=call_id,
        name=name or (None if call is None else call.name),
        content=read_content(message),
        custom=call is not None and call.custom,
    )


def _read_assistant(message: Fields, calls: dict[str, ToolCall]) -> Message:
    name = message.text("name")
    parts: list[Part] = [*read_thoughts(message.rest), *read_content(message)]
    for field in ("reasoning_content", "reasoning", "reasoning_details"):
        message.rest.pop(field, None)
    if refusal := message.text("refusal"):
        parts.append(Declined(text=refusal))
    if (audio := message.inner("audio")) is not None:
        audio_id = audio.need_text("id")
        parts.append(Audio(source=Source(file_id=audio_id), id=audio_id))
    for called in message.objects("tool_calls"):
        call = _read_call(called)
        calls[call.id] = call
        parts.append(call)
    if (older := message.inner("function_call")) is not None:
        call = ToolCall(id=f"call_{len(calls)}", name=older.need_text("name"), arguments=older.text("arguments") or "")
        calls[call.id] = call
        parts.append(call)
    return Message(role="assistant", parts=(*parts, *_left(message)), name=name)


def _read_call(called: Fields) -> ToolCall:
    kind, call_id = called.text("type") or "function", called.need_text("id")
    inner = called.inner(kind) if kind in ("function", "custom") else None
    if inner is None:
        raise wrong(called.at, "it has to be a call of a function or of a custom tool")
    if kind == "custom":
        return ToolCall(id=call_id, name=inner.need_text("name"), arguments=inner.text("input") or "", custom=True)
    given = inner.rest.get("arguments")
    arguments = _encode(given).decode() if isinstance(given, dict) else inner.text("arguments") or ""
    return ToolCall(
        id=call_id,
        name=inner.need_text("name"),
        arguments=arguments,
        signature=thought_signature(called.take("extra_content")),
    )


def thought_signature(extra: Any) -> str | None:
    """Google's signature of a call, `extra_content.google.thought_signature` (ai.google.dev/gemini-api/docs/openai)."""
    google = extra.get("google") if isinstance(extra, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    return signature if isinstance(signature, str) else None


def write_call(call: ToolCall) -> dict[str, Any]:
    """An entry of `tool_calls`."""
    if call.custom:
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    written: dict[str, Any] = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
    if call.signature is not None:
        written["extra_content"] = {"google": {"thought_signature": call.signature}}
    return written


def write_messages(request: ModelRequest, target: Target) -> list[dict[str, Any]]:
    """`messages`. Results of tools come before anything else that their message holds, as they have to follow their calls."""
    written: list[dict[str, Any]] = []
    later: list[Part] = []
    for number, message in enumerate(request.messages if target.own else _joined(request.messages)):
        if not later and (plain := _plain_text(message)) is not None:
            role = message.role
            if role == "developer" and "no_developer_role" in target.quirks:
                role = "system"
            written.append({"role": role, "content": plain})
            continue
        place = f"messages[{number}]"
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        if later and not results:
            written.append({"role": "user", "content": write_content(later, target, place)})
            later = []
        if message.role == "assistant":
            written.append(_write_assistant(message, target, place))
        elif results:
            written += [_write_result(result, target, place, later) for result in results]
            later += [part for part in message.parts if not isinstance(part, ToolResult)]
        else:
            written.append(_write_other(message, target, place))
    if later:
        written.append(
            {"role": "user", "content": write_content(later, target, f"messages[{len(request.messages) - 1}]")}
        )
    return written


def _plain_text(message: Message) -> str | None:
    """What a message says, where that is one text and nothing more, as most messages are."""
    if len(message.parts) != 1 or message.name is not None:
        return None
    part = message.parts[0]
    if type(part) is not Text or part.cache or part.citations or part.phase or part.signature:
        return None
    return part.text


def _joined(messages: Iterable[Message]) -> list[Message]:
    """Turns of the assistant that follow each other as one: the results of all their calls come only after the last."""
    joined: list[Message] = []
    for message in messages:
        if joined and message.role == joined[-1].role == "assistant":
            before = joined[-1]
            joined[-1] = msgspec.structs.replace(before, parts=(*before.parts, *message.parts))
        else:
            joined.append(message)
    return joined


def _write_other(message: Message, target: Target, place: str) -> dict[str, Any]:
    role = "system" if message.role == "developer" and "no_developer_role" in target.quirks else message.role
    fields, parts = _own_fields(message.parts)
    return {"role": role, "content": write_content(parts, target, place), **_name(message, target), **fields}


def _name(message: Message, target: Target) -> dict[str, Any]:
    if message.name is None:
        return {}
    if "no_message_names" in target.quirks:
        target.losses.hint("name")
        return {}
    return {"name": message.name}


def _own_fields(parts: Iterable[Part]) -> tuple[dict[str, Any], list[Part]]:
    """Fields that `_left` has kept, and the other parts."""
    fields: dict[str, Any] = {}
    others: list[Part] = []
    for part in parts:
        if isinstance(part, Opaque) and part.dialect == NAME and part.raw.get("type") != part.kind:
            fields.update(part.raw)
        else:
            others.append(part)
    return fields, others


def _write_result(result: ToolResult, target: Target, place: str, later: list[Part]) -> dict[str, Any]:
    """A `tool` message. Only text is allowed in it: images of other dialects' callers follow in a message of the user."""
    if result.error:
        target.losses.hint("tool_result.error")
    content, moved = list(result.content), []
    if not target.own:
        content = [part for part in result.content if not _has_to_move(part)]
        moved = [part for part in result.content if _has_to_move(part)]
    if moved:
        later += [Text(text=f"From the result of tool call {result.call_id}:"), *moved]
    cached = write_cache(result.cache, target)
    message = {"role": "tool", "tool_call_id": result.call_id, "content": write_content(content, target, place)}
    if cached and content:
        message["content"] = write_content([*content[:-1], _cached(content[-1], result)], target, place)
    return message


def _has_to_move(part: Part) -> bool:
    return not isinstance(part, Text | Opaque) and getattr(getattr(part, "source", None), "text", None) is None


def _cached(part: Part, result: ToolResult) -> Part:
    return msgspec.structs.replace(part, cache=result.cache) if isinstance(part, Text) else part


def _write_assistant(message: Message, target: Target, place: str) -> dict[str, Any]:
    fields, parts = _own_fields(message.parts)
    thoughts, content, calls = [], [], []
    written: dict[str, Any] = {"role": "assistant", "content": None}
    for part in parts:
        match part:
            case Reasoning():
                thoughts.append(part)
            case ToolCall():
                calls.append(_write_own_call(part, target))
            case Audio(id=str() as audio_id) if target.own or part.source.data is None:
                written["audio"] = {"id": audio_id}
            case Image() if target.own:
                images = written.setdefault("images", [])
                images += write_content([part], target, place)
            case Image():
                target.losses.need(f"{place}.image", "OpenAI's chat completions take no images of the assistant")
            case _:
                content.append(part)
    if len(content) == 1 and isinstance(content[0], Declined):
        written["refusal"] = content[0].text
    elif content or not (calls or "audio" in written):
        written["content"] = write_content(content, target, place)
    _write_thoughts(written, thoughts, target)
    if calls:
        written["tool_calls"] = calls
    return {**written, **_name(message, target), **fields}


def _write_own_call(call: ToolCall, target: Target) -> dict[str, Any]:
    if call.cache is not None:
        target.losses.hint("cache")
    if target.own:
        return write_call(call)
    if call.signature is not None:
        target.losses.hint("signature")
    arguments = call.arguments if call.custom else call.arguments or "{}"
    return write_call(msgspec.structs.replace(call, signature=None, arguments=arguments))


def _write_thoughts(written: dict[str, Any], thoughts: list[Reasoning], target: Target) -> None:
    """Thoughts go back where the vendor takes them; OpenAI itself takes none in chat completions."""
    if any(is_marked(part.signature) or is_marked(part.encrypted) for part in thoughts):
        target.losses.hint("signature")
        thoughts = [without_marked(part) for part in thoughts]
    if not thoughts:
        return
    words, quirks = plain_thoughts(thoughts), target.quirks
    lost = False
    if "thinking_parts" in quirks:
        content = written["content"] or []
        others = [{"type": "text", "text": content}] if isinstance(content, str) else content
        written["content"] = [*(_thinking_part(part, target) for part in thoughts), *others]
    elif "reasoning_content" in quirks or "reasoning_field" in quirks:
        written["reasoning_content" if "reasoning_content" in quirks else "reasoning"] = words
        lost = not all(bare(part) for part in thoughts)
    elif target.own and "unknown_fields_refused" not in quirks:
        written["reasoning_content"] = words
    else:
        lost = True
    if target.own and not (quirks & {"unknown_fields_refused", "thinking_parts"}):
        if len(thoughts) > 1 or not bare(thoughts[0]):
            written["reasoning_details"] = write_details(thoughts)
    elif lost:
        target.losses.hint("reasoning")


def _thinking_part(part: Reasoning, target: Target) -> dict[str, Any]:
    signed = {} if part.signature is None or not target.own else {"signature": part.signature}
    return {"type": "thinking", "thinking": [{"type": "text", "text": part.text}], **signed}
