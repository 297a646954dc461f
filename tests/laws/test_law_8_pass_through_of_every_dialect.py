"""Law 8 for every dialect: where caller and vendor speak the same, the bytes pass, requests, replies and streams alike."""

import json
from pathlib import Path

import pytest

from tests.support.vendors import VENDORS, google
from tests.support.vendors.callers import CALL, CALLERS, Turn
from tests.support.vendors.serving import SERVICE, gate_before
from tests.support.vendors.shape import INPUT, OUTPUT, Answer

pytestmark = pytest.mark.anyio

ANSWER = Answer("Hello, naïve 😀 world.", "Let me think.", CALL)
ODD = b' "x_unknown" : {"a":1.10,"b":[1e400, "\\u00e9"]} ,'


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_bytes_pass_where_both_speak_the_same(tmp_path: Path, caller: str, stream: bool) -> None:
    client = CALLERS[caller]
    vendor = client.dialect.folder
    simulated = VENDORS[vendor]
    body = json.dumps(client.write(Turn(tools=True), SERVICE, stream), indent=2).encode()
    body = b"{" + ODD + body[1:]
    path = client.streaming_path if stream else client.path
    async with gate_before(tmp_path, vendor) as (here, served):
        served.answer = ANSWER if vendor != "openai_completions" else Answer(ANSWER.text)
        expected = simulated.whole(served.answer)
        if stream:
            array = caller == "gemini_array"
            expected = google.array(served.answer) if array else b"".join(simulated.events(served.answer))
        reply = await here.post(body, path % SERVICE if "%s" in path else path)
        record = here.record(reply.call_id)
    assert (reply.status, reply.complete) == (200, True)
    assert reply.body == expected
    # The model's name is the vendor's there; nothing else has been touched.
    assert served.bodies == [body.replace(f'"{SERVICE}"'.encode(), f'"{simulated.model}"'.encode())]
    assert (record.input_tokens, record.output_tokens) == (INPUT, OUTPUT)
    # Bedrock does not say it.
    assert record.model_served == (None if vendor == "bedrock_converse" else "served-model")


@pytest.mark.parametrize("caller", CALLERS)
async def test_a_vendors_own_refusal_passes_as_it_is(tmp_path: Path, caller: str) -> None:
    client = CALLERS[caller]
    vendor = client.dialect.folder
    path = client.streaming_path
    body = json.dumps(client.write(Turn(), SERVICE, True)).encode()
    async with gate_before(tmp_path, vendor) as (here, served):
        served.status = 400
        reply = await here.post(body, path % SERVICE if "%s" in path else path)
    assert (reply.status, reply.body) == (400, VENDORS[vendor].error(400, "the vendor says no"))
