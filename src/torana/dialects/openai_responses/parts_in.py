"""The parts of a message's content or of a tool's output, decoded."""

import binascii

from torana.core.exchange import Audio, Cache, Declined, Document, Image, Opaque, Part, Source, Text
from torana.dialects.fields import Fields, wrong
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.citations import read_citation

CONTENT = "content."
"""Begins the kind of an Opaque that is a part of a message, not an item of its own."""
SOUNDS = {"mp3": "audio/mpeg", "wav": "audio/wav"}


def read_content(item: Fields, name: str, phase: str | None) -> tuple[Part, ...]:
    """`content` of a message or `output` of a tool: a text, or parts. Raises Refusal."""
    value = item.rest.get(name)
    if value is None:
        raise wrong(item.place(name), "it is missing")
    if isinstance(value, str):
        item.take(name)
        return (Text(text=value, phase=phase),) if value else ()
    return tuple([_read_part(part, phase) for part in item.objects(name)])


def _read_part(part: Fields, phase: str | None) -> Part:
    raw = part.known()
    kind = part.need_text("type")
    match kind:
        case "input_text" | "text":
            return Text(text=part.need_text("text"), phase=phase, cache=_cache(part))
        case "output_text":
            citations = tuple([read_citation(given.rest) for given in part.objects("annotations")])
            return Text(text=part.need_text("text"), citations=citations, phase=phase)
        case "refusal":
            return Declined(text=part.need_text("refusal"))
        case "input_image":
            return _image(part)
        case "input_file":
            return _document(part)
        case "input_audio":
            return _audio(part)
        case _:
            return Opaque(dialect=NAME, kind=CONTENT + kind, raw=raw)


def _cache(part: Fields) -> Cache | None:
    marker = part.inner("prompt_cache_breakpoint")
    return None if marker is None else Cache(ttl=marker.text("ttl"))


def _image(part: Fields) -> Image:
    url, file_id = part.text("image_url"), part.text("file_id")
    if url is not None:
        source = _source(url, part.place("image_url"), "image/")
    elif file_id is not None:
        source = Source(file_id=file_id)
    else:
        raise wrong(part.at, "an image needs image_url or file_id")
    return Image(source=source, detail=part.text("detail"), cache=_cache(part))


def _document(part: Fields) -> Document:
    data, url, file_id = part.text("file_data"), part.text("file_url"), part.text("file_id")
    if data is not None:
        place = part.place("file_data")
        if data.startswith("data:"):
            source = _source(data, place)
        else:
            check_base64(data, place)
            source = Source(data=data)
    elif url is not None:
        source = Source(url=url)
    elif file_id is not None:
        source = Source(file_id=file_id)
    else:
        raise wrong(part.at, "a file needs file_data, file_url or file_id")
    return Document(source=source, title=part.text("filename"), detail=part.text("detail"), cache=_cache(part))


def _audio(part: Fields) -> Audio:
    inner = part.inner("input_audio")
    if inner is None:
        raise wrong(part.place("input_audio"), "it is missing")
    data = inner.need_text("data")
    check_base64(data, inner.place("data"))
    form = inner.need_text("format")
    return Audio(source=Source(media_type=SOUNDS.get(form, f"audio/{form}"), data=data), cache=_cache(part))


def _source(url: str, place: str, family: str = "") -> Source:
    """Where a URL leads: a `data:` URL in base64 is the data itself."""
    if not url.startswith("data:"):
        return Source(url=url)
    head, comma, data = url[5:].partition(",")
    if not comma or not head.endswith(";base64"):
        raise wrong(place, "a data URL has to be of the form data:<type>;base64,<data>")
    media_type = head[: -len(";base64")].partition(";")[0]
    if not media_type or not media_type.startswith(family):
        raise wrong(
            place, f"its type is {media_type[:80] or 'missing'}, which is not {family or 'one'}{'*' * bool(family)}"
        )
    check_base64(data, place)
    return Source(media_type=media_type, data=data)


def check_base64(data: str, place: str) -> None:
    """Raises Refusal where `data` is not padded base64 in the standard alphabet."""
    try:
        binascii.a2b_base64(data, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise wrong(place, f"it is not base64: {error}") from None


def data_url(source: Source, otherwise: str) -> str:
    """The source as a `data:` URL; `otherwise` is the type where none is known."""
    return f"data:{source.media_type or otherwise};base64,{source.data}"
