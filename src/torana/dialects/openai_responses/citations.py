"""Citations: the `annotations` of a text, both ways."""

from typing import Any

from torana.core.exchange import Citation
from torana.dialects.openai_responses import NAME

_LINK = frozenset(("type", "url", "title", "start_index", "end_index"))


def read_citation(raw: dict[str, Any]) -> Citation:
    """An annotation. Kinds other than a link's are kept in their own form; odd values inside are simply unknown."""
    known = raw.get("type") == "url_citation" and _LINK.issuperset(raw)
    return Citation(
        url=_text(raw.get("url")),
        title=_text(raw.get("title")) if known else _text(raw.get("title")) or _text(raw.get("filename")),
        start=_whole(raw.get("start_index")),
        end=_whole(raw.get("end_index")),
        raw=None if known else raw,
        dialect=None if known else NAME,
    )


def write_citation(citation: Citation) -> dict[str, Any]:
    """An annotation. What has no URL is a cited document, for which this API has file citations only."""
    if citation.dialect == NAME and isinstance(citation.raw, dict):
        return citation.raw
    if citation.url is not None:
        return {
            "type": "url_citation",
            "url": citation.url,
            "title": citation.title or "",
            "start_index": citation.start or 0,
            "end_index": citation.end or 0,
        }
    number = citation.document or 0
    return {
        "type": "file_citation",
        "file_id": f"document_{number}",
        "filename": citation.title or f"document {number + 1}",
        "index": citation.end or 0,
    }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
