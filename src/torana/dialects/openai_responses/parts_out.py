"""The parts of a message or of a tool's output, encoded."""

import base64
from typing import Any

from torana.core.exchange import Audio, Declined, Document, Image, Opaque, Part, Text
from torana.core.losses import Losses
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.parts_in import SOUNDS, data_url

_FORMATS = {media_type: form for form, media_type in SOUNDS.items()} | {
    "audio/mp3": "mp3",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
}
Written = dict[str, Any]


def write_part(part: Part, place: str, losses: Losses, own: bool) -> Written | None:
    """A part; None where it was dropped. `own`: the caller speaks this dialect, so that its cache markers mean the same here."""
    match part:
        case Text():
            written: Written | None = {"type": "input_text", "text": part.text}
        case Declined():
            # Only an assistant refuses; what another quotes of it is text.
            written = {"type": "input_text", "text": part.text}
        case Image():
            written = _image(part)
        case Document():
            written = _document(part, place, losses)
        case Audio():
            written = _audio(part, place, losses)
        case Opaque(dialect=dialect, raw=raw) if dialect == NAME:
            written = raw
        case _:
            kind = part.kind if isinstance(part, Opaque) else type(part).__name__.lower()
            losses.need(f"{place}.{kind}", f"the Responses API takes no {kind}")
            written = None
    if written is not None and (cache := getattr(part, "cache", None)) is not None:
        if own:
            written["prompt_cache_breakpoint"] = {"mode": "explicit"} | ({"ttl": cache.ttl} if cache.ttl else {})
        else:
            # Another vendor's markers say nothing here: most models refuse them, and their times differ.
            losses.hint(f"{place}.cache")
    return written


def _image(part: Image) -> Written:
    written: Written = {"type": "input_image"}
    source = part.source
    if source.file_id is not None:
        written["file_id"] = source.file_id
    else:
        written["image_url"] = source.url if source.data is None else data_url(source, "image/png")
    # A required field, whose default this is.
    written["detail"] = part.detail or "auto"
    return written


def _document(part: Document, place: str, losses: Losses) -> Written:
    written: Written = {"type": "input_file"}
    source = part.source
    title = part.title
    if source.file_id is not None:
        written["file_id"] = source.file_id
    elif source.url is not None:
        written["file_url"] = source.url
    elif source.text is not None:
        encoded = base64.b64encode(source.text.encode()).decode()
        written["file_data"] = f"data:text/plain;base64,{encoded}"
        title = title or "document.txt"
    elif source.media_type is None:
        written["file_data"] = source.data
    else:
        written["file_data"] = data_url(source, source.media_type)
        # The API wants a name with inline data.
        title = title or ("document.pdf" if source.media_type == "application/pdf" else "document")
    if title is not None:
        written["filename"] = title
    if part.detail is not None:
        written["detail"] = part.detail
    if part.context is not None:
        losses.need(f"{place}.document.context", "a file in the Responses API has no context")
    if part.citations:
        losses.need(f"{place}.document.citations", "the Responses API cites no files of the request")
    return written


def _audio(part: Audio, place: str, losses: Losses) -> Written | None:
    form = _FORMATS.get(part.source.media_type or "")
    if part.source.data is None or form is None:
        losses.need(f"{place}.audio", "the Responses API takes sound as inline mp3 or wav only")
        return None
    return {"type": "input_audio", "input_audio": {"data": part.source.data, "format": form}}
