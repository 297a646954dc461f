"""People who register themselves, and invitations that go by e-mail."""

import asyncio

import httpx2
import pytest

from tests.support.api import organisation
from tests.support.people import ORIGIN, PASSWORD, audited, sign_in
from torana.control.app import create_app
from torana.control.door import Door
from torana.control.publish.publish import Publisher
from torana.control.sessions.throttle import ACCOUNT
from torana.settings import SettingError, Settings, load

pytestmark = pytest.mark.anyio

SETTINGS = Settings(registration="example.org, example.net")


class Box:
    """Takes e-mails."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.failing = 0

    async def __call__(self, address: str, subject: str, body: str) -> str | None:
        if self.failing:
            self.failing -= 1
            return "the mail server is away"
        self.taken.append((address, next(line.strip() for line in body.splitlines() if "tor_invite_" in line)))
        return None


def client_of(
    publisher: Publisher, settings: Settings, box: Box | None, address: str = "192.0.2.1"
) -> httpx2.AsyncClient:
    """Somebody who calls an installation with these settings."""
    app = create_app(publisher, settings=settings, post=box)
    transport = httpx2.ASGITransport(Door(app, owner_socket=False), client=(address, 1))
    return httpx2.AsyncClient(transport=transport, base_url=f"{ORIGIN}/api/v1")


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_has_an_address_of_the_domain_gets_an_account_without_rights(publisher: Publisher) -> None:
    on = await organisation(publisher)
    box = Box()
    async with client_of(publisher, SETTINGS, box) as client:
        asked = [
            await client.post("/registrations", json={"email": email})
            for email in ("Ann@example.org", "ann@example.org", "admin@example.org")
        ]
        await _settle()
        assert [(reply.status_code, sorted(reply.json())) for reply in asked] == [(202, ["email"])] * 3
        # One e-mail: not a second one at once, and none to who has an account.
        assert [address for address, _ in box.taken] == ["ann@example.org"]
        refused = await client.post("/registrations", json={"email": "ann@elsewhere.org"})
        assert (refused.status_code, refused.json()["code"]) == (403, "registration_off")
        accepted = await client.post("/invitations/accept", json={"token": box.taken[0][1], "password": PASSWORD})
        assert (accepted.status_code, accepted.json()["platform_role"]) == (201, "member")
        client.headers["origin"] = ORIGIN
        who = (await sign_in(client, "ann")).json()
        assert (who["permissions"], who["teams"]) == ([], [])
    trail = await audited(on, "invitation.create", "invitation.accept")
    assert [entry["actor_kind"] for entry in trail] == ["nobody", "person"]


async def test_registration_is_off_unless_it_is_set_and_can_be_confirmed(publisher: Publisher) -> None:
    await organisation(publisher)
    for settings, box in ((Settings(), Box()), (SETTINGS, None)):
        async with client_of(publisher, settings, box) as client:
            refused = await client.post("/registrations", json={"email": "ann@example.org"})
            assert (refused.status_code, refused.json()["code"]) == (403, "registration_off")


async def test_who_registers_many_addresses_has_to_wait(publisher: Publisher) -> None:
    await organisation(publisher)
    async with client_of(publisher, SETTINGS, Box()) as client:
        codes = [
            (await client.post("/registrations", json={"email": f"a{number}@example.org"})).status_code
            for number in range(ACCOUNT.free + 1)
        ]
    assert codes == [202] * ACCOUNT.free + [429]


async def test_where_e_mail_is_set_up_only_the_invited_sees_the_token(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torana.control.invitations.post.backoff", lambda *_: iter([0.0] * 9))
    on = await organisation(publisher)
    box = Box()
    box.failing = 2
    owner = {"authorization": f"Bearer {on.tokens['owner'].reveal()}"}
    async with client_of(publisher, Settings(), box) as client:
        for path, body in (
            ("/users", {"email": "new@example.org"}),
            ("/invitations", {"email": "new@example.org", "team": "one", "role": "viewer"}),
        ):
            made = await client.post(path, json=body, headers=owner)
            shown = made.json().get("invitation", made.json())
            assert (made.status_code, shown["emailed"], shown["token"]) == (201, True, None)
            assert "tor_invite_" not in made.text
        again = await client.post("/users/new@example.org/invitation", headers=owner)
        assert (again.json()["emailed"], again.json()["token"]) == (True, None)
        await _settle()
        async with asyncio.timeout(10):
            while len(box.taken) < 3:
                await asyncio.sleep(0.01)
        assert {address for address, _ in box.taken} == {"new@example.org"}


@pytest.mark.parametrize("value", ["on", "*", "example", "exa mple.org", "user@example.org"])
def test_the_setting_takes_domains_only(value: str) -> None:
    with pytest.raises(SettingError, match="registration"):
        load({"registration": value}, {})
