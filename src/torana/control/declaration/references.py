"""Checks of a declaration as a whole: names given once, references that lead somewhere, vendors that exist."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

import msgspec

from torana.control.access.roles import PLATFORM_ROLES, TEAM_ROLES
from torana.control.declaration.problems import Place, Problems, quoted
from torana.control.declaration.shape import (
    Declaration,
    IssuerDeclared,
    Named,
    ProviderDeclared,
    RoleDeclared,
    ServiceDeclared,
    TeamDeclared,
    WebhookDeclared,
)
from torana.control.issuers.rules import MOST_ALIKE
from torana.control.providers.places import places_in

MOST_WEBHOOKS = 20
MOST_ISSUERS = 1_000
_SHOWN = 5


class VendorFacts(msgspec.Struct, frozen=True):
    """What a file has to know about a vendor."""

    base_url: str | None
    """The vendor's own, with places for options such as `{region}`; None: the file has to give one; empty: there is none."""
    options: tuple[str, ...] = ()
    """Names of the options that an account may have."""
    needed: tuple[str, ...] = ()
    """Those that the credential cannot do without."""
    credential: bool = False
    """Whether nothing can be called at that address without one."""


class Surroundings(msgspec.Struct, frozen=True):
    """What a file may refer to besides its own entries: made by init or by hand, so an apply leaves it in place."""

    vendors: Mapping[str, VendorFacts] = {}
    providers: frozenset[str] = frozenset()
    services: Mapping[str, str] = {}
    """Service name to the team whose own it is; empty where every team may subscribe."""
    shared: Mapping[str, frozenset[str]] = {}
    """Of services with the visibility `teams`: the teams that may subscribe."""
    aliases: Mapping[str, str] = {}
    """Alias to the name of its service."""
    teams: frozenset[str] = frozenset()
    roles: frozenset[tuple[str, str]] = frozenset()
    """Custom roles with the team whose each is; empty for the platform's."""
    identity_providers: frozenset[str] = frozenset()


def check_references(declaration: Declaration, around: Surroundings, problems: Problems) -> None:
    """Note every problem between the entries of one file, and between them and what is around."""
    providers = around.providers | _once(((p.name, p.place) for p in declaration.providers), "provider", problems)
    teams = around.teams | _once(((t.name, t.place) for t in declaration.teams), "team", problems)
    services = _services(declaration.services, around, problems)
    for provider in declaration.providers:
        _check_provider(provider, around, problems)
    for service in declaration.services:
        _check_service(service, providers, teams, problems)
    for team in declaration.teams:
        _check_team(team, services, problems)
    _check_prices(declaration, around.vendors, providers, problems)
    _check_roles(declaration.roles, around, teams, problems)
    _check_owned(declaration.webhooks, "webhook", MOST_WEBHOOKS, teams, problems)
    _check_owned(declaration.issuers, "issuer", MOST_ISSUERS, teams, problems)
    _check_groups(declaration, around, teams, problems)
    alike = Counter(issuer.issuer for issuer in declaration.issuers)
    for issuer in declaration.issuers:
        if alike[issuer.issuer] > MOST_ALIKE:
            problems.add(issuer.place, f"at most {MOST_ALIKE} have the same issuer")


def _once(named: Iterable[tuple[str, Place]], what: str, problems: Problems) -> set[str]:
    seen: dict[str, Place] = {}
    for name, place in named:
        if name in seen and name:
            problems.add(place, f"there is already {_a(what)} {quoted(name)}, in line {seen[name].line}")
        seen.setdefault(name, place)
    return set(seen)


