"""Blobs and files: `inlineData` and `fileData` as parts of the exchange, and back."""

import base64
import re
from typing import Any

from torana.core.exchange import Audio, Document, Image, Source, Video
from torana.dialects.gemini.signatures import standard

Media = Image | Document | Audio | Video
_OWN_FILE = re.compile(r"https://[a-z0-9.-]*generativelanguage\.googleapis\.com/|gs://|files/")
_BY_SUFFIX = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "heic": "image/heic",
    "gif": "image/gif",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "mp3": "audio/mp3",
    "wav": "audio/wav",
    "mp4": "video/mp4",
}
_SUFFIX = re.compile(r"\.([A-Za-z0-9]{3,4})(?:[?#]|$)")
_DATA_URL = re.compile(r"data:([a-zA-Z0-9.+/-]*)(?:;[^;,]*)*;base64,")
_BINARY = "application/octet-stream"


def source_kind(media_type: str) -> type[Media]:
    """Which part a media type makes."""
    family = media_type.partition("/")[0].lower()
    if family == "image":
        return Image
    if family == "audio":
        return Audio
    return Video if family == "video" else Document


def media_part(source: Source, title: str | None, signature: str | None, detail: str | None = None) -> Media:
    """The part for a source whose media type tells its kind."""
    kind = source_kind(source.media_type or "")
    if kind is Image:
        return Image(source=source, detail=detail, signature=signature)
    if kind is Audio:
        return Audio(source=source)
    return Video(source=source) if kind is Video else Document(source=source, title=title)


def file_source(uri: str, media_type: str | None) -> Source:
    """A `fileUri`: Google's own files are ids, which nobody else can read; anything else on the web is a URL."""
    if _OWN_FILE.match(uri) or not uri.startswith(("http://", "https://")):
        return Source(media_type=media_type, file_id=uri)
    return Source(media_type=media_type, url=uri)


def own_file(file_id: str) -> bool:
    """Whether Gemini knows a file by this id."""
    return _OWN_FILE.match(file_id) is not None


def write_source(source: Source, otherwise: str = _BINARY) -> dict[str, Any]:
    """`{"inlineData": …}` or `{"fileData": …}`; `otherwise` is the media type where none is known but one is demanded."""
    if source.text is not None:
        data = base64.b64encode(source.text.encode("utf-8", "replace")).decode("ascii")
        return {"inlineData": {"mimeType": source.media_type or "text/plain", "data": data}}
    if source.data is not None:
        return {"inlineData": {"mimeType": source.media_type or otherwise, "data": source.data}}
    uri = source.url or source.file_id or ""
    if found := _DATA_URL.match(uri):
        data = standard(uri[found.end() :]) or ""
        return {"inlineData": {"mimeType": found[1] or otherwise, "data": data}}
    file: dict[str, Any] = {"fileUri": uri}
    media_type = source.media_type
    if media_type is None and (suffix := _SUFFIX.search(uri)):
        media_type = _BY_SUFFIX.get(suffix[1].lower())
    if media_type is not None:
        file["mimeType"] = media_type
    return {"fileData": file}


def default_type(part: Media) -> str:
    """What a medium of this kind most likely is."""
    if isinstance(part, Image):
        return "image/png"
    if isinstance(part, Audio):
        return "audio/wav"
    return "video/mp4" if isinstance(part, Video) else "application/pdf"
