"""AWS Bedrock: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and …ConverseStream.html."""

import json
from typing import Any
from urllib.parse import unquote

from tests.support.eventstream import write_event
from tests.support.simulated import mind
from tests.support.simulated.check import check_bedrock
from tests.support.simulated.mind import Answer, Asked
from tests.support.simulated.wire import Refused, Reply, Request, pieces, whole

KEY = "AKIASIMULATED0000000:c2ltdWxhdGVkLXNlY3JldC1rZXk="
REGION = "eu-west-1"
_USAGE = {
    "inputTokens": mind.INPUT - mind.CACHED,
    "outputTokens": mind.OUTPUT,
    "totalTokens": mind.INPUT + mind.OUTPUT,
    "cacheReadInputTokens": mind.CACHED,
    "cacheWriteInputTokens": 0,
}
_KINDS = {400: "ValidationException", 401: "UnrecognizedClientException", 429: "ThrottlingException"}


def respond(request: Request) -> Reply:
    """A reply of Bedrock's runtime."""
    _check_signed(request)
    name, _, action = request.path.removeprefix("/model/").rpartition("/")
    name = unquote(name)
    check_bedrock(name, action, request.json)
    asked = _asked(name, request.json)
    said = mind.answer(asked)
    if action == "converse-stream":
        return _stream(said)
    if action != "converse":
        raise Refused(404, f"There is no {request.path}.")
    message = {"role": "assistant", "content": _blocks(said)}
    made = {"output": {"message": message}, "stopReason": _stop(said), "usage": _USAGE, "metrics": {"latencyMs": 5}}
    return whole(made, headers=(("x-amzn-requestid", "req_sim"),))


def refusal(status: int, message: str) -> Reply:
    """An error."""
    kind = _KINDS.get(status, "InternalServerException")
    return whole({"message": message}, status, (("x-amzn-errortype", kind), ("x-amzn-requestid", "req_sim")))


def _check_signed(request: Request) -> None:
    """The signature itself is proved by tests/gate/credentials; here: who signed, for which region and service."""
    given = request.headers.get("authorization", "")
    identity = f"Credential={KEY.partition(':')[0]}/"
    if not given.startswith(f"AWS4-HMAC-SHA256 {identity}") or f"/{REGION}/bedrock/aws4_request" not in given:
        raise Refused(401, "The security token included in the request is invalid.")


def _asked(name: str, body: dict[str, Any]) -> Asked:
    found = Asked(name)
    before: list[dict[str, Any]] = []
    for message in body["messages"]:
        content = message["content"]
        if message["role"] == "user":
            results = [part["toolResult"] for part in content if "toolResult" in part]
            calls = {part["toolUse"]["toolUseId"] for part in before if "toolUse" in part}
            if calls != {result["toolUseId"] for result in results}:
                raise Refused(400, "Expected toolResult blocks for exactly the toolUse blocks of the turn before.")
            found.results = [_result(result) for result in results]
            found.text = "".join(part.get("text", "") for part in content) or found.text
            found.images = [f"image/{part['image']['format']}" for part in content if "image" in part]
        else:
            thoughts = [part["reasoningContent"] for part in content if "reasoningContent" in part]
            found.proofs += [one["reasoningText"]["signature"] for one in thoughts if "reasoningText" in one]
        before = content
    found.system = "".join(part.get("text", "") for part in body.get("system") or ())
    config = body.get("toolConfig") or {}
    specs = [tool["toolSpec"] for tool in config.get("tools", ()) if "toolSpec" in tool]
    found.tools = [(spec["name"], spec["inputSchema"]["json"]) for spec in specs]
    found.forced = bool({"any", "tool"} & (config.get("toolChoice") or {}).keys())
    form = (body.get("outputConfig") or {}).get("textFormat") or {}
    if form:
        found.schema = json.loads(form["structure"]["jsonSchema"]["schema"])
    thinking = (body.get("additionalModelRequestFields") or {}).get("thinking") or {}
    found.thinking = thinking.get("type") in ("enabled", "adaptive")
    return found


def _result(result: dict[str, Any]) -> str:
    return "".join(part["text"] if "text" in part else json.dumps(part["json"]) for part in result["content"])


def _stop(said: Answer) -> str:
    return "tool_use" if said.calls else "end_turn"


def _blocks(said: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if said.thought:
        blocks.append({"reasoningContent": {"reasoningText": {"text": said.thought, "signature": mind.PROOF}}})
    if said.text:
        blocks.append({"text": said.text})
    calls = [{"toolUseId": f"tooluse_{call.id}", "name": call.name, "input": call.arguments} for call in said.calls]
    return [*blocks, *({"toolUse": call} for call in calls)]


def _stream(said: Answer) -> Reply:
    frames = [write_event("messageStart", {"role": "assistant"})]
    for index, block in enumerate(_blocks(said)):
        at = {"contentBlockIndex": index}
        if "toolUse" in block:
            call = block["toolUse"]
            start = {"toolUse": {"toolUseId": call["toolUseId"], "name": call["name"]}}
            frames.append(write_event("contentBlockStart", {**at, "start": start}))
        frames += [write_event("contentBlockDelta", {**at, "delta": delta}) for delta in _deltas(block)]
        frames.append(write_event("contentBlockStop", at))
    frames.append(write_event("messageStop", {"stopReason": _stop(said)}))
    frames.append(write_event("metadata", {"usage": _USAGE, "metrics": {"latencyMs": 5}}))
    return Reply(type="application/vnd.amazon.eventstream", parts=tuple(frames))


def _deltas(block: dict[str, Any]) -> list[dict[str, Any]]:
    if "text" in block:
        return [{"text": piece} for piece in pieces(block["text"])]
    if "toolUse" in block:
        return [{"toolUse": {"input": piece}} for piece in pieces(json.dumps(block["toolUse"]["input"]))]
    thought = block["reasoningContent"]["reasoningText"]
    deltas = [{"reasoningContent": {"text": piece}} for piece in pieces(thought["text"])]
    return [*deltas, {"reasoningContent": {"signature": thought["signature"]}}]
