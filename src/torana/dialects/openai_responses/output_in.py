"""The items of a vendor's `output`, decoded into parts. Raises NotAReplyError where one is not what the API promises."""

import msgspec

from torana.core.exchange import Declined, Logprob, Opaque, Part, Reasoning, Text, ToolCall
from torana.dialects import NotAReplyError
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.carried import restore, uncarry
from torana.dialects.openai_responses.citations import read_citation
from torana.dialects.openai_responses.output import Item, objects_of, read_logprobs, text_of


def read_item(item: Item, parts: list[Part], logprobs: list[Logprob]) -> None:
    """Append what the item is."""
    match text_of(item, "type"):
        case "message":
            phase = text_of(item, "phase") or None
            parts.extend([_content(content, phase, logprobs) for content in objects_of(item, "content")])
        case "reasoning":
            read_thought(item, parts)
        case "function_call" | "custom_tool_call":
            call = read_call(item)
            parts.append(call if call is not None else Opaque(dialect=NAME, kind=text_of(item, "type"), raw=item))
        case kind:
            parts.append(Opaque(dialect=NAME, kind=kind, raw=item))


def _content(content: Item, phase: str | None, logprobs: list[Logprob]) -> Part:
    match text_of(content, "type"):
        case "output_text":
            logprobs.extend(read_logprobs(content.get("logprobs")))
            citations = tuple([read_citation(given) for given in objects_of(content, "annotations")])
            return Text(text=text_of(content, "text"), citations=citations, phase=phase)
        case "refusal":
            return Declined(text=text_of(content, "refusal"))
        case kind:
            return Opaque(dialect=NAME, kind=kind, raw=content)


def read_thought(item: Item, parts: list[Part]) -> None:
    """A reasoning item: a thought, or the signature of the part before it from another gateway."""
    summary = tuple([text_of(one, "text") for one in objects_of(item, "summary")])
    text = "".join([text_of(one, "text") for one in objects_of(item, "content")])
    item_id = text_of(item, "id") or None
    encrypted = text_of(item, "encrypted_content")
    if not encrypted:
        parts.append(Reasoning(text=text, summary=summary, id=item_id))
        return
    try:
        carried = uncarry(encrypted)
    except ValueError as error:
        raise NotAReplyError(str(error)) from None
    if carried.previous is not None:
        _sign(parts, carried.previous)
    else:
        parts.append(restore(carried, text, summary, item_id))


def _sign(parts: list[Part], signature: str) -> None:
    if parts and isinstance(part := parts[-1], Text | ToolCall):
        parts[-1] = msgspec.structs.replace(part, signature=signature)


def read_call(item: Item) -> ToolCall | None:
    """A call; None where it is of a kind that has no neutral word: a tool in a namespace, or a call that a program made."""
    caller = item.get("caller")
    if item.get("namespace") or item.get("async") or (caller is not None and caller != {"type": "direct"}):
        return None
    custom = item["type"] == "custom_tool_call"
    return ToolCall(
        id=text_of(item, "call_id") or text_of(item, "id"),
        name=text_of(item, "name"),
        arguments=text_of(item, "input" if custom else "arguments"),
        custom=custom,
    )
