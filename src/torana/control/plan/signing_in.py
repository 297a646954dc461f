"""Identity providers and what their groups give: as they are, as they are declared, and made so by what the admin API does."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from torana.control.access.actor import Actor
from torana.control.declaration.outside import OutsideValues
from torana.control.declaration.problems import Problems
from torana.control.declaration.shape import Declaration, GroupRoleDeclared, IdentityProviderDeclared
from torana.control.groups import service as groups
from torana.control.groups.service import GroupRole
from torana.control.identity import service as identity
from torana.control.identity.service import Options, Provider
from torana.control.plan.apart import owned_name
from torana.control.plan.repository import Row, Stored
from torana.control.plan.terms import fingerprint
from torana.control.plan.things import FieldValue, Kind, Thing, flag_text, listed
from torana.control.providers.service import ca_problem
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey, MasterKeyError
from torana.stores.sql.engine import Connection

KINDS: tuple[Kind, ...] = ("identity_provider", "group_role")


class ProviderWanted(msgspec.Struct, frozen=True):
    """An identity provider as it is to be."""

    declared: IdentityProviderDeclared
    secret: Secret | None
    options: Options


class SigningIn(msgspec.Struct, frozen=True):
    """What is declared, by its name in a plan."""

    providers: Mapping[str, ProviderWanted] = {}
    group_roles: Mapping[str, GroupRoleDeclared] = {}

    def things(self) -> Iterable[Thing]:
        """To be compared with what is there."""
        for name, one in self.providers.items():
            declared = one.declared
            fields = _provider_fields(declared.issuer.name, declared.client_id, one.secret, one.options)
            yield Thing("identity_provider", name, fields)
        for name, given in self.group_roles.items():
            team = given.team.name if given.team else None
            yield Thing("group_role", name, _given_fields(given.source.name, given.group, team, given.role.name))


def standing(stored: Stored, master: MasterKey) -> Iterable[Thing]:
    """What is there."""
    teams = {row["id"]: row["name"] for row in stored.teams}
    for row in stored.identity_providers:
        provider = Provider(**row)
        fields = _provider_fields(provider.issuer, provider.client_id, _secret(master, provider), provider.said)
        yield _thing("identity_provider", row, row["name"], fields, stored)
    for row in stored.group_roles:
        team = teams.get(row["team_id"])
        name = _given_name(row["source"], row["group_name"], team, row["role"])
        fields = _given_fields(row["source"], row["group_name"], team, row["role"])
        yield _thing("group_role", row, name, fields, stored)


def declared_sign_in(declaration: Declaration, values: OutsideValues, stored: Stored, problems: Problems) -> SigningIn:
    """What is declared. Values that cannot be used are added to `problems`."""
    issuers = {row["name"]: row["issuer"] for row in stored.identity_providers}
    providers: dict[str, ProviderWanted] = {}
    for one in declaration.identity_providers:
        if issuers.get(one.name, one.issuer.name) != one.issuer.name:
            problems.add(
                one.issuer.place, "the issuer stays what it was: whom it means is another there; give another name"
            )
        ca = values.of(one.ca)
        if ca is not None and one.ca is not None and (problem := ca_problem(ca.reveal())):
            problems.add(one.ca.place, f"the file cannot be used: {problem}")
        providers[one.name] = ProviderWanted(one, values.of(one.client_secret), _options(one, ca))
    given = {
        _given_name(one.source.name, one.group, one.team.name if one.team else None, one.role.name): one
        for one in declaration.group_roles
    }
    return SigningIn(providers, given)


class SignInWriter:
    """Makes, changes and removes, each with what follows for people. Raises Refusal where the actor lacks what they would give."""

    def __init__(
        self, connection: Connection, master: MasterKey, actor: Actor, stored: Stored, after: SigningIn
    ) -> None:
        self.connection = connection
        self.master = master
        self.actor = actor
        self.after = after
        self.providers = {row["id"]: Provider(**row) for row in stored.identity_providers}
        self.group_roles = {row["id"]: GroupRole(**row) for row in stored.group_roles}

    async def create(self, kind: Kind, name: str, teams: Mapping[str, str]) -> str:
        """A new one; its id. `teams` are ids by name."""
        if kind == "group_role":
            given = self.after.group_roles[name]
            team_id = teams[given.team.name] if given.team else None
            made = await groups.give(
                self.connection, self.actor, given.source.name, given.group, team_id, given.role.name
            )
            return made.id
        wanted = self.after.providers[name]
        provider = await identity.create(
            self.connection,
            self.master,
            self.actor,
            name=name,
            issuer=wanted.declared.issuer.name,
            client_id=wanted.declared.client_id,
            client_secret=wanted.secret,
            options=wanted.options,
        )
        return provider.id

    async def change(self, name: str, provider_id: str) -> None:
        """An identity provider that is declared otherwise: nothing of a group's role can be."""
        wanted = self.after.providers[name]
        fields = msgspec.structs.asdict(wanted.options)
        del fields["reach"]
        fields |= {"client_id": wanted.declared.client_id, "client_secret": wanted.secret}
        await identity.change(self.connection, self.master, self.actor, self.providers[provider_id], fields)

    async def remove(self, kind: Kind, ids: Collection[str]) -> None:
        """Those that the file no longer names."""
        for one in ids:
            if kind == "group_role":
                await groups.take(self.connection, self.group_roles[one])
            else:
                await identity.remove(self.connection, self.providers[one])


def _thing(kind: Kind, row: Row, name: str, fields: Mapping[str, FieldValue], stored: Stored) -> Thing:
    return Thing(kind, name, fields, id=row["id"], managed=row["id"] in stored.declared)


def _options(declared: IdentityProviderDeclared, ca: Secret | None) -> Options:
    given: dict[str, Any] = {} if declared.scopes is None else {"scopes": declared.scopes}
    return Options(
        **given,
        groups_claim=declared.groups_claim,
        create_users=declared.create_users,
        email_domains=declared.email_domains,
        trust_unverified_emails=declared.trust_unverified_emails,
        hosts=declared.hosts,
        ca=None if ca is None else ca.reveal(),
        public_url=declared.public_url,
    )


def _provider_fields(issuer: str, client_id: str, secret: Secret | None, options: Options) -> dict[str, FieldValue]:
    return {
        "issuer": issuer,
        "client_id": client_id,
        "client_secret": secret,
        "scopes": listed(sorted({"openid", *options.scopes})),
        "groups_claim": options.groups_claim,
        "create_users": flag_text(options.create_users),
        "email_domains": listed(sorted(set(options.email_domains))),
        "trust_unverified_emails": flag_text(options.trust_unverified_emails),
        "hosts": listed(sorted(set(options.hosts))),
        "ca": fingerprint(None if options.ca is None else options.ca.strip()),
        "public_url": options.public_url,
    }


def _given_name(source: str, group: str, team: str | None, role: str) -> str:
    return owned_name(f"{source} {json.dumps(group, ensure_ascii=False)} → {role}", team or "")


def _given_fields(source: str, group: str, team: str | None, role: str) -> dict[str, FieldValue]:
    return {"source": source, "group": group, "team": team, "role": role}


def _secret(master: MasterKey, provider: Provider) -> Secret | None:
    """None also of one that cannot be opened, so that a file can give it anew."""
    try:
        return identity.secret_of(master, provider)
    except MasterKeyError:
        return None
