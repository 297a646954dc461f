"""From the truth to a snapshot: what each key may call, and where those calls go. Nothing that no app can reach is in it.

An app is in it before its first key and after its last, so that a key comes and goes without touching anything else. A provider
account whose credential the master key does not open is left out, with an error in the log: its services answer that they have no
deployment, and everything else, revocations above all, is published as ever.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import msgspec

from torana.catalog.vendors import VENDORS
from torana.control.apps.service import App
from torana.control.issuers import service as issuers
from torana.control.keys.scopes import Scopes, opened_networks, opened_scopes
from torana.control.keys.service import Key
from torana.control.policies.service import Limit, LimitDraft
from torana.control.providers import places
from torana.control.providers.service import Provider, ca_problem, url_problem
from torana.control.publish.facts import custom_facts, facts
from torana.control.publish.grants import Grants, Offer, Place
from torana.control.publish.read import KEEP_EXPIRED_US, Subscribed, Truth
from torana.control.publish.released import Designed, by_service, custom_of, places_of, release_problems
from torana.control.publish.subscribed import given, offered
from torana.control.releases.repository import Served
from torana.control.services.service import Alias, Deployment, Service
from torana.core import snapshot as published
from torana.stores.secrets.master import MasterKey, MasterKeyError

Row = TypeVar("Row")
_NO_SCOPES = Scopes()


class NotPublishable(Exception):
    """What the database holds cannot be served; `reasons` say why, one sentence part each."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


class Compiled(NamedTuple):
    """A snapshot, and what had to be left out of it."""

    snapshot: published.Snapshot
    left_out: dict[str, str]
    """Names of provider accounts, each with the reason."""
    surroundings: "Surroundings"


class Surroundings(NamedTuple):
    """What apps are compiled with: all that does not change with their subscriptions."""

    offers: Mapping[str, Offer]
    """By the id of the service."""
    providers: Mapping[str, Provider]
    teams: Mapping[str, str]
    shared: Mapping[str, frozenset[str]]
    plans: Mapping[str, tuple[LimitDraft, ...]]


def compile_snapshot(truth: Truth, master: MasterKey, *, version: int, compiled_us: int) -> Compiled:
    """The snapshot of this truth. Raises NotPublishable."""
    providers = {provider.id: provider for provider in truth.providers}
    offers = compile_offers(truth.services, truth.deployments, truth.aliases, truth.releases)
    if reasons := problems(offers.values(), providers):
        raise NotPublishable(reasons)
    limits = limits_by_owner(truth.limits)
    teams = {team.id: team.name for team in truth.teams}
    surroundings = Surroundings(offers, providers, teams, truth.shared, truth.plans)
    apps = compile_apps(surroundings, truth.apps, truth.subscriptions, limits)
    reachable = {id_: offers[id_] for id_ in {id_ for app in apps.values() for id_ in app.grants.values()}}
    accounts, closed = compile_accounts(providers, providers_of(reachable.values()), master)
    snapshot = published.Snapshot(
        version=version,
        compiled_us=compiled_us,
        keys=compile_keys(truth.keys, limits, compiled_us),
        apps=apps,
        services={id_: compile_service(reachable[id_], providers, limits) for id_ in sorted(reachable)},
        accounts=accounts,
        issuers=_issuers(truth),
        offered=offered(offers.values(), truth.shared),
    )
    return Compiled(snapshot, closed, surroundings)


def compile_offers(
    services: Iterable[Service],
    deployments: Iterable[Deployment],
    aliases: Iterable[Alias],
    releases: Sequence[Served],
) -> dict[str, Offer]:
    """What can be offered of these active services, by their ids; the others are theirs."""
    placed = _grouped(deployments, attrgetter("service_id"))
    named = _grouped(aliases, attrgetter("service_id"))
    released = by_service(releases)
    return {
        s.id: Offer(s, placed.get(s.id, []), named.get(s.id, []))
        if s.lifecycle == "direct"
        else Offer(s, places_of(released[s.id]), named.get(s.id, []), released[s.id])
        for s in services
        # A draft without a release is nobody's to call.
        if s.lifecycle == "direct" or s.id in released
    }


def providers_of(offers: Iterable[Offer]) -> set[str]:
    """The ids of the provider accounts that calls of these go to."""
    return {deployment.provider_id for offer in offers for deployment in offer.deployments}


def compile_accounts(
    providers: Mapping[str, Provider], used: Iterable[str], master: MasterKey
) -> tuple[dict[str, published.Account], dict[str, str]]:
    """Accounts as gates see them, by their ids; and the names of those that have to be left out, each with the reason."""
    accounts: dict[str, published.Account] = {}
    left_out: dict[str, str] = {}
    for id_ in sorted(used):
        provider = providers[id_]
        if why := _closed(provider, master):
            left_out[provider.name] = why
        else:
            accounts[id_] = compile_account(provider)
    return accounts, left_out


