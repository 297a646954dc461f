"""What a request asks for and its target cannot carry: refused by name, or dropped and named in `x-torana-dropped`."""

from collections.abc import Mapping

from torana.core.errors import Refusal

_NONE: Mapping[str, str] = {}


class Losses:
    """Collects losses while a dialect encodes a request that came in another one."""

    __slots__ = ("_drop", "_harmless", "_spelling", "dropped")

    def __init__(
        self,
        spelling: Mapping[str, str] = _NONE,
        drop: bool = False,
        harmless: frozenset[str] = frozenset(),
    ) -> None:
        """`spelling`: field of the exchange → what the caller's dialect calls it. `drop`: the policy `drop_unsupported`.

        `harmless`: fields of the caller's dialect that are hints, whatever an encoder thinks of names it does not know.
        """
        self._spelling = spelling
        self._drop = drop
        self._harmless = harmless
        self.dropped: list[str] = []
        """The caller's names, in the order of meeting them, each once."""

    def hint(self, field: str) -> None:
        """A hint whose loss changes no meaning (a cache key, a service tier): always dropped."""
        name = self._spelling.get(field, field)
        if name not in self.dropped:
            self.dropped.append(name)

    def need(self, field: str, reason: str) -> None:
        """Something that changes the answer. Raises Refusal (unsupported_parameter) unless the policy drops it.

        `field` is a field of the exchange or, for something deeper, a place in the caller's words such as `messages[2].image`.
        `reason` is a clause such as `Anthropic's messages have no log-probabilities`.
        """
        if not self._drop and field not in self._harmless:
            raise Refusal("unsupported_parameter", param=self._spelling.get(field, field), reason=reason)
        self.hint(field)
