"""Releases at a gate: which one a call gets, what its reply says of it, and what is said once it is retired."""

import json
import time
from collections import Counter
from email.utils import formatdate
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.gate_here import Here, gate_here, request, snapshot
from torana.core.snapshot import Deployment, Release, Snapshot
from torana.gate.route.releases import Pin, Standing, Standings, pinned

pytestmark = pytest.mark.anyio
NOW = int(time.time())


def release(major: int, minor: int, weight: int = 0, major_weight: int | None = None, **more: Any) -> Release:
    """A release whose only deployment answers in the gate."""
    place = Deployment(f"d-{major}.{minor}", f"demo/v{major}.{minor}", "demo", "chat")
    own = weight if major_weight is None else major_weight
    return Release(f"release_{major}_{minor}", major, minor, (place,), weight, own, **more)


def content(*releases: Release, version: int = 1) -> Snapshot:
    """A snapshot with the service `chat`, which has these releases, and `plain`, which has none."""
    made = snapshot("http://127.0.0.1:9/v1", ["chat", "plain"], version=version)
    demo = Deployment("d-plain", "demo/plain", "demo", "chat")
    made.services["plain"] = msgspec.structs.replace(made.services["plain"], deployments=(demo,))
    standing = tuple(
        msgspec.structs.replace(one, deployments=() if one.retired else one.deployments) for one in releases
    )
    first = next((one.deployments for one in standing if one.deployments), ())
    made.services["chat"] = msgspec.structs.replace(made.services["chat"], deployments=first, releases=standing)
    return made


async def served(here: Here, model: str) -> str | None:
    return (await here.chat(model)).headers.get("x-torana-release")


async def test_calls_are_split_by_weight_and_pins_are_kept(tmp_path: Path) -> None:
    split = content(release(2, 1, 25), release(2, 0, 75), release(1, 1, 0, 1), release(1, 0))
    async with gate_here(tmp_path, split) as here:
        found = Counter([await served(here, "chat") for _ in range(60)])
        assert set(found) == {"2.0", "2.1"}
        assert found["2.0"] > found["2.1"]
        assert {await served(here, "chat@2") for _ in range(40)} == {"2.0", "2.1"}
        for name, version in (("chat@1", "1.1"), ("chat@1.0", "1.0"), ("chat@2.1", "2.1"), ("plain", None)):
            assert {await served(here, name) for _ in range(3)} == {version}
        pinned_call = await here.chat("chat@1.0")
        record = here.record(pinned_call.call_id)
        assert (record.release, record.deployment_id, record.service_id) == ("release_1_0", "d-1.0", "chat")
        assert here.record((await here.chat("plain")).call_id).release is None
        for name in ("chat@3", "chat@1.2", "chat@01", "chat@1.", "chat@", "plain@1", "chat@1.0.0", "chat@99999999999"):
            assert (await here.chat(name)).error["code"] == "model_not_found"


async def test_a_deprecated_release_says_so_and_what_comes_after_it(tmp_path: Path) -> None:
    old = release(1, 0, 1, deprecated=NOW - 60, sunset=NOW + 3600, successor="chat@2")
    async with gate_here(tmp_path, content(release(2, 0), old)) as here:
        headers = (await here.chat("chat")).headers
        assert headers["deprecation"] == f"@{NOW - 60}"
        assert headers["sunset"] == formatdate(NOW + 3600, usegmt=True)
        assert headers["link"] == '</v1/models/chat%402>; rel="successor-version"'
        fresh = (await here.chat("chat@2")).headers
        assert {"deprecation", "sunset", "link"} & set(fresh) == set()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/chat/completions", "invalid_request_error"),
        ("/v1/messages", "invalid_request_error"),
        ("/v1beta/models/chat:generateContent", "INVALID_ARGUMENT"),
    ],
)
async def test_a_retired_service_answers_410_with_its_successor_in_the_callers_dialect(
    tmp_path: Path, path: str, kind: str
) -> None:
    old = release(1, 0, deprecated=NOW - 60, sunset=NOW - 1, successor="better", retired=True)
    async with gate_here(tmp_path, content(old)) as here:
        messages = [{"role": "user", "content": "Hi"}]
        body: dict[str, Any] = {"model": "chat", "messages": messages, "max_tokens": 5}
        if "generateContent" in path:
            body = {"contents": [{"parts": [{"text": "Hi"}]}]}
        # Twice: what the first call has learnt must not change what the second is told.
        for _ in range(2):
            reply = await here.post(json.dumps(body).encode(), path)
            assert reply.status == 410
            assert kind in (reply.error.get("type"), reply.error.get("status"))
            assert "Call better instead" in reply.error["message"]
            assert reply.headers["link"] == '</v1/models/better>; rel="successor-version"'
            record = here.record(reply.call_id)
            assert (record.error, record.release, record.service_id) == ("service_retired", "release_1_0", "chat")
        assert here.in_use() == {}


