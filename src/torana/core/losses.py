"""What a request asks for and its target cannot carry: refused by name, or dropped and named in `x-torana-dropped`."""

import re
from collections.abc import Callable, Mapping, Sequence

from torana.core.errors import Refusal

_NONE: Mapping[str, str] = {}
_MESSAGE = re.compile(r"messages\[(\d+)\]")
_TOOL = re.compile(r"tools(\[\d+\])")


class Losses:
    """Collects losses while a dialect encodes a request that came in another one."""

    __slots__ = ("_drop", "_harmless", "_places", "_spelling", "dropped")

    def __init__(
        self,
        spelling: Mapping[str, str] = _NONE,
        drop: bool = False,
        harmless: frozenset[str] = frozenset(),
        places: Callable[[], Sequence[str]] | None = None,
    ) -> None:
        """`spelling`: field of the exchange → what the caller's dialect calls it. `drop`: the policy `drop_unsupported`.

        A key of `spelling` that begins with a dot is the last word of a place, such as `.cache` of `messages[2].cache`.
        `harmless`: fields of the caller's dialect that are hints, whatever an encoder thinks of names it does not know.
        `places`: where each message of the exchange stood in the caller's body, which may count them otherwise.
        """
        self._places = places
        self._spelling = spelling
        self._drop = drop
        self._harmless = harmless
        self.dropped: list[str] = []
        """The caller's names, in the order of meeting them, each once."""

    def hint(self, field: str) -> None:
        """A hint whose loss changes no meaning (a cache key, a service tier): always dropped."""
        name = self._name(field)
        if name not in self.dropped:
            self.dropped.append(name)

    def need(self, field: str, reason: str) -> None:
        """Something that changes the answer. Raises Refusal (unsupported_parameter) unless the policy drops it.

        `field` is a field of the exchange or, for something deeper, a place in the caller's words such as `messages[2].image`.
        `reason` is a clause such as `Anthropic's messages have no log-probabilities`.
        """
        if not self._drop and field not in self._harmless:
            raise Refusal("unsupported_parameter", param=self._name(field), reason=reason)
        self.hint(field)

    def _name(self, field: str) -> str:
        """What the caller calls it: a field, a part of one, or a place in a message or tool."""
        spelling = self._spelling
        if (exact := spelling.get(field)) is not None:
            return exact
        head, dot, rest = field.partition(".")
        if head in spelling:
            return spelling[head]
        if self._places is not None and (found := _MESSAGE.fullmatch(head)) is not None:
            places, number = self._places(), int(found[1])
            if number < len(places):
                head = places[number]
        elif (tool := _TOOL.fullmatch(head)) is not None:
            head = spelling.get("tools", "tools") + tool[1]
        before, _, last = rest.rpartition(".")
        last = spelling.get(f".{last}", last)
        return f"{head}{dot}{before}.{last}" if before else f"{head}{dot}{last}"
