"""Parts of messages, both ways: text, images, files, sound, thoughts.

Sources: https://platform.openai.com/docs/api-reference/chat/create; https://docs.vllm.ai/en/latest/features/multimodal_inputs/ for
`audio_url` and `video_url`; https://docs.mistral.ai/api/ for `document_url` and `thinking`;
https://openrouter.ai/docs/use-cases/reasoning-tokens for `reasoning_details`.
"""

import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from torana.core.exchange import Audio, Cache, Declined, Document, Image, Opaque, Part, Reasoning, Source, Text, Video
from torana.core.losses import Losses
from torana.dialects.fields import Fields, wrong

NAME = "openai_chat"
_AUDIO_FORMATS = {"x-wav": "wav", "wave": "wav", "vnd.wave": "wav", "mpeg": "mp3", "mpga": "mp3", "x-flac": "flac"}
_EXTENSIONS = {
    "application/pdf": "pdf",
    "text/plain": "txt",
    "text/markdown": "md",
    "text/csv": "csv",
    "text/html": "html",
}
_TYPES = {extension: media_type for media_type, extension in _EXTENSIONS.items()}


class Target(NamedTuple):
    """Where a request goes."""

    own: bool
    """Whether it came in this dialect: what is a vendor's extension is then written back as it came."""
    losses: Losses
    quirks: frozenset[str]
    """Names from the catalogue of what the vendor does differently."""


def base64(data: str, place: str) -> str:
    """The same bytes in the standard alphabet, padded. Raises Refusal where it is not base64."""
    try:
        binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        plain = data.translate(str.maketrans("-_", "+/", " \t\r\n")).rstrip("=")
        plain += "=" * (-len(plain) % 4)
        try:
            binascii.a2b_base64(plain, strict_mode=True)
        except ValueError:
            raise wrong(place, "its data is not valid base64") from None
        return plain
    return data


def read_url(url: str, place: str) -> Source:
    """An address, or what a data URL holds. Raises Refusal."""
    if url[:5].lower() != "data:":
        return Source(url=url)
    head, comma, data = url[5:].partition(",")
    if not comma or not head.endswith(";base64"):
        raise wrong(place, "a data URL has to have the form data:<type>;base64,<data>")
    return Source(media_type=head.split(";", 1)[0] or None, data=base64(data, place))


def write_url(source: Source, default_type: str) -> str | None:
    """An address or a data URL; None where the source is neither."""
    if source.data is not None:
        return f"data:{source.media_type or default_type};base64,{source.data}"
    return source.url


def _cache(part: Fields) -> Cache | None:
    for form in ("prompt_cache_breakpoint", "cache_control"):
        if (marker := part.inner(form)) is not None:
            return Cache(ttl=marker.text("ttl"), form=form)
    return None


def write_cache(cache: Cache | None, target: Target) -> dict[str, Any]:
    """The marker's field; nothing, and a hint lost, where it came from another dialect: vendors of this one cache by themselves."""
    if cache is None:
        return {}
    if not target.own:
        target.losses.hint("cache")
        return {}
    ttl = {} if cache.ttl is None else {"ttl": cache.ttl}
    if cache.form == "cache_control":
        return {"cache_control": {"type": "ephemeral", **ttl}}
    return {"prompt_cache_breakpoint": {"mode": "explicit", **ttl}}


def _text(part: Fields) -> Part:
    return Text(text=part.need_text("text"), cache=_cache(part))


def _linked(part: Fields, name: str) -> tuple[Source, str | None]:
    """`{"url": …}`, or the address alone as Mistral takes it; and the detail beside it."""
    if isinstance(given := part.rest.get(name), str):
        return read_url(given, part.place(name)), None
    inner = part.inner(name)
    if inner is None:
        raise wrong(part.place(name), "it is missing")
    return read_url(inner.need_text("url"), inner.place("url")), inner.text("detail")


def _image(part: Fields) -> Part:
    source, detail = _linked(part, "image_url")
    return Image(source=source, detail=detail, cache=_cache(part))


def _sound(part: Fields) -> Part:
    if isinstance(given := part.rest.get("input_audio"), str):
        # Mistral: the base64 or the address alone.
        inner = Fields({"data": given}, part.place("input_audio"))
    else:
        found = part.inner("input_audio")
        if found is None:
            raise wrong(part.place("input_audio"), "it is missing")
        inner = found
    data, form = inner.need_text("data"), inner.text("format")
    place = inner.place("data")
    if data.startswith(("data:", "http://", "https://")):
        source = read_url(data, place)
    else:
        source = Source(data=base64(data, place))
    return Audio(
        source=Source(media_type=f"audio/{form}" if form else source.media_type, data=source.data, url=source.url),
        cache=_cache(part),
    )


