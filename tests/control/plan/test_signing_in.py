"""Identity providers and what groups give, in torana.yaml."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from tests.control.export.test_export import _certificate as certificate
from tests.control.plan.test_apply import lines
from tests.support.api import organisation
from torana.control.access.actor import Actor
from torana.control.access.roles import PLATFORM_ROLES
from torana.control.declaration.outside import OutsideValues
from torana.control.declaration.problems import DeclarationError
from torana.control.export.service import export
from torana.control.plan.apply import Applied, Planned, apply, plan
from torana.control.plan.source import Source
from torana.control.publish.publish import Publisher
from torana.core.errors import Refusal
from torana.core.secret import Secret
from torana.stores.sql import people_tables

pytestmark = pytest.mark.anyio

SECRET = "canary-client-secret-77"
PEM = certificate()
FILE = """
teams: [{name: red}]
roles: [{name: watcher, team: red, permissions: [apps:read]}]
identity_providers:
  - name: okta
    issuer: https://login.example.org
    client_id: torana
    client_secret: {env: OKTA_SECRET}
    scopes: [openid, email, groups]
    groups_claim: groups
    create_users: true
    email_domains: [Example.org]
    hosts: [keys.example.org:8443]
    ca: {file: okta.pem}
    public_url: https://torana.example.org
group_roles:
  - {source: okta, group: ML engineers, team: red, role: developer}
  - {source: scim, group: watchers, team: red, role: watcher}
  - {source: okta, group: audit, role: auditor}