def compile_apps(
    around: Surroundings, apps: Sequence[App], subscriptions: Iterable[Subscribed], limits: dict[str, list[Limit]]
) -> dict[str, published.App]:
    """Apps as gates see them, by their ids; `subscriptions` and `limits` are theirs and their teams'."""
    services = {id_: offer.service for id_, offer in around.offers.items()}
    subscribed = given(apps, subscriptions, services, around.shared, around.plans)
    grants = Grants(around.providers)
    return {
        app.id: published.App(
            id=app.id,
            name=app.name,
            team_id=app.team_id,
            grants=grants.of(app.team_id, [around.offers[id_] for id_ in subscribed[app.id].service_ids]),
            limits=_limits(limits, app.id, "app", app.name)
            + _limits(limits, app.team_id, "team", around.teams[app.team_id]),
            keep_bodies=app.keep_bodies,
            plans=subscribed[app.id].plans,
            ends=subscribed[app.id].ends,
            states=subscribed[app.id].states,
        )
        for app in apps
    }


def compile_keys(keys: Iterable[Key], limits: dict[str, list[Limit]], now_us: int) -> dict[bytes, published.Key]:
    """Keys as gates see them, by the hashes of their values; `limits` by their owner.

    A value before the last rotation leads to the same key, which then ends with the overlap.
    """
    found: dict[bytes, published.Key] = {}
    before: dict[bytes, published.Key] = {}
    for key in keys:
        found[key.digest] = one = _key(key, limits)
        until_us = key.previous_until_us or 0
        if key.previous_digest is not None and until_us > now_us - KEEP_EXPIRED_US:
            ends_us = min(one.expires_us or until_us, until_us)
            before[key.previous_digest] = msgspec.structs.replace(one, expires_us=ends_us)
    return {**before, **found} if before else found


def _key(key: Key, limits: dict[str, list[Limit]]) -> published.Key:
    scopes = opened_scopes(key.scopes) or _NO_SCOPES
    return published.Key(
        key.id,
        key.name,
        key.app_id,
        key.expires_us or 0,
        _limits(limits, key.id, "key", key.name),
        scopes.services,
        scopes.endpoints,
        scopes.models,
        opened_networks(key.networks),
    )


def _issuers(truth: Truth) -> dict[str, tuple[published.Issuer, ...]]:
    """Issuers by their `iss`. One that a team owns stands for nobody else's apps, whatever its row says."""
    teams = {app.id: app.team_id for app in truth.apps}
    found: defaultdict[str, list[published.Issuer]] = defaultdict(list)
    for issuer in truth.issuers:
        apps = {
            value: app_id
            for value, app_id in issuers.apps_of(issuer).items()
            if app_id in teams and issuer.team_id in (None, teams[app_id])
        }
        keys = tuple(published.IssuerKey(key.kid, key.alg, key.der) for key in issuers.keys_of(issuer))
        if apps and keys:
            audiences = issuers.audiences_of(issuer)
            found[issuer.issuer].append(published.Issuer(issuer.id, issuer.name, audiences, issuer.claim, apps, keys))
    return {iss: tuple(found[iss]) for iss in sorted(found)}


def limits_by_owner(limits: Iterable[Limit]) -> dict[str, list[Limit]]:
    """Limits by the id of whose they are."""
    return _grouped(limits, attrgetter("owner_id"))


def compile_service(
    offer: Offer, providers: Mapping[str, Provider], limits: dict[str, list[Limit]]
) -> published.Service:
    """A service as gates see it; `limits` by their owner."""
    service = offer.service
    releases = tuple(_release(one, providers) for one in offer.releases)
    custom, flags = service.custom, (service.drop_unsupported, service.try_unsupported)
    deployments = _deployments(offer.deployments, custom, providers)
    if releases:
        # What lists show of it.
        first = max(releases, key=lambda one: (one.weight, one.major, one.minor))
        deployments, flags = first.deployments, (first.drop_unsupported, first.try_unsupported)
        custom = None if first.custom is None else first.custom.decode()
    return published.Service(
        id=service.id,
        name=service.name,
        team_id=service.team_id or "",
        kind=service.kind,
        deployments=deployments,
        limits=_limits(limits, service.id, "service", service.name),
        keep_bodies=service.keep_bodies,
        created=service.created_us // 1_000_000,
        drop_unsupported=flags[0],
        try_unsupported=flags[1],
        custom=None if custom is None else custom.encode(),
        releases=releases,
    )


