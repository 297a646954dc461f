"""Citations and log-probabilities of an answer, both ways.

`citationMetadata` names sources of the text itself. `groundingMetadata` ties segments of the text to what Google's search found;
its first citation keeps the whole of it, so that a caller of Gemini gets it back as it was. Google counts in bytes of UTF-8, the
exchange in characters.
"""

import math
from collections.abc import Callable
from typing import Any

from torana.core.exchange import Citation, Logprob, TopLogprob
from torana.dialects.gemini import NAME
from torana.dialects.gemini.wire import Candidate, Logprobs

_MOST = 256


TextOf = Callable[[int], str | None]


def read_citations(candidate: Candidate, text_of: TextOf) -> list[tuple[int, Citation]]:
    """Pairs of the part's number as Google says it, and the citation. `text_of` such a part, if known: spans need it."""
    found: list[tuple[int, Citation]] = []
    listed = candidate.citation_metadata
    if listed is not None:
        for one in (listed.citations or listed.citation_sources or [])[:_MOST]:
            start, end = _span(one, text_of(0))
            citation = Citation(
                url=_text(one, "uri"), title=_text(one, "title"), start=start, end=end, raw=one, dialect=NAME
            )
            found.append((0, citation))
    if candidate.grounding_metadata is not None:
        found += _grounding(candidate.grounding_metadata, text_of)
    return found


def _grounding(metadata: dict[str, Any], text_of: TextOf) -> list[tuple[int, Citation]]:
    chunks = [_source(chunk) for chunk in _objects(metadata, "groundingChunks")]
    found: list[tuple[int, Citation]] = []
    raw: Any = {"groundingMetadata": metadata}
    for support in _objects(metadata, "groundingSupports"):
        segment = support.get("segment")
        segment = segment if isinstance(segment, dict) else {}
        part = segment.get("partIndex")
        part = part if isinstance(part, int) else 0
        start, end = _span(segment, text_of(part))
        numbers = support.get("groundingChunkIndices")
        for number in numbers if isinstance(numbers, list) else ():
            if not isinstance(number, int) or not 0 <= number < len(chunks) or len(found) >= _MOST:
                continue
            url, title = chunks[number]
            citation = Citation(url=url, title=title, start=start, end=end, raw=raw, dialect=NAME)
            found.append((part, citation))
            raw = None
    if not found:
        for url, title in chunks[:_MOST]:
            found.append((0, Citation(url=url, title=title, raw=raw, dialect=NAME)))
            raw = None
    return found


def _source(chunk: dict[str, Any]) -> tuple[str | None, str | None]:
    for kind in ("web", "retrievedContext", "maps", "image"):
        inside = chunk.get(kind)
        if isinstance(inside, dict):
            return _text(inside, "uri") or _text(inside, "sourceUri"), _text(inside, "title")
    return None, None


def _objects(value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = value.get(name)
    return [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []


def _text(value: dict[str, Any], name: str) -> str | None:
    found = value.get(name)
    return found if isinstance(found, str) else None


def _span(value: dict[str, Any], text: str | None) -> tuple[int | None, int | None]:
    """A segment in characters; nothing where it lies outside the text or has no end."""
    start, end = value.get("startIndex", 0), value.get("endIndex")
    if text is None or not isinstance(start, int) or not isinstance(end, int):
        return None, None
    if text.isascii():
        return (start, end) if 0 <= start <= end <= len(text) else (None, None)
    data = text.encode("utf-8", "replace")
    if not 0 <= start <= end <= len(data):
        return None, None
    first = len(data[:start].decode("utf-8", "ignore"))
    return first, first + len(data[start:end].decode("utf-8", "ignore"))


def write_citations(citations: tuple[Citation, ...], text: str | None) -> dict[str, Any]:
    """`citationMetadata` and `groundingMetadata` of a candidate; empty without citations."""
    found: dict[str, Any] = {}
    listed: list[dict[str, Any]] = []
    for citation in citations:
        raw = citation.raw if citation.dialect == NAME else None
        if isinstance(raw, dict) and "groundingMetadata" in raw:
            found["groundingMetadata"] = raw["groundingMetadata"]
        elif isinstance(raw, dict):
            listed.append(raw)
        elif citation.dialect != NAME:
            listed.append(_listed(citation, text))
    if listed:
        found["citationMetadata"] = {"citations": listed}
    return found


def _listed(citation: Citation, text: str | None) -> dict[str, Any]:
    one: dict[str, Any] = {}
    for name, place in (("startIndex", citation.start), ("endIndex", citation.end)):
        if place is not None and text is not None:
            one[name] = len(text[: max(place, 0)].encode("utf-8", "replace"))
    if citation.url is not None:
        one["uri"] = citation.url
    if citation.title is not None:
        one["title"] = citation.title
    return one


def read_logprobs(found: Logprobs | None) -> tuple[Logprob, ...] | None:
    """The chosen tokens with the likely ones of their place."""
    if found is None or not found.chosen_candidates:
        return None
    places = found.top_candidates or []
    tops = [
        tuple(TopLogprob(token=one.token, logprob=one.log_probability) for one in place.candidates or ())
        for place in places
    ]
    return tuple(
        Logprob(token=one.token, logprob=one.log_probability, top=tops[number] if number < len(tops) else ())
        for number, one in enumerate(found.chosen_candidates)
    )


def write_logprobs(logprobs: tuple[Logprob, ...]) -> dict[str, Any]:
    """`logprobsResult`."""
    return {
        "chosenCandidates": [_token(one) for one in logprobs],
        "topCandidates": [{"candidates": [_token(top) for top in one.top]} for one in logprobs],
    }


def _token(one: Logprob | TopLogprob) -> dict[str, Any]:
    # JSON has no infinity, which some vendors give a token that cannot come.
    return {"token": one.token, "logProbability": one.logprob if math.isfinite(one.logprob) else -9999.0}
