"""Both spellings of a name, bare objects for lists of one, and the JSON that is written."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from torana.core.errors import Refusal
from torana.dialects.fields import Fields, wrong

_UNDERSCORE = re.compile(r"_+([a-zA-Z0-9])")
_encode = msgspec.json.Encoder().encode


def dump(value: Any) -> bytes:
    """JSON. Raises Refusal (invalid_json) for what was decoded and cannot be written, being nested too deeply."""
    try:
        return _encode(value)
    except RecursionError:
        raise Refusal("invalid_json", reason="it is nested too deeply") from None
    except UnicodeEncodeError:
        raise Refusal("invalid_json", reason="it holds half a character (a lone surrogate)") from None


def camel(name: str) -> str:
    """`function_declarations` → `functionDeclarations`; a name without underscores stays as it is."""
    return name if "_" not in name[1:] else name[0] + _UNDERSCORE.sub(lambda found: found[1].upper(), name[1:])


def spelled(fields: Fields) -> Fields:
    """The same object with its own names in camelCase. Raises Refusal where one stands in both spellings."""
    rest = fields.rest
    for name in [name for name in rest if "_" in name]:
        new = camel(name)
        if new == name:
            continue
        if new in rest:
            raise wrong(fields.place(new), "it is given in two spellings")
        rest[new] = rest.pop(name)
    return fields


def inner(fields: Fields, name: str) -> Fields | None:
    """An object whose names may be spelled either way."""
    found = fields.inner(name)
    return None if found is None else spelled(found)


def listed(fields: Fields, name: str) -> Iterator[Fields]:
    """The objects of an array; a bare object counts as an array of one, as Google's own examples write it."""
    value = fields.rest.get(name)
    if isinstance(value, dict):
        fields.rest.pop(name)
        yield spelled(Fields(value, fields.place(name)))
        return
    for found in fields.objects(name):
        yield spelled(found)