def _release(one: Designed, providers: Mapping[str, Provider]) -> published.Release:
    release, design = one.release, one.design
    custom = custom_of(design)
    return published.Release(
        id=release.id,
        major=release.major,
        minor=release.minor,
        deployments=() if design is None else _deployments(design.deployments, custom, providers),
        weight=release.weight,
        major_weight=one.major_weight,
        drop_unsupported=design is not None and design.drop_unsupported,
        try_unsupported=design is not None and design.try_unsupported,
        custom=None if custom is None else custom.encode(),
        deprecated=(release.deprecated_us or 0) // 1_000_000,
        # Not before its time.
        sunset=-(-(release.sunset_us or 0) // 1_000_000),
        successor=release.successor or "",
        retired=design is None,
    )


def _deployments(
    places: Iterable[Place], custom: str | None, providers: Mapping[str, Provider]
) -> tuple[published.Deployment, ...]:
    return tuple(
        published.Deployment(
            id=d.id,
            name=f"{providers[d.provider_id].name}/{d.model}" if d.model else providers[d.provider_id].name,
            account_id=d.provider_id,
            model=d.model,
            weight=d.weight,
            facts=facts(providers[d.provider_id].vendor, d.model) if custom is None else custom_facts(custom),
        )
        for d in places
    )


def compile_account(provider: Provider) -> published.Account:
    """A provider account as gates see it, whether one of its services can be called or not."""
    vendor, options = VENDORS[provider.vendor], places.opened(provider.options)
    credential = provider.sealed_key is not None
    spoken = places.doors(vendor, provider.base_url, places.opened(provider.bases), provider.dialect, options)
    doors = tuple(
        published.Door(dialect, base_url, places.auth_of(vendor, dialect, credential=credential))
        for dialect, base_url in spoken.items()
    )
    # A vendor of no dialect is only called by custom models.
    first = (
        doors[0] if doors else published.Door("", provider.base_url, places.auth_of(vendor, "", credential=credential))
    )
    return published.Account(
        id=provider.id,
        name=provider.name,
        vendor=provider.vendor,
        base_url=first.base_url,
        auth=first.auth,
        sealed_key=provider.sealed_key,
        ca_pem=provider.ca_pem,
        proxy=provider.proxy,
        connect_timeout_seconds=provider.connect_timeout_seconds,
        first_byte_timeout_seconds=provider.first_byte_timeout_seconds,
        idle_timeout_seconds=provider.idle_timeout_seconds,
        total_timeout_seconds=provider.total_timeout_seconds,
        stream_usage=vendor.stream_usage if provider.stream_usage is None else provider.stream_usage,
        doors=doors,
        headers=dict(vendor.headers),
        quirks=tuple(sorted(vendor.quirks)),
        options=options,
    )


def _limits(limits: dict[str, list[Limit]], owner_id: str, noun: str, name: str) -> tuple[published.Limit, ...]:
    found = limits.get(owner_id)
    if found is None:
        return ()
    return tuple(
        published.Limit(
            id=f"{owner_id}:{limit.kind}:{limit.period_seconds}",
            kind="requests" if limit.kind == "requests" else "concurrency",
            amount=limit.amount,
            period_seconds=limit.period_seconds,
            owner=f"{noun} {name}",
        )
        for limit in found
    )


def problems(offers: Iterable[Offer], providers: Mapping[str, Provider]) -> list[str]:
    """Why these could not be served, one sentence part each."""
    # Every active service counts, called or not: a broken one must be refused to whoever breaks it, not to who subscribes later.
    reasons: list[str] = []
    used: set[str] = set()
    for offer in offers:
        name = offer.service.name
        if not offer.releases and not any(deployment.weight for deployment in offer.deployments):
            reasons.append(f"the service {name} has no deployment with a weight above 0")
        reasons.extend(release_problems(name, offer.releases))
        for deployment in offer.deployments:
            used.add(deployment.provider_id)
            provider = providers.get(deployment.provider_id)
            if provider is None:
                reasons.append(f"the service {name} uses a provider account that there is not")
            elif provider.team_id is not None and provider.team_id != offer.service.team_id:
                reasons.append(f"the service {name} uses a provider account of another team")
    found = ((provider, provider_problem(provider)) for id_, provider in providers.items() if id_ in used)
    reasons.extend(f"the provider {provider.name} cannot be used: {why}" for provider, why in found if why)
    return reasons


def provider_problem(provider: Provider) -> str | None:
    """Why gates could not use this provider account; None when they can."""
    if provider.vendor not in VENDORS:
        return f"{provider.vendor} is not a known vendor"
    if provider.vendor != "demo" and (problem := url_problem(provider.base_url)):
        return f"its base_url: {problem}"
    for dialect, base_url in places.opened(provider.bases).items():
        if problem := places.dialect_problem(dialect) or url_problem(base_url):
            return f"its bases: {problem}"
    if provider.dialect is not None and (problem := places.dialect_problem(provider.dialect)):
        return f"its dialect: {problem}"
    if provider.ca_pem is not None and (problem := ca_problem(provider.ca_pem)):
        return f"its ca: {problem}"
    return None


def _closed(provider: Provider, master: MasterKey) -> str | None:
    if provider.sealed_key is None:
        return None
    try:
        master.open(provider.sealed_key, provider.id)
    except MasterKeyError as error:
        return str(error)
    return None


def _grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[str, list[Row]]:
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups
