"""`tools` and `toolConfig`, both ways."""

from typing import Any

from torana.core.exchange import ModelRequest, Opaque, Tool, ToolChoice
from torana.core.losses import Losses
from torana.dialects.fields import Fields, wrong
from torana.dialects.gemini import NAME
from torana.dialects.gemini.names import inner, listed
from torana.dialects.gemini.schema import to_json_schema

_FUNCTIONS = "functionDeclarations"
_CALLING = "toolConfig.functionCallingConfig."
_STREAMED_ARGUMENTS = _CALLING + "streamFunctionCallArguments"


def decode_tools(fields: Fields) -> list[Tool | Opaque]:
    """Functions, and Google's own tools as they are. Raises Refusal: invalid_field."""
    tools: list[Tool | Opaque] = []
    for entry in listed(fields, "tools"):
        tools += [_function(declared) for declared in listed(entry, _FUNCTIONS)]
        tools += [Opaque(dialect=NAME, kind=kind, raw={kind: value}) for kind, value in entry.known().items()]
    return tools


def _function(declared: Fields) -> Tool:
    name = declared.need_text("name")
    description = declared.text("description")
    schema = declared.take("parameters")
    given = declared.take("parametersJsonSchema")
    # What it returns is only told to Google's models; the conversation works without.
    declared.take("response")
    declared.take("responseJsonSchema")
    behavior = declared.text("behavior")
    if behavior not in (None, "BLOCKING", "UNSPECIFIED"):
        raise wrong(declared.place("behavior"), "only live sessions have calls that do not block")
    for unknown in declared.known():
        raise wrong(declared.place(unknown), "it is not known")
    if given is not None and not isinstance(given, dict):
        raise wrong(declared.place("parametersJsonSchema"), "it has to be an object")
    parameters = given if given is not None else None
    if parameters is None and schema is not None:
        parameters = to_json_schema(schema, declared.place("parameters"))
    return Tool(name=name, description=description, parameters=parameters)


def decode_choice(fields: Fields) -> tuple[ToolChoice | None, bool, dict[str, Any]]:
    """The choice, whether arguments must follow their schemas (VALIDATED), and what only Gemini knows, by dotted names."""
    config = inner(fields, "toolConfig")
    if config is None:
        return None, False, {}
    calling = inner(config, "functionCallingConfig")
    extra = {f"toolConfig.{name}": value for name, value in config.known().items()}
    if calling is None:
        return None, False, extra
    mode = (calling.text("mode") or "AUTO").upper()
    allowed = calling.texts("allowedFunctionNames") or None
    extra.update({_CALLING + name: value for name, value in calling.known().items()})
    if mode == "ANY":
        if allowed is not None and len(allowed) == 1:
            return ToolChoice(mode="named", name=allowed[0]), False, extra
        return ToolChoice(mode="required", allowed=allowed), False, extra
    if mode == "NONE":
        return ToolChoice(mode="none"), False, extra
    if mode not in ("AUTO", "MODE_UNSPECIFIED", "VALIDATED"):
        raise wrong(calling.place("mode"), "it has to be AUTO, ANY, NONE or VALIDATED")
    return ToolChoice(mode="auto", allowed=allowed), mode == "VALIDATED", extra


def encode_tools(request: ModelRequest, losses: Losses) -> list[dict[str, Any]]:
    """`tools`: all functions in one entry, Google's own tools in one each."""
    functions: list[dict[str, Any]] = []
    own: list[dict[str, Any]] = []
    for number, tool in enumerate(request.tools):
        if isinstance(tool, Tool):
            if tool.custom:
                losses.need(f"tools[{number}]", f"Gemini's functions take arguments, and {tool.name} takes free text")
                continue
            if tool.cache is not None:
                losses.hint("cache")
            functions.append(_declaration(tool))
        elif tool.dialect == NAME:
            own.append(tool.raw)
        else:
            losses.need(f"tools[{number}].{tool.kind}", f"it is a tool of {tool.dialect} and Gemini has no such thing")
    return ([{_FUNCTIONS: functions}] if functions else []) + own


def _declaration(tool: Tool) -> dict[str, Any]:
    declared: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        declared["description"] = tool.description
    if tool.parameters is not None:
        declared["parametersJsonSchema"] = tool.parameters
    return declared


def encode_choice(request: ModelRequest, losses: Losses) -> dict[str, Any]:
    """`toolConfig`; empty when there is nothing to say."""
    calling = _calling(request, losses)
    config: dict[str, Any] = {}
    if request.dialect == NAME:
        for name, value in request.extra.items():
            if name == _STREAMED_ARGUMENTS:
                # Arguments in pieces by JSON path have no neutral form; whole ones serve every caller.
                losses.hint(name)
            elif name.startswith(_CALLING):
                calling[name.removeprefix(_CALLING)] = value
            elif name.startswith("toolConfig."):
                config[name.removeprefix("toolConfig.")] = value
    if calling:
        config["functionCallingConfig"] = calling
    return config


def _calling(request: ModelRequest, losses: Losses) -> dict[str, Any]:
    if request.parallel_tool_calls is False and request.tools:
        # It may always call several functions at once; a caller who gets two answers both, or the first.
        losses.hint("parallel_tool_calls")
    choice = request.tool_choice
    functions = [tool for tool in request.tools if isinstance(tool, Tool)]
    strict = sum(tool.strict is True for tool in functions)
    validated = bool(strict) and strict == len(functions)
    if strict and not validated and (choice is None or choice.mode == "auto"):
        losses.hint("tools.strict")
    if choice is None:
        return {"mode": "VALIDATED"} if validated else {}
    if choice.mode == "none":
        return {"mode": "NONE"}
    if choice.mode == "named":
        return {"mode": "ANY", "allowedFunctionNames": [choice.name or ""]}
    mode = "ANY" if choice.mode == "required" else "VALIDATED" if validated or choice.allowed else "AUTO"
    # Names may only be given with ANY and VALIDATED.
    return {"mode": mode} if not choice.allowed else {"mode": mode, "allowedFunctionNames": list(choice.allowed)}