def _a(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def _known(reference: Named, what: str, known: Collection[str], problems: Problems) -> None:
    if reference.name and reference.name not in known:
        problems.add(
            reference.place, f"there is no {what} {quoted(reference.name)}{problems.suggestion(reference.name, known)}"
        )


def _services(
    services: tuple[ServiceDeclared, ...], around: Surroundings, problems: Problems
) -> dict[str, frozenset[str] | None]:
    """Services with the teams that may subscribe; None is every team. A name or alias leads to one service only."""
    names = _once(((service.name, service.place) for service in services), "service", problems)
    taken = {alias: name for alias, name in around.aliases.items() if name not in names}
    taken |= {name: name for name in around.services} | {name: name for name in names}
    for service in services:
        for alias in service.aliases:
            holder = taken.setdefault(alias.name, service.name)
            if holder != service.name or alias.name == service.name:
                problems.add(alias.place, f"{quoted(alias.name)} is already a name of the service {quoted(holder)}")
    there = {name: frozenset((team,)) if team else None for name, team in around.services.items()}
    return {**there, **around.shared, **{service.name: _seen_by(service) for service in services}}


def _seen_by(service: ServiceDeclared) -> frozenset[str] | None:
    if service.visibility not in ("team", "teams"):
        return None
    own = (service.team.name,) if service.team else ()
    return frozenset((*own, *(team.name for team in service.shared_with)))


def _check_provider(provider: ProviderDeclared, around: Surroundings, problems: Problems) -> None:
    _known(provider.vendor, "vendor", around.vendors, problems)
    facts = around.vendors.get(provider.vendor.name)
    if facts is None:
        return
    vendor = f"the vendor {quoted(provider.vendor.name)}"
    for name, value in provider.options.items():
        if name not in facts.options:
            problems.add(value.place, f"{vendor} has no such option; it has {', '.join(facts.options) or 'none'}")
    needed = dict.fromkeys(facts.needed, "the credential of")
    if provider.base_url is None and facts.base_url is None:
        problems.add(provider.place, f"base_url is missing; {vendor} has no address of its own")
    elif provider.base_url is None and facts.base_url is not None:
        needed = dict.fromkeys(places_in(facts.base_url), "the address of") | needed
    for name, what in needed.items():
        if name not in provider.options:
            instead = ", or base_url" if what == "the address of" else ""
            problems.add(provider.place, f"options.{name}{instead} is missing; {what} {vendor} needs it")
    given = provider.api_key is not None or provider.base_url is not None or provider.name in around.providers
    if facts.credential and not given:
        problems.add(provider.place, f"api_key is missing; {vendor} answers nobody without a credential")


def _check_service(
    service: ServiceDeclared, providers: Collection[str], teams: Collection[str], problems: Problems
) -> None:
    seen: dict[tuple[str, str], Place] = {}
    for deployment in service.deployments:
        _known(deployment.provider, "provider", providers, problems)
        key = (deployment.provider.name, deployment.model)
        if key in seen and all(key):
            problems.add(deployment.place, f"this provider and model are already listed in line {seen[key].line}")
        seen.setdefault(key, deployment.place)
    if service.deployments and not any(deployment.weight for deployment in service.deployments):
        problems.add(service.place, "every deployment has the weight 0; at least one needs more")
    if service.team is not None:
        _known(service.team, "team", teams, problems)
    elif service.visibility == "team":
        problems.add(service.place, "visibility: team needs the field team, to say which one")
    for team in service.shared_with:
        _known(team, "team", teams, problems)
        if service.visibility != "teams":
            problems.add(team.place, "a list of teams belongs to visibility: teams")
    _once(((plan.name, plan.place) for plan in service.plans), "plan", problems)


def _check_team(team: TeamDeclared, services: Mapping[str, frozenset[str] | None], problems: Problems) -> None:
    _once(((app.name, app.place) for app in team.apps), "app", problems)
    for app in team.apps:
        _once(((key.name, key.place) for key in app.keys), "key", problems)
        for subscription in app.subscriptions:
            service = subscription.service
            _known(service, "service", services, problems)
            seen = services.get(service.name)
            if seen is not None and team.name not in seen:
                problems.add(service.place, f"{quoted(service.name)} is {_only_for(seen)}")


def _only_for(teams: Collection[str]) -> str:
    shown = sorted(teams)[:_SHOWN]
    if len(shown) < 2:
        return f"only for the team {quoted(shown[0])}" if shown else "shared with no team"
    return f"only for the teams {', '.join(map(quoted, shown))}" + (" and others" if len(teams) > _SHOWN else "")


def _check_prices(
    declaration: Declaration, vendors: Mapping[str, VendorFacts], providers: Collection[str], problems: Problems
) -> None:
    seen: dict[tuple[str, str, str], Place] = {}
    for price in declaration.prices:
        if price.vendor is not None:
            _known(price.vendor, "vendor", vendors, problems)
        if price.provider is not None:
            _known(price.provider, "provider", providers, problems)
        key = (price.vendor.name if price.vendor else "", price.provider.name if price.provider else "", price.model)
        if key in seen:
            problems.add(price.place, f"there is already a price of this model, in line {seen[key].line}")
        seen.setdefault(key, price.place)


def _check_roles(
    roles: tuple[RoleDeclared, ...], around: Surroundings, teams: Collection[str], problems: Problems
) -> None:
    """A name means one role: no team may call one like one of the platform, which its members may have."""
    seen: dict[tuple[str, str], Place] = {}
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for name, team in around.roles:
        holders[name].add(team)
    for role in roles:
        if role.team is not None:
            _known(role.team, "team", teams, problems)
        team = role.team.name if role.team else ""
        if (role.name, team) in seen and role.name:
            line = seen[role.name, team].line
            problems.add(role.place, f"there is already a role {quoted(role.name)}, in line {line}")
        seen.setdefault((role.name, team), role.place)
        holders[role.name].add(team)
    for (name, team), place in seen.items():
        if name and len(holders[name]) > 1 and (not team or "" in holders[name]):
            problems.add(place, f"the platform and a team cannot both have a role {quoted(name)}")


def _check_owned(
    things: Iterable[WebhookDeclared | IssuerDeclared], what: str, most: int, teams: Collection[str], problems: Problems
) -> None:
    """Names are given once in a team, and of one team there are not too many."""
    seen: defaultdict[str, dict[str, Place]] = defaultdict(dict)
    for one in things:
        if one.team is not None:
            _known(one.team, "team", teams, problems)
        mine = seen[one.team.name if one.team else ""]
        if one.name in mine and one.name:
            problems.add(one.place, f"there is already {_a(what)} {quoted(one.name)}, in line {mine[one.name].line}")
        mine.setdefault(one.name, one.place)
        if len(mine) == most + 1:
            problems.add(one.place, f"a team has at most {most} {what}s")


def _check_groups(declaration: Declaration, around: Surroundings, teams: Collection[str], problems: Problems) -> None:
    providers = ((one.name, one.place) for one in declaration.identity_providers)
    sources = around.identity_providers | _once(providers, "identity provider", problems) | {"scim"}
    roles = around.roles | {(role.name, role.team.name if role.team else "") for role in declaration.roles}
    seen: dict[tuple[str, str, str, str], Place] = {}
    for one in declaration.group_roles:
        _known(one.source, "identity provider", sources, problems)
        if one.team is not None:
            _known(one.team, "team", teams, problems)
        team = one.team.name if one.team else ""
        custom = {name for name, owner in roles if owner in ("", team)}
        _known(one.role, "role", custom | (TEAM_ROLES if team else PLATFORM_ROLES).keys(), problems)
        key = (one.source.name, one.group, team, one.role.name)
        if key in seen and all((one.source.name, one.group, one.role.name)):
            problems.add(one.place, f"the same stands in line {seen[key].line}")
        seen.setdefault(key, one.place)