def _file(part: Fields) -> Part:
    inner = part.inner("file")
    if inner is None:
        raise wrong(part.place("file"), "it is missing")
    name, data, file_id = inner.text("filename"), inner.text("file_data"), inner.text("file_id")
    if data is None:
        if file_id is None:
            raise wrong(inner.at, "it needs file_data or file_id")
        return Document(source=Source(file_id=file_id), title=name, cache=_cache(part))
    place = inner.place("file_data")
    if data.startswith(("data:", "http://", "https://")):
        source = read_url(data, place)
    else:
        extension = name.rpartition(".")[2].lower() if name else ""
        source = Source(media_type=_TYPES.get(extension), data=base64(data, place))
    return Document(source=source, title=name, cache=_cache(part))


def _document_link(part: Fields) -> Part:
    title = part.text("document_name")
    return Document(source=_linked(part, "document_url")[0], title=title, cache=_cache(part))


def _thinking(part: Fields) -> Part:
    thinking = part.take("thinking")
    words = thinking if isinstance(thinking, list) else [thinking]
    text = "".join(text_of(word) for word in words)
    return Reasoning(text=text, signature=part.text("signature"))


def text_of(value: Any) -> str:
    """The text of a string or of a `text` part; empty for anything else."""
    if isinstance(value, dict):
        value = value.get("text")
    return value if isinstance(value, str) else ""


_READERS: Mapping[str, Callable[[Fields], Part]] = {
    "text": _text,
    "image_url": _image,
    "input_audio": _sound,
    "file": _file,
    "refusal": lambda part: Declined(text=part.need_text("refusal")),
    "thinking": _thinking,
    "document_url": _document_link,
    "audio_url": lambda part: Audio(source=_linked(part, "audio_url")[0]),
    "video_url": lambda part: Video(source=_linked(part, "video_url")[0]),
}


def read_content(message: Fields) -> tuple[Part, ...]:
    """`content` of a message: a string, parts or nothing. Raises Refusal."""
    if isinstance(content := message.rest.get("content"), str):
        message.rest.pop("content")
        return (Text(text=content),) if content else ()
    parts: list[Part] = []
    for number, value in enumerate(message.items("content") or ()):
        place = f"{message.place('content')}[{number}]"
        if isinstance(value, str):
            parts.append(Text(text=value))
            continue
        if not isinstance(value, dict):
            raise wrong(place, "it has to be an object")
        part = Fields(value, place)
        kind = part.need_text("type")
        reader = _READERS.get(kind)
        parts.append(Opaque(dialect=NAME, kind=kind, raw=value) if reader is None else reader(part))
    return tuple(parts)


def write_content(parts: Iterable[Part], target: Target, place: str) -> str | list[dict[str, Any]]:
    """`content` for these parts: a string where one text is all there is."""
    written = [value for part in parts if (value := _write_part(part, target, place)) is not None]
    if not written:
        return ""
    if len(written) == 1 and written[0].keys() == {"type", "text"}:
        return str(written[0]["text"])
    return written


def _write_part(part: Part, target: Target, place: str) -> dict[str, Any] | None:
    match part:
        case Text():
            for lost in ("citations", "phase", "signature"):
                if getattr(part, lost) and not target.own:
                    target.losses.hint(lost)
            return {"type": "text", "text": part.text, **write_cache(part.cache, target)}
        case Image():
            return _write_image(part, target, place)
        case Document():
            return _write_document(part, target, place)
        case Audio():
            return _write_sound(part, target, place)
        case Video():
            url = write_url(part.source, "video/mp4")
            if target.own and url is not None:
                return {"type": "video_url", "video_url": {"url": url}}
            target.losses.need(f"{place}.video", "OpenAI's chat completions take no video")
        case Declined():
            return {"type": "refusal", "refusal": part.text}
        case Opaque(dialect="openai_chat"):
            return dict(part.raw)
        case Opaque():
            target.losses.need(f"{place}.{part.kind}", "OpenAI's chat completions have nothing like it")
        case _:
            target.losses.need(f"{place}.{part.__struct_config__.tag}", "it cannot stand in this place")
    return None


def _write_image(part: Image, target: Target, place: str) -> dict[str, Any] | None:
    url = write_url(part.source, "image/png")
    if url is None:
        target.losses.need(f"{place}.image", "OpenAI's chat completions take images by address or inline only")
        return None
    detail = {} if part.detail is None else {"detail": part.detail}
    if part.signature is not None:
        target.losses.hint("signature")
    return {"type": "image_url", "image_url": {"url": url, **detail}, **write_cache(part.cache, target)}


