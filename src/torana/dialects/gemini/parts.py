"""Parts of the exchange as Gemini's parts, for a request to Gemini and for a reply to its caller."""

from typing import Any

import msgspec

from torana.core.exchange import Part, Reasoning, Source, Text, ToolCall, ToolResult
from torana.dialects.gemini.contents import MADE_ID
from torana.dialects.gemini.media import Media, default_type, write_source
from torana.dialects.gemini.signatures import for_gemini

_object = msgspec.json.Decoder(dict[str, Any]).decode


def arguments(call: ToolCall) -> Any:
    """`args` have to be an object: what a model wrote that is none is passed on as the one field `arguments`, as text."""
    if call.custom:
        return {"input": call.arguments}
    if not call.arguments.strip():
        return {}
    try:
        # A whole decode, because what is only skipped may still be no JSON inside.
        return _object(call.arguments)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return {"arguments": call.arguments}


def write_call(call: ToolCall, ident: str | None, signature: str | None) -> dict[str, Any]:
    """A `functionCall` part."""
    inside: dict[str, Any] = {"name": call.name, "args": arguments(call)}
    if ident is not None:
        inside["id"] = ident
    part: dict[str, Any] = {"functionCall": inside}
    if signature is not None:
        part["thoughtSignature"] = signature
    return part


def own_id(ident: str) -> str | None:
    """The id as Gemini knows it: none where the gate made it up."""
    return None if ident.startswith(MADE_ID) else ident


def write_response(result: ToolResult, name: str, ident: str | None, media: list[dict[str, Any]]) -> dict[str, Any]:
    """A `functionResponse` part; `media` are the images and files of the result, which become its `parts`."""
    texts = [part.text for part in result.content if isinstance(part, Text)]
    inside: dict[str, Any] = {"name": name, "response": _response("\n".join(texts), bool(texts), result.error)}
    if ident is not None:
        inside["id"] = ident
    if media:
        inside["parts"] = media
    return {"functionResponse": inside}


def _response(text: str, said: bool, error: bool) -> dict[str, Any]:
    found: dict[str, Any] | None
    try:
        found = _object(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        found = None
    if error:
        return {"error": text if found is None else found}
    if found and (len(found) > 1 or next(iter(found)) not in ("output", "error")):
        return found
    return {"output": text} if said else {}


def write_media(part: Media) -> dict[str, Any]:
    """`inlineData` or `fileData`."""
    source: Source = part.source
    return write_source(source, default_type(part))


def thought_text(part: Reasoning) -> str:
    """What there is to read of a thought."""
    return part.text or "\n\n".join(part.summary)


def write_text(text: str, signature: str | None) -> dict[str, Any]:
    """A text part."""
    return {"text": text} if signature is None else {"text": text, "thoughtSignature": signature}


def write_thought(text: str, signature: str | None) -> dict[str, Any]:
    """A thought."""
    part: dict[str, Any] = {"text": text, "thought": True}
    if signature is not None:
        part["thoughtSignature"] = signature
    return part


def signature_of(part: Part) -> str | None:
    """The signature of a part, if Gemini can read it."""
    return for_gemini(getattr(part, "signature", None))
