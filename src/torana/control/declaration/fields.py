"""Reads typed fields of a mapping and says precisely what does not fit.

Types come from the field, not from YAML's guesses: `name: 1.10` is the text 1.10, `yes` is no boolean.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from torana.control.declaration.document import Node
from torana.control.declaration.problems import Place, Problems, quoted
from torana.control.declaration.shape import Named, Outside

Made = TypeVar("Made")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_AMOUNT = 1_000_000_000_000
_WHOLE = re.compile(r"[+-]?[0-9][0-9_]{0,30}")
_NUMBER = re.compile(r"[+-]?[0-9][0-9_]{0,30}(\.[0-9]{1,30})?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
SERVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+/-]{0,199}")
_NAME_HELP = "a name is 1 to 100 letters, digits and . _ @ + - and begins with a letter or digit"
_SERVICE_HELP = "a name is 1 to 200 letters, digits and . _ : @ + / - and begins with a letter or digit"


class Fields:
    """One mapping being read. Every method notes problems and returns something harmless in their place."""

    __slots__ = ("_place", "_problems", "_values")

    def __init__(self, node: Node, place: Place, problems: Problems, allowed: tuple[str, ...]) -> None:
        self._problems = problems
        self._place = place
        self._values: dict[str, tuple[int, int, Node]] = {}
        if not isinstance(node.value, dict):
            problems.add(place, f"has to be a mapping with {', '.join(allowed)}, but this is {node.sort}")
            return
        self._values = node.value
        for name, (line, column, _) in node.value.items():
            if name not in allowed:
                hint = problems.suggestion(name, allowed) or f"; there are {', '.join(allowed)}"
                problems.add(
                    Place(line, column, place.parent, place.part), f"there is no field {quoted(name)} here{hint}"
                )

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def node(self, name: str) -> tuple[Node, Place] | None:
        """The node of a field that stands there, with its place."""
        found = self._values.get(name)
        if found is None:
            return None
        node = found[2]
        return node, Place(node.line, node.column, self._place, name)

    def say(self, name: str, message: str) -> None:
        """Note a problem of one field, or of the whole mapping where the field is absent."""
        found = self.node(name)
        self._problems.add(found[1] if found else self._place, message if found else f"{name}: {message}")

    def text(self, name: str, required: bool = False, most: int = 2000) -> str | None:
        """A field's text. Numbers and words need no quotes."""
        found = self.node(name)
        if found is None:
            if required:
                self.say(name, "is missing")
            return None
        node, place = found
        return text_at(node, place, self._problems, most)

    def prose(self, name: str, most: int) -> str | None:
        """Text for people, which may have several lines."""
        found = self.node(name)
        if found is None:
            return None
        node, place = found
        text = node.value
        if not isinstance(text, str) or node.empty:
            self._problems.add(place, f"has to be text, but this is {node.sort}")
            return None
        if not text or len(text) > most or "\0" in text:
            self._problems.add(place, f"has to be 1 to {most} characters")
            return None
        return text

    def name(self, name: str, pattern: re.Pattern[str] = NAME) -> str:
        """A required name of something that the file declares."""
        text = self.text(name, required=True)
        if text is not None and not pattern.fullmatch(text):
            self.say(name, _SERVICE_HELP if pattern is SERVICE_NAME else _NAME_HELP)
        return text or ""

    def named(self, name: str, required: bool = False) -> Named | None:
        """A reference to something by its name."""
        text = self.text(name, required)
        found = self.node(name)
        return Named(text, found[1]) if text is not None and found is not None else None

    def names(self, name: str, pattern: re.Pattern[str] | None = None) -> tuple[Named, ...]:
        """A list of references, or with a pattern of further names."""
        read = [
            Named(text, place)
            for node, place in self.items(name)
            if (text := text_at(node, place, self._problems, 200)) is not None
        ]
        seen: dict[str, Place] = {}
        for one in read:
            if pattern is not None and not pattern.fullmatch(one.name):
                self._problems.add(one.place, _SERVICE_HELP)
            if one.name in seen:
                self._problems.add(
                    one.place, f"{quoted(one.name)} is listed twice; the first one stands in line {seen[one.name].line}"
                )
            seen.setdefault(one.name, one.place)
        return tuple(read)

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """One word of a few."""
        text = self.text(name)
        if text is None or text in choices:
            return text or default
        hint = self._problems.suggestion(text, choices) or f"; there is {', '.join(choices)}"
        self.say(name, f"{quoted(text)} is not possible{hint}")
        return default

    def whole(self, name: str, least: int, most: int = MOST_AMOUNT) -> int | None:
        """A whole number within bounds."""
        found = self.node(name)
        if found is None:
            return None
        node, place = found
        if not node.plain or not isinstance(node.value, str) or not _WHOLE.fullmatch(node.value):
            self._problems.add(place, f"has to be a whole number from {least} to {most}, without quotes")
            return None
        number = int(node.value)
        if not least <= number <= most:
            self._problems.add(place, f"has to be a whole number from {least} to {most}")
            return None
        return number

    def decimal(self, name: str, most: Decimal) -> Decimal | None:
        """A number from 0 to `most`, exactly as written."""
        found = self.node(name)
        if found is None:
            return None
        node, place = found
        try:
            if isinstance(node.value, str) and _NUMBER.fullmatch(node.value):
                number = Decimal(node.value.replace("_", ""))
                if 0 <= number <= most:
                    return number
        except InvalidOperation:
            pass
        self._problems.add(place, f"has to be a number from 0 to {most}")
        return None

    def seconds(self, name: str) -> float | None:
        """A time span in seconds, more than 0 and at most a day."""
        number = self.decimal(name, Decimal(86_400))
        if number is not None and number == 0:
            self.say(name, "has to be more than 0 seconds")
        return float(number) if number else None

    def usd(self, name: str) -> str | None:
        """An amount of dollars as plain decimal text without trailing zeros."""
        return self.money(name, Decimal(1_000_000))

    def money(self, name: str, most: Decimal) -> str | None:
        """An amount as plain decimal text without trailing zeros, with at most six decimals."""
        number = self.decimal(name, most)
        if number is None:
            return None
        if number != round(number, 6):
            self.say(name, "has more than six decimals")
        text = f"{number:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def truth(self, name: str, absent: bool = False) -> bool:
        """true or false; `absent` where it does not stand there."""
        found = self.node(name)
        if found is None:
            return absent
        node, place = found
        if not node.plain or node.value not in ("true", "false"):
            self._problems.add(place, "has to be true or false")
        return node.value == "true"

    def items(self, name: str, required: bool = False) -> Iterator[tuple[Node, Place]]:
        """The entries of a list, each with its place. `field:` with nothing behind it is an empty list."""
        found = self.node(name)
        if found is None:
            if required:
                self.say(name, "is missing")
            return
        node, place = found
        if isinstance(node.value, list):
            for index, item in enumerate(node.value):
                yield item, Place(item.line, item.column, place, index)
        elif not node.empty or required:
            self._problems.add(place, f"has to be a list, but this is {node.sort}")

    def each(self, name: str, read: Callable[[Node, Place], Made], required: bool = False) -> tuple[Made, ...]:
        """The entries of a list, each read by `read`."""
        return tuple([read(node, place) for node, place in self.items(name, required)])

    def outside(self, name: str, what: str, only_file: bool = False) -> Outside | None:
        """A value that has to stand outside the file. What stands here instead is never repeated."""
        found = self.node(name)
        if found is None:
            return None
        node, place = found
        forms = "{file: PATH}" if only_file else "{env: NAME} or {file: PATH}"
        if not isinstance(node.value, dict):
            self._problems.add(place, f"{what} is never written in this file; give {forms}")
            return None
        entries = list(node.value.items())
        if len(entries) != 1 or entries[0][0] not in (("file",) if only_file else ("env", "file")):
            self._problems.add(place, f"{what} is given as {forms} and nothing else")
            return None
        source, (_, _, inner) = entries[0]
        if (
            not isinstance(inner.value, str)
            or inner.empty
            or not inner.value
            or len(inner.value) > 2000
            or "\0" in inner.value
        ):
            self._problems.add(place, f"{what} is given as {forms}")
            return None
        if source == "env" and not _VARIABLE.fullmatch(inner.value):
            self._problems.add(place, "what stands behind env is not the name of an environment variable")
            return None
        return Outside("env" if source == "env" else "file", inner.value, place)

    def path(self, name: str) -> Outside | None:
        """The path of a file with a value, which stands here itself because it is no secret."""
        text = self.text(name)
        found = self.node(name)
        return Outside("file", text, found[1]) if text is not None and found is not None else None

    def moment(self, name: str) -> int:
        """A date (its midnight, UTC) or a time with its zone, to microseconds since 1970; 0 when absent."""
        text = self.text(name)
        if text is None:
            return 0
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None and len(text) > 10:
                raise ValueError("no zone")
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            since = (moment - _EPOCH) // timedelta(microseconds=1)
        except (ValueError, OverflowError):
            since = 0
        if since <= 0:
            self.say(name, "has to be a date such as 2030-12-31 or a time with its zone such as 2030-12-31T18:00:00Z")
        return max(since, 0)


def text_at(node: Node, place: Place, problems: Problems, most: int) -> str | None:
    """The text that stands at a node, in one line; None with a problem noted."""
    value: Any = node.value
    if not isinstance(value, str) or node.empty:
        problems.add(place, f"has to be text, but this is {node.sort}")
        return None
    if not value or len(value) > most or not value.isprintable():
        problems.add(place, f"has to be 1 to {most} printable characters")
        return None
    return value
