"""Every dialect of callers before every dialect of vendors, through a real gate and a socket on either side."""

import json
from pathlib import Path

import pytest

from tests.laws.meaning import answered, counted
from tests.support.collecting import collect
from tests.support.gate_here import Here, Reply
from tests.support.vendors import VENDORS
from tests.support.vendors.callers import CALL, CALLERS, Caller, Turn
from tests.support.vendors.serving import SERVICE, gate_before
from tests.support.vendors.shape import INPUT, OUTPUT, Answer
from torana.core.exchange import ModelReply
from torana.core.stream import Failed
from torana.dialects.registry import DIALECTS

pytestmark = pytest.mark.anyio

TEXT = Answer("Sunny, naïve 😀 and 21 degrees.")
CALLED = Answer("I look it up.", call=CALL)
THOUGHT = Answer("Sunny.", "It is summer there, so let me think.")
SCENES: dict[str, tuple[Turn, Answer]] = {
    "text": (Turn(), TEXT),
    "a tool is called": (Turn(tools=True), CALLED),
    "its result": (Turn(tools=True, result="21 degrees"), TEXT),
    "an image": (Turn(image=True), TEXT),
    "a schema": (Turn(schema=True), Answer('{"city":"Paris"}')),
    "thoughts": (Turn(), THOUGHT),
}
PAIRS = [(caller, vendor) for caller in CALLERS for vendor in VENDORS]
TRANSLATED = [(caller, vendor) for caller, vendor in PAIRS if CALLERS[caller].dialect.folder != vendor]
ONLY_TEXT = "openai_completions"
QUIRKS = ("no_completions",)
"""A vendor of chat completions is otherwise taken to have the legacy ones too, and bytes pass."""


async def ask(here: Here, caller: Caller, turn: Turn, stream: bool) -> Reply:
    path = caller.streaming_path if stream else caller.path
    body = json.dumps(caller.write(turn, SERVICE, stream)).encode()
    return await here.post(body, path % SERVICE if "%s" in path else path)


def understand(caller: Caller, reply: Reply, stream: bool) -> ModelReply:
    """The reply as a client of the caller's dialect reads it."""
    assert reply.status == 200, reply.body
    if not stream:
        assert reply.headers["content-type"] == "application/json"
        return caller.dialect.decode_reply(reply.body)
    assert reply.headers["content-type"].startswith(caller.dialect.stream_type)
    assert reply.complete
    decoder = caller.dialect.decoder()
    return collect(decoder.feed(reply.body) + decoder.end())


def carried(scene: str, caller: str, vendor: str) -> bool:
    """Whether both dialects have a place for it."""
    return (
        ONLY_TEXT not in (caller, vendor)
        or (scene == "text" and caller == vendor)
        or (caller == ONLY_TEXT and scene == "text")
    )


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("caller", "vendor"), PAIRS)
async def test_every_kind_of_turn_is_served_and_recorded(
    tmp_path: Path, caller: str, vendor: str, stream: bool
) -> None:
    client = CALLERS[caller]
    async with gate_before(tmp_path, vendor, quirks=QUIRKS) as (here, served):
        for scene, (turn, answer) in SCENES.items():
            if not carried(scene, caller, vendor):
                continue
            served.answer = answer
            reply = await ask(here, client, turn, stream)
            found = understand(client, reply, stream)
            assert served.wrong == [], (scene, served.wrong)
            expected = answered(told_by(vendor, answer))
            assert answered(found) == expected, scene
            assert counted(found.usage) == (INPUT, OUTPUT), scene
            record = here.record(reply.call_id)
            assert (record.input_tokens, record.output_tokens, record.status) == (INPUT, OUTPUT, 200), scene
            assert not record.usage_estimated
            assert record.error is None
            assert "x-torana-dropped" not in reply.headers, (scene, reply.headers)
        assert len(here.records()) == len(served.bodies)
        assert here.in_use() == {}


def told_by(vendor: str, answer: Answer) -> ModelReply:
    return DIALECTS[vendor].decode_reply(VENDORS[vendor].whole(answer))


