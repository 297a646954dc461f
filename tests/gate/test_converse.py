"""What is Bedrock's own at the gate: errors in headers and frames, keys instead of signatures, streams of frames that pass."""

import json
from pathlib import Path

import pytest

from tests.dialects.bedrock_converse.shapes import check_reply, check_stream
from tests.support.gate_here import Reply
from tests.support.vendors import VENDORS
from tests.support.vendors.serving import SERVICE, gate_before
from tests.support.vendors.shape import Answer

pytestmark = pytest.mark.anyio

BODY = json.dumps({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}).encode()
WHOLE, STREAM = f"/model/{SERVICE}/converse", f"/model/{SERVICE}/converse-stream"


def told(reply: Reply, status: int, kind: str, code: str) -> str:
    """The sentence of an error in AWS's form."""
    assert (reply.status, reply.headers["x-amzn-errortype"]) == (status, kind)
    assert reply.headers["content-type"] == "application/json"
    error = json.loads(reply.body)
    assert (error["code"], error["callId"]) == (code, reply.headers["x-torana-call-id"])
    return str(error["message"])


async def test_refusals_have_awss_form_wherever_they_arise(tmp_path: Path) -> None:
    async with gate_before(tmp_path, "openai_chat") as (here, _):
        told(await here.post(BODY, "/model/x/invoke"), 404, "ResourceNotFoundException", "unknown_path")
        told(await here.post(BODY, "/model/nobody/converse"), 404, "ResourceNotFoundException", "model_not_found")
        told(await here.post(BODY, WHOLE, key="nobody"), 401, "AccessDeniedException", "invalid_api_key")
        told(await here.post(b"[", WHOLE), 400, "ValidationException", "invalid_json")
        wrong = await here.post(b'{"messages": [{"role": "user", "content": [{}]}]}', STREAM)
        assert "messages[0].content[0]" in told(wrong, 400, "ValidationException", "invalid_field")


@pytest.mark.parametrize("path", [WHOLE, "/v1/chat/completions"])
async def test_a_signature_of_awss_is_no_key_and_the_caller_is_told_what_is(tmp_path: Path, path: str) -> None:
    signed = (
        "AWS4-HMAC-SHA256 Credential=AKIA/20261125/eu-west-1/bedrock/aws4_request, SignedHeaders=host, Signature=00"
    )
    async with gate_before(tmp_path, "openai_chat") as (here, _):
        head = f"POST {path} HTTP/1.1\r\nhost: gate\r\nauthorization: {signed}\r\nconnection: close\r\n"
        got = await here.exchange(f"{head}content-length: {len(BODY)}\r\n\r\n".encode() + BODY)
    assert got.startswith(b"HTTP/1.1 401 ")
    assert b"AWS_BEARER_TOKEN_BEDROCK" in got


async def test_a_reply_bears_the_call_id_where_awss_clients_look_for_it_and_the_measured_time(tmp_path: Path) -> None:
    async with gate_before(tmp_path, "openai_chat") as (here, _):
        whole, streamed = await here.post(BODY, WHOLE), await here.post(BODY, STREAM)
    for reply in (whole, streamed):
        assert reply.headers["x-amzn-requestid"] == reply.headers["x-torana-call-id"]
    assert streamed.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert isinstance(check_reply(whole.body)["metrics"]["latencyMs"], int)
    assert isinstance(check_stream(streamed.body)[-1][1]["metrics"]["latencyMs"], int)


async def test_the_kind_of_a_vendors_own_error_passes_with_it(tmp_path: Path) -> None:
    async with gate_before(tmp_path, "bedrock_converse") as (here, served):
        served.status, served.headers = 424, {"x-amzn-errortype": "ModelErrorException:http://internal.amazon.com"}
        reply = await here.post(BODY, STREAM)
        assert here.record(reply.call_id).error == "upstream_refused"
    assert (reply.status, reply.body) == (424, VENDORS["bedrock_converse"].error(424, "the vendor says no"))
    assert reply.headers["x-amzn-errortype"] == "ModelErrorException:http://internal.amazon.com"


@pytest.mark.parametrize(
    ("broken", "kind", "error"),
    [
        ("error", "modelStreamErrorException", "upstream_failed"),
        ("garbage", "modelStreamErrorException", "upstream_failed"),
        ("cut", "modelStreamErrorException", "upstream_cut"),
    ],
)
async def test_a_stream_that_passes_and_breaks_ends_by_an_exception(
    tmp_path: Path, broken: str, kind: str, error: str
) -> None:
    async with gate_before(tmp_path, "bedrock_converse") as (here, served):
        served.broken, served.answer = broken, Answer("A text of some length, in portions.")
        reply = await here.post(BODY, STREAM)
        record = here.record(reply.call_id)
        assert here.in_use() == {}
    assert reply.complete
    events = check_stream(reply.body)
    assert events[0][0] == "messageStart"
    assert events[-1][0] == kind
    assert record.error == error