async def test_a_sunset_that_comes_is_kept_without_a_new_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOW]
    monkeypatch.setattr("torana.gate.view.time", lambda: now[0])
    both = content(release(2, 0), release(1, 0, 1, deprecated=NOW, sunset=NOW + 10, successor="chat@2"))
    async with gate_here(tmp_path, both) as here:
        assert [await served(here, name) for name in ("chat", "chat@1")] == ["1.0", "1.0"]
        now[0] = NOW + 10
        assert await served(here, "chat") == "2.0"
        assert (await here.chat("chat@1")).error["code"] == "service_retired"
        assert (await here.chat("chat@1.0")).status == 410


async def test_a_swap_of_weights_holds_for_the_next_call_and_a_retired_service_is_not_listed(tmp_path: Path) -> None:
    async with gate_here(tmp_path, content(release(1, 1, 0, 1), release(1, 0, 1, 0))) as here:
        assert await served(here, "chat") == "1.0"
        here.publish(content(release(1, 1, 1), release(1, 0), version=2))
        assert await served(here, "chat") == "1.1"
        assert await listed(here) == ["chat", "plain"]
        assert await listed(here, "/chat@1.0") == ["chat@1.0"]
        here.publish(content(release(1, 1, retired=True), version=3))
        assert await listed(here) == ["plain"]
        assert await listed(here, "/chat@1.1") == []


async def listed(here: Here, name: str = "") -> list[str]:
    got = await here.exchange(request(b"", f"/v1/models{name}").replace(b"POST", b"GET", 1))
    body = json.loads(got.partition(b"\r\n\r\n")[2])
    return [one["id"] for one in body.get("data", [body] if "id" in body else [])]


releases = st.builds(
    Release,
    id=st.just("r"),
    major=st.integers(0, 3),
    minor=st.integers(0, 3),
    weight=st.integers(0, 2),
    major_weight=st.integers(0, 2),
    sunset=st.sampled_from([0, 5, 10]),
    retired=st.booleans(),
)


@given(
    standing=st.lists(releases, max_size=6, unique_by=lambda one: (one.major, one.minor)),
    pin=st.none() | st.builds(Pin, st.integers(0, 4), st.none() | st.integers(0, 4)),
    now=st.sampled_from([0, 7, 20]),
)
def test_a_version_leads_to_a_living_release_that_it_means_or_says_that_it_is_over(
    standing: list[Release], pin: Pin | None, now: int
) -> None:
    standing = sorted(standing, key=lambda one: (one.major, one.minor), reverse=True)
    # Offers are only handed on, so anything that tells them apart will do.
    chosen = Standings([Standing(one, ("alive", one), ("over", one)) for one in standing]).choose(pin, now)  # type: ignore[arg-type]
    meant = [one for one in standing if pin is None or (one.major == pin.major and pin.minor in (None, one.minor))]
    living = [one for one in meant if not one.retired and not 0 < one.sunset <= now]
    if not meant:
        assert chosen is None
        return
    assert chosen is not None
    offer: Any = chosen.offer
    state, found = offer
    if not living:
        assert (state, found) == ("over", meant[0])
        return
    assert state == "alive"
    assert found in living
    shares = {id(one): one.weight if pin is None else one.major_weight for one in living}
    if any(shares.values()):
        assert shares[id(found)] > 0
    else:
        assert found is living[0]
    if pin is not None and pin.minor is not None:
        assert (found.major, found.minor) == (pin.major, pin.minor)


@given(st.text(max_size=20), st.text("0123456789.@", max_size=12))
def test_a_name_with_a_version_is_read_the_same_way_as_it_is_written(name: str, version: str) -> None:
    service_id, pin = pinned({name: "service_1"}, f"{name}@{version}")
    parts = version.split(".")
    fits = len(parts) <= 2 and all(p.isascii() and p.isdigit() and str(int(p)) == p and len(p) <= 9 for p in parts)
    if fits and name:
        assert service_id == "service_1"
        assert pin == Pin(*map(int, parts))
    else:
        assert service_id is None
