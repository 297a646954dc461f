"""Keys and limits on two workers: revoked means refused everywhere, and a limit is one limit however many gates count."""

import http.client
import json
import select
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import journey
from tests.support.instance import Instance, Reply, run_instance
from tests.support.polling import eventually
from tests.support.vendor_process import Vendor

PER_MINUTE = 25
AT_ONCE = 4


@pytest.fixture(scope="module")
def instance(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    services = [
        journey.service("chat"),
        journey.service("fault:hang", limits=[{"concurrency": AT_ONCE}]),
        journey.service("limited", "chat", limits=[{"requests": PER_MINUTE, "per": "minute"}]),
    ]
    apps = [
        journey.app("main", ["chat", "fault:hang", "limited"]),
        journey.app("other", ["chat"], limits=[{"requests": PER_MINUTE, "per": "minute"}]),
        journey.app("spare", ["chat"]),
    ]
    folder = tmp_path_factory.mktemp("limits")
    config = journey.configuration(vendor, services, apps)
    with run_instance(folder, config, key=journey.KEY, env=journey.environment()) as running:
        yield running


@pytest.mark.parametrize(("model", "key"), [("limited", journey.KEYS["main"]), ("chat", journey.KEYS["other"])])
def test_a_request_limit_is_exact_over_two_gates(instance: Instance, model: str, key: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: instance.chat(model, key), range(3 * PER_MINUTE)))
    assert len({reply.gate for reply in replies}) == 2
    statuses = Counter(reply.status for reply in replies)
    assert statuses == {200: PER_MINUTE, 429: 2 * PER_MINUTE}
    refused = next(reply for reply in replies if reply.status == 429)
    assert refused.error["code"] == "rate_limit_exceeded"
    assert str(PER_MINUTE) in refused.error["message"]
    assert 0 < int(refused.headers["retry-after"]) <= 61


def test_a_concurrency_limit_is_exact_over_two_gates(instance: Instance, vendor: Vendor) -> None:
    vendor.clear()
    connections = [begin(instance) for _ in range(5 * AT_ONCE)]
    eventually(lambda: len(answered(connections)) == 4 * AT_ONCE, "all but the allowed calls are answered")
    eventually(lambda: running(vendor) == AT_ONCE, "the vendor has the allowed calls")
    refused = [read(connection) for connection in answered(connections)]
    assert {reply.error["code"] for reply in refused} == {"concurrency_limit_exceeded"}
    assert len({reply.gate for reply in refused}) == 2
    assert len(vendor.seen(b"at-once")) == AT_ONCE
    for connection in connections:
        connection.close()
    eventually(lambda: running(vendor) == 0, "the vendor sees all callers leave")
    again: list[http.client.HTTPConnection] = []

    def filled() -> bool:
        again.append(begin(instance))
        return running(vendor) == AT_ONCE

    eventually(filled, "all places can be taken again")
    eventually(lambda: len(answered(again)) == len(again) - AT_ONCE, "no more than all places were taken")
    for connection in again:
        connection.close()


def running(vendor: Vendor) -> int:
    """Calls that the vendor has and whose caller has not left."""
    return sum(not seen.closed_early for seen in vendor.seen(b"at-once"))


def answered(connections: list[http.client.HTTPConnection]) -> list[http.client.HTTPConnection]:
    """Those on which an answer has begun to arrive."""
    by_socket = {connection.sock: connection for connection in connections}
    return [by_socket[readable] for readable in select.select(list(by_socket), [], [], 0)[0]]


def read(connection: http.client.HTTPConnection) -> Reply:
    answer = connection.getresponse()
    return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read(), True)


def begin(instance: Instance) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=60)
    body = {"model": "fault:hang", "user": "at-once", "messages": [{"role": "user", "content": "x"}]}
    headers = {"Authorization": f"Bearer {instance.key}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    return connection


def test_a_revoked_key_is_refused_by_every_gate(instance: Instance) -> None:
    key = journey.KEYS["spare"]
    gates = instance.gates_seen(key)
    assert len(gates) == 2
    listed = json.loads(instance.cli("keys", "list", "--json"))
    (mine,) = [row for row in listed if row["name"] == "spare-key"]
    instance.cli("keys", "revoke", mine["id"])
    refusing: set[str] = set()

    def all_refuse() -> bool:
        reply = instance.chat("chat", key)
        if reply.status == 401:
            assert reply.error["code"] == "invalid_api_key"
            refusing.add(reply.gate)
        return refusing == gates

    eventually(all_refuse, "both gates refuse the key", 10)
    assert instance.chat("chat").status == 200


def test_a_key_made_while_it_runs_is_accepted_by_every_gate(instance: Instance) -> None:
    made = json.loads(instance.cli("keys", "create", "--app", "main", "--name", "second", "--json"))
    key = made["value"]
    accepting: set[str] = set()

    def all_accept() -> bool:
        reply = instance.chat("chat", key)
        if reply.status == 200:
            accepting.add(reply.gate)
        return len(accepting) == 2

    eventually(all_accept, "both gates accept the key", 10)
    assert key not in instance.cli("keys", "list", "--json")
    assert key not in instance.output()


def test_a_key_may_call_only_what_its_app_is_subscribed_to(instance: Instance) -> None:
    reply = instance.chat("limited", journey.KEYS["other"])
    assert (reply.status, reply.error["code"]) == (403, "not_subscribed")
    assert "fault:hang" not in reply.error["message"]


def test_a_replaced_gate_still_answers_and_drops_no_call(instance: Instance) -> None:
    """SIGHUP replaces the gates one by one; callers notice nothing."""
    before = {gate.pid for gate in instance.gates()}
    instance.process.send_signal(1)
    statuses: Counter[int] = Counter()

    def replaced() -> bool:
        statuses[instance.chat("chat").status] += 1
        now = {gate.pid for gate in instance.gates()}
        return len(now) == 2 and not now & before

    eventually(replaced, "both gates are new", 60)
    assert set(statuses) == {200}
