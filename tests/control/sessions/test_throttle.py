"""Guessing passwords becomes slow, and nobody is locked out by it who signs in from where they usually do."""

import asyncio

import pytest
from sqlalchemy import update

from tests.support.api import Organisation, organisation
from tests.support.people import audited, browser, give_password, sign_in
from torana.control.publish.publish import Publisher
from torana.control.sessions.throttle import ACCOUNT, ADDRESS, delay_seconds, network_of
from torana.stores.sql.engine import writing
from torana.stores.sql.people_tables import sign_in_failures

pytestmark = pytest.mark.anyio

WRONG = "not the password"


async def _wait(on: Organisation, seconds: int) -> None:
    """Let so much time go by for those who are throttled."""
    async with writing(on.publisher.engine) as connection:
        await connection.execute(
            update(sign_in_failures).values(last_us=sign_in_failures.c.last_us - seconds * 1_000_000)
        )


async def test_an_account_can_be_guessed_at_a_few_times_and_then_ever_more_slowly(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "admin")
    for name in ("admin", "unknown"):
        async with browser(on) as client:
            codes = [(await sign_in(client, name, WRONG)).status_code for _ in range(ACCOUNT.free)]
            assert set(codes) == {401}
            delays = []
            for _ in range(3):
                refused = await sign_in(client, name)
                assert (refused.status_code, refused.json()["code"]) == (429, "sign_in_throttled")
                delays.append(int(refused.headers["retry-after"]))
                await _wait(on, delays[-1])
                assert (await sign_in(client, name, WRONG)).status_code == 401
            assert delays == [1, 2, 4]
            await _wait(on, 8)
            # The right password makes an end of it, and so does a day.
            assert (await sign_in(client, name)).status_code == (201 if name == "admin" else 401)
    async with browser(on) as client:
        assert (await sign_in(client, "admin", WRONG)).status_code == 401
        assert (await sign_in(client, "admin")).status_code == 201
    assert not [entry for entry in await audited(on, "session.failed") if entry["noun_name"] == "unknown@example.org"]


async def test_attempts_made_at_once_are_counted_one_by_one(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "admin")
    async with browser(on) as client:
        replies = await asyncio.gather(*(sign_in(client, "admin", WRONG) for _ in range(ACCOUNT.free + 10)))
    codes = [reply.status_code for reply in replies]
    assert (codes.count(401), codes.count(429)) == (ACCOUNT.free, 10)


async def test_who_guesses_from_elsewhere_does_not_lock_a_person_out(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "admin")
    async with browser(on, "192.0.2.1") as person, browser(on, "198.51.100.9") as stranger:
        await sign_in(person, "admin")
        for _ in range(ACCOUNT.free):
            await sign_in(stranger, "admin", WRONG)
        assert (await sign_in(stranger, "admin")).status_code == 429
        assert (await sign_in(person, "admin")).status_code == 201
    async with browser(on, "192.0.2.77") as elsewhere:
        assert (await sign_in(elsewhere, "admin")).status_code == 429


async def test_an_address_that_tries_many_accounts_has_to_wait(publisher: Publisher) -> None:
    on = await organisation(publisher)
    await give_password(on, "admin")
    async with browser(on, "2001:db8::1") as client, browser(on, "2001:db8::2") as neighbour:
        for number in range(ADDRESS.free):
            assert (await sign_in(client, f"user{number}", WRONG)).status_code == 401
        assert (await sign_in(neighbour, "admin")).status_code == 429
    async with browser(on, "2001:db8:0:1::1") as other:
        assert (await sign_in(other, "admin")).status_code == 201


def test_delays_double_up_to_a_bound() -> None:
    assert [delay_seconds(count, ACCOUNT) for count in (0, 4, 5, 6, 7, 8)] == [0, 0, 1, 2, 4, 8]
    assert delay_seconds(10**9, ACCOUNT) == ACCOUNT.most_seconds
    assert delay_seconds(ADDRESS.free - 1, ADDRESS) == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::5", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, ""),
        ("nonsense", ""),
    ],
)
def test_addresses_of_one_customer_are_one(address: str | None, network: str) -> None:
    assert network_of(address) == network
