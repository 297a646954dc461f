"""AWS's SDK for Python through the process tree: `converse` and `converse_stream` to Bedrock and to vendors of other dialects.

It sends a bearer token to HTTPS addresses only, so that this instance speaks TLS.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import boto3  # type: ignore[import-untyped]
import pytest
import trustme
from botocore.config import Config  # type: ignore[import-untyped]

from tests.support.instance import Instance, run_instance
from tests.support.simulated import mind
from tests.support.simulated.process import KEY, LIMITED_KEY, Simulated, configuration, environment
from tests.support.simulated.records import check_record

GREETING = "Hello — naïve 😀: Hi"
GATE = ["aws", "openai", "responses", "anthropic", "google", "cohere", "ollama"]
TARGETS = pytest.mark.parametrize("target", GATE)
STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
HI: list[Any] = [{"role": "user", "content": [{"text": "Hi"}]}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = {"tools": [{"toolSpec": {"name": "get_weather", "description": "Tells it", "inputSchema": {"json": SCHEMA}}}]}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


@pytest.fixture(scope="module")
def door(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder, authority = tmp_path_factory.mktemp("tls-door"), trustme.CA()
    config, env = configuration(simulated), environment()
    with run_instance(folder, config, key=KEY, workers=1, env=env, authority=authority) as running:
        authority.cert_pem.write_to_path(folder / "ca.pem")
        yield running


@contextmanager
def client_of(door: Instance, **variables: str) -> Iterator[Any]:
    """A client where these variables are set: it reads them at every call."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    settings = Config(retries={"total_max_attempts": 1}, connect_timeout=30, read_timeout=30)
    with patch.dict(os.environ, {**kept, **variables}, clear=True):
        session = boto3.Session(region_name="eu-west-1")
        client = session.client(
            "bedrock-runtime", endpoint_url=door.url, verify=str(door.folder / "ca.pem"), config=settings
        )
        yield client
        client.close()


@pytest.fixture(scope="module")
def client(door: Instance) -> Iterator[Any]:
    with client_of(door, AWS_BEARER_TOKEN_BEDROCK=door.key) as made:
        yield made


def ask(client: Any, streamed: bool, **fields: Any) -> dict[str, Any]:
    """The reply, put together where it came as a stream, as an application does it."""
    if not streamed:
        return dict(client.converse(**fields))
    reply = client.converse_stream(**fields)
    blocks: dict[int, dict[str, Any]] = {}
    found: dict[str, Any] = {"ResponseMetadata": reply["ResponseMetadata"], "kinds": []}
    for event in reply["stream"]:
        ((kind, said),) = event.items()
        found["kinds"].append(kind)
        if kind == "contentBlockStart":
            blocks[said["contentBlockIndex"]] = {"toolUse": {**said["start"]["toolUse"], "input": ""}}
        elif kind == "contentBlockDelta":
            _grow(blocks.setdefault(said["contentBlockIndex"], {}), said["delta"])
        elif kind == "messageStop":
            found["stopReason"] = said["stopReason"]
        elif kind == "metadata":
            found |= {"usage": said["usage"], "metrics": said["metrics"]}
    content = [_whole(blocks[index]) for index in sorted(blocks)]
    return {**found, "output": {"message": {"role": "assistant", "content": content}}}


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    elif "reasoningContent" in delta:
        thought = block.setdefault("reasoningContent", {"reasoningText": {"text": ""}})["reasoningText"]
        thought["text"] += delta["reasoningContent"].get("text", "")
        if "signature" in delta["reasoningContent"]:
            thought["signature"] = delta["reasoningContent"]["signature"]


def _whole(block: dict[str, Any]) -> dict[str, Any]:
    if "toolUse" not in block:
        return block
    return {"toolUse": {**block["toolUse"], "input": json.loads(block["toolUse"]["input"] or "{}")}}


def call_id(reply: dict[str, Any]) -> str:
    metadata = reply["ResponseMetadata"]
    found = metadata["HTTPHeaders"]["x-torana-call-id"]
    assert metadata["RequestId"] == found
    return str(found)


def text_of(reply: dict[str, Any]) -> str:
    return "".join(block.get("text", "") for block in reply["output"]["message"]["content"])