"""


def source(text: str, **values: str) -> Source:
    given = {"env:OKTA_SECRET": SECRET, "file:okta.pem": PEM} | values
    return Source(text.encode(), OutsideValues({key: Secret(value) for key, value in given.items()}, {}))


async def applied(publisher: Publisher, text: str) -> Applied:
    return await apply(publisher, source(text))


async def planned(publisher: Publisher, text: str) -> Planned:
    return await plan(publisher.engine, publisher.master, source(text))


async def test_providers_and_group_roles_are_planned_applied_exported_and_removed(
    publisher: Publisher, tmp_path: Path
) -> None:
    on = await organisation(publisher)
    made = lines(await applied(publisher, FILE))
    (ca,) = (line for line in made if line.startswith("    ca: "))
    assert made[made.index("+ identity_provider okta") :] == [
        "+ identity_provider okta",
        "    issuer: https://login.example.org",
        "    client_id: torana",
        "    client_secret: •••",
        "    scopes: email, groups, openid",
        "    groups_claim: groups",
        "    create_users: true",
        "    email_domains: example.org",
        "    hosts: keys.example.org:8443",
        ca,
        "    public_url: https://torana.example.org",
        '+ group_role okta "ML engineers" → developer (team red)',
        "    source: okta",
        "    group: ML engineers",
        "    team: red",
        "    role: developer",
        '+ group_role scim "watchers" → watcher (team red)',
        "    source: scim",
        "    group: watchers",
        "    team: red",
        "    role: watcher",
        '+ group_role okta "audit" → auditor',
        "    source: okta",
        "    group: audit",
        "    role: auditor",
    ]
    assert all(SECRET.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert (await applied(publisher, FILE)).changes == ()
    shown = (await on.call("owner", "GET", "/identity-providers/okta")).json()
    assert (shown["has_secret"], shown["hosts"], shown["ca"]) == (True, ["keys.example.org:8443"], PEM)
    exported = await export(publisher.engine)
    assert (exported.left_out, exported.variables) == (
        [],
        {"OKTA_CLIENT_SECRET": "the client secret of identity provider okta"},
    )
    outside = {"env:OKTA_CLIENT_SECRET": Secret(SECRET), "file:okta.identity.ca.pem": Secret(PEM)}
    again = Source(exported.text.encode(), OutsideValues(outside, {}))
    assert (await plan(publisher.engine, publisher.master, again)).changes == ()
    fewer = FILE.replace("    client_secret: {env: OKTA_SECRET}\n", "").replace("    create_users: true\n", "")
    assert lines(await applied(publisher, fewer)) == [
        "~ identity_provider okta",
        "    client_secret: ••• → none",
        "    create_users: true → none",
    ]
    gone = await applied(publisher, "{}")
    assert [change.lines()[0] for change in gone.changes] == [
        '- group_role okta "ML engineers" → developer (team red)',
        '- group_role okta "audit" → auditor',
        '- group_role scim "watchers" → watcher (team red)',
        "- identity_provider okta",
        "- role watcher (team red)",
        "- team red",
    ]
    for path in ("/identity-providers", "/group-roles"):
        assert (await on.call("owner", "GET", path)).json()["items"] == []


async def test_who_is_in_a_group_has_its_roles_as_soon_as_they_are_declared(publisher: Publisher) -> None:
    on = await organisation(publisher)
    users: list[Any] = (await on.call("owner", "GET", "/users")).json()["items"]
    (member,) = (user for user in users if user["email"].startswith("member"))
    row = {"id": "group_1", "source": "scim", "name": "watchers", "created_us": 1}
    async with publisher.change() as connection:
        await connection.execute(insert(people_tables.groups).values(row))
        given = {"id": "one", "group_id": "group_1", "user_id": member["id"]}
        await connection.execute(insert(people_tables.group_members).values(given))
    assert (await on.call("member", "GET", "/teams")).status_code == 403
    await applied(publisher, FILE.replace("role: watcher}", "role: viewer}"))
    assert [team["name"] for team in (await on.call("member", "GET", "/teams")).json()["items"]] == ["red"]
    await applied(publisher, FILE[: FILE.index("group_roles:")])
    assert (await on.call("member", "GET", "/teams")).status_code == 403


async def test_nobody_gives_a_group_more_than_they_have(publisher: Publisher) -> None:
    admin = Actor("person", None, "admin", PLATFORM_ROLES["admin"])
    with pytest.raises(Refusal) as refused:
        await apply(publisher, source("group_roles: [{source: scim, group: g, role: owner}]"), actor=admin)
    assert refused.value.code == "beyond_own"
    await applied(publisher, FILE)
    with pytest.raises(Refusal) as refused:
        # Whoever set it up might do more: they would decide whom it signs in.
        await apply(publisher, source(FILE.replace("client_id: torana", "client_id: other")), actor=admin)
    assert refused.value.code == "beyond_own"


async def test_what_does_not_fit_is_told_with_its_place(publisher: Publisher) -> None:
    whole = "name: i, issuer: 'https://i.example', client_id: c"
    await applied(publisher, f"identity_providers: [{{{whole}}}]")
    providers = {
        "name: i": "identity_providers[0]: issuer: is missing",
        whole.replace("name: i", "name: SCIM"): 'name: "SCIM" has another meaning',
        whole.replace("https:", "http:"): "issuer: expected https://",
        whole.replace("i.example", "other.example"): "the issuer stays what it was",
        whole.replace("client_id: c", "client_id: a b"): "client_id: has to be without spaces",
        f"{whole}, client_secret: canary": "client_secret: a secret is never written in this file",
        f"{whole}, hosts: [https://x]": "hosts[0]: has to be the name of a host",
        f"{whole}, email_domains: ['x:1']": "email_domains[0]: has to be a domain",
        f"{whole}, public_url: ftp://x": "public_url: expected https://",
        f"{whole}, ca: {{file: bad.pem}}": "ca: the file cannot be used: it is not a list of certificates",
        f"{whole}}}, {{{whole}": 'there is already an identity provider "i"',
    }
    given = {
        "source: okat, group: g, role: auditor": 'source: there is no identity provider "okat"',
        "source: scim, role: auditor": "group: is missing",
        "source: scim, group: g, role: developer": 'role: there is no role "developer"',
        "source: scim, group: g, team: t, role: auditor": 'role: there is no role "auditor"',
        "source: scim, group: g, team: u, role: viewer": 'team: there is no team "u"',
        "source: i, group: g, role: auditor}, {source: i, group: g, role: auditor": "the same stands in line",
    }
    files = {f"identity_providers: [{{{one}}}]": complaint for one, complaint in providers.items()} | {
        f"teams: [{{name: t}}]\nidentity_providers: [{{{whole}}}]\ngroup_roles: [{{{one}}}]": complaint
        for one, complaint in given.items()
    }
    for text, complaint in files.items():
        with pytest.raises(DeclarationError) as refused:
            await plan(publisher.engine, publisher.master, source(text, **{"file:bad.pem": "no certificate"}))
        assert complaint in str(refused.value), text
        assert "canary" not in str(refused.value)
