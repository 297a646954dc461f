"""Issuers: made, found, changed, removed, and their public keys fetched.

A team's own issuer stands for apps of that team only; the platform's for any. Which it is decides at publishing, not here alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from torana.control.access.names import check_name
from torana.control.access.scope import PLATFORM, Scope, of_team
from torana.control.apps import service as apps
from torana.control.issuers import repository
from torana.control.issuers.jwks import JwksError, PublicKey, opened, stored, usable
from torana.control.issuers.repository import Issuer, Named
from torana.control.issuers.rules import MOST_ALIKE, MOST_APPS, MOST_AUDIENCES, uri_problem
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection

__all__ = [
    "MOST_APPS",
    "MOST_AUDIENCES",
    "Draft",
    "Issuer",
    "Named",
    "PublicKey",
    "apps_of",
    "audiences_of",
    "change",
    "create",
    "find",
    "keys_of",
    "listed",
    "page",
    "remove",
]

_MOST_TEXT = 500

listed = repository.listed
page = repository.paged
_decode_apps = msgspec.json.Decoder(dict[str, str]).decode
_decode_audiences = msgspec.json.Decoder(tuple[str, ...]).decode


class Draft(NamedTuple):
    """What an issuer is to be. Exactly one of `jwks` (a JWK Set) and `jwks_uri` is given."""

    name: str
    issuer: str
    audiences: Sequence[str]
    claim: str
    apps: Mapping[str, str]
    """The claim's value to an app: its id, `team/name`, or its name."""
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    team_id: str | None = None
    """None is the platform's."""


async def create(connection: Connection, draft: Draft) -> Issuer:
    """A new issuer. Raises Refusal."""
    if await repository.by_name(connection, draft.team_id, check_name(draft.name)) is not None:
        raise Refusal("already_exists", noun="issuer", name=draft.name)
    if await repository.count(connection, draft.issuer) >= MOST_ALIKE:
        raise Refusal("invalid_field", param="issuer", reason=f"there are {MOST_ALIKE} with this issuer already")
    if (draft.jwks is None) == (draft.jwks_uri is None):
        raise Refusal("invalid_field", param="jwks", reason="give either jwks or jwks_uri")
    asked = {"audiences": draft.audiences, "claim": draft.claim, "apps": draft.apps}
    keys = {"jwks": draft.jwks} if draft.jwks is not None else {"jwks_uri": draft.jwks_uri}
    values = await _columns(connection, draft.team_id, {**asked, **keys})
    issuer = Issuer(
        id=new_id("issuer"),
        team_id=draft.team_id,
        name=draft.name,
        issuer=_text(draft.issuer, "issuer"),
        created_us=epoch_us(),
        **values,
    )
    await repository.add(connection, issuer)
    return issuer


async def find(connection: Connection, scope: Scope, issuer_id: str) -> Named:
    """The issuer with this id, within the scope. Raises Refusal `not_found`."""
    # PostgreSQL takes no text with a NUL, and no id holds one.
    found = await repository.find(connection, scope, issuer_id.replace("\0", "?"))
    if found is None:
        raise Refusal("not_found", noun="issuer", name=issuer_id[:200])
    return found


async def change(connection: Connection, issuer: Issuer, asked: Mapping[str, Any]) -> Issuer:
    """The issuer with another `name`, `audiences`, `claim`, `apps`, `jwks` or `jwks_uri`, whichever are given. Raises Refusal."""
    name = asked.get("name", issuer.name)
    if name != issuer.name and await repository.by_name(connection, issuer.team_id, check_name(name)) is not None:
        raise Refusal("already_exists", noun="issuer", name=name)
    if "jwks" in asked and "jwks_uri" in asked:
        raise Refusal("invalid_field", param="jwks", reason="give either jwks or jwks_uri")
    values = {"name": name, **await _columns(connection, issuer.team_id, asked)}
    await repository.change(connection, issuer.id, values)
    return msgspec.structs.replace(issuer, **values)


async def remove(connection: Connection, issuer: Issuer) -> None:
    """Delete an issuer: its tokens count no more."""
    await repository.remove(connection, issuer.id)


def audiences_of(issuer: Issuer) -> tuple[str, ...]:
    """One of these has to be in `aud`."""
    return _decode_audiences(issuer.audiences)


def apps_of(issuer: Issuer) -> dict[str, str]:
    """The claim's values with ids of apps, which may have been deleted since."""
    return _decode_apps(issuer.apps)


def keys_of(issuer: Issuer) -> tuple[PublicKey, ...]:
    """Its public keys; none until they were fetched."""
    return opened(issuer.jwks)


async def _columns(connection: Connection, team_id: str | None, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Columns for what is asked. Raises Refusal."""
    values: dict[str, Any] = {}
    if "claim" in asked:
        values["claim"] = _text(asked["claim"], "claim", 200)
    if "audiences" in asked:
        listed_once = dict.fromkeys(asked["audiences"])
        if not 1 <= len(listed_once) <= MOST_AUDIENCES:
            raise Refusal("invalid_field", param="audiences", reason=f"expected 1 to {MOST_AUDIENCES}")
        values["audiences"] = msgspec.json.encode([_text(one, "audiences") for one in listed_once]).decode()
    if "apps" in asked:
        values["apps"] = await _mapping(connection, team_id, asked["apps"])
    if "jwks" in asked:
        try:
            values["jwks"] = stored(usable(asked["jwks"]))
        except JwksError as error:
            raise Refusal("invalid_field", param="jwks", reason=str(error)) from None
        values |= {"jwks_uri": None, "fetched_us": None, "tried_us": None, "problem": None}
    if "jwks_uri" in asked:
        values |= {"jwks_uri": _uri(asked["jwks_uri"]), "jwks": None}
        values |= {"fetched_us": None, "tried_us": None, "problem": None}
    return values


async def _mapping(connection: Connection, team_id: str | None, asked: Mapping[str, str]) -> str:
    if len(asked) > MOST_APPS:
        raise Refusal("invalid_field", param="apps", reason=f"expected at most {MOST_APPS}")
    scope = PLATFORM if team_id is None else of_team(team_id)
    found: dict[str, str] = {}
    for value, reference in asked.items():
        found[_text(value, "apps")] = (await apps.find(connection, scope, reference)).app.id
    return msgspec.json.encode(found).decode()


def _text(text: str, param: str, most: int = _MOST_TEXT) -> str:
    if not 1 <= len(text) <= most or not text.isprintable():
        raise Refusal("invalid_field", param=param, reason=f"expected 1 to {most} visible characters")
    return text


def _uri(uri: str) -> str:
    if problem := uri_problem(_text(uri, "jwks_uri", 2000)):
        raise Refusal("invalid_field", param="jwks_uri", reason=problem)
    return uri
