"""Bedrock's words for kinds of files, from and to media types.

Source: the enumerations ImageFormat, DocumentFormat, AudioFormat and VideoFormat of the Converse API.
"""

import binascii
from base64 import b64decode, b64encode
from typing import Any

from torana.core.exchange import Audio, Document, Image, Source, Video
from torana.core.losses import Losses

IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
    "text/x-markdown": "md",
}
AUDIO = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/opus": "opus",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/mp4": "mp4",
    "audio/m4a": "m4a",
    "audio/x-m4a": "m4a",
    "audio/ogg": "ogg",
    "audio/webm": "webm",
    "audio/pcm": "pcm",
}
VIDEOS = {
    "video/x-matroska": "mkv",
    "video/quicktime": "mov",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/x-flv": "flv",
    "video/mpeg": "mpeg",
    "video/x-ms-wmv": "wmv",
    "video/3gpp": "three_gp",
}
_FORMATS: dict[type, dict[str, str]] = {Image: IMAGES, Document: DOCUMENTS, Audio: AUDIO, Video: VIDEOS}
_MEDIA_TYPES: dict[type, dict[str, str]] = {}
for _kind, _table in _FORMATS.items():
    for _media_type, _format in _table.items():
        _MEDIA_TYPES.setdefault(_kind, {}).setdefault(_format, _media_type)


def media_type(format: Any, kind: type = Image) -> str | None:  # noqa: A002 - Bedrock's word
    """The media type of one of Bedrock's formats of this kind of file; None when it is unknown."""
    return _MEDIA_TYPES[kind].get(format) if isinstance(format, str) else None


def is_base64(text: str) -> bool:
    """Whether it is base64 in the standard alphabet, padded."""
    try:
        b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def file_block(part: Image | Document | Audio | Video, place: str, losses: Losses) -> dict[str, Any] | None:
    """`format` and `source` of a block; None where the part was dropped. Raises Refusal for what Bedrock cannot take."""
    source = part.source
    if source.text is not None:
        return {"format": "txt", "source": {"bytes": b64encode(source.text.encode()).decode()}}
    kind = (source.media_type or "").partition(";")[0].strip().lower()
    known = _FORMATS[type(part)]
    format = known.get(kind) or (None if kind else _guess(source, known))  # noqa: A001
    if format is None:
        losses.need(place, f"Bedrock takes no file of the type {kind[:100] or '(not said)'} here")
        return None
    if source.data is not None:
        if not is_base64(source.data):
            losses.need(place, "its data is not valid base64")
            return None
        return {"format": format, "source": {"bytes": source.data}}
    address = source.url or source.file_id or ""
    if address.startswith("s3://"):
        return {"format": format, "source": {"s3Location": {"uri": address}}}
    losses.need(place, "Bedrock takes files inline or from an s3:// address only")
    return None


def _guess(source: Source, known: dict[str, str]) -> str | None:
    """By the end of an address's name, where no type is said."""
    end = (source.url or source.file_id or "").rpartition(".")[2].lower()
    end = {"jpg": "jpeg", "3gp": "three_gp"}.get(end, end)
    return end if end in known.values() else None
