"""Makes a value that satisfies a JSON schema, with bounded work however hostile the schema is.

Source: https://json-schema.org/draft/2020-12. Understood: type, enum, const, properties, required, minProperties,
maxProperties, additionalProperties, items, prefixItems, minItems, maxItems, uniqueItems, minimum, maximum and their
exclusive forms, multipleOf, minLength, maxLength, format, anyOf, oneOf, allOf and local $ref. Not understood, thus
ignored: pattern (a caller's pattern must never run in a gate), not, if/then/else, dependent*, contains, propertyNames,
$dynamicRef and references to other documents.
"""

import math
from itertools import chain, count
from typing import Any

import msgspec

_MOST_WORK = 4_000
"""Steps of one attempt; looking at a large list or object counts for more than one."""
_MOST_DEPTH = 48
_MOST_CHARACTERS = 65_536
_GENEROUS_DEPTH = 4
"""Optional things are filled in down to here; below, only what is required, so that recursive schemas end."""

_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "demo@example.com",
    "idn-email": "demo@example.com",
    "hostname": "demo.example.com",
    "idn-hostname": "demo.example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.com/demo",
    "uri-reference": "/demo",
    "iri": "https://example.com/demo",
    "iri-reference": "/demo",
    "uri-template": "/demo",
    "json-pointer": "/demo",
    "relative-json-pointer": "0",
    "regex": "demo",
}
_SIMPLE = ("const", "enum")
_NESTED = ("$ref", "anyOf", "oneOf", "allOf", "properties", "items", "prefixItems")


class UnsatisfiableError(ValueError):
    """No value was found: the schema contradicts itself, never ends, or is too large."""


class _TooMuchError(Exception):
    """The bound on work was reached."""


def sample(schema: dict[str, Any]) -> Any:
    """A value satisfying `schema`; the same schema always gives the same value. Raises UnsatisfiableError."""
    for generous_depth in (_GENEROUS_DEPTH, 0):
        try:
            return _Sampler(schema, generous_depth).make(schema, 0, 0)
        except _TooMuchError:
            continue
        except (TypeError, ValueError, AttributeError, KeyError, OverflowError, RecursionError) as error:
            if isinstance(error, UnsatisfiableError):
                raise
            raise UnsatisfiableError("it is not a valid JSON schema") from None
    raise UnsatisfiableError("it is too large or never ends")


