"""Which tools the demo calls, and with what arguments."""

from typing import Any, Literal, NamedTuple

import msgspec

from torana.gate.demo.schema import UnsatisfiableError, sample
from torana.gate.demo.wire import DemoError

_SEARCHED_CHARACTERS = 20_000
_MOST_CALLS = 8


class Function(msgspec.Struct):
    """A function that the caller offers."""

    name: str
    parameters: dict[str, Any] | None = None


class Tool(msgspec.Struct):
    """One entry of `tools`; the demo calls functions only."""

    type: Literal["function"]
    function: Function


class Named(msgspec.Struct):
    """A function's name inside `tool_choice`."""

    name: str


class AllowedTool(msgspec.Struct):
    """One tool of an allowed set."""

    type: Literal["function"]
    function: Named


class AllowedTools(msgspec.Struct):
    """`tool_choice.allowed_tools`."""

    mode: Literal["auto", "required"]
    tools: list[AllowedTool]


class ToolChoice(msgspec.Struct):
    """`tool_choice` as an object: one function that must be called, or a set to choose from."""

    type: Literal["function", "allowed_tools"]
    function: Named | None = None
    allowed_tools: AllowedTools | None = None


class ToolCall(NamedTuple):
    """One call the demo makes; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


Choice = Literal["none", "auto", "required"] | ToolChoice | None


def choose_calls(
    tools: list[Tool], choice: Choice, said: str, answered: bool, parallel: bool, call_id: str
) -> list[ToolCall]:
    """The calls to make, none if the demo is to answer in words.

    With `auto` a tool is called when the user's text `said` mentions its name and no result has been `answered` yet.
    Raises DemoError when the choice names an unknown tool or a tool's schema cannot be satisfied.
    """
    mode, offered = _mode(tools, choice)
    if mode == "required" and not offered:
        raise DemoError("Invalid value for 'tool_choice': it requires a tool, but 'tools' offers none.", "tool_choice")
    if mode == "none" or (mode == "auto" and answered):
        return []
    searched = said[-_SEARCHED_CHARACTERS:].lower()
    chosen = [tool for tool in offered if _mentioned(tool.function.name, searched)]
    if mode == "required" and not chosen:
        chosen = offered[:1]
    chosen = chosen[: _MOST_CALLS if parallel else 1]
    return [
        ToolCall(f"{call_id}{index:02x}", tool.function.name, _arguments(tool)) for index, tool in enumerate(chosen)
    ]


def _mode(tools: list[Tool], choice: Choice) -> tuple[Literal["none", "auto", "required"], list[Tool]]:
    if choice is None:
        return ("auto" if tools else "none"), tools
    if not isinstance(choice, ToolChoice):
        return choice, tools
    if choice.allowed_tools is not None:
        names = {allowed.function.name for allowed in choice.allowed_tools.tools}
        return choice.allowed_tools.mode, [tool for tool in tools if tool.function.name in names]
    if choice.function is None:
        raise DemoError(
            "Missing required parameter: 'tool_choice.function'.", "tool_choice.function", "missing_required_parameter"
        )
    name = choice.function.name
    if not (named := [tool for tool in tools if tool.function.name == name]):
        raise DemoError(
            f"Invalid value for 'tool_choice': no function named '{name[:100]}' was given in 'tools'.", "tool_choice"
        )
    return "required", named[:1]


def _mentioned(name: str, searched: str) -> bool:
    return bool(name) and (name.lower() in searched or name.lower().replace("_", " ") in searched)


def _arguments(tool: Tool) -> str:
    try:
        return msgspec.json.encode(sample(tool.function.parameters or {"type": "object"})).decode()
    except UnsatisfiableError as error:
        raise DemoError(f"Invalid schema for function '{tool.function.name[:100]}': {error}.", "tools") from None
