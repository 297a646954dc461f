"""Log-probabilities of completions: four lists side by side instead of one list of tokens."""

from collections.abc import Iterable
from typing import Any

from torana.core.exchange import Logprob, TopLogprob
from torana.dialects.openai_chat.logprobs import UNLIKELY


def _number(value: Any) -> float:
    """The first token of an echoed prompt has null."""
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else UNLIKELY


def _top(value: Any) -> tuple[TopLogprob, ...]:
    if not isinstance(value, dict):
        return ()
    return tuple(TopLogprob(token=token, logprob=_number(logprob)) for token, logprob in value.items())


def read_logprobs(value: Any) -> tuple[Logprob, ...] | None:
    """`logprobs` of a choice; None where there are none."""
    tokens = value.get("tokens") if isinstance(value, dict) else None
    if not isinstance(tokens, list) or not tokens:
        return None
    numbers, tops = (
        given if isinstance(given := value.get(name), list) else [] for name in ("token_logprobs", "top_logprobs")
    )
    return tuple(
        Logprob(
            token=token if isinstance(token, str) else str(token),
            logprob=_number(numbers[at] if at < len(numbers) else None),
            top=_top(tops[at] if at < len(tops) else None),
        )
        for at, token in enumerate(tokens)
    )


def write_logprobs(tokens: Iterable[Logprob], offset: int) -> dict[str, Any]:
    """`logprobs` of a choice whose first token stands `offset` characters into the text."""
    listed = list(tokens)
    offsets = []
    for token in listed:
        offsets.append(offset)
        offset += len(token.token)
    return {
        "tokens": [token.token for token in listed],
        "token_logprobs": [token.logprob for token in listed],
        "top_logprobs": [{top.token: top.logprob for top in token.top} for token in listed],
        "text_offset": offsets,
    }
