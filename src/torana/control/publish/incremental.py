"""From what was published and what a transaction wrote to what is published next, without reading the rest.

Equal to what compiling everything would give (tests hold it to that), in the time that the change is worth: a release of one
service among ten thousand reads that service and the apps that call it.

What was read for the last publication is not believed where no snapshot shows it: a service that nobody calls, and a provider
account that none of the others uses, may have been changed by another node without a new version, so they are read again.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from torana.control.issuers import service as issuers
from torana.control.policies import service as policies
from torana.control.providers import repository as providers
from torana.control.publish.changes import Touched
from torana.control.publish.compile import (
    NotPublishable,
    Surroundings,
    compile_accounts,
    compile_apps,
    compile_keys,
    compile_offers,
    compile_service,
    limits_by_owner,
    problems,
    providers_of,
)
from torana.control.publish.grants import Offer
from torana.control.publish.read import (
    apps_concerned,
    read_apps,
    read_keys,
    read_plans,
    read_subscribed,
    services_at,
)
from torana.control.publish.sections import Published, Section, encode, with_keys
from torana.control.publish.subscribed import NOBODY, offered
from torana.control.releases import repository as releases
from torana.control.services import repository as services
from torana.control.sharing import repository as sharing
from torana.control.teams import repository as teams
from torana.core import snapshot as published
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

MOST_TOUCHED = 500
"""More than this in one change, and reading everything is no slower."""
MOST_APPS = 20_000
_offered = msgspec.msgpack.Decoder(tuple[published.Offered, ...]).decode
_Changes = dict[bytes, bytes | None]


class Advanced(NamedTuple):
    """What is published next, and what had to be left out of it."""

    published: Published
    left_out: dict[str, str]
    """Names of provider accounts, each with the reason."""


async def advanced(
    connection: Connection, before: Published, touched: Touched, master: MasterKey, now_us: int
) -> Advanced | None:
    """What `touched` makes of `before`; None where everything has to be compiled. Raises NotPublishable."""
    if touched.size > MOST_TOUCHED:
        return None
    around, service_ids = await _surroundings(connection, before.surroundings, touched)
    if len(service_ids) > MOST_TOUCHED:
        return None
    app_ids = {*touched.apps, *touched.owners}
    renamed = {id_ for id_ in service_ids if _shape(before.surroundings, id_) != _shape(around, id_)}
    # With a service that was deleted its subscriptions went.
    for id_ in renamed - around.offers.keys():
        app_ids |= before.apps_that_name(id_)
    app_ids |= await apps_concerned(connection, touched, renamed, MOST_APPS)
    if len(app_ids) > MOST_APPS:
        return None
    apps = await read_apps(connection, app_ids) if app_ids else []
    there = {app.id for app in apps}
    gone = {id_ for id_ in app_ids - there if before.app(id_) is not None}
    if await _are_named_by_issuers(connection, gone | {id_ for id_ in there if before.app(id_) is None}):
        return None
    subscribed = []
    if apps:
        subscribed = await read_subscribed(connection, there)
        if unseen := {one.service_id for one in subscribed} - before.reach.keys() - service_ids:
            around = await _with_services(connection, around, unseen)
            service_ids |= unseen
        names = await teams.names_of(connection, {app.team_id for app in apps})
        plans = await read_plans(connection, {one.plan_id for one in subscribed})
        around = around._replace(teams={**around.teams, **names}, plans=plans)
    key_ids = touched.keys | touched.owners
    owners = {*key_ids, *there, *service_ids, *(app.team_id for app in apps)}
    limits = limits_by_owner(await policies.listed_limits(connection, owners) if owners else [])
    keys = compile_keys(await read_keys(connection, now_us, key_ids) if key_ids else [], limits, now_us)

    def put_together() -> Advanced:
        compiled = compile_apps(around, apps, subscribed, limits)
        reach = _reach(before, compiled, gone)
        services_now, accounts_now, left_out = _services(before, around, reach, service_ids, touched, limits, master)
        app_changes: _Changes = {app_id.encode(): None for app_id in gone}
        app_changes.update((app_id.encode(), encode(app)) for app_id, app in compiled.items())
        sections = {
            **before.sections,
            "keys": with_keys(before.sections["keys"], key_ids, gone, keys),
            "apps": before.sections["apps"].changed(app_changes),
            "services": before.sections["services"].changed(services_now),
            "accounts": before.sections["accounts"].changed(accounts_now),
            "offered": _offered_now(before, around, service_ids),
        }
        return Advanced(Published(before.version, now_us, sections, reach, around), left_out)

    # In a thread: a popular service has ten thousand apps, and of a hundred thousand keys the ids are compared.
    return await asyncio.to_thread(put_together)


async def _surroundings(
    connection: Connection, before: Surroundings, touched: Touched
) -> tuple[Surroundings, set[str]]:
    """What apps are compiled with now, and which services are different. Raises NotPublishable."""
    service_ids = set(touched.services)
    if touched.releases:
        service_ids |= await releases.services_of(connection, touched.releases)
    service_ids |= {id_ for id_ in touched.owners if id_ in before.offers}
    around = before
    if touched.providers:
        accounts = await providers.by_ids(connection, touched.providers)
        kept = {id_: account for id_, account in before.providers.items() if id_ not in touched.providers}
        around = around._replace(providers={**kept, **accounts})
        used = await services_at(connection, touched.providers)
        named = {id_ for id_ in touched.providers if _called(before, id_) != _called(around, id_)}
        service_ids |= await services_at(connection, named) if named else set()
        offers = [around.offers[id_] for id_ in used - service_ids if id_ in around.offers]
        if reasons := problems(offers, around.providers):
            raise NotPublishable(reasons)
    if service_ids and len(service_ids) <= MOST_TOUCHED:
        around = await _with_services(connection, around, service_ids)
    return around, service_ids


def _called(around: Surroundings, provider_id: str) -> tuple[str, str] | None:
    provider = around.providers.get(provider_id)
    return None if provider is None else (provider.name, provider.vendor)


async def _with_services(connection: Connection, around: Surroundings, ids: set[str]) -> Surroundings:
    """The same, with these services as they are now, and the provider accounts that they use. Raises NotPublishable."""
    active = [service for service in await services.by_ids(connection, ids) if service.state == "active"]
    places, names = await services.parts_of(connection, ids)
    fresh = compile_offers(active, places, names, await releases.served(connection, ids))
    accounts = await providers.by_ids(connection, providers_of(fresh.values()))
    known = {**around.providers, **accounts}
    if reasons := problems(fresh.values(), known):
        raise NotPublishable(reasons)
    offers = {id_: offer for id_, offer in around.offers.items() if id_ not in ids}
    shared = {id_: team_ids for id_, team_ids in around.shared.items() if id_ not in ids}
    shared.update(await sharing.all_shared(connection, ids))
    return around._replace(offers={**offers, **fresh}, providers=known, shared=shared)


def _shape(around: Surroundings, service_id: str) -> object:
    """All of a service that apps are compiled from: as long as it is the same, they are."""
    offer = around.offers.get(service_id)
    if offer is None:
        return None
    service = offer.service
    models = {(around.providers[d.provider_id].vendor, d.model) for d in offer.deployments}
    seen = (service.visibility, around.shared.get(service_id, NOBODY))
    return service.team_id, service.kind, offer.names, models, seen


async def _are_named_by_issuers(connection: Connection, app_ids: set[str]) -> bool:
    """Whether a token of some issuer may stand for one of these apps."""
    if not app_ids:
        return False
    found = await issuers.listed(connection)
    return any(not app_ids.isdisjoint(issuers.apps_of(issuer).values()) for issuer in found)


def _reach(before: Published, compiled: dict[str, published.App], gone: Iterable[str]) -> Counter[str]:
    reach = Counter(before.reach)
    for app_id in (*compiled, *gone):
        if (app := before.app(app_id)) is not None:
            reach.subtract(set(app.grants.values()))
    for app in compiled.values():
        reach.update(set(app.grants.values()))
    return +reach


def _services(
    before: Published,
    around: Surroundings,
    reach: Counter[str],
    service_ids: set[str],
    touched: Touched,
    limits: dict[str, list[policies.Limit]],
    master: MasterKey,
) -> tuple[_Changes, _Changes, dict[str, str]]:
    """What changes of services and of accounts, and the accounts that had to be left out."""
    unreached = before.reach.keys() - reach.keys()
    changes: _Changes = {id_.encode(): None for id_ in (*service_ids, *unreached) if id_ not in reach}
    changes.update(
        (id_.encode(), encode(compile_service(around.offers[id_], around.providers, limits)))
        for id_ in service_ids
        if id_ in reach
    )
    used_before = providers_of(before.surroundings.offers[id_] for id_ in before.reach)
    used = providers_of(around.offers[id_] for id_ in reach)
    again = (used - used_before) | (used & touched.providers)
    accounts, left_out = compile_accounts(around.providers, again, master)
    account_changes: _Changes = {id_.encode(): None for id_ in (used_before - used) | again}
    account_changes.update((id_.encode(), encode(account)) for id_, account in accounts.items())
    return changes, account_changes, left_out


def _offered_now(before: Published, around: Surroundings, service_ids: set[str]) -> Section:
    """Under which names who sees these services."""
    section = before.sections["offered"]

    def names(offers: Iterable[Offer | None]) -> set[str]:
        return {name for offer in offers if offer is not None for name in offer.names}

    now = [around.offers[id_] for id_ in service_ids if id_ in around.offers]
    mine = offered(now, around.shared)
    changes: _Changes = {}
    for name in names(before.surroundings.offers.get(id_) for id_ in service_ids) | mine.keys():
        there = section.things.get(name.encode())
        others = [one for one in (_offered(there) if there is not None else ()) if one.service_id not in service_ids]
        found = sorted([*others, *mine.get(name, ())], key=lambda one: one.service_id)
        changes[name.encode()] = encode(tuple(found)) if found else None
    return section.changed(changes)
