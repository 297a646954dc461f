"""Log-probabilities and citations of answers, both ways.

Source: https://platform.openai.com/docs/api-reference/chat/object
"""

from collections.abc import Iterable
from typing import Any

from torana.core.exchange import Citation, Logprob, TopLogprob

UNLIKELY = -9999.0
"""What OpenAI writes for a token outside of the likeliest."""


def _bytes(value: Any) -> tuple[int, ...] | None:
    return tuple(value) if isinstance(value, list) and all(isinstance(byte, int) for byte in value) else None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else UNLIKELY


def read_logprobs(value: Any) -> tuple[Logprob, ...] | None:
    """`logprobs` of a choice: of its content, then of its refusal. None where there are none."""
    if not isinstance(value, dict):
        return None
    tokens = [token for name in ("content", "refusal") if isinstance(value.get(name), list) for token in value[name]]
    found = tuple(
        Logprob(
            token=token["token"],
            logprob=_number(token.get("logprob")),
            bytes=_bytes(token.get("bytes")),
            top=tuple(
                TopLogprob(token=top["token"], logprob=_number(top.get("logprob")), bytes=_bytes(top.get("bytes")))
                for top in token.get("top_logprobs") or ()
                if isinstance(top, dict) and isinstance(top.get("token"), str)
            )
            if isinstance(token.get("top_logprobs"), list)
            else (),
        )
        for token in tokens
        if isinstance(token, dict) and isinstance(token.get("token"), str)
    )
    return found or None


def write_logprobs(tokens: Iterable[Logprob], refused: bool = False) -> dict[str, Any]:
    """`logprobs` of a choice; `refused` where its text is a refusal."""
    written = [
        {
            "token": token.token,
            "logprob": token.logprob,
            "bytes": token.bytes,
            "top_logprobs": [{"token": top.token, "logprob": top.logprob, "bytes": top.bytes} for top in token.top],
        }
        for token in tokens
    ]
    return {"content": None, "refusal": written} if refused else {"content": written, "refusal": None}


def read_annotation(value: Any) -> Citation | None:
    """An entry of `annotations`."""
    if not isinstance(value, dict):
        return None
    inner = value.get("url_citation")
    if not isinstance(inner, dict) or not isinstance(inner.get("url"), str):
        return Citation(raw=value, dialect="openai_chat")
    title, start, end = inner.get("title"), inner.get("start_index"), inner.get("end_index")
    return Citation(
        url=inner["url"],
        title=title if isinstance(title, str) else None,
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
    )


def write_annotation(citation: Citation, offset: int, length: int) -> dict[str, Any] | None:
    """An entry of `annotations` for a text that begins at `offset`; None for what has no address (a cited document)."""
    if citation.dialect == "openai_chat" and isinstance(citation.raw, dict):
        return citation.raw
    if citation.url is None:
        return None
    inner = {
        "url": citation.url,
        "title": citation.title or "",
        "start_index": offset + (citation.start or 0),
        "end_index": offset + (length if citation.end is None else citation.end),
    }
    return {"type": "url_citation", "url_citation": inner}
