"""Names of environment variables for secrets that a file refers to."""

import re

_UNFIT = re.compile(r"[^A-Z0-9]+")
_MOST = 150


class Variables:
    """Gives names that are made from words, each name once, and remembers what each is for."""

    def __init__(self) -> None:
        self.named: dict[str, str] = {}
        """What each is for, in the order of giving."""

    def make(self, words: str, what: str) -> str:
        """A name such as `HOUSE_GPT_API_KEY`, for `house-gpt api key`."""
        base = _UNFIT.sub("_", words.upper()).strip("_")[:_MOST] or "SECRET"
        if base[0].isdigit():
            base = f"N{base}"
        name, number = base, 1
        while name in self.named:
            number += 1
            name = f"{base}_{number}"
        self.named[name] = what
        return name

    def take(self, name: str, what: str) -> str:
        """A name that was given elsewhere; it may have several uses."""
        before = self.named.get(name)
        self.named[name] = what if before is None or before == what else f"{before}; {what}"
        return name
