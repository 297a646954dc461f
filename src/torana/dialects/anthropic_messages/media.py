"""Images and documents: what Anthropic takes, and base64 as it has to be.

Source: https://platform.claude.com/docs/en/build-with-claude/vision and …/build-with-claude/pdf-support
"""

import binascii
from typing import Any

from torana.core.exchange import Source

IMAGE_TYPES = frozenset(("image/jpeg", "image/png", "image/gif", "image/webp"))
PDF = "application/pdf"
_URL_SAFE = str.maketrans("-_", "+/")
_BEGINNINGS = (("/9j/", "image/jpeg"), ("iVBORw0KGgo", "image/png"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp"))


def standard_base64(data: str) -> str | None:
    """The same bytes in the standard alphabet, padded; None when it is no base64."""
    if "-" in data or "_" in data:
        data = data.translate(_URL_SAFE)
    if "\n" in data or "\r" in data or " " in data:
        data = "".join(data.split())
    if len(data) % 4:
        data += "=" * (-len(data) % 4)
    try:
        binascii.a2b_base64(data, strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    return data


def image_source(source: Source, checked: bool = False) -> dict[str, Any] | str:
    """An image's `source`, or why there can be none. `checked`: its base64 is known to be right."""
    if source.url is not None:
        return {"type": "url", "url": source.url}
    if source.file_id is not None:
        return {"type": "file", "file_id": source.file_id}
    if source.data is None:
        return "an image has to have a URL, data or a file id"
    data = source.data if checked else standard_base64(source.data)
    if data is None:
        return "it is not valid base64"
    kind = source.media_type
    if kind is None:
        kind = next((name for beginning, name in _BEGINNINGS if data.startswith(beginning)), None)
    elif kind == "image/jpg":
        kind = "image/jpeg"
    if kind not in IMAGE_TYPES:
        return f"Anthropic takes JPEG, PNG, GIF and WebP images, not {kind or 'an unnamed type'}"
    return {"type": "base64", "media_type": kind, "data": data}


def document_source(source: Source, checked: bool = False) -> dict[str, Any] | str:
    """A document's `source`, or why there can be none. `checked`: its base64 is known to be right."""
    if source.text is not None:
        return {"type": "text", "media_type": "text/plain", "data": source.text}
    if source.url is not None:
        return {"type": "url", "url": source.url}
    if source.file_id is not None:
        return {"type": "file", "file_id": source.file_id}
    if source.data is None:
        return "a document has to have a URL, data, a file id or text"
    data = source.data if checked else standard_base64(source.data)
    if data is None:
        return "it is not valid base64"
    kind = source.media_type
    if kind == PDF or (kind is None and data.startswith("JVBERi")):
        return {"type": "base64", "media_type": PDF, "data": data}
    if kind is not None and kind.startswith("text/"):
        try:
            return {"type": "text", "media_type": "text/plain", "data": binascii.a2b_base64(data).decode()}
        except UnicodeDecodeError:
            return "its text is not UTF-8"
    return f"Anthropic takes PDF and plain text documents, not {kind or 'an unnamed type'}"
