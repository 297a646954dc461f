"""Issuers of tokens in torana.yaml."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.control.plan.test_apply import applied, lines, planned
from tests.support.api import organisation
from tests.support.issuing import jwk
from torana.control.declaration.outside import OutsideValues
from torana.control.declaration.problems import DeclarationError
from torana.control.export.service import export
from torana.control.issuers.jwks import opened, public_set, stored, usable
from torana.control.plan.apply import plan
from torana.control.plan.source import Source
from torana.control.publish.publish import Publisher
from torana.stores.snapshots.file import open_current
from torana.stores.sql.engine import reading
from torana.stores.sql.issuer_tables import issuers

pytestmark = pytest.mark.anyio

KEYS = {"keys": [jwk("RS256", "one"), jwk("ES256", "two"), jwk("EdDSA")]}
FILE = f"""
teams: [{{name: red, apps: [{{name: shop}}, {{name: till}}]}}, {{name: blue, apps: [{{name: a}}]}}]
issuers:
  - name: company
    issuer: https://id.example/
    audiences: [https://gateway.example, other]
    claim: azp
    apps: {{checkout-client: red/shop, "7": blue/a}}
    jwks_uri: https://id.example/jwks.json
  - name: own
    team: red
    issuer: https://red.example/
    audiences: [gateway]
    claim: sub
    apps: {{till-1: till}}
    jwks: {json.dumps(KEYS)}
"""


async def exported_plan(publisher: Publisher) -> Any:
    exported = await export(publisher.engine)
    assert exported.left_out == []
    return await plan(publisher.engine, publisher.master, Source(exported.text.encode(), OutsideValues({}, {})))


async def test_issuers_are_planned_applied_published_exported_and_removed(publisher: Publisher, tmp_path: Path) -> None:
    on = await organisation(publisher)
    made = lines(await applied(publisher, FILE))
    assert made[made.index("+ issuer company") : -1] == [
        "+ issuer company",
        "    issuer: https://id.example/",
        '    audiences: ["https://gateway.example", "other"]',
        "    claim: azp",
        '    apps: {"7": "blue/a", "checkout-client": "red/shop"}',
        "    jwks_uri: https://id.example/jwks.json",
        "+ issuer own (team red)",
        "    issuer: https://red.example/",
        '    audiences: ["gateway"]',
        "    claim: sub",
        '    apps: {"till-1": "red/till"}',
    ]
    assert made[-1].startswith("    jwks: sha256 ")
    assert (await applied(publisher, FILE)).changes == ()
    shown = {one["name"]: one for one in (await on.call("owner", "GET", "/issuers")).json()["items"]}
    assert [key["alg"] for key in shown["own"]["keys"]] == ["RS256", "ES256", "EdDSA"]
    snapshot = open_current(tmp_path / "snapshot")
    assert [one.claim for one in snapshot.issuers("https://red.example/")] == ["sub"]
    assert (await exported_plan(publisher)).changes == ()
    gone = await applied(publisher, "{}")
    assert [change.lines()[0] for change in gone.changes][:2] == ["- issuer company", "- issuer own (team red)"]


async def test_keys_that_were_fetched_stay_until_they_would_be_fetched_elsewhere(publisher: Publisher) -> None:
    await applied(publisher, FILE)
    fetched = {"jwks": stored(usable(KEYS)), "fetched_us": 5}
    async with publisher.change() as connection:
        await connection.execute(update(issuers).where(issuers.c.name == "company").values(fetched))

    async def held() -> Any:
        async with reading(publisher.engine) as connection:
            statement = select(issuers.c.jwks, issuers.c.fetched_us).where(issuers.c.name == "company")
            return tuple((await connection.execute(statement)).one())

    assert (await planned(publisher, FILE)).changes == ()
    assert lines(await applied(publisher, FILE.replace("claim: azp", "claim: client_id"))) == [
        "~ issuer company",
        "    claim: azp → client_id",
    ]
    assert await held() == (fetched["jwks"], 5)
    await applied(publisher, FILE.replace("id.example/jwks", "new.example/jwks"))
    assert await held() == (None, None)


def test_keys_are_written_as_they_were_read() -> None:
    keys = usable(KEYS)
    assert usable(public_set(opened(stored(keys)))) == keys


async def test_what_does_not_fit_is_told_with_its_place(publisher: Publisher) -> None:
    whole = {"name": "i", "issuer": "x", "audiences": ["a"], "claim": "c", "apps": {}, "jwks": KEYS}
    secret = {"keys": [{**jwk("RS256"), "d": "canary"}]}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"jwks": None}, "the keys cannot be used"),
        ({"jwks_uri": "https://id.example/"}, "give either jwks, with the public keys, or jwks_uri"),
        ({"jwks": secret}, "it holds a secret key"),
        ({"audiences": []}, "audiences: has to list 1 to 20"),
        ({"apps": {"v": "red/shpo"}}, 'apps.v: there is no app "red/shpo"; did you mean "red/shop"?'),
        ({"apps": {"v": "blue/a"}, "team": "red"}, "stand for its own apps only"),
        ({"apps": {"v": "a"}, "team": "red"}, 'there is no app "red/a"'),
        ({"apps": []}, "apps: has to be a mapping"),
        ({"team": "green"}, 'team: there is no team "green"'),
        ({"claim": ""}, "claim: has to be 1 to 200"),
    ]
    for more, complaint in cases:
        text = FILE[: FILE.index("issuers:")] + json.dumps({"issuers": [{**whole, **more}]})[1:-1]
        with pytest.raises(DeclarationError) as refused:
            await planned(publisher, text)
        assert complaint in str(refused.value), more
        assert "canary" not in str(refused.value)
    without = {name: value for name, value in whole.items() if name != "jwks"}
    for uri in ("http://id.example/", "https://u@id.example/", "https://id.example/#x"):
        text = json.dumps({"issuers": [{**without, "jwks_uri": uri}]})
        with pytest.raises(DeclarationError, match=r"jwks_uri: expected https://"):
            await planned(publisher, text)
    many = json.dumps({"issuers": [{**whole, "name": f"n{number}"} for number in range(21)]})
    with pytest.raises(DeclarationError, match="at most 20 have the same issuer"):
        await planned(publisher, many)