class _Sampler:
    """One attempt. `variant` asks for different values of the same schema, for arrays whose items must differ."""

    def __init__(self, root: dict[str, Any], generous_depth: int) -> None:
        self._root = root
        self._generous_depth = generous_depth
        self._work = 0
        self._characters = 0.0

    def _charge(self, work: int) -> None:
        self._work += work
        if self._work > _MOST_WORK:
            raise _TooMuchError

    def _given(self, value: Any) -> Any:
        """A value of the schema's own, counted against the size of the result."""
        self._count(len(msgspec.json.encode(value)))
        return value

    def _count(self, characters: float) -> None:
        self._characters += characters
        if self._characters > _MOST_CHARACTERS:
            raise _TooMuchError

    def make(self, schema: Any, depth: int, variant: int) -> Any:
        self._charge(1)
        if schema is False or depth > _MOST_DEPTH:
            raise UnsatisfiableError("nothing satisfies it")
        if schema is True or schema == {}:
            return self._string({}, variant)
        if not isinstance(schema, dict):
            raise UnsatisfiableError("it is not a valid JSON schema")
        schema = self._flat(schema)
        self._charge(_breadth(schema) // 8)
        if "const" in schema:
            return self._given(schema["const"])
        if "enum" in schema:
            return self._one_of_enum(schema, variant)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return self._branch(schema, word, depth, variant)
        return self._typed(schema, depth, variant)

    def _flat(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema with its references and allOf parts merged in."""
        while "$ref" in schema or "allOf" in schema:
            self._charge(1)
            rest = {word: value for word, value in schema.items() if word not in ("$ref", "allOf")}
            parts = list(schema.get("allOf", ()))
            if "$ref" in schema:
                parts.append(self._resolve(schema["$ref"]))
            for part in parts:
                rest = self._merged(rest, part)
            schema = rest
        return schema

    def _merged(self, one: dict[str, Any], other: Any) -> dict[str, Any]:
        breadths = _breadth(one), _breadth(other)
        self._charge(sum(breadths) // 8 + (breadths[0] * breadths[1] // 8 if "enum" in one else 0))
        return _merge(one, other)

    def _resolve(self, reference: Any) -> Any:
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise UnsatisfiableError("only references into the schema itself are followed")
        found: Any = self._root
        for step in reference[1:].split("/")[1:]:
            self._charge(1)
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and name.isascii() and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, dict) and name in found:
                found = found[name]
            else:
                raise UnsatisfiableError(f"the reference {reference[:100]} leads nowhere")
        return found

    def _one_of_enum(self, schema: dict[str, Any], variant: int) -> Any:
        kinds = schema.get("type")
        fitting = [value for value in schema["enum"] if kinds is None or _kind(value) & _kinds(kinds)]
        if not fitting:
            raise UnsatisfiableError("an enum is empty")
        return self._given(fitting[variant % len(fitting)])

    def _branch(self, schema: dict[str, Any], word: str, depth: int, variant: int) -> Any:
        rest = {name: value for name, value in schema.items() if name != word}
        branches = list(schema[word])
        if depth >= self._generous_depth:
            branches.sort(key=_weight)
        elif variant and branches:
            turn = variant % len(branches)
            branches = branches[turn:] + branches[:turn]
        for branch in branches:
            try:
                return self.make(self._merged(rest, branch), depth + 1, variant)
            except UnsatisfiableError:
                continue
        raise UnsatisfiableError("no branch can be satisfied")

    def _typed(self, schema: dict[str, Any], depth: int, variant: int) -> Any:
        kind = _first_kind(schema)
        if kind == "object":
            return self._object(schema, depth, variant)
        if kind == "array":
            return self._array(schema, depth, variant)
        if kind in ("integer", "number"):
            return _number(schema, variant, whole=kind == "integer")
        if kind == "boolean":
            return variant % 2 == 0
        if kind == "null":
            return None
        if kind == "string":
            return self._string(schema, variant)
        raise UnsatisfiableError(f"the type {str(kind)[:100]} is unknown")

    def _object(self, schema: dict[str, Any], depth: int, variant: int) -> dict[str, Any]:
        properties: dict[str, Any] = schema.get("properties", {})
        required = list(schema.get("required", ()))
        others = schema.get("additionalProperties", True)
        made = {name: self.make(properties.get(name, others), depth + 1, variant) for name in required}
        if depth < self._generous_depth:
            for name, inner in properties.items():
                if name not in made and len(made) < schema.get("maxProperties", math.inf):
                    try:
                        made[name] = self.make(inner, depth + 1, variant)
                    except UnsatisfiableError:
                        continue
        spare = chain(properties, (f"field{index}" for index in count(1)))
        while len(made) < schema.get("minProperties", 0):
            name = next(spare)
            if name not in made:
                made[name] = self.make(properties.get(name, others), depth + 1, variant)
        self._count(sum(map(len, made)))
        return made

    def _array(self, schema: dict[str, Any], depth: int, variant: int) -> list[Any]:
        first: list[Any] = schema.get("prefixItems", [])
        least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
        if least > most:
            raise UnsatisfiableError("minItems is larger than maxItems")
        generous = depth < self._generous_depth
        wanted = least if not generous else min(max(least, len(first) or 1), most)
        differ = schema.get("uniqueItems") is True
        made: list[Any] = []
        while len(made) < wanted:
            inner = first[len(made)] if len(made) < len(first) else schema.get("items", True)
            try:
                made.append(self.make(inner, depth + 1, variant + len(made) if differ else variant))
            except UnsatisfiableError:
                if len(made) < least:
                    raise
                break
        if differ and len({msgspec.json.encode(item, order="sorted") for item in made}) < len(made):
            raise UnsatisfiableError("its items cannot all differ")
        return made

    def _string(self, schema: dict[str, Any], variant: int) -> str:
        text = _FORMATS.get(str(schema.get("format")), "demo")
        least, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
        if least > most:
            raise UnsatisfiableError("minLength is larger than maxLength")
        if variant:
            text = f"{variant}-{text}"
        self._count(max(least, len(text)))
        text = text.ljust(math.ceil(least), ".")
        return text if len(text) <= most else text[: math.floor(most)]


def _merge(one: dict[str, Any], other: Any) -> dict[str, Any]:
    """Both schemas at once, as far as the demo needs it: objects are united, bounds tightened, else `other` wins."""
    if other is True:
        return one
    if not isinstance(other, dict):
        raise UnsatisfiableError("nothing satisfies it")
    merged = {**one, **other}
    for word in one.keys() & other.keys():
        mine, theirs = one[word], other[word]
        if word == "properties":
            merged[word] = {**mine, **{n: {"allOf": [mine[n], s]} if n in mine else s for n, s in theirs.items()}}
        elif word == "required":
            merged[word] = list(dict.fromkeys([*mine, *theirs]))
        elif word.startswith(("min", "exclusiveMin")):
            merged[word] = max(mine, theirs)
        elif word.startswith(("max", "exclusiveMax")):
            merged[word] = min(mine, theirs)
        elif word == "enum":
            merged[word] = [value for value in mine if value in theirs]
    return merged


def _breadth(schema: Any) -> int:
    """How many things a look at the schema itself touches."""
    return (
        1 + sum(len(value) for value in schema.values() if isinstance(value, (dict, list)))
        if isinstance(schema, dict)
        else 1
    )


def _weight(branch: Any) -> int:
    """How likely a branch is to go deeper: plain values first."""
    if not isinstance(branch, dict) or any(word in branch for word in _SIMPLE):
        return 0
    return 2 if any(word in branch for word in _NESTED) or branch.get("type") == "object" else 1


def _kinds(given: Any) -> set[str]:
    return set(given) if isinstance(given, list) else {given}


def _kind(value: Any) -> set[str]:
    if isinstance(value, bool):
        return {"boolean"}
    if value is None:
        return {"null"}
    if isinstance(value, int):
        return {"integer", "number"}
    if isinstance(value, float):
        return {"number", "integer"} if value.is_integer() else {"number"}
    return {"string"} if isinstance(value, str) else {"array"} if isinstance(value, list) else {"object"}


_IMPLIED = {
    "object": ("properties", "required", "additionalProperties", "minProperties"),
    "array": ("items", "prefixItems", "minItems", "uniqueItems"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


def _first_kind(schema: dict[str, Any]) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((name for name in kind if name != "null"), "null")
    if kind is not None:
        return kind
    return next((name for name, words in _IMPLIED.items() if any(word in schema for word in words)), "string")


def _number(schema: dict[str, Any], variant: int, *, whole: bool) -> float:
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
    step = schema.get("multipleOf", 1 if whole else 0)
    if step < 0:
        raise UnsatisfiableError("multipleOf has to be positive")
    if not step:
        return _real(max(low, above), min(high, below), above, below, variant)
    if whole and step != int(step):
        raise UnsatisfiableError("multipleOf of an integer has to be whole")
    least = -math.inf if low == -math.inf else math.ceil(low / step)
    least = max(least, -math.inf if above == -math.inf else math.floor(above / step) + 1)
    most = math.inf if high == math.inf else math.floor(high / step)
    most = min(most, math.inf if below == math.inf else math.ceil(below / step) - 1)
    if least > most:
        raise UnsatisfiableError("its bounds leave no number")
    times = int(min(max(1, least) + variant, most))
    if variant and times == most and least != -math.inf:
        times = int(least + variant % (most - least + 1))
    value = times * step
    return int(value) if whole else value


def _real(low: float, high: float, above: float, below: float, variant: int) -> float:
    if low > high or (low == high and (low == above or high == below)):
        raise UnsatisfiableError("its bounds leave no number")
    if low < 1 < high:
        spread = min(1.0, high - 1)
        return 1 + spread * (variant / (variant + 1)) if variant else 1
    if math.isinf(low):
        return high - max(1, abs(high) / 2) * (1 + variant)
    if math.isinf(high):
        return low + max(1, abs(low) / 2) * (1 + variant)
    return low + (high - low) / (variant + 2) if low < high else low
