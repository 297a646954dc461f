"""Law 6 at the admin API: no id, name or secret of one team is told to another, and another team's thing answers 404.

Driven by the OpenAPI document: an operation or field that is added is asked for here too, or this fails until the tables below
say what it takes. Somebody with every role in team two, and none in team one, sends what team one has in each place where an
operation takes an id or a name: the answer is the one that is given for what never was, and the database stays as it is.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.recorder.records import IDS
from tests.support.tenant_requests import (
    EXCEPTIONS,
    NAMING,
    NAMING_NOTHING,
    Body,
    Operation,
    bodies,
    named,
    operations,
    put,
    resolved,
    texts,
)
from tests.support.tenants import Tenants, tenants
from torana.control.publish.publish import Publisher
from torana.core.ids import epoch_us

pytestmark = pytest.mark.anyio


def test_it_is_known_of_every_field_whether_it_names_a_thing_of_a_team() -> None:
    known = bodies({noun: {"id": "x", "name": "x"} for noun in NAMING.values()})
    with_body = {one.id for one in operations() if one.body is not None}
    assert with_body == set(known)
    unknown = set()
    for one in operations():
        fields = {name for name, schema in one.query.items() if name in texts(schema, name)} | set(one.parameters)
        if one.body is not None:
            inside = set(texts(one.body))
            fields |= inside
            # What names something is also sent.
            assert {name for name in inside if name in NAMING} - set(named(known[one.id])) == set(), one.id
        unknown |= {(one.id, name) for name in fields if name not in NAMING and name not in NAMING_NOTHING}
    assert unknown - set(EXCEPTIONS) == set()


class Asking(NamedTuple):
    """What team two's administrator sends, and team one's references that can stand in places of it."""

    all: Tenants
    bodies: dict[str, Body]

    def reference(self, operation: Operation, name: str, team: str, *, kind: str = "app") -> str:
        """The id of what the team has, for a parameter of the path."""
        if name == "token" and "{account}" in operation.path:
            name = "account_token"
        if name == "owner_kind":
            return kind
        noun = kind if name == "owner_id" else NAMING.get(name, name)
        if noun == "approval":
            return str(self.all.had[team]["approval"]["id"])
        thing = self.all.had[team].get(noun, {"id": "nothing"})
        return str(thing.get("id") or thing["user_id"])

    def path(self, operation: Operation, **given: str) -> str:
        path = operation.path.replace(":path}", "}")
        kind = given.pop("owner_kind", "app")
        for name in operation.parameters:
            path = path.replace(f"{{{name}}}", given.get(name) or self.reference(operation, name, "two", kind=kind))
        return path

    def references(self, noun: str) -> Iterator[tuple[str, str]]:
        """What names team one's thing, each with what would name one that never was."""
        thing = self.all.had["one"][noun]
        id_ = str(thing["id"])
        yield id_, IDS.next(epoch_us()) if noun == "call" else id_[:-6] + "nnnnnn"
        name = str(thing.get("name", id_))
        if name != id_:
            yield name, name.replace("uno-", "nix-").replace("one", "nix")
            if noun == "app":
                yield f"one/{name}", f"nix/{name}"
            if noun == "key":
                app = self.all.had["one"]["app"]["name"]
                yield f"one/{app}/{name}", f"nix/{app}/{name}"

    async def answers(
        self, one: Operation, name: str, pairs: Iterator[tuple[str, str]], **more: str
    ) -> list[tuple[str, httpx2.Response]]:
        found = []
        for pair in pairs:
            replies = [await self.send(one, name, text, **more) for text in pair]
            told = [shape(reply, text) for reply, text in zip(replies, pair, strict=True)]
            assert told[0] == told[1], (one.id, name, pair)
            found.append((pair[0], replies[0]))
        return found

    async def send(self, one: Operation, name: str, text: str, who: str = "two.team_admin", **more: str) -> Any:
        body = self.bodies.get(one.id)
        query: dict[str, Any] = {}
        given = dict(more)
        if name in one.parameters:
            given[name] = text
        elif name in one.query:
            query[name] = text
        else:
            body = put(body, name, text)
        return await self.all.call(who, one.method, self.path(one, **given), body, query, if_match="*")


def shape(reply: httpx2.Response, sent: str) -> tuple[int, str, dict[str, str]]:
    """A reply without what the caller has sent."""
    headers = {name: value for name, value in reply.headers.items() if name not in ("content-length", "etag")}
    return reply.status_code, reply.text.replace(sent, "…"), headers


REFUSED = ("not_found", "invalid_field", "not_allowed", "sign_in_required", "invitation_unusable")
NOUNS_OF_LIMITS = ("app", "key", "service", "team")