@TARGETS
@STREAMED
def test_a_conversation_is_answered_and_recorded(client: Any, door: Instance, target: str, streamed: bool) -> None:
    said = ask(
        client,
        streamed,
        modelId=target,
        messages=HI,
        system=[{"text": "Be kind."}],
        inferenceConfig={"maxTokens": 100, "temperature": 0.5},
    )
    assert text_of(said) == GREETING
    assert said["stopReason"] == "end_turn"
    usage = said["usage"]
    cached = 0 if target == "ollama" else mind.CACHED
    assert usage["inputTokens"] + usage.get("cacheReadInputTokens", 0) == mind.INPUT
    assert usage.get("cacheReadInputTokens", 0) == cached
    assert (usage["outputTokens"], usage["totalTokens"]) == (mind.OUTPUT, mind.INPUT + mind.OUTPUT)
    assert isinstance(said["metrics"]["latencyMs"], int)
    if streamed:
        assert said["kinds"][0] == "messageStart"
        assert said["kinds"][-3:] == ["contentBlockStop", "messageStop", "metadata"]
        assert said["kinds"].count("contentBlockDelta") > 1
    if target == "aws":
        # What passes bears the vendor's own id, too.
        found = said["ResponseMetadata"]["HTTPHeaders"]["x-torana-call-id"]
    else:
        found = call_id(said)
    check_record(door, found, target, "bedrock_converse", streamed)


def test_two_variables_are_enough(door: Instance) -> None:
    where = {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": door.url, "AWS_CA_BUNDLE": str(door.folder / "ca.pem")}
    with patch.dict(os.environ, {"AWS_BEARER_TOKEN_BEDROCK": door.key, **where}):
        client = boto3.client("bedrock-runtime", region_name="eu-west-1")
        assert text_of(client.converse(modelId="openai", messages=HI)) == GREETING
        client.close()


def test_a_models_name_may_hold_a_slash(client: Any, door: Instance) -> None:
    said = client.converse(modelId="anthropic/claude-sim", messages=HI)
    assert text_of(said) == GREETING
    assert door.record(call_id(said))["endpoint"] == "/model/{model}/converse"


@TARGETS
@STREAMED
def test_tools_are_called_and_their_results_are_answered(client: Any, target: str, streamed: bool) -> None:
    messages: list[Any] = [{"role": "user", "content": [{"text": "both cities"}]}]
    config = {**TOOLS, "toolChoice": {"any": {}}} if target != "ollama" else TOOLS
    said = ask(client, streamed, modelId=target, messages=messages, toolConfig=config)
    assert said["stopReason"] == "tool_use"
    answer = said["output"]["message"]
    calls = [block["toolUse"] for block in answer["content"] if "toolUse" in block]
    assert [(call["name"], call["input"]) for call in calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_weather", {"city": "Rome"}),
    ]
    results = [
        {"toolResult": {"toolUseId": calls[0]["toolUseId"], "content": [{"text": "rain"}]}},
        {
            "toolResult": {
                "toolUseId": calls[1]["toolUseId"],
                "content": [{"json": {"sky": "sun"}}],
                "status": "success",
            }
        },
    ]
    messages += [answer, {"role": "user", "content": results}]
    told = ask(client, streamed, modelId=target, messages=messages, toolConfig=TOOLS)
    assert "rain" in text_of(told)
    assert "sun" in text_of(told)


@pytest.mark.parametrize("target", ["aws", "anthropic", "google"])
@STREAMED
def test_thoughts_come_back_to_the_vendor_with_their_proof(client: Any, target: str, streamed: bool) -> None:
    own = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
    fields: dict[str, Any] = {
        "modelId": target,
        "toolConfig": TOOLS,
        "inferenceConfig": {"maxTokens": 4000},
        "additionalModelRequestFields": own,
    }
    messages: list[Any] = [{"role": "user", "content": [{"text": "Paris"}]}]
    said = ask(client, streamed, messages=messages, **fields)
    answer = said["output"]["message"]
    thoughts = [
        block["reasoningContent"]["reasoningText"] for block in answer["content"] if "reasoningContent" in block
    ]
    assert any(mind.THOUGHT in thought["text"] for thought in thoughts)
    (call,) = [block["toolUse"] for block in answer["content"] if "toolUse" in block]
    result = {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "rain"}]}}
    messages += [answer, {"role": "user", "content": [result]}]
    told = text_of(ask(client, streamed, messages=messages, **fields))
    assert "rain" in told
    assert told.endswith("Proved.")


