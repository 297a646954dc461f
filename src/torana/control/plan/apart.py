"""Things that stand beside services and apps: custom roles, webhooks and issuers. What is there, and what is declared."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from torana.control.declaration.outside import OutsideValues
from torana.control.declaration.problems import Problems, quoted
from torana.control.declaration.shape import Declaration, IssuerDeclared, RoleDeclared, WebhookDeclared
from torana.control.plan.repository import Row, Stored
from torana.control.plan.terms import fingerprint, prose_text
from torana.control.plan.things import FieldValue, Kind, Thing, listed
from torana.control.webhooks import service as webhooks
from torana.control.webhooks.address import url_problem
from torana.control.webhooks.sign import secret_problem
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey, MasterKeyError

KINDS: tuple[Kind, ...] = ("role", "webhook", "issuer")


class Apart(msgspec.Struct, frozen=True):
    """One such thing as it is to be."""

    name: str
    """Its own; in a plan its team's stands behind it."""
    team: str | None
    fields: Mapping[str, FieldValue]
    columns: Mapping[str, Any]
    secret: Secret | None = None
    """What is sealed."""
    apps: Mapping[str, str] = {}
    """Of an issuer: values of its claim to apps, as `team/name`."""
    keys: Mapping[str, str | None] = {}
    """Of an issuer: where its keys are, and those that were given."""


def owned_name(name: str, team: str) -> str:
    """A name in a plan: with its team where one owns it."""
    return f"{name} (team {team})" if team else name


def standing(stored: Stored, master: MasterKey) -> Iterable[Thing]:
    """What is there."""
    teams = {row["id"]: row["name"] for row in stored.teams}

    def thing(kind: Kind, row: Row, fields: Mapping[str, FieldValue]) -> Thing:
        name = owned_name(row["name"], teams.get(row["team_id"], ""))
        return Thing(kind, name, fields, id=row["id"], managed=row["id"] in stored.declared)

    for row in stored.roles:
        yield thing("role", row, _role_fields(row["description"], _texts(row["permissions"])))
    for row in stored.webhooks:
        fields = _webhook_fields(row["url"], _texts(row["events"]), _secret_of(master, row))
        yield thing("webhook", row, fields)
    names = {row["id"]: f"{teams[row['team_id']]}/{row['name']}" for row in stored.apps}
    for row in stored.issuers:
        apps: dict[str, str] = msgspec.json.decode(row["apps"])
        named = {value: names.get(app_id, app_id) for value, app_id in apps.items()}
        keys = None if row["jwks_uri"] else row["jwks"]
        fields = _issuer_fields(row["issuer"], _texts(row["audiences"]), row["claim"], named, row["jwks_uri"], keys)
        yield thing("issuer", row, fields)


def declared_apart(
    declaration: Declaration, values: OutsideValues, problems: Problems, apps: Collection[str]
) -> dict[tuple[Kind, str], Apart]:
    """What is declared, in the order of the file. Values that cannot be used are added to `problems`.

    `apps` are all that there will be, as `team/name`.
    """
    found: dict[tuple[Kind, str], Apart] = {}
    for role in declaration.roles:
        found["role", _name(role)] = _role(role)
    for webhook in declaration.webhooks:
        found["webhook", _name(webhook)] = _webhook(webhook, values, problems)
    for issuer in declaration.issuers:
        found["issuer", _name(issuer)] = _issuer(issuer, problems, apps)
    return found


def _name(declared: RoleDeclared | WebhookDeclared | IssuerDeclared) -> str:
    return owned_name(declared.name, declared.team.name if declared.team else "")


def _role(declared: RoleDeclared) -> Apart:
    permissions = sorted(one.name for one in declared.permissions)
    return Apart(
        name=declared.name,
        team=declared.team.name if declared.team else None,
        fields=_role_fields(declared.description, permissions),
        columns={"description": declared.description, "permissions": _array(permissions)},
    )


def _webhook(declared: WebhookDeclared, values: OutsideValues, problems: Problems) -> Apart:
    url = declared.url if isinstance(declared.url, str) else (values.of(declared.url) or Secret("")).reveal()
    # Whether it may be called here, and where its name leads, is looked at when it is called.
    if problem := url_problem(url, loopback=True):
        problems.add(declared.url_place, f"the address cannot be used: {problem}")
    secret = values.of(declared.secret)
    if secret is not None and declared.secret is not None and (problem := secret_problem(secret)):
        problems.add(declared.secret.place, f"the secret cannot be used: {problem}")
    events = sorted(one.name for one in declared.events)
    return Apart(
        name=declared.name,
        team=declared.team.name if declared.team else None,
        fields=_webhook_fields(url, events, secret),
        columns={"url": url, "events": _array(events)},
        secret=secret,
    )


def _issuer(declared: IssuerDeclared, problems: Problems, known: Collection[str]) -> Apart:
    own = declared.team.name if declared.team else None
    apps: dict[str, str] = {}
    for value, reference in declared.apps.items():
        apps[value] = name = f"{own}/{reference.name}" if own and "/" not in reference.name else reference.name
        if name not in known:
            hint = problems.suggestion(name, known)
            problems.add(reference.place, f"there is no app {quoted(name)}{hint}; an app is named TEAM/APP")
        elif own is not None and name.partition("/")[0] != own:
            problems.add(reference.place, f"tokens of an issuer of the team {quoted(own)} stand for its own apps only")
    audiences = list(declared.audiences)
    return Apart(
        name=declared.name,
        team=own,
        fields=_issuer_fields(declared.issuer, audiences, declared.claim, apps, declared.jwks_uri, declared.jwks),
        columns={"issuer": declared.issuer, "audiences": _array(audiences), "claim": declared.claim},
        apps=apps,
        keys={"jwks_uri": declared.jwks_uri, "jwks": declared.jwks},
    )


def _issuer_fields(
    issuer: str, audiences: list[str], claim: str, apps: Mapping[str, str], uri: str | None, keys: str | None
) -> dict[str, FieldValue]:
    return {
        "issuer": issuer,
        "audiences": json.dumps(sorted(audiences)),
        "claim": claim,
        "apps": json.dumps(dict(sorted(apps.items()))),
        "jwks_uri": uri,
        "jwks": fingerprint(keys),
    }


def _role_fields(description: str | None, permissions: list[str]) -> dict[str, FieldValue]:
    return {"description": prose_text(description), "permissions": listed(sorted(permissions))}


def _webhook_fields(url: str, events: list[str], secret: Secret | None) -> dict[str, FieldValue]:
    # A query may hold a secret.
    shown: FieldValue = Secret(url) if "?" in url else url
    return {"url": shown, "events": listed(sorted(events)), "secret": secret}


def _secret_of(master: MasterKey, row: Row) -> Secret | None:
    """None of one that cannot be opened, so that a file can give it anew."""
    try:
        return webhooks.secret_of(master, row["id"], row["sealed_secret"])
    except MasterKeyError:
        return None


def _texts(array: str) -> list[str]:
    return msgspec.json.decode(array, type=list[str])


def _array(texts: list[str]) -> str:
    return msgspec.json.encode(texts).decode()
