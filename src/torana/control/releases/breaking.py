"""Whether a new contract breaks who relied on the one before: a pure comparison of JSON Schemas.

Input breaks where what was taken before may be refused now: a field is newly required, a type, an enumeration or a bound is
narrower. Output breaks the other way round: what is sent now may be what was not sent before. On either side a property that is
gone breaks, because somebody sends or reads it; one that is new and optional does not. What cannot be compared counts as breaking
when it differs.
"""

from collections.abc import Callable, Iterator
from typing import Any

from torana.control.releases.contract import opened

_MOST_REASONS = 50
_MOST_DEPTH = 64
_NOTES = frozenset(
    {
        "$anchor", "$comment", "$defs", "$schema", "contentEncoding", "contentMediaType", "contentSchema", "default", "deprecated",
        "description", "examples", "readOnly", "title", "writeOnly",
    }
)  # fmt: skip
"""Keywords that refuse nothing."""
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_VOID = {"uniqueItems": False, "minLength": 0, "minItems": 0, "minProperties": 0}
"""What a keyword means that is not there."""
_TOGETHER = ("contains", "minContains", "maxContains")
_UNEVALUATED = ("unevaluatedItems", "unevaluatedProperties")
_OWN = frozenset(
    {
        *_TOGETHER, *_UNEVALUATED, "$ref", "additionalProperties", "const", "enum", "items", "patternProperties", "prefixItems",
        "properties", "propertyNames", "required", "type",
    }
)  # fmt: skip
"""Keywords that are not compared by their values alone."""
_APART = "it differs, and cannot be compared"