def _write_document(part: Document, target: Target, place: str) -> dict[str, Any] | None:
    source, title, cache = part.source, part.title, write_cache(part.cache, target)
    if part.citations:
        target.losses.need(f"{place}.document.citations", "OpenAI's chat completions cite no documents")
    if source.text is not None:
        head = "\n".join(line for line in (title, part.context) if line)
        return {"type": "text", "text": f"{head}\n\n{source.text}" if head else source.text, **cache}
    for lost in ("context", "detail"):
        if getattr(part, lost) is not None:
            target.losses.hint(f"document.{lost}")
    if source.file_id is not None:
        given = {"file_id": source.file_id}
    elif source.data is not None:
        media_type = source.media_type or "application/pdf"
        given = {"file_data": f"data:{media_type};base64,{source.data}"}
        if title is None and not target.own:
            # Data without a name is refused.
            title = f"document.{_EXTENSIONS.get(media_type, 'bin')}"
    elif target.own:
        named = {} if title is None else {"document_name": title}
        return {"type": "document_url", "document_url": source.url, **named, **cache}
    else:
        target.losses.need(f"{place}.document", "OpenAI's chat completions take no documents by address")
        return None
    if title is not None:
        given["filename"] = title
    return {"type": "file", "file": given, **cache}


def _write_sound(part: Audio, target: Target, place: str) -> dict[str, Any] | None:
    source = part.source
    if source.data is None:
        if target.own and source.url is not None:
            return {"type": "audio_url", "audio_url": {"url": source.url}}
        if part.transcript is not None:
            return {"type": "text", "text": part.transcript}
        target.losses.need(f"{place}.audio", "OpenAI's chat completions take sound inline only")
        return None
    form = (source.media_type or "audio/wav").partition("/")[2].partition(";")[0]
    return {
        "type": "input_audio",
        "input_audio": {"data": source.data, "format": _AUDIO_FORMATS.get(form, form)},
        **write_cache(part.cache, target),
    }


def read_thoughts(message: Mapping[str, Any]) -> tuple[Reasoning, ...]:
    """Thoughts beside the content: `reasoning_details` where they are, else `reasoning_content` or `reasoning`."""
    details = message.get("reasoning_details")
    if isinstance(details, list) and details:
        return tuple(merge_details(details))
    for name in ("reasoning_content", "reasoning"):
        if isinstance(text := message.get(name), str) and text:
            return (Reasoning(text=text),)
    return ()


def merge_details(details: Iterable[Any]) -> list[Reasoning]:
    """One Reasoning for the entries that share an id or an index; what is no such entry is passed over."""
    found: dict[Any, dict[str, Any]] = {}
    for number, entry in enumerate(details):
        if not isinstance(entry, dict):
            continue
        name, index = entry.get("id"), entry.get("index")
        key: Any = name if isinstance(name, str) else ("index", index) if isinstance(index, int) else ("number", number)
        fields = found.setdefault(key, {"id": name if isinstance(name, str) else None})
        for source, into in (("text", "text"), ("signature", "signature"), ("data", "encrypted")):
            if isinstance(value := entry.get(source), str):
                fields[into] = fields.get(into, "") + value
        if isinstance(value := entry.get("summary"), str):
            fields["summary"] = (*fields.get("summary", ()), value)
    return [Reasoning(**fields) for fields in found.values()]


def write_details(thoughts: Iterable[Reasoning]) -> list[dict[str, Any]]:
    """The entries of `reasoning_details` for these thoughts."""
    written: list[dict[str, Any]] = []
    for index, part in enumerate(thoughts):
        entries: list[dict[str, Any]] = []
        if part.text or part.signature is not None:
            signed = {} if part.signature is None else {"signature": part.signature}
            entries.append({"type": "reasoning.text", "text": part.text, **signed})
        entries += [{"type": "reasoning.summary", "summary": paragraph} for paragraph in part.summary]
        if part.encrypted is not None:
            entries.append({"type": "reasoning.encrypted", "data": part.encrypted})
        named = {} if part.id is None else {"id": part.id}
        written += [{**entry, "index": index, **named} for entry in entries]
    return written


def plain_thoughts(thoughts: Iterable[Reasoning]) -> str:
    """Thoughts as words alone; of one that has only a summary, the summary."""
    return "\n\n".join(words for part in thoughts if (words := part.text or "\n\n".join(part.summary)))


def bare(part: Reasoning) -> bool:
    """Whether words are all it is."""
    return part.signature is None and part.encrypted is None and part.id is None and not part.summary
