"""Tools, the choice among them and the form of the answer, both ways.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from collections.abc import Iterable
from typing import Any

from torana.core.exchange import Cache, Format, ModelRequest, Opaque, Tool, ToolChoice
from torana.dialects.fields import Fields, wrong
from torana.dialects.openai_chat.parts import NAME, Target, write_cache

_MODES = {"auto": "auto", "none": "none", "required": "required", "any": "required"}
"""`any` is what Mistral called `required` first (docs.mistral.ai/capabilities/function_calling)."""


def read_tools(body: Fields) -> tuple[Tool | Opaque, ...]:
    """`tools`, or the older `functions`. Raises Refusal."""
    tools: list[Tool | Opaque] = [_function(given, None) for given in body.objects("functions")]
    for given in body.objects("tools"):
        kind = given.text("type") or "function"
        if kind == "custom":
            tools.append(_custom(_inner(given, kind)))
        elif kind == "function":
            marker = given.inner("cache_control")
            cache = None if marker is None else Cache(ttl=marker.text("ttl"), form="cache_control")
            tools.append(_function(_inner(given, kind), cache))
        else:
            tools.append(Opaque(dialect=NAME, kind=kind, raw={"type": kind, **given.rest}))
    return tuple(tools)


def _inner(given: Fields, kind: str) -> Fields:
    inner = given.inner(kind)
    if inner is None:
        raise wrong(given.place(kind), "it is missing")
    return inner


def _function(given: Fields, cache: Cache | None) -> Tool:
    return Tool(
        name=given.need_text("name"),
        description=given.text("description"),
        parameters=given.json_object("parameters"),
        strict=given.flag("strict"),
        cache=cache,
    )


def _custom(given: Fields) -> Tool:
    return Tool(
        name=given.need_text("name"),
        description=given.text("description"),
        parameters=given.json_object("format"),
        custom=True,
    )


def write_tools(tools: Iterable[Tool | Opaque], target: Target) -> list[dict[str, Any]]:
    """`tools`; what is another dialect's own is lost."""
    written: list[dict[str, Any]] = []
    for number, tool in enumerate(tools):
        if isinstance(tool, Opaque):
            if tool.dialect == NAME:
                written.append(tool.raw)
            else:
                target.losses.need(f"tools[{number}].{tool.kind}", "OpenAI's chat completions have no such tool")
            continue
        fields: dict[str, Any] = {"name": tool.name}
        if tool.description is not None:
            fields["description"] = tool.description
        if tool.parameters is not None:
            fields["format" if tool.custom else "parameters"] = tool.parameters
        if tool.strict is not None and not tool.custom:
            fields["strict"] = tool.strict
        kind = "custom" if tool.custom else "function"
        written.append({"type": kind, kind: fields, **write_cache(tool.cache, target)})
    return written


def read_tool_choice(body: Fields) -> ToolChoice | None:
    """`tool_choice`, or the older `function_call`. Raises Refusal."""
    older = body.take("function_call")
    given = body.take("tool_choice")
    if given is None and older is not None:
        given = {"type": "function", "function": older} if isinstance(older, dict) else older
    if given is None:
        return None
    if isinstance(given, str):
        if given not in _MODES:
            raise wrong("tool_choice", "it has to be auto, none, required or an object")
        return ToolChoice(mode=_MODES[given])  # type: ignore[arg-type]  # every value of _MODES is one
    if not isinstance(given, dict):
        raise wrong("tool_choice", "it has to be a string or an object")
    choice = Fields(given, "tool_choice")
    kind = choice.need_text("type")
    if kind == "allowed_tools":
        allowed = _inner(choice, kind)
        mode = allowed.need_text("mode")
        if mode not in ("auto", "required"):
            raise wrong(allowed.place("mode"), "it has to be auto or required")
        names = tuple(_name_of(tool) for tool in allowed.objects("tools"))
        return ToolChoice(mode="auto" if mode == "auto" else "required", allowed=names)
    if kind in _MODES:
        return ToolChoice(mode=_MODES[kind])  # type: ignore[arg-type]  # every value of _MODES is one
    return ToolChoice(mode="named", name=_name_of(Fields(given, "tool_choice")))


def _name_of(given: Fields) -> str:
    kind = given.text("type") or "function"
    if kind not in ("function", "custom"):
        raise wrong(given.place("type"), "it has to be function or custom")
    return _inner(given, kind).need_text("name")


def write_tool_choice(request: ModelRequest, choice: ToolChoice, target: Target) -> Any:
    """`tool_choice`; None where nothing is to be said."""
    if "no_forced_tool_choice" in target.quirks and choice.mode in ("required", "named"):
        target.losses.need("tool_choice", "this vendor's models cannot be made to call a tool")
        return None
    custom = {tool.name for tool in request.tools if isinstance(tool, Tool) and tool.custom}

    def named(name: str) -> dict[str, Any]:
        kind = "custom" if name in custom else "function"
        return {"type": kind, kind: {"name": name}}

    if choice.allowed is not None and choice.mode in ("auto", "required"):
        tools = [named(name) for name in choice.allowed]
        return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": tools}}
    return named(choice.name or "") if choice.mode == "named" else choice.mode


def read_format(body: Fields) -> Format | None:
    """`response_format`; a kind that only some vendors know stays in the body. Raises Refusal."""
    given = body.rest.get("response_format")
    kind = given.get("type") if isinstance(given, dict) else None
    if isinstance(given, dict) and isinstance(kind, str) and kind not in ("text", "json_object", "json_schema"):
        return None
    form = body.inner("response_format")
    if form is None:
        return None
    kind = form.need_text("type")
    if kind != "json_schema":
        return Format(kind="text" if kind == "text" else "json")
    inner = _inner(form, kind)
    return Format(
        kind="schema",
        schema=inner.json_object("schema"),
        name=inner.text("name"),
        description=inner.text("description"),
        strict=inner.flag("strict"),
    )


def write_format(form: Format, target: Target) -> dict[str, Any] | None:
    """`response_format`."""
    if form.kind == "text":
        return {"type": "text"}
    if form.kind == "json":
        return {"type": "json_object"}
    if "no_json_schema" in target.quirks:
        target.losses.need("format", "this vendor's models take no JSON Schema")
        return {"type": "json_object"}
    fields: dict[str, Any] = {"name": form.name or "answer"}
    if form.description is not None:
        fields["description"] = form.description
    if form.schema is not None:
        fields["schema"] = form.schema
    if form.strict is not None:
        fields["strict"] = form.strict
    return {"type": "json_schema", "json_schema": fields}
