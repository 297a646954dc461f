"""Every fault of the vendor: the right stable code within its time limit, one record, nothing left reserved.

Each fault has a service with a concurrency limit of one and is called twice: the second call is refused if the first one's
reservation has leaked. All faults run at the same time; the tests then look at what came of each.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from tests.support import journey, vendor_replies
from tests.support.instance import Instance, Reply, run_instance
from tests.support.polling import eventually
from tests.support.vendor_faults import FAULTS
from tests.support.vendor_process import Vendor

MARK = "the-faults-journey"
FINE: frozenset[str | None] = frozenset([None])


class Expected(NamedTuple):
    """What has to come of a fault; `codes` are the stable codes that would be right, None is success."""

    status: int
    codes: frozenset[str | None]
    streamed: bool = False


def fails(status: int, *codes: str, streamed: bool = False) -> Expected:
    return Expected(status, frozenset(codes), streamed)


def fine(streamed: bool = False) -> Expected:
    return Expected(200, FINE, streamed)


EXPECTED = {
    "hang": [fails(504, "upstream_first_byte_timeout"), fails(504, "upstream_first_byte_timeout", streamed=True)],
    "slow-first-byte": [fine(), fine(True)],
    "slow-events": [fine(True)],
    "stall": [fails(200, "upstream_idle_timeout", streamed=True)],
    "endless": [fails(200, "upstream_total_timeout", streamed=True)],
    "no-reply": [fails(502, "upstream_cut")],
    "reset": [fails(502, "upstream_cut")],
    "reset-mid-stream": [fails(200, "upstream_cut", streamed=True)],
    "cut-mid-event": [fails(200, "upstream_cut", streamed=True)],
    "lie-length-short": [fails(502, "upstream_bad_reply", "upstream_malformed")],
    "lie-length-long": [fails(502, "upstream_cut")],
    "one-byte-chunks": [fine(), fine(True)],
    "one-byte-head": [fine()],
    "half-emoji": [fine(), fine(True)],
    "informational": [fine(), fine(True)],
    "wrong-content-type": [fails(502, "upstream_bad_reply"), fails(502, "upstream_bad_reply", streamed=True)],
    "redirect": [fails(502, "upstream_redirect")],
    "garbage": [fails(502, "upstream_malformed")],
    "garbage-json": [fails(502, "upstream_bad_reply")],
    "empty": [fails(502, "upstream_bad_reply")],
    "huge-header": [fails(502, "upstream_malformed")],
    "400": [fails(400, "upstream_refused")],
    "401": [fails(502, "upstream_auth_failed")],
    "403": [fails(502, "upstream_auth_failed")],
    "404": [fails(404, "upstream_refused")],
    "429": [fails(429, "upstream_rate_limited"), fails(429, "upstream_rate_limited", streamed=True)],
    "500": [fails(502, "upstream_failed")],
    "503": [fails(502, "upstream_failed")],
    "leaky-400": [fails(400, "upstream_refused")],
    "leaky-401": [fails(502, "upstream_auth_failed")],
    "error-event": [fails(200, "upstream_failed", "upstream_bad_reply", streamed=True)],
    "no-done": [Expected(200, frozenset([None, "upstream_cut"]), True)],
    "huge-event": [fine(True)],
    "huge-reply": [fails(502, "upstream_reply_too_large")],
    "close-after-reply": [fine()],
    "close-silently": [fine()],
    "gzip": [
        Expected(200, FINE),
        fails(502, "upstream_bad_reply"),
    ],  # either decoded or refused, never passed on as it is
    "crlf-events": [fine(True)],
    "usage-in-last-choice": [fine(True)],
}
SAID_BY_THE_VENDOR = ("400", "404", "leaky-400", "error-event")
"""What the vendor says about the caller's own request, or in the middle of a stream, passes in the vendor's words."""
CASES = [(fault, expected) for fault, all_expected in EXPECTED.items() for expected in all_expected]


class Outcome(NamedTuple):
    """The replies to two calls in a row, with the records of each."""

    replies: list[Reply]
    records: list[list[dict[str, Any]]]


ALONE = {"close-silently"}
"""Faults that could meet another call: what is sent on a connection at the moment it is closed may or may not have been read."""


@pytest.fixture(scope="module")
def instance(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    services = [journey.service(f"fault:{fault}", limits=[{"concurrency": 1}]) for fault in FAULTS]
    folder = tmp_path_factory.mktemp("faults")
    with run_instance(folder, journey.configuration(vendor, services), key=journey.KEY, env=journey.quick()) as running:
        yield running


@pytest.fixture(scope="module")
def outcomes(instance: Instance) -> dict[tuple[str, bool], Outcome]:
    def call(fault: str, streamed: bool) -> Reply:
        fields: dict[str, Any] = {"stream": True} if streamed else {}

        def admitted() -> Reply | None:
            reply = instance.chat(f"fault:{fault}", user=MARK, **fields)
            return None if reply.status == 429 and reply.error["code"] == "concurrency_limit_exceeded" else reply

        return eventually(admitted, f"{fault}: the place of the call before is free again")

    def call_all(fault: str) -> dict[tuple[str, bool], list[Reply]]:
        kinds = sorted({expected.streamed for expected in EXPECTED[fault]})
        return {(fault, streamed): [call(fault, streamed) for _ in range(2)] for streamed in kinds}

    replies: dict[tuple[str, bool], list[Reply]] = {}
    with ThreadPoolExecutor(len(EXPECTED)) as pool:
        for some in pool.map(call_all, sorted(EXPECTED.keys() - ALONE)):
            replies |= some
    for fault in sorted(ALONE):
        replies |= call_all(fault)
    by_id = instance.records({reply.call_id for pair in replies.values() for reply in pair})
    return {case: Outcome(pair, [by_id[reply.call_id] for reply in pair]) for case, pair in replies.items()}


def test_every_fault_of_the_vendor_is_expected_here() -> None:
    assert sorted(EXPECTED) == sorted(FAULTS)


@pytest.mark.parametrize(("fault", "streamed"), sorted({(fault, expected.streamed) for fault, expected in CASES}))
def test_a_fault_has_its_code_and_exactly_one_record(
    outcomes: dict[tuple[str, bool], Outcome], fault: str, streamed: bool
) -> None:
    allowed = [expected for expected in EXPECTED[fault] if expected.streamed is streamed]
    for reply, records in zip(*outcomes[fault, streamed], strict=True):
        (record,) = records
        fitting = [
            expected for expected in allowed if reply.status == expected.status and record["error"] in expected.codes
        ]
        assert fitting, (reply, record)
        assert record["status"] == reply.status
        assert record["service"] == f"fault:{fault}"
        if record["error"] is None:
            continue
        assert not reply.body.endswith(b"data: [DONE]\n\n")
        if fault in SAID_BY_THE_VENDOR:
            assert b"the vendor says" in reply.body or b"the model broke" in reply.body
        elif reply.status == 200:
            assert record["error"].encode() in reply.body or not reply.complete
        else:
            assert reply.error["code"] == record["error"]
            assert reply.error["call_id"] == reply.call_id
            assert reply.error["type"]
            assert fault in reply.error["message"] or "vendor" in reply.error["message"]


@pytest.mark.parametrize("fault", ["one-byte-chunks", "half-emoji", "slow-events", "informational", "slow-first-byte"])
def test_a_stream_in_odd_pieces_reaches_the_caller_as_the_same_stream(
    outcomes: dict[tuple[str, bool], Outcome], fault: str
) -> None:
    expected = b"".join(vendor_replies.chat_events({"model": f"fault:{fault}"}, include_usage=False))
    for reply in outcomes[fault, True].replies:
        assert reply.complete
        assert reply.body.replace(b', "usage": null', b"") == expected


@pytest.mark.parametrize(
    "fault", ["one-byte-chunks", "half-emoji", "one-byte-head", "close-after-reply", "close-silently", "gzip"]
)
def test_a_reply_in_odd_pieces_reaches_the_caller_as_the_same_reply(
    outcomes: dict[tuple[str, bool], Outcome], fault: str
) -> None:
    for reply in outcomes[fault, False].replies:
        if reply.status == 200:
            assert reply.body == vendor_replies.chat({"model": f"fault:{fault}", "messages": []})


@pytest.mark.parametrize("fault", ["usage-in-last-choice", "crlf-events", "slow-events", "huge-event"])
def test_usage_is_metered_wherever_the_vendor_puts_it(outcomes: dict[tuple[str, bool], Outcome], fault: str) -> None:
    for (record,) in outcomes[fault, True].records:
        assert record["input_tokens"] == vendor_replies.PROMPT_TOKENS
        assert record["output_tokens"] == vendor_replies.COMPLETION_TOKENS


def test_lines_that_end_in_cr_lf_reach_the_caller_as_they_are(outcomes: dict[tuple[str, bool], Outcome]) -> None:
    for reply in outcomes["crlf-events", True].replies:
        assert b"data: [DONE]\r\n\r\n" in reply.body
        assert b'"total_tokens"' not in reply.body


@pytest.mark.parametrize(("fault", "streamed"), [("429", True), ("429", False), ("503", False)])
def test_the_vendors_retry_after_reaches_the_caller(
    outcomes: dict[tuple[str, bool], Outcome], fault: str, streamed: bool
) -> None:
    assert {reply.headers["retry-after"] for reply in outcomes[fault, streamed].replies} == {"7"}


def test_a_vendor_that_repeats_its_key_in_an_error_does_not_show_it_to_the_caller(
    outcomes: dict[tuple[str, bool], Outcome], instance: Instance
) -> None:
    for reply in outcomes["leaky-400", False].replies + outcomes["leaky-401", False].replies:
        assert journey.PROVIDER_KEY.encode() not in reply.body
    assert journey.PROVIDER_KEY not in instance.output()


def test_a_call_that_was_sent_is_not_sent_twice(outcomes: dict[tuple[str, bool], Outcome], vendor: Vendor) -> None:
    for fault in ("hang", "garbage", "500", "lie-length-long"):
        tries = [seen.json for seen in vendor.seen(MARK.encode())]
        assert len([one for one in tries if one["model"] == f"fault:{fault}" and not one.get("stream")]) == 2, fault