def breaking(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    """Why the contract `after` breaks who relied on `before`, each as `place: reason`; empty where it does not."""
    reasons: list[str] = []
    for side in ("input", "output"):
        old, new = (before or {}).get(side), (after or {}).get(side)
        if old is None and (side == "output" or new is None):
            # What was never promised cannot be broken.
            continue
        if new is None and side == "input":
            continue
        reasons += _compared(True if old is None else old, True if new is None else new, side)
    return list(dict.fromkeys(reasons))[:_MOST_REASONS]


def _compared(before: Any, after: Any, side: str) -> list[str]:
    takes = side == "input"
    narrower = _Narrower(before, after, takes=True) if takes else _Narrower(after, before, takes=False)
    words = "may be refused now" if takes else "may be sent now, and was not before"
    try:
        reasons = [f"{place}: {reason.format(words)}" for place, reason in narrower.reasons(side)]
        return reasons + [f"{place}: the property is gone" for place in _Gone(before, after).places(side)]
    except RecursionError:
        return [f"{side}: nested too deeply to be compared"]


class _Narrower:
    """Where the schema `to` may refuse what `of` takes."""

    def __init__(self, of: Any, to: Any, *, takes: bool) -> None:
        self._roots = of, to
        self._takes = takes
        self._seen: set[tuple[int, int]] = set()

    def reasons(self, side: str) -> Iterator[tuple[str, str]]:
        yield from self._schemas(*self._roots, side, 0)

    def _schemas(self, of: Any, to: Any, place: str, depth: int) -> Iterator[tuple[str, str]]:
        of, to = _resolved(of, self._roots[0]), _resolved(to, self._roots[1])
        if depth > _MOST_DEPTH:
            yield place, "nested too deeply to be compared"
            return
        if (id(of), id(to)) in self._seen or to is True or of is False:
            return
        self._seen.add((id(of), id(to)))
        if to is False:
            yield place, "anything {}"
            return
        of = {} if of is True else of
        yield from self._values(of, to, place)
        yield from self._objects(of, to, place, depth)
        yield from self._lists(of, to, place, depth)
        if "$ref" in to:
            target = {"$ref": of["$ref"]} if "$ref" in of else of
            yield from self._schemas(target, {"$ref": to["$ref"]}, place, depth + 1)
        for word, value in to.items():
            if word in _NOTES or word in _OWN:
                continue
            compare = _COMPARED.get(word)
            if compare is None:
                if not self._equal(of, to, word):
                    yield f"{place}.{word}", _APART
            elif (given := of.get(word, _VOID.get(word))) is None or compare(given, value):
                yield f"{place}.{word}", "more values {}"

    def _equal(self, of: dict[str, Any], to: dict[str, Any], *words: str) -> bool:
        """Whether keywords say the same; where they refer to something else, that has to be the same too."""
        one, other = [{word: schema[word] for word in words if word in schema} for schema in (of, to)]
        return _same(one, other) and (not _refers(other) or _same(*self._roots))

    def _values(self, of: dict[str, Any], to: dict[str, Any], place: str) -> Iterator[tuple[str, str]]:
        lost = _types(of) - _types(to)
        if lost:
            yield f"{place}.type", f"values of type {', '.join(sorted(lost))} {{}}"
        wanted = _enumerated(to)
        if wanted is None:
            return
        given = _enumerated(of)
        if given is None:
            yield f"{place}.enum", "other values than those listed {}"
        elif any(not any(_same(one, other) for other in wanted) for one in given):
            yield f"{place}.enum", "some of the listed values {}"

    def _objects(self, of: dict[str, Any], to: dict[str, Any], place: str, depth: int) -> Iterator[tuple[str, str]]:
        for name in to.get("required", ()):
            if name not in of.get("required", ()):
                yield f"{place}.{name}", "objects without it {}"
        known, wanted = of.get("properties", {}), to.get("properties", {})
        others = of.get("additionalProperties", True)
        for name, inner in wanted.items():
            if name in known:
                yield from self._schemas(known[name], inner, f"{place}.{name}", depth + 1)
            elif isinstance(others, dict):
                yield from self._schemas(others, inner, f"{place}.{name}", depth + 1)
        if not self._equal(of, to, "patternProperties"):
            yield f"{place}.patternProperties", _APART
        # Who reads an object passes over what is new in it.
        for word in ("additionalProperties", "propertyNames") if self._takes else ():
            if word in to:
                yield from self._schemas(of.get(word, True), to[word], f"{place}.{word}", depth + 1)
        if any(word in to for word in _UNEVALUATED) and not (_same(of, to) and self._equal(of, to, *to)):
            yield f"{place}.unevaluated", _APART

    def _lists(self, of: dict[str, Any], to: dict[str, Any], place: str, depth: int) -> Iterator[tuple[str, str]]:
        if "contains" in to and not self._equal(of, to, *_TOGETHER):
            yield f"{place}.contains", _APART
        first, wanted = of.get("prefixItems", []), to.get("prefixItems", [])
        for number in range(max(len(first), len(wanted))):
            one = first[number] if number < len(first) else of.get("items", True)
            other = wanted[number] if number < len(wanted) else to.get("items", True)
            yield from self._schemas(one, other, f"{place}[{number}]", depth + 1)
        if "items" in to:
            yield from self._schemas(of.get("items", True), to["items"], f"{place}[]", depth + 1)


class _Gone:
    """The properties that were there before."""

    def __init__(self, before: Any, after: Any) -> None:
        self._roots = before, after
        self._seen: set[tuple[int, int]] = set()

    def places(self, side: str) -> Iterator[str]:
        yield from self._schemas(*self._roots, side, 0)

    def _schemas(self, before: Any, after: Any, place: str, depth: int) -> Iterator[str]:
        before, after = _resolved(before, self._roots[0]), _resolved(after, self._roots[1])
        if not isinstance(before, dict) or depth > _MOST_DEPTH or (id(before), id(after)) in self._seen:
            return
        self._seen.add((id(before), id(after)))
        after = after if isinstance(after, dict) else {}
        known = after.get("properties", {})
        for name, inner in before.get("properties", {}).items():
            if name not in known:
                yield f"{place}.{name}"
            else:
                yield from self._schemas(inner, known[name], f"{place}.{name}", depth + 1)
        for word in ("$ref", "items", "additionalProperties"):
            if word in before and word in after:
                one, other = before[word], after[word]
                if word == "$ref":
                    one, other = {word: one}, {word: other}
                yield from self._schemas(one, other, f"{place}[]" if word == "items" else place, depth + 1)
        for number, pair in enumerate(zip(before.get("prefixItems", ()), after.get("prefixItems", ()), strict=False)):
            yield from self._schemas(*pair, f"{place}[{number}]", depth + 1)


def _refers(value: Any) -> bool:
    if isinstance(value, dict):
        return "$ref" in value or any(map(_refers, value.values()))
    return isinstance(value, list) and any(map(_refers, value))


def _resolved(schema: Any, root: Any) -> Any:
    """The schema behind a reference that stands alone; one that stands with others is compared by its text."""
    for _ in range(_MOST_DEPTH):
        if not isinstance(schema, dict) or "$ref" not in schema or set(schema) - _NOTES - {"$ref"}:
            return schema
        schema = opened(root, schema["$ref"])
    # It leads back to itself: nothing fits it.
    return False


_ALL = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def _types(schema: dict[str, Any]) -> frozenset[str]:
    kinds = schema.get("type")
    found = _ALL if kinds is None else frozenset(kinds if isinstance(kinds, list) else [kinds])
    # Every integer is a number.
    return found | {"integer"} if "number" in found else found


def _enumerated(schema: dict[str, Any]) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    listed: list[Any] | None = schema.get("enum")
    return listed


def _same(one: Any, other: Any) -> bool:
    """Equality of JSON, where true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    return bool(one == other)


def _is_no_factor(before: Any, after: Any) -> bool:
    if before == after:
        return False
    return not (isinstance(before, int) and isinstance(after, int)) or bool(before % after)


_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    **dict.fromkeys(_LOWER, lambda before, after: bool(after > before)),
    **dict.fromkeys(_UPPER, lambda before, after: bool(after < before)),
    "multipleOf": _is_no_factor,
    "uniqueItems": lambda before, after: bool(after) and not before,
}
"""Whether the second value takes less than the first."""
