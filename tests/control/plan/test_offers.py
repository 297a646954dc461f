"""The terms of services in torana.yaml: description, contract, who sees them, who approves, plans."""

from typing import Any

import pytest

from tests.control.plan.test_apply import applied, headings, lines, planned
from tests.support.api import organisation
from torana.control.declaration.outside import OutsideValues
from torana.control.declaration.problems import DeclarationError
from torana.control.export.service import export
from torana.control.plan.apply import plan
from torana.control.plan.source import Source
from torana.control.publish.publish import Publisher

pytestmark = pytest.mark.anyio

FILE = """
providers: [{name: p, vendor: ollama}]
services:
  - name: chat
    team: red
    deployments: [{provider: p, model: m}]OFFER
teams: [{name: red}, {name: blue, apps: [{name: a}]}, {name: green, apps: [{name: g}]}]
"""
OFFER = """
    description: "Answers.\\nIn two lines."
    visibility: teams
    shared_with: [blue]
    contract:
      input: {type: object, properties: {text: {type: string, maxLength: 100}}, required: [text]}
      output: true
    subscription_policy:
      mode: staged
      stages: [{permission: subscriptions:approve, count: 2}, {permission: teams:write, not_author: false}]
      review_days: 90
      confirm_by: subscriber
    plans:
      - {name: small, description: To try, limits: [{requests: 5, per: day}, {concurrency: 2}], price: {text: free}}
      - {name: large, price: {text: 49 EUR a month, amount: 49.00, currency: EUR}}"""

POLICY = (
    "staged: 2 with subscriptions:approve, 1 with teams:write (also who asked); confirmed by subscriber every 90 days"
)


def offering(offer: str) -> str:
    return FILE.replace("OFFER", offer)


async def exported_plan(publisher: Publisher) -> Any:
    exported = await export(publisher.engine)
    assert exported.left_out == []
    return await plan(publisher.engine, publisher.master, Source(exported.text.encode(), OutsideValues({}, {})))


async def test_terms_are_planned_applied_exported_and_taken_away(publisher: Publisher) -> None:
    made = lines(await applied(publisher, offering(OFFER)))
    (contract,) = (line for line in made if "contract" in line)
    assert contract.startswith("    contract: sha256 ")
    assert made[made.index("+ service chat (team red)") : made.index("+ app blue/a")] == [
        "+ service chat (team red)",
        '    description: "Answers.\\nIn two lines."',
        "    visibility: teams",
        "    shared_with: blue",
        "    deployments: p/m weight 1",
        contract,
        f"    subscription_policy: {POLICY}",
        "+ plan chat (team red): small",
        "    description: To try",
        "    limits: 2 at a time, 5 requests per day",
        "    price.text: free",
        "+ plan chat (team red): large",
        "    price.text: 49 EUR a month",
        "    price.amount: 49",
        "    price.currency: EUR",
    ]
    assert (await applied(publisher, offering(OFFER))).changes == ()
    found = await exported_plan(publisher)
    assert (found.changes, found.notes) == ((), ())
    fewer = OFFER.replace("requests: 5", "requests: 6").replace("shared_with: [blue]", "shared_with: [blue, green]")
    assert lines(await applied(publisher, offering(fewer))) == [
        "~ service chat (team red)",
        "    shared_with: blue → blue, green",
        "~ plan chat (team red): small",
        "    limits: 2 at a time, 5 requests per day → 2 at a time, 6 requests per day",
    ]
    gone = await applied(publisher, offering(""))
    assert headings(gone) == [
        "~ service chat (team red)",
        "- plan chat (team red): large",
        "- plan chat (team red): small",
    ]
    assert [line for line in lines(gone) if line.endswith("→ none")] == [
        '    description: "Answers.\\nIn two lines." → none',
        "    shared_with: blue, green → none",
        f"{contract} → none",
        f"    subscription_policy: {POLICY} → none",
    ]
    assert "    visibility: teams → organisation" in lines(gone)
    assert (await planned(publisher, offering(""))).changes == ()
    assert (await exported_plan(publisher)).changes == ()