@pytest.mark.parametrize("target", ["aws", "openai", "anthropic", "google"])
@STREAMED
def test_an_image_is_seen(client: Any, target: str, streamed: bool) -> None:
    content = [{"text": "What is it?"}, {"image": {"format": "png", "source": {"bytes": PNG}}}]
    said = ask(client, streamed, modelId=target, messages=[{"role": "user", "content": content}])
    assert text_of(said) == "I see image/png."


def test_what_passes_to_bedrock_is_signed_and_otherwise_as_it_was(client: Any, simulated: Simulated) -> None:
    messages = [{"role": "user", "content": [{"text": "Only Bedrock"}]}]
    client.converse(
        modelId="aws", messages=messages, requestMetadata={"team": "a"}, performanceConfig={"latency": "standard"}
    )
    (sent,) = simulated.seen("Only Bedrock")
    assert sent.path == "/model/anthropic.claude-sim-v1%3A0/converse"
    assert sent.json == {
        "messages": messages,
        "requestMetadata": {"team": "a"},
        "performanceConfig": {"latency": "standard"},
    }
    assert sent.headers["authorization"].startswith("AWS4-HMAC-SHA256 ")


@pytest.mark.parametrize("target", ["aws", "anthropic", "openai"])
@pytest.mark.parametrize(
    ("status", "raised", "code", "answered"),
    [
        ("400", "ValidationException", "upstream_refused", 400),
        ("401", "ModelErrorException", "upstream_auth_failed", 502),
        ("429", "ThrottlingException", "upstream_rate_limited", 429),
        ("500", "ModelErrorException", "upstream_failed", 502),
    ],
)
@STREAMED
def test_a_vendors_failure_is_the_sdks_own_class(
    client: Any, door: Instance, target: str, status: str, raised: str, code: str, answered: int, streamed: bool
) -> None:
    call = client.converse_stream if streamed else client.converse
    with pytest.raises(getattr(client.exceptions, raised)) as caught:
        call(modelId=f"{target}-fault-{status}", messages=HI)
    response = caught.value.response
    assert response["Error"]["Code"] == raised
    assert response["ResponseMetadata"]["HTTPStatusCode"] == answered
    if status == "400":
        assert "The vendor says 400." in response["Error"]["Message"]
    assert door.record(response["ResponseMetadata"]["HTTPHeaders"]["x-torana-call-id"])["error"] == code


@STREAMED
def test_an_unknown_model_and_what_cannot_be_carried_are_told(client: Any, streamed: bool) -> None:
    call = client.converse_stream if streamed else client.converse
    with pytest.raises(client.exceptions.ResourceNotFoundException) as missing:
        call(modelId="nobody", messages=HI)
    assert "nobody" in missing.value.response["Error"]["Message"]
    guarded: Any = {"guardrailConfig": {"guardrailIdentifier": "abc", "guardrailVersion": "1"}}
    with pytest.raises(client.exceptions.ValidationException) as refused:
        call(modelId="anthropic", messages=HI, **guarded)
    assert "guardrailConfig" in refused.value.response["Error"]["Message"]
    said = call(modelId="anthropic-lossy", messages=HI, **guarded)
    assert said["ResponseMetadata"]["HTTPHeaders"]["x-torana-dropped"] == "guardrailConfig"
    if streamed:
        said["stream"].close()


def test_a_stranger_is_told_so(door: Instance) -> None:
    with client_of(door, AWS_BEARER_TOKEN_BEDROCK="nobody") as stranger:
        with pytest.raises(stranger.exceptions.AccessDeniedException) as caught:
            stranger.converse(modelId="aws", messages=HI)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401


def test_a_request_that_is_signed_with_an_access_key_is_told_what_to_set(door: Instance) -> None:
    with client_of(door, AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY="secret") as signing:
        with pytest.raises(signing.exceptions.AccessDeniedException) as caught:
            signing.converse(modelId="aws", messages=HI)
        assert "AWS_BEARER_TOKEN_BEDROCK" in caught.value.response["Error"]["Message"]


def test_a_limit_that_is_used_up_is_throttling(door: Instance) -> None:
    with client_of(door, AWS_BEARER_TOKEN_BEDROCK=LIMITED_KEY) as limited:
        limited.converse(modelId="openai", messages=HI)
        with pytest.raises(limited.exceptions.ThrottlingException):
            limited.converse(modelId="openai", messages=HI)
