"""Subscriptions at the gate: who may call, what the others are told, plans, and ends that need nobody but the gate."""

import asyncio
from pathlib import Path

import msgspec
import pytest
import uvloop

from tests.support.gate_here import Here, gate_here, limit, snapshot
from torana.core.ids import epoch_us
from torana.core.snapshot import App, Offered, Snapshot

CHAT = "demo/chat"
WHY = {
    "": "it has no subscription to it",
    "requested": "waits to be approved",
    "rejected": "was rejected",
    "suspended": "is suspended",
    "expired": "has expired",
}


def content(version: int = 1, *, granted: bool = False, **app: object) -> Snapshot:
    """One service `demo/chat` of team b, which team a sees, and others by the same and other names."""
    made = snapshot("http://127.0.0.1:9", [CHAT, "demo/embed"], version=version)
    grants = {CHAT: CHAT} if granted else {}
    return msgspec.structs.replace(
        made,
        apps={"app_a": App("app_a", "a", "team_a", grants, **app)},  # type: ignore[arg-type] # fields of App
        offered={
            CHAT: (Offered(CHAT, CHAT, "team_b", None),),
            "also": (Offered(CHAT, CHAT, "team_b", None),),
            "shared": (Offered("s", "shared", "team_b", ("team_a", "team_b")),),
            "hidden": (Offered("h", "hidden", "team_b", ("team_b",)), Offered("i", "hidden", "team_c", ("team_c",))),
            "own": (Offered("o", "other-own", "team_b", None), Offered("p", "own", "team_a", ("team_a",))),
        },
    )


@pytest.mark.parametrize("state", WHY)
def test_a_visible_service_answers_403_with_the_state_of_the_subscription(tmp_path: Path, state: str) -> None:
    async def main() -> None:
        states = {CHAT: state} if state else {}
        async with gate_here(tmp_path, content(states=states)) as here:
            for name in (CHAT, "also"):
                reply = await here.chat(name)
                assert (reply.status, reply.error["code"], reply.error["param"]) == (403, "not_subscribed", "model")
                assert WHY[state] in reply.error["message"]
                assert f"service {CHAT}:" in reply.error["message"]
                assert reply.headers["x-torana-subscription"] == (state or "none")
                assert here.record(reply.call_id).error == "not_subscribed"

    uvloop.run(main())


def test_an_invisible_service_answers_as_one_that_does_not_exist(tmp_path: Path) -> None:
    async def main() -> None:
        async with gate_here(tmp_path, content()) as here:
            hidden, none = await here.chat("hidden"), await here.chat("nobody")
            assert (hidden.status, hidden.error["code"]) == (404, "model_not_found")
            assert hidden.error["message"].replace("hidden", "nobody") == none.error["message"]
            assert "x-torana-subscription" not in hidden.headers
            # A name means one's own service first.
            for name, service in (("shared", "shared"), ("own", "own")):
                assert f"service {service}:" in (await here.chat(name)).error["message"]

    uvloop.run(main())


def test_the_limits_of_a_plan_count_for_the_app_and_that_service_alone(tmp_path: Path) -> None:
    async def main() -> None:
        planned = limit("subscription of app a to demo/chat", 2, 60)
        made = content(granted=True, plans={CHAT: (planned,)})
        app = made.apps["app_a"]
        free = msgspec.structs.replace(app, grants={CHAT: CHAT, "demo/embed": "demo/embed"})
        async with gate_here(tmp_path, msgspec.structs.replace(made, apps={"app_a": free})) as here:
            replies = [await here.chat(CHAT) for _ in range(3)]
            assert [reply.status for reply in replies] == [200, 200, 429]
            assert "of subscription of app a to demo/chat is used up" in replies[2].error["message"]
            body = b'{"model": "demo/embed", "input": "x"}'
            assert (await here.post(body, "/v1/embeddings")).status == 200
            assert here.in_use() == {}

    uvloop.run(main())


@pytest.mark.parametrize("state", ["expired", "suspended"])
def test_a_subscription_ends_in_time_without_anybody_telling_the_gate(tmp_path: Path, state: str) -> None:
    async def main() -> None:
        ends = {CHAT: (epoch_us() + 1_500_000, state)}
        async with gate_here(tmp_path, content(granted=True, ends=ends)) as here:
            assert (await here.chat(CHAT)).status == 200
            assert CHAT in await listed(here)
            async with _deadline():
                while (reply := await here.chat(CHAT)).status == 200:
                    pass
            assert epoch_us() >= ends[CHAT][0]
            assert (reply.error["code"], reply.headers["x-torana-subscription"]) == ("not_subscribed", state)
            assert CHAT not in await listed(here)
            # What control then publishes says the same.
            here.publish(content(2, states={CHAT: state}))
            assert (await here.chat(CHAT)).error["message"] == reply.error["message"]

    uvloop.run(main())


async def listed(here: Here) -> str:
    get = b"GET /v1/models HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer torana-here-key\r\nconnection: close\r\n\r\n"
    return (await here.exchange(get)).decode()


def _deadline() -> asyncio.Timeout:
    return asyncio.timeout(30)