def places(one: Operation) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Where an operation takes something of a team's: field, noun, and what else is sent then."""
    inside = {name for name in texts(one.body) if name in NAMING} if one.body is not None else set()
    for name in [*one.parameters, *sorted(inside)]:
        if (one.id, name) in EXCEPTIONS or name not in NAMING:
            continue
        if name == "owner_id":
            yield from ((name, noun, {"owner_kind": noun}) for noun in NOUNS_OF_LIMITS)
        elif name == "token" and "{account}" in one.path:
            yield name, "account_token", {}
        elif name == "provider" and one.platform:
            # An identity provider.
            yield name, "provider", {}
        elif one.method != "GET" or name in one.parameters:
            yield name, NAMING[name], {}


async def test_what_another_team_has_is_not_there(publisher: Publisher, tmp_path: Path) -> None:
    made = await tenants(publisher, tmp_path)
    asking = Asking(made, bodies(made.had["two"]))
    before, wrong = await made.kept(), []
    for one in operations():
        for name, noun, more in places(one):
            for text, known in await asking.answers(one, name, asking.references(noun), **more):
                refused = known.json()["code"] if known.status_code >= 400 else known.status_code
                if refused not in REFUSED and not (refused == "unknown_path" and "/" in text):
                    wrong.append((one.id, name, text, known.text))
        if one.method != "GET" and await made.kept() != before:
            wrong.append((one.id, "changes something", "", ""))
            before = await made.kept()
    assert wrong == []
    await _lists_tell_nothing(asking)
    await _own_things_are_found(asking)


async def _lists_tell_nothing(asking: Asking) -> None:
    """Whoever has nothing in team one, or a token for team two only, is shown nothing of it by any GET, whatever is filtered."""
    made, wrong, cursors = asking.all, [], 0
    own = await made.own("one")
    for one in operations():
        if one.method != "GET" or one.permission == "public":
            continue
        path = asking.path(one)
        for who in ("two.team_admin", "bound"):
            for query in ({}, *(filters(one, asking) if who != "bound" else ())):
                reply = await made.call(who, "GET", path, None, query)
                sent = set(map(str, query.values()))
                told = [text for text in own if text in reply.text and not any(text in each for each in sent)]
                if told or reply.status_code >= 500 or (not query and reply.status_code == 422):
                    wrong.append((who, one.id, query, told, reply.status_code))
        if "cursor" in one.query:
            first = await made.call("one.team_admin", "GET", path, None, {"limit": 1})
            if first.status_code == 200 and (cursor := first.json()["next"]):
                cursors += 1
                reply = await made.call("two.team_admin", "GET", path, None, {"cursor": cursor})
                assert not [text for text in own if text in reply.text], one.id
    assert wrong == []
    assert cursors > 5


def filters(one: Operation, asking: Asking) -> Iterator[dict[str, Any]]:
    """Each documented filter with what team one has, what it is called, and each word that it takes."""
    for name, schema in one.query.items():
        parts = [resolved(part) for part in (schema, *schema.get("anyOf", ()))]
        yield from ({name: word} for part in parts for word in part.get("enum", ()))
        if any(part.get("type") == "boolean" for part in parts):
            yield from ({name: word} for word in ("true", "false"))
        if any(part.get("type") == "integer" for part in parts):
            yield {name: 1}
        if name in texts(schema, name) and name != "cursor":
            nouns = ("service", "user") if name not in NAMING else (NAMING[name],)
            yield from ({name: text} for noun in nouns for text, _ in asking.references(noun))


async def _own_things_are_found(asking: Asking) -> None:
    """The same requests with what team two has: none is refused as not there, so those above were refused for whose it is."""
    missing = []
    for one in sorted(operations(), key=_last_what_ends_things):
        if one.platform or one.permission == "public" or one.id in NOT_TRIED:
            continue
        body = asking.bodies.get(one.id) if one.body is not None else None
        reply = await asking.all.call("two.team_admin", one.method, asking.path(one), body, if_match="*")
        if reply.status_code == 404 or reply.status_code >= 500:
            missing.append(f"{one.id} {reply.status_code} {reply.text}")
    assert "\n".join(missing) == ""


NOT_TRIED = {
    "try_webhook": "calls the address",
    "accept_my_invitation": "there is nothing to accept",
    "delete_my_session": "they have a token",
}
_PARENTS = ("delete_app", "delete_provider", "delete_service")


def _last_what_ends_things(one: Operation) -> tuple[int, int, bool]:
    order = ("GET", "POST", "PUT", "PATCH", "DELETE").index(one.method)
    return order, -one.path.count("/"), one.id in _PARENTS
