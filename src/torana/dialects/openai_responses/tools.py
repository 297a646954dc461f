"""Tools and tool choice, both ways.

A hosted tool (`web_search`, `file_search`, `mcp`, `local_shell`, …) or a function with fields that have no neutral word
(`defer_loading`, `allowed_callers`, …) is `Opaque`.
"""

from collections.abc import Iterable
from typing import Any

from torana.core.exchange import Opaque, Tool, ToolChoice
from torana.dialects.fields import Fields, wrong
from torana.dialects.openai_responses import NAME

_FUNCTION = frozenset(("type", "name", "description", "parameters", "strict"))
_CUSTOM = frozenset(("type", "name", "description", "format"))


def read_tool(fields: Fields) -> Tool | Opaque:
    """One of `tools`. Raises Refusal."""
    raw = fields.known()
    kind = fields.need_text("type")
    if kind == "function" and _FUNCTION.issuperset(raw):
        return Tool(
            name=fields.need_text("name"),
            description=fields.text("description"),
            parameters=fields.json_object("parameters"),
            strict=fields.flag("strict"),
        )
    if kind == "custom" and _CUSTOM.issuperset(raw):
        return Tool(
            name=fields.need_text("name"),
            description=fields.text("description"),
            parameters=fields.json_object("format"),
            custom=True,
        )
    return Opaque(dialect=NAME, kind=kind, raw=raw)


def write_tool(tool: Tool | Opaque, *, spelled_out: bool = False, strict: bool | None = None) -> Any:
    """One of `tools`. `spelled_out`: with nulls, as a response repeats it. `strict`: what stands where the tool does not say."""
    if isinstance(tool, Opaque):
        return tool.raw
    written: dict[str, Any] = {"type": "custom" if tool.custom else "function", "name": tool.name}
    if tool.description is not None:
        written["description"] = tool.description
    if tool.custom:
        if tool.parameters is not None:
            written["format"] = tool.parameters
        return written
    # Required, null or not: https://platform.openai.com/docs/api-reference/responses/create#responses-create-tools
    written["parameters"] = tool.parameters
    strictness = strict if tool.strict is None else tool.strict
    if strictness is not None or spelled_out:
        written["strict"] = strictness
    return written


def read_choice(value: Any, place: str) -> ToolChoice | None:
    """`tool_choice`; None where it names what has no neutral word, such as a hosted tool. Raises Refusal."""
    if isinstance(value, str):
        match value:
            case "auto" | "none" | "required":
                return ToolChoice(mode=value)
            case _:
                raise wrong(place, "it has to be auto, none, required or an object")
    if not isinstance(value, dict):
        raise wrong(place, "it has to be a string or an object")
    fields = Fields(value, place)
    match fields.need_text("type"):
        case "function" | "custom":
            return ToolChoice(mode="named", name=fields.need_text("name"))
        case "allowed_tools":
            return _read_allowed(fields)
        case _:
            return None


def _read_allowed(fields: Fields) -> ToolChoice | None:
    names: list[str] = []
    for tool in fields.objects("tools"):
        if tool.text("type") not in ("function", "custom"):
            return None
        names.append(tool.need_text("name"))
    match fields.need_text("mode"):
        case "auto":
            return ToolChoice(mode="auto", allowed=tuple(names))
        case "required":
            return ToolChoice(mode="required", allowed=tuple(names))
        case _:
            raise wrong(fields.place("mode"), "it has to be auto or required")


def write_choice(choice: ToolChoice | None, tools: Iterable[Tool | Opaque]) -> Any:
    """`tool_choice`; None where nothing was said."""
    if choice is None:
        return None
    custom = {tool.name for tool in tools if isinstance(tool, Tool) and tool.custom}
    if choice.mode == "named":
        return {"type": "custom" if choice.name in custom else "function", "name": choice.name or ""}
    if choice.allowed is not None and choice.mode != "none":
        allowed = [{"type": "custom" if name in custom else "function", "name": name} for name in choice.allowed]
        return {"type": "allowed_tools", "mode": choice.mode, "tools": allowed}
    return choice.mode
