"""The difference between what exists and what is declared. Pure: no database, no clock."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from torana.control.plan.things import KINDS, FieldValue, Kind, Thing, shown

Action = Literal["create", "change", "remove"]
_SIGNS: dict[Action, str] = {"create": "+", "change": "~", "remove": "-"}


class FieldChange(msgspec.Struct, frozen=True):
    """One field, as shown: secrets are masked."""

    field: str
    before: str | None
    """None when the thing is created."""
    after: str | None
    """None when the thing is removed."""


class Change(msgspec.Struct, frozen=True):
    """One thing to create, change or remove."""

    action: Action
    kind: Kind
    name: str
    fields: tuple[FieldChange, ...] = ()

    def lines(self) -> list[str]:
        """`~ service gpt-4.1`, then one line a field."""
        lines = [f"{_SIGNS[self.action]} {self.kind} {self.name}"]
        for change in self.fields:
            arrow = f"{change.before} → {change.after}" if self.action == "change" else change.after
            lines.append(f"    {change.field}: {arrow}")
        return lines


class Blocked(msgspec.Struct, frozen=True):
    """Something the file no longer names, but which what was made by hand still needs."""

    kind: Kind
    name: str
    holder_kind: Kind
    holder: str

    @property
    def sentence(self) -> str:
        """What stands in the way and what to do."""
        return (
            f"{self.kind} {self.name} is no longer in the file, but {self.holder_kind} {self.holder}, which no file made, "
            f"needs it: remove that first, or keep {self.name} in the file"
        )


class Difference(msgspec.Struct, frozen=True):
    """Everything an apply would do, in its order."""

    changes: tuple[Change, ...]
    blocked: tuple[Blocked, ...] = ()


def difference(current: Iterable[Thing], declared: Iterable[Thing]) -> Difference:
    """Compare. Changes come by kind, in the order of the file; removals last, in the opposite order of kinds, by name.

    Of what exists and is not declared, only what an apply made is removed.
    """
    there = {(thing.kind, thing.name): thing for thing in current}
    wanted = {(thing.kind, thing.name): thing for thing in declared}
    by_kind: dict[Kind, list[Change]] = {kind: [] for kind in KINDS}
    for key, thing in wanted.items():
        if (change := _compare(there.get(key), thing)) is not None:
            by_kind[thing.kind].append(change)
    changes = [change for kind in KINDS for change in by_kind[kind]]
    gone = {key: thing for key, thing in there.items() if thing.managed and key not in wanted}
    for kind in reversed(KINDS):
        changes.extend(Change("remove", kind, name) for of, name in sorted(gone) if of == kind)
    return Difference(tuple(changes), _blocked(there, wanted, gone))


def _compare(before: Thing | None, after: Thing) -> Change | None:
    if before is None:
        fields = tuple(
            FieldChange(name, None, shown(value)) for name, value in after.fields.items() if value is not None
        )
        return Change("create", after.kind, after.name, fields)
    fields = tuple(
        FieldChange(name, shown(before.fields.get(name)), shown(value))
        for name, value in after.fields.items()
        if not _same(before.fields.get(name), value)
    )
    return Change("change", after.kind, after.name, fields) if fields else None


def _same(before: FieldValue, after: FieldValue) -> bool:
    return type(before) is type(after) and before == after


def _blocked(
    there: dict[tuple[Kind, str], Thing], wanted: dict[tuple[Kind, str], Thing], gone: dict[tuple[Kind, str], Thing]
) -> tuple[Blocked, ...]:
    """What stays as it is (unmanaged and undeclared) keeps what it needs."""
    return tuple(
        Blocked(need[0], need[1], thing.kind, thing.name)
        for key, thing in there.items()
        if key not in gone and key not in wanted
        for need in thing.needs
        if need in gone
    )