@pytest.mark.parametrize(("caller", "vendor"), TRANSLATED)
async def test_a_vendor_that_does_not_stream_serves_a_caller_who_wants_a_stream(
    tmp_path: Path, caller: str, vendor: str
) -> None:
    client = CALLERS[caller]
    async with gate_before(tmp_path, vendor, quirks=QUIRKS) as (here, served):
        if not carried("text", caller, vendor):
            return
        served.streams, served.answer = False, TEXT
        found = understand(client, await ask(here, client, Turn(), True), True)
        assert answered(found) == answered(told_by(vendor, TEXT))
        assert [record.status for record in here.records()] == [200]


@pytest.mark.parametrize(("caller", "vendor"), TRANSLATED)
async def test_a_hint_is_dropped_and_named_and_a_need_is_refused_or_dropped_by_policy(
    tmp_path: Path, caller: str, vendor: str
) -> None:
    client = CALLERS[caller]
    hinted, needing = Turn(user="somebody"), Turn(seed=7)
    carries_need = client.need == "seed" and vendor in (
        "openai_chat",
        "openai_completions",
        "gemini",
        "cohere",
        "ollama",
    )
    for drop in (False, True):
        async with gate_before(tmp_path / str(drop), vendor, drop, quirks=QUIRKS) as (here, served):
            if not carried("text", caller, vendor):
                return
            reply = await ask(here, client, hinted, False)
            assert reply.status == 200, reply.body
            if b"somebody" not in served.bodies[-1]:
                assert reply.headers["x-torana-dropped"] == client.hint
            reply = await ask(here, client, needing, False)
            record = here.record(reply.call_id)
            if carries_need:
                assert (reply.status, "x-torana-dropped" in reply.headers) == (200, False)
            elif drop:
                assert reply.status == 200, reply.body
                assert reply.headers["x-torana-dropped"].startswith(client.need)
            else:
                assert (reply.status, record.error) == (400, "unsupported_parameter")
                assert client.need in error_of(client, reply.body)
            assert served.wrong == []
            assert here.in_use() == {}


def error_of(caller: Caller, body: bytes) -> str:
    """The caller's own error, which its client can read."""
    error = caller.dialect.decode_error(body)
    assert error is not None, body
    return f"{error.message} {error.param}"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("caller", "vendor"), TRANSLATED)
async def test_a_vendors_refusal_comes_in_the_callers_form(
    tmp_path: Path, caller: str, vendor: str, stream: bool
) -> None:
    client = CALLERS[caller]
    async with gate_before(tmp_path, vendor, quirks=QUIRKS) as (here, served):
        if not carried("text", caller, vendor):
            return
        for status, expected in ((400, 400), (404, 404), (500, 502), (429, 429), (401, 502)):
            served.status = status
            reply = await ask(here, client, Turn(), stream)
            record = here.record(reply.call_id)
            assert (reply.status, record.status) == (expected, expected), reply.body
            message = error_of(client, reply.body)
            assert ("the vendor says no" in message) == (status in (400, 404))
        assert here.in_use() == {}


@pytest.mark.parametrize("broken", ["error", "cut", "garbage"])
@pytest.mark.parametrize(("caller", "vendor"), TRANSLATED)
async def test_a_stream_that_breaks_ends_by_the_callers_own_error_event(
    tmp_path: Path, caller: str, vendor: str, broken: str
) -> None:
    client = CALLERS[caller]
    async with gate_before(tmp_path, vendor, quirks=QUIRKS) as (here, served):
        if not carried("text", caller, vendor):
            return
        served.broken, served.answer = broken, TEXT
        reply = await ask(here, client, Turn(), True)
        assert reply.complete
        decoder = client.dialect.decoder()
        events = decoder.feed(reply.body) + decoder.end()
        assert isinstance(events[-1], Failed)
        if caller == "gemini_array":
            assert "error" in json.loads(reply.body)[-1]
        (record,) = here.records()
        assert record.error == "upstream_failed"
        assert here.in_use() == {}
