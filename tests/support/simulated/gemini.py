"""Google AI Studio: https://ai.google.dev/api/generate-content, …/embeddings, …/tokens, …/gemini-api/docs/thought-signatures."""

from typing import Any

from tests.support.simulated import mind
from tests.support.simulated.check import check_gemini
from tests.support.simulated.mind import Answer, Asked
from tests.support.simulated.wire import Refused, Reply, Request, demand, events, pieces, whole

KEY = "sim-google-key"
COUNTED = 42
_STATES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}
_USAGE = {
    "promptTokenCount": mind.INPUT,
    "cachedContentTokenCount": mind.CACHED,
    "candidatesTokenCount": mind.OUTPUT - mind.REASONING,
    "thoughtsTokenCount": mind.REASONING,
    "totalTokenCount": mind.INPUT + mind.OUTPUT,
}
_PLACEHOLDERS = {"context_engineering_is_the_way_to_go", "skip_thought_signature_validator"}


def respond(request: Request) -> Reply:
    """A reply of Gemini."""
    demand(request.headers.get("x-goog-api-key"), KEY, "API key")
    name, _, method = request.path.removeprefix("/models/").partition(":")
    body = check_gemini(method, request.json)
    if method == "batchEmbedContents":
        mind.answer(Asked(name))
        return whole({"embeddings": [{"values": list(mind.VECTOR)} for _ in body["requests"]]})
    if method == "embedContent":
        mind.answer(Asked(name))
        return whole({"embedding": {"values": list(mind.VECTOR)}})
    if method == "countTokens":
        mind.answer(Asked(name))
        details = [{"modality": "TEXT", "tokenCount": COUNTED}]
        return whole({"totalTokens": COUNTED, "promptTokensDetails": details})
    parts = _parts(mind.answer(_asked(name, body)))
    if method == "streamGenerateContent":
        return _stream(parts, "alt=sse" in request.query)
    if method != "generateContent":
        raise Refused(404, f"There is no {request.path}.")
    return whole({**_reply(parts, "STOP"), "usageMetadata": _USAGE})


def refusal(status: int, message: str) -> Reply:
    """An error."""
    headers = (("retry-after", str(mind.RETRY_AFTER)),) if status == 429 else ()
    error = {"code": status, "message": message, "status": _STATES.get(status, "INTERNAL")}
    return whole({"error": error}, status, headers)


def _asked(name: str, body: dict[str, Any]) -> Asked:
    found = Asked(name)
    turn: list[dict[str, Any]] = []
    for content in body["contents"]:
        parts = content["parts"]
        if content.get("role") == "model":
            found.proofs += [part["thoughtSignature"] for part in parts if part.get("thoughtSignature")]
            # What one SDK got in several events comes back as several contents in a row.
            turn += parts
            continue
        _check_signatures(turn)
        turn = []
        found.results = [_result(part["functionResponse"]) for part in parts if "functionResponse" in part]
        found.text = "".join(part.get("text", "") for part in parts) or found.text
        found.images = [part["inlineData"]["mimeType"] for part in parts if "inlineData" in part]
        found.images += ["url" for part in parts if "fileData" in part]
    found.system = "".join(part["text"] for part in (body.get("systemInstruction") or {}).get("parts", ()))
    for tool in body.get("tools") or ():
        for one in tool.get("functionDeclarations", ()):
            found.tools.append((one["name"], one.get("parametersJsonSchema") or one.get("parameters") or {}))
    mode = ((body.get("toolConfig") or {}).get("functionCallingConfig") or {}).get("mode", "AUTO")
    found.forced = mode == "ANY"
    if mode == "NONE":
        found.tools = []
    config = body.get("generationConfig") or {}
    if config.get("responseMimeType") == "application/json":
        found.schema = config.get("responseJsonSchema") or config.get("responseSchema") or {}
    found.thinking = bool((config.get("thinkingConfig") or {}).get("includeThoughts"))
    return found


def _check_signatures(parts: list[dict[str, Any]]) -> None:
    calls = [part for part in parts if "functionCall" in part]
    if calls and not calls[0].get("thoughtSignature"):
        raise Refused(400, f"Function call {calls[0]['functionCall']['name']} is missing a thought_signature.")
    for part in parts:
        proof = part.get("thoughtSignature")
        if proof is not None and proof != mind.PROOF and proof not in _PLACEHOLDERS:
            raise Refused(400, "Corrupted thought signature.")


def _result(response: dict[str, Any]) -> str:
    value = response["response"]
    return str(next(iter(value.values()), ""))


def _parts(said: Answer) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if said.thought:
        parts.append({"text": said.thought, "thought": True})
    if said.text:
        parts.append({"text": said.text})
    parts += [{"functionCall": {"name": call.name, "args": call.arguments, "id": call.id}} for call in said.calls]
    if said.calls:
        next(part for part in parts if "functionCall" in part)["thoughtSignature"] = mind.PROOF
    return parts


def _reply(parts: list[dict[str, Any]], finish: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "gemini-sim-001", "responseId": "resp-sim"}


def _stream(parts: list[dict[str, Any]], sse: bool) -> Reply:
    sent: list[dict[str, Any]] = []
    for part in parts:
        if "text" in part:
            sent += [{**part, "text": piece} for piece in pieces(part["text"])]
        else:
            sent.append(part)
    replies = [_reply([part], "STOP" if part is sent[-1] else None) for part in sent]
    replies = [{**reply, "usageMetadata": _USAGE} for reply in replies]
    if sse:
        return events(("", reply) for reply in replies)
    return whole(replies)
