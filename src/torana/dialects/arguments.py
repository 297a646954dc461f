"""Arguments of tool calls towards callers whose dialect has an object for them."""

from typing import Any

import msgspec

from torana.core.exchange import ToolCall

_object = msgspec.json.Decoder(dict[str, Any]).decode


def shown_input(part: ToolCall) -> Any:
    """As the model wrote them where that is an object, else as text."""
    if part.custom:
        return {"input": part.arguments}
    if not part.arguments.strip():
        return {}
    try:
        written = part.arguments.encode()
        _object(written)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return part.arguments
    return msgspec.Raw(written)