async def test_the_admin_api_shows_what_a_file_says(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await applied(publisher, offering(OFFER))

    async def shown(path: str) -> Any:
        reply = await on.call("owner", "GET", f"/services/chat{path}")
        assert reply.status_code == 200
        return reply.json()

    service = await shown("")
    assert (service["description"], service["contract"]["output"]) == ("Answers.\nIn two lines.", True)
    assert service["contract"]["input"]["properties"] == {"text": {"type": "string", "maxLength": 100}}
    assert [team["name"] for team in (await shown("/sharing"))["teams"]] == ["blue"]
    assert await shown("/subscription-policy") == {
        "mode": "staged",
        "stages": [
            {"permission": "subscriptions:approve", "count": 2, "not_author": True},
            {"permission": "teams:write", "count": 1, "not_author": False},
        ],
        "review_days": 90,
        "confirm_by": "subscriber",
    }
    plans = {one["name"]: one for one in (await shown("/plans"))["items"]}
    assert plans["small"]["limits"] == [{"concurrency": 2}, {"requests": 5, "per": "day"}]
    assert plans["large"]["price"] == {"text": "49 EUR a month", "amount": "49", "currency": "EUR"}


async def test_what_was_set_by_hand_stays_until_the_file_says_something_else(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await applied(publisher, offering(""))
    match = {"if-match": "*"}
    for path, body in (
        ("/sharing", {"visibility": "teams", "teams": ["blue"]}),
        ("/subscription-policy", {"mode": "automatic"}),
    ):
        assert (await on.call("owner", "PUT", f"/services/chat{path}", body, **match)).status_code == 200
    assert (await on.call("owner", "POST", "/services/chat/plans", {"name": "own"})).status_code == 201
    found = await planned(publisher, offering(""))
    assert found.changes == ()
    assert found.notes == (
        "service chat (team red) was given the visibility teams by hand, which stays",
        "service chat (team red) was given a subscription_policy by hand, which stays",
    )
    assert (await exported_plan(publisher)).changes == ()
    said = "\n    visibility: organisation\n    subscription_policy: {mode: default}"
    assert lines(await applied(publisher, offering(said))) == [
        "~ service chat (team red)",
        "    visibility: teams → organisation",
        "    shared_with: blue → none",
        "    subscription_policy: automatic → none",
    ]


async def test_who_does_not_see_a_service_any_more_loses_the_subscription(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await applied(publisher, offering("\n    subscription_policy: {mode: automatic}"))
    for app in ("blue/a", "green/g"):
        asked = await on.call("owner", "POST", "/subscriptions", {"app": app, "service": "chat", "reason": "For it"})
        assert (asked.status_code, asked.json()["state"]) == (201, "approved")
    narrowed = offering("\n    visibility: teams\n    shared_with: [green]")
    await applied(publisher, narrowed)
    held = (await on.call("owner", "GET", "/subscriptions")).json()["items"]
    assert {one["team"]["name"]: one["state"] for one in held} == {"blue": "cancelled", "green": "approved"}
    assert (await planned(publisher, narrowed)).changes == ()
    entry = (await on.call("owner", "GET", "/audit?action=subscription.cancel")).json()["items"][0]
    assert entry["after"]["why"] == "The service is not offered to this team any more."


async def test_a_plan_that_a_subscription_made_by_hand_has_is_kept(publisher: Publisher) -> None:
    on = await organisation(publisher)
    offer = "\n    subscription_policy: {mode: automatic}"
    await applied(publisher, offering(offer + "\n    plans: [{name: small}]"))
    asked = await on.call("owner", "POST", "/subscriptions", {"app": "blue/a", "service": "chat", "plan": "small"})
    assert asked.status_code == 201
    with pytest.raises(
        DeclarationError, match=r"plan chat \(team red\): small is no longer in the file, but subscription"
    ):
        await applied(publisher, offering(offer))
    ended = await on.call("owner", "POST", f"/subscriptions/{asked.json()['id']}/cancel", {})
    assert ended.status_code == 200
    assert headings(await applied(publisher, offering(offer))) == ["- plan chat (team red): small"]


async def test_what_does_not_fit_is_told_with_its_place(publisher: Publisher) -> None:
    cases = {
        "visibility: teams, shared_with: [blau]": 'shared_with[0]: there is no team "blau"; did you mean "blue"?',
        "shared_with: [blue]": "shared_with[0]: a list of teams belongs to visibility: teams",
        "visibility: all": 'visibility: "all" is not possible',
        "description: ''": "description: has to be 1 to 4000 characters",
        "contract: {in: {}}": 'contract: there is no field "in" here',
        "contract: [a]": "contract: has to be a mapping",
        "contract: {input: {type: text}}": "contract: input",
        "subscription_policy: {}": "subscription_policy: mode: is missing",
        "subscription_policy: {mode: default, review_days: 3}": "subscription_policy.mode: default is no policy",
        "subscription_policy: {mode: staged}": "stages belong to the mode staged",
        "subscription_policy: {mode: owner, review_days: 0}": "review_days: has to be a whole number from 1 to 3660",
        "subscription_policy: {mode: staged, stages: [{permission: teams:wirte}]}": 'did you mean "teams:write"?',
        "plans: [{name: a}, {name: a}]": 'there is already a plan "a"',
        "plans: [{name: a, limits: [{concurrency: 1000001}]}]": "a whole number from 1 to 1000000",
        "plans: [{name: a, price: free}]": "plans[0].price: has to be a mapping",
        "plans: [{name: a, price: {text: x, currency: eur}}]": "three capital letters",
        "plans: [{name: a, price: {text: x, amount: -1}}]": "price.amount: has to be a number from 0",
    }
    for more, complaint in cases.items():
        text = FILE.replace(
            "\n    deployments: [{provider: p, model: m}]OFFER",
            "\n    deployments: [{provider: p, model: m}]\n    " + more.replace(", shared_with", "\n    shared_with"),
        )
        with pytest.raises(DeclarationError) as refused:
            await planned(publisher, text)
        assert complaint in str(refused.value), more
        assert "torana.yaml:" in str(refused.value)


async def test_a_subscription_has_to_be_of_a_service_that_the_team_sees(publisher: Publisher) -> None:
    text = offering("\n    visibility: teams\n    shared_with: [blue]")
    await applied(publisher, text.replace("{name: a}", "{name: a, subscriptions: [chat]}"))
    with pytest.raises(DeclarationError, match='"chat" is only for the teams "blue", "red"'):
        await planned(publisher, text.replace("{name: g}", "{name: g, subscriptions: [chat]}"))
