"""What is different between two designs, field by field, and which version number that asks for."""

from typing import Any, Literal, NamedTuple

import msgspec

from torana.control.releases.breaking import breaking
from torana.control.releases.design import Design, plain
from torana.core.errors import Refusal

Bump = Literal["minor", "major"]


class Differing(msgspec.Struct, frozen=True):
    """One field. `before` or `after` is missing (UNSET) where the field was added or removed."""

    field: str
    """A JSON Pointer (RFC 6901) into the design."""
    before: Any = msgspec.UNSET
    after: Any = msgspec.UNSET


class Version(NamedTuple):
    """`major.minor`."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


def difference(before: Design | None, after: Design) -> list[Differing]:
    """Every field that differs, in the order of their names; nothing for equal designs, everything for the first one."""
    return fields_differing({} if before is None else plain(before), plain(after))


def fields_differing(before: dict[str, Any], after: dict[str, Any], place: str = "") -> list[Differing]:
    """The same of plain objects. Lists are compared as wholes."""
    found: list[Differing] = []
    for name in sorted(before.keys() | after.keys()):
        field = f"{place}/{name.replace('~', '~0').replace('/', '~1')}"
        old, new = before.get(name, msgspec.UNSET), after.get(name, msgspec.UNSET)
        if isinstance(old, dict) and isinstance(new, dict):
            found += fields_differing(old, new, field)
        elif not _equal(old, new):
            found.append(Differing(field, old, new))
    return found


def breaks(before: Design, after: Design) -> list[str]:
    """Why callers of the release before may not be able to call this one. Other deployments are none of their business."""
    return breaking(_contract(before), _contract(after))


def next_version(last: Version | None, reasons: list[str], asked: Bump | None) -> Version:
    """The number of the next release. Raises Refusal `invalid_field` where a breaking one is asked to be minor."""
    if last is None:
        return Version(1, 0)
    if reasons and asked == "minor":
        raise Refusal(
            "invalid_field",
            param="bump",
            reason=f"it breaks callers, which needs a major version: {'; '.join(reasons[:5])}",
        )
    if reasons or asked == "major":
        return Version(last.major + 1, 0)
    return Version(last.major, last.minor + 1)


def _contract(design: Design) -> dict[str, Any] | None:
    decoded: dict[str, Any] | None = msgspec.json.decode(design.contract)
    return decoded


def _equal(one: Any, other: Any) -> bool:
    # As JSON: true is not 1, and 1 is not 1.0, which a person sees as two.
    if one is msgspec.UNSET or other is msgspec.UNSET:
        return one is other
    return msgspec.json.encode(one, order="deterministic") == msgspec.json.encode(other, order="deterministic")
