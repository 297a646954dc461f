"""Whose tokens stand for apps, in torana.yaml. In the words of the admin API."""

from torana.control.declaration import words
from torana.control.declaration.custom import plain_data
from torana.control.declaration.document import Node
from torana.control.declaration.fields import Fields
from torana.control.declaration.problems import Place, Problems
from torana.control.declaration.shape import IssuerDeclared, Named
from torana.control.issuers.jwks import JwksError, stored, usable
from torana.control.issuers.rules import MOST_APPS, MOST_AUDIENCES, uri_problem

_MOST_TEXT = 500
_MOST_VALUES = 2_000
"""Of a JWK Set, which has at most 50 keys."""


def issuer_of(problems: Problems, node: Node, place: Place) -> IssuerDeclared:
    """An entry of `issuers`."""
    fields = Fields(node, place, problems, words.ISSUER)
    if isinstance(node.value, dict) and ("jwks" in fields) == ("jwks_uri" in fields):
        problems.add(place, "give either jwks, with the public keys, or jwks_uri, where they are")
    uri = fields.text("jwks_uri")
    if uri is not None and (problem := uri_problem(uri)):
        fields.say("jwks_uri", problem)
    return IssuerDeclared(
        name=fields.name("name"),
        team=fields.named("team"),
        issuer=fields.text("issuer", required=True, most=_MOST_TEXT) or "",
        audiences=_audiences(fields, problems),
        claim=fields.text("claim", required=True, most=200) or "",
        apps=_apps(fields, problems),
        jwks=_keys(fields, problems),
        jwks_uri=uri,
        place=place,
    )


def _audiences(fields: Fields, problems: Problems) -> tuple[str, ...]:
    found = fields.names("audiences")
    for one in found:
        if len(one.name) > _MOST_TEXT:
            problems.add(one.place, f"has to be 1 to {_MOST_TEXT} printable characters")
    if not 1 <= len(found) <= MOST_AUDIENCES:
        fields.say("audiences", f"has to list 1 to {MOST_AUDIENCES}; one of them has to be in aud")
    return tuple(one.name for one in found)


def _apps(fields: Fields, problems: Problems) -> dict[str, Named]:
    found = fields.node("apps")
    if found is None:
        fields.say("apps", "is missing; it says which value of the claim is which app")
        return {}
    node, place = found
    values = tuple(node.value) if isinstance(node.value, dict) else ("VALUE",)
    inner = Fields(node, place, problems, values)
    if len(values) > MOST_APPS:
        fields.say("apps", f"has at most {MOST_APPS} entries")
    for value in values:
        if not 1 <= len(value) <= _MOST_TEXT or not value.isprintable():
            inner.say(value, f"a value of the claim has 1 to {_MOST_TEXT} printable characters")
    named = {value: inner.named(value) for value in values}
    return {value: app for value, app in named.items() if app is not None}


def _keys(fields: Fields, problems: Problems) -> str | None:
    found = fields.node("jwks")
    if found is None:
        return None
    node, place = found
    try:
        if node.size > _MOST_VALUES:
            raise JwksError(f"it holds more than {_MOST_VALUES} values")
        return stored(usable(plain_data(node)))
    except JwksError as error:
        problems.add(place, f"the keys cannot be used: {error}")
        return None
