"""The torana.yaml of an instance: composed, then read as an apply would read it, so that what is handed out can be applied."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from torana.control.bulk import without_collecting
from torana.control.declaration.problems import DeclarationError, Problem
from torana.control.declaration.read import Parsed, forget_parsed, parse_declaration
from torana.control.declaration.references import Surroundings, check_references
from torana.control.export import repository as tables
from torana.control.export.compose import Keys, compose
from torana.control.export.released import in_force
from torana.control.export.text import document
from torana.control.plan import repository
from torana.control.plan.apply import KNOWN_VENDORS
from torana.control.plan.repository import Stored
from torana.control.releases import repository as releases
from torana.stores.sql.engine import Engine, reading

_ENTRY = re.compile(r"([a-z_]+)\[([0-9]+)\]")
_MOST_ROUNDS = 100
_SHOWN = ("providers", "services", "teams", "apps", "keys", "prices", "roles")


class Exported(msgspec.Struct, frozen=True):
    """A file, with what goes beside it."""

    text: str
    variables: dict[str, str]
    """Environment variables that it refers to, and what each is for."""
    files: dict[str, str]
    """Content of files that it refers to, by name."""
    left_out: list[str]
    """What is there and not in the file, each with the reason."""


async def export(engine: Engine, keys: Keys = "made", *, elsewhere: bool = False) -> Exported:
    """Everything that a torana.yaml can say of what there is now.

    `elsewhere`: to make the same in an empty instance, services as their releases in force have them. Without it the file is for
    here, where an apply of it changes nothing.
    """
    async with reading(engine) as connection:
        stored = await repository.load(connection)
        if elsewhere:
            stored = in_force(stored, await releases.served(connection))
        beside = await tables.beside(connection)
    with without_collecting():
        return await asyncio.to_thread(_written, stored, keys, elsewhere, beside)


def applicable(
    sections: dict[str, list[dict[str, Any]]], left_out: list[str], services: Mapping[str, str] | None = None
) -> None:
    """Take out of `sections` whatever a file cannot say, until it can be read as a whole; `left_out` says what, and why.

    `services` are there besides, each with the team whose own it is.
    """
    for _ in range(_MOST_ROUNDS):
        found = problems_of(document(sections), services)
        if not found:
            break
        # From the end, so that the numbers of those before stay what they are.
        for way, problem in sorted(_ways(found), reverse=True):
            left_out.append(_removed(sections, way, problem))
    forget_parsed()


def problems_of(text: str, services: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
    """What a plan of this file would complain of where these `services` are, but for values that stand outside it."""
    around = Surroundings(vendors=KNOWN_VENDORS, services=services or {})
    try:
        parsed: Parsed = parse_declaration(text.encode())
        check_references(parsed.declaration, around, parsed.problems)
        parsed.problems.raise_if_any()
    except DeclarationError as error:
        return error.problems
    return ()


def _written(stored: Stored, keys: Keys, elsewhere: bool, beside: Mapping[str, int]) -> Exported:
    composed = compose(stored, keys, elsewhere=elsewhere)
    left_out = composed.left_out
    applicable(composed.sections, left_out, {} if elsewhere else _staying(stored))
    left_out += [f"{words}, {count} of them: the file does not declare such" for words, count in sorted(beside.items())]
    comments = [
        "What there is, for `torana plan` and `torana apply`. Secrets are not in it, nor people, their tokens and records."
    ]
    if elsewhere:
        comments.append("It is for an empty instance: where it was made, services are written otherwise.")
    if composed.variables:
        comments += ["Set these variables before:"]
        comments += [f"  {name}  {what}" for name, what in sorted(composed.variables.items())]
    if left_out:
        comments += ["Not in this file (a backup has it all):"]
        comments += [f"  {reason}" for reason in left_out]
    return Exported(document(composed.sections, comments), dict(composed.variables), composed.files, left_out)


def _staying(stored: Stored) -> dict[str, str]:
    """Services that no apply made, and so are there whatever the file says."""
    teams = {row["id"]: row["name"] for row in stored.teams}
    mine = (row for row in stored.services if row["id"] not in stored.declared)
    return {row["name"]: teams.get(row["team_id"], "") if row["visibility"] == "team" else "" for row in mine}


Way = tuple[tuple[str, int], ...]


def _ways(found: tuple[Problem, ...]) -> set[tuple[Way, str]]:
    """The innermost entry of a list that each problem stands in, once."""
    ways: dict[Way, str] = {}
    for problem in found:
        way = tuple((name, int(number)) for name, number in _ENTRY.findall(problem.path))
        # Of a key the whole: without a part that restricts it, it could do more.
        at = next((place for place, (name, _) in enumerate(way) if name == "keys"), len(way))
        way = way[: at + 1]
        if not way:
            raise DeclarationError([problem])
        ways.setdefault(way, problem.message)
    # What stands inside something that goes anyway is not looked at.
    return {(way, why) for way, why in ways.items() if not any(way[:size] in ways for size in range(1, len(way)))}


def _removed(sections: dict[str, list[dict[str, Any]]], way: Way, problem: str) -> str:
    holder: Any = sections
    names: list[str] = []
    for name, number in way[:-1]:
        holder = holder[name][number]
        names.append(_shown(name, holder))
    name, number = way[-1]
    gone = holder[name].pop(number)
    if not holder[name] and holder is not sections:
        del holder[name]
    names.append(_shown(name, gone))
    return f"{', '.join(names)}: {problem}"


def _shown(kind: str, entry: Any) -> str:
    if isinstance(entry, dict):
        entry = entry.get("name") or entry.get("model") or ", ".join(f"{name} {value}" for name, value in entry.items())
    return f"{kind.removesuffix('s') if kind in _SHOWN or kind.endswith('s') else kind} {entry}"
