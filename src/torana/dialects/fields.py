"""Reads a caller's JSON object field by field: a wrong one is named with its place, and what nobody asked for is left over."""

from collections.abc import Iterator
from typing import Any

import msgspec

from torana.core.errors import Refusal

_decode = msgspec.json.Decoder().decode


def parse(body: bytes) -> "Fields":
    """The body's object. Raises Refusal (invalid_json). `peek` has judged duplicates and encoding before."""
    try:
        value = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal("invalid_json", reason=str(error)) from None
    except RecursionError:
        raise Refusal("invalid_json", reason="it is nested too deeply") from None
    if not isinstance(value, dict):
        raise Refusal("invalid_json", reason="it is not an object")
    return Fields(value)


def wrong(place: str, reason: str) -> Refusal:
    """The refusal of the field at `place`."""
    return Refusal("invalid_field", param=place, reason=reason)


class Fields:
    """One JSON object. Every reader takes its field out, so that `rest` holds what is unknown; null counts as absent."""

    __slots__ = ("_at", "rest")

    def __init__(self, value: dict[str, Any], at: str = "") -> None:
        self.rest = dict(value)
        """What has not been read."""
        self._at = at

    def place(self, name: str) -> str:
        """Where a field stands in the body: `messages[2].content[0].text`."""
        return f"{self._at}.{name}" if self._at else name

    @property
    def at(self) -> str:
        """Where this object stands; empty for the body itself."""
        return self._at

    def take(self, name: str) -> Any:
        """Any JSON value; None when absent."""
        return self.rest.pop(name, None)

    def text(self, name: str) -> str | None:
        """A string."""
        value = self.rest.pop(name, None)
        if value is not None and not isinstance(value, str):
            raise wrong(self.place(name), "it has to be a string")
        return value

    def need_text(self, name: str) -> str:
        """A string that has to be there."""
        value = self.text(name)
        if value is None:
            raise wrong(self.place(name), "it is missing")
        return value

    def flag(self, name: str) -> bool | None:
        """true or false."""
        value = self.rest.pop(name, None)
        if value is not None and not isinstance(value, bool):
            raise wrong(self.place(name), "it has to be true or false")
        return value

    def integer(self, name: str, least: int | None = None) -> int | None:
        """A whole number; one written as 3.0 counts."""
        value = self.rest.pop(name, None)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong(self.place(name), "it has to be a whole number")
        if least is not None and value < least:
            raise wrong(self.place(name), f"it has to be at least {least}")
        return value

    def number(self, name: str) -> float | int | None:
        """A number."""
        value = self.rest.pop(name, None)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise wrong(self.place(name), "it has to be a number")
        return value

    def json_object(self, name: str) -> dict[str, Any] | None:
        """An object as a plain dict, such as a JSON Schema."""
        value = self.rest.pop(name, None)
        if value is not None and not isinstance(value, dict):
            raise wrong(self.place(name), "it has to be an object")
        return value

    def inner(self, name: str) -> "Fields | None":
        """An object to read field by field."""
        value = self.json_object(name)
        return None if value is None else Fields(value, self.place(name))

    def items(self, name: str) -> "list[Any] | None":
        """An array of anything."""
        value = self.rest.pop(name, None)
        if value is not None and not isinstance(value, list):
            raise wrong(self.place(name), "it has to be an array")
        return value

    def objects(self, name: str) -> "Iterator[Fields]":
        """The objects of an array; none when it is absent."""
        for number, value in enumerate(self.items(name) or ()):
            place = f"{self.place(name)}[{number}]"
            if not isinstance(value, dict):
                raise wrong(place, "it has to be an object")
            yield Fields(value, place)

    def texts(self, name: str) -> tuple[str, ...]:
        """An array of strings; empty when it is absent."""
        values = self.items(name) or ()
        for number, value in enumerate(values):
            if not isinstance(value, str):
                raise wrong(f"{self.place(name)}[{number}]", "it has to be a string")
        return tuple(values)

    def known(self) -> dict[str, Any]:
        """What is left over, without nulls."""
        return {name: value for name, value in self.rest.items() if value is not None}
