"""plan and apply: read the file, compare, and make it so in one transaction, or not at all."""

import asyncio
import hashlib
from collections import defaultdict

import msgspec

from torana.catalog.vendors import VENDORS
from torana.control.access.actor import SYSTEM, Actor
from torana.control.audit import service as audit
from torana.control.bulk import without_collecting
from torana.control.declaration.outside import OutsideValues
from torana.control.declaration.problems import DeclarationError, Problem
from torana.control.declaration.read import Parsed, check_declaration, forget_parsed, parse_declaration
from torana.control.declaration.references import Surroundings, VendorFacts
from torana.control.plan import repository
from torana.control.plan.current import Existing, existing
from torana.control.plan.custom import check_descriptions
from torana.control.plan.diff import Change, Difference, difference
from torana.control.plan.noted import noted
from torana.control.plan.reach import check_reach
from torana.control.plan.repository import Stored
from torana.control.plan.source import Source
from torana.control.plan.wanted import Wanted, wanted
from torana.control.plan.write import MadeKey, Writer
from torana.control.providers import places
from torana.control.publish.publish import Publisher
from torana.control.services import repository as services
from torana.control.subscriptions.unseen import end_unseen
from torana.core.errors import Refusal
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Engine, reading

KNOWN_VENDORS = {
    vendor.id: VendorFacts(
        base_url="" if vendor.id == "demo" else vendor.base_url or None,
        options=places.options_of(vendor.id),
        needed=places.options_needed(vendor),
        credential=places.needs_credential(vendor),
    )
    for vendor in VENDORS.values()
}


class Planned(msgspec.Struct, frozen=True):
    """What an apply would do."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    fingerprint: str
    """Hand it to `apply` to have exactly this done, or nothing."""


class Applied(msgspec.Struct, frozen=True):
    """What an apply has done."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    made: tuple[MadeKey, ...]


async def plan(engine: Engine, master: MasterKey, source: Source) -> Planned:
    """The difference between the file and what exists. Raises DeclarationError, and Refusal custom_sandbox_unavailable."""
    with without_collecting():
        parsed = await asyncio.to_thread(parse_declaration, source.text, source.name)
        async with reading(engine) as connection:
            stored = await repository.load(connection)
        _, after, found = await asyncio.to_thread(_compare, parsed, stored, source.values, master)
        await check_descriptions(after, found, parsed.problems.source)
        return Planned(found.changes, after.notes, _fingerprint(found))


async def apply(
    publisher: Publisher,
    source: Source,
    expected: str | None = None,
    *,
    actor: Actor = SYSTEM,
    reason: str | None = None,
) -> Applied:
    """Make the file true and publish, all or nothing. Nothing to do is nothing done.

    `expected` is the fingerprint of the plan that was agreed to; each changed thing is noted as done by `actor`.
    Raises DeclarationError, and Refusal `plan_changed`, `not_publishable`, `custom_sandbox_unavailable`, `beyond_own` or `in_use`.
    """
    with without_collecting():
        parsed = await asyncio.to_thread(parse_declaration, source.text, source.name)
        done = await _apply(publisher, source, parsed, expected, actor, reason)
    forget_parsed()
    return done


async def _apply(
    publisher: Publisher, source: Source, parsed: Parsed, expected: str | None, actor: Actor, reason: str | None
) -> Applied:
    async with reading(publisher.engine) as connection:
        stored = await repository.load(connection)
    # Compared before anybody has to wait for this change, and often there is nothing to change.
    before, after, found = await asyncio.to_thread(_compare, parsed, stored, source.values, publisher.master)
    if not found.changes and expected in (None, _fingerprint(found)):
        return Applied((), after.notes, ())
    # Before the change begins: nobody else's waits for it. What they say does not depend on what exists.
    await check_descriptions(after, found, parsed.problems.source)
    async with publisher.change() as connection:
        stored_now = await repository.load(connection)
        if stored_now != stored:
            before, after, found = await asyncio.to_thread(
                _compare, parsed, stored_now, source.values, publisher.master
            )
        if expected is not None and expected != _fingerprint(found):
            raise Refusal("plan_changed")
        if not found.changes:
            return Applied((), after.notes, ())
        check_reach(actor, before, after, found)
        writer = Writer(connection, publisher.master, before, after, actor)
        await writer.write(found.changes)
        done = noted(found.changes, writer)
        await audit.note_all(connection, publisher.master, actor, done, reason=reason)
        for service_id in _narrowed(found, writer):
            if (service := await services.by_id(connection, service_id)) is not None:
                await end_unseen(connection, publisher.master, actor, service, reason)
    return Applied(found.changes, after.notes, tuple(writer.made))


def _narrowed(found: Difference, writer: Writer) -> list[str]:
    """Ids of services that others see than before."""
    return [
        writer.ids["service", change.name]
        for change in found.changes
        if change.kind == "service" and change.action == "change"
        if any(field.field in ("visibility", "shared_with") for field in change.fields)
    ]


def _compare(
    parsed: Parsed, stored: Stored, values: OutsideValues, master: MasterKey
) -> tuple[Existing, Wanted, Difference]:
    before = existing(stored, master)
    declaration = check_declaration(parsed, _surroundings(before), values)
    after = wanted(declaration, values, before, KNOWN_VENDORS, master, parsed.problems)
    _refuse_released(before, after, parsed)
    parsed.problems.raise_if_any()
    found = difference(before.things.values(), after.things.values())
    if found.blocked:
        raise DeclarationError([Problem(0, 0, "", one.sentence) for one in found.blocked], parsed.problems.source)
    return before, after, found


def _refuse_released(before: Existing, after: Wanted, parsed: Parsed) -> None:
    """What has releases is served from them: a file that declares it would say something that does not hold."""
    released = {row["id"] for row in before.stored.services if row["lifecycle"] == "released"}
    for name, offer in after.services.items():
        there = before.things.get(("service", name))
        if there is not None and there.id in released:
            parsed.problems.add(
                offer.declared.place,
                f"the service {name} was made by the admin API and has releases; change it there, or delete it there first",
            )


def _surroundings(before: Existing) -> Surroundings:
    """What no apply made, and so stays whatever the file says."""
    stored = before.stored
    teams = {row["id"]: row["name"] for row in stored.teams}
    services = {row["id"]: row for row in stored.services if row["id"] not in stored.declared}
    shared: defaultdict[str, set[str]] = defaultdict(set)
    for row in stored.shared:
        shared[row["service_id"]].add(teams[row["shared_with"]])
    return Surroundings(
        vendors=KNOWN_VENDORS,
        providers=frozenset(
            row["name"] for row in stored.providers if row["team_id"] is None and row["id"] not in stored.declared
        ),
        services={
            row["name"]: teams.get(row["team_id"], "") if row["visibility"] == "team" else ""
            for row in services.values()
        },
        shared={
            row["name"]: frozenset(shared[row["id"]] | {teams.get(row["team_id"], "")})
            for row in services.values()
            if row["visibility"] == "teams"
        },
        aliases={
            row["name"]: services[row["service_id"]]["name"] for row in stored.aliases if row["service_id"] in services
        },
        teams=frozenset(row["name"] for row in stored.teams if row["id"] not in stored.declared),
        identity_providers=frozenset(
            row["name"] for row in stored.identity_providers if row["id"] not in stored.declared
        ),
        roles=frozenset(
            (row["name"], teams.get(row["team_id"], "")) for row in stored.roles if row["id"] not in stored.declared
        ),
    )


def _fingerprint(found: Difference) -> str:
    return hashlib.blake2b(msgspec.json.encode(found.changes), digest_size=16).hexdigest()
