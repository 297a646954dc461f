"""A value that must not be shown: masked by type, so that no log line or error can leak it by accident."""

import hmac
import re
from typing import NoReturn

MASK = "•••"
# Keys of ours and of vendors, and tokens (JWT), which begin with {" in base64.
_KEY_LIKE = re.compile(r"(?:tor_|sk-)[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]*")


def without_keys(text: str) -> str:
    """The text with everything masked that looks like an API key: callers paste keys where they do not belong."""
    return _KEY_LIKE.sub(MASK, text)


class Secret:
    """Holds text that `repr`, `str`, formatting, JSON encoders and pickling never show.

    `reveal()` is the only way out; search for it to find every place where a secret leaves its wrapper.
    Equality takes constant time in the length of the longer value.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that has to send or hash it."""
        return self._text

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        raise TypeError("a Secret is not hashable: look it up by its keyed hash")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")
