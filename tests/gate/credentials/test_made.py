"""Tokens are bought by one gate for itself: what one has bought or waits for is nothing to another in the process."""

from collections.abc import Callable
from typing import Any

from torana.core.secret import Secret
from torana.core.snapshot import Account, Door
from torana.gate.credentials.made import Shop, credential_of


class _Client:
    """Notes who is to get each reply."""

    def __init__(self) -> None:
        self.sinks: list[Any] = []

    def send(self, endpoint: object, head: bytes, body: bytes, sink: object, deadline_ns: int) -> None:
        self.sinks.append(sink)


class _Waiter:
    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


def _asking(shop: Shop) -> Callable[[_Waiter], bytes | None]:
    account = Account("ibm", "ibm", "watsonx", "https://example.com/v1", "ibm-iam", b"sealed")
    made = credential_of(account, Door("openai_chat", account.base_url, "ibm-iam"), Secret("key"))
    assert made is not None
    return lambda waiter: made.lines(shop, waiter, "/", "example.com", b"")


def test_a_token_is_bought_once_for_all_who_wait_and_only_in_its_own_gate() -> None:
    clients = _Client(), _Client()
    first, second = (_asking(Shop(client)) for client in clients)  # type: ignore[arg-type]  # all that a shop uses
    waiters = [_Waiter() for _ in range(3)]
    assert [ask(waiter) for ask, waiter in zip((first, first, second), waiters, strict=True)] == [None, None, None]
    assert [len(client.sinks) for client in clients] == [1, 1]
    (sink,) = clients[0].sinks
    sink.upstream_head(200, [])
    sink.upstream_body(b'{"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}', True)
    assert [waiter.woken for waiter in waiters] == [1, 1, 0]
    assert first(waiters[0]) == b"authorization: Bearer t\r\n"
    assert second(waiters[2]) is None
    assert len(clients[1].sinks) == 1
