"""Subscriptions in torana.yaml: with a plan, an end and a reason."""

from typing import Any

import pytest

from tests.control.plan.test_apply import applied, lines, planned
from tests.support.api import organisation
from torana.control.declaration.outside import OutsideValues
from torana.control.declaration.problems import DeclarationError
from torana.control.export.service import export
from torana.control.plan.apply import plan
from torana.control.plan.source import Source
from torana.control.publish.publish import Publisher
from torana.control.subscriptions import due
from torana.core.ids import epoch_us

pytestmark = pytest.mark.anyio

FILE = """
providers: [{name: p, vendor: ollama}]
services:
  - name: chat
    deployments: [{provider: p, model: m}]
    plans: [{name: small}, {name: large}]
    subscription_policy: {mode: owner, review_days: 30}
teams: [{name: red, apps: [{name: a, subscriptions: [SUBSCRIPTION]}]}]
"""
WHOLE = '{service: chat, plan: small, expires: 2099-12-31, reason: "For\\ntrying"}'


def subscribed(subscription: str) -> str:
    return FILE.replace("SUBSCRIPTION", subscription)


async def exported_plan(publisher: Publisher) -> Any:
    exported = await export(publisher.engine)
    return await plan(publisher.engine, publisher.master, Source(exported.text.encode(), OutsideValues({}, {})))


async def test_plan_end_and_reason_are_planned_applied_exported_and_taken_away(publisher: Publisher) -> None:
    on = await organisation(publisher)
    made = lines(await applied(publisher, subscribed(WHOLE)))
    assert made[made.index("+ subscription red/a → chat") :] == [
        "+ subscription red/a → chat",
        "    state: approved",
        "    plan: small",
        "    expires: 2099-12-31T00:00:00+00:00",
        '    reason: "For\\ntrying"',
    ]
    (shown,) = (await on.call("owner", "GET", "/subscriptions")).json()["items"]
    assert (shown["plan"]["name"], shown["reason"], shown["state"]) == ("small", "For\ntrying", "approved")
    assert 29 * 86_400 < (shown["review_us"] - epoch_us()) / 1_000_000 < 31 * 86_400
    assert (await applied(publisher, subscribed(WHOLE))).changes == ()
    exported = await export(publisher.engine)
    assert exported.left_out == []
    assert (await exported_plan(publisher)).changes == ()
    other = "{service: chat, plan: large, expires: '2099-12-31T12:00:00Z'}"
    assert lines(await applied(publisher, subscribed(other))) == [
        "~ subscription red/a → chat",
        "    plan: small → large",
        "    expires: 2099-12-31T00:00:00+00:00 → 2099-12-31T12:00:00+00:00",
        '    reason: "For\\ntrying" → none',
    ]
    # When it has to be confirmed is not the file's.
    (after,) = (await on.call("owner", "GET", "/subscriptions")).json()["items"]
    assert after["review_us"] == shown["review_us"]
    assert lines(await applied(publisher, subscribed("chat"))) == [
        "~ subscription red/a → chat",
        "    plan: large → none",
        "    expires: 2099-12-31T12:00:00+00:00 → none",
    ]
    assert (await exported_plan(publisher)).changes == ()
    gone = await applied(publisher, subscribed(""))
    assert [change.lines()[0] for change in gone.changes] == ["- subscription red/a → chat"]


async def test_a_subscription_past_its_end_is_expired_and_stays_so(publisher: Publisher) -> None:
    text = subscribed("{service: chat, expires: 2020-01-01}")
    done = await applied(publisher, text)
    assert "    state: expired" in lines(done)
    assert done.notes == ("subscription red/a → chat is past the end that the file gives it",)
    await due.run_once(publisher, epoch_us())
    assert (await planned(publisher, text)).changes == ()
    assert (await exported_plan(publisher)).changes == ()


async def test_a_plan_is_left_for_another_and_goes_in_one_apply(publisher: Publisher) -> None:
    await applied(publisher, subscribed(WHOLE))
    moved = subscribed("{service: chat, plan: large}").replace("{name: small}, ", "")
    done = await applied(publisher, moved)
    assert [change.lines()[0] for change in done.changes] == [
        "~ subscription red/a → chat",
        "- plan chat: small",
    ]


async def test_what_does_not_fit_is_told_with_its_place(publisher: Publisher) -> None:
    cases = {
        "{service: chat, plan: tiny}": 'subscriptions[0].plan: there is no plan "tiny" of this service',
        "{plan: small}": "subscriptions[0]: service: is missing",
        "{service: chta}": 'subscriptions[0].service: there is no service "chta"; did you mean "chat"?',
        "chat, {service: chat}": 'subscriptions[1].service: "chat" is listed twice',
        "{service: chat, until: 2099-01-01}": 'there is no field "until" here',
        "{service: chat, expires: soon}": "expires: has to be a date",
        "[chat]": "subscriptions[0]: has to be text, but this is a list",
    }
    for subscription, complaint in cases.items():
        with pytest.raises(DeclarationError) as refused:
            await planned(publisher, subscribed(subscription))
        assert complaint in str(refused.value), subscription
