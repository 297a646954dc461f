"""Mistral's official SDK through the process tree, to Mistral and to vendors of other dialects.

It calls `/v1/chat/completions` and demands of the replies what OpenAI's form does not have: the name of a tool in every
piece of a streamed call, an `id` of embeddings, a `type` of listed models. Those three reach it from Mistral alone.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from mistralai.client import Mistral
from mistralai.client.errors import SDKError
from pydantic import BaseModel

from tests.support.instance import Instance
from tests.support.simulated import mind
from tests.support.simulated.process import Simulated
from tests.support.simulated.records import check_record

GREETING = "Hello — naïve 😀: Hi"
MESSAGES: list[Any] = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
GATE = ["mistral", "anthropic", "google", "cohere"]
TARGETS = pytest.mark.parametrize("target", GATE)
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: list[Any] = [{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}]
PNG = "data:image/png;base64,iVBORw0KGgoAAAAA"


class Verdict(BaseModel):
    """What structured output is parsed to."""

    answer: str
    score: int


class Caller:
    """Mistral's client, with the head of the last reply, which it keeps to itself."""

    def __init__(self, door: Instance) -> None:
        self.door = door
        self.headers: Any = {}
        self._http = httpx2.Client(event_hooks={"response": [self._keep]})
        self.sdk = Mistral(api_key=door.key, server_url=door.url, client=self._http, timeout_ms=30_000)

    def _keep(self, response: httpx2.Response) -> None:
        self.headers = response.headers

    @property
    def call_id(self) -> str:
        return str(self.headers["x-torana-call-id"])

    def close(self) -> None:
        self._http.close()


@pytest.fixture(scope="module")
def caller(door: Instance) -> Iterator[Caller]:
    made = Caller(door)
    yield made
    made.close()


@TARGETS
def test_a_chat_is_answered_and_recorded(caller: Caller, target: str) -> None:
    said = caller.sdk.chat.complete(model=target, messages=MESSAGES, max_tokens=100, temperature=0.5)
    assert said.choices[0].message is not None
    assert said.choices[0].message.content == GREETING
    assert said.choices[0].finish_reason == "stop"
    assert (said.usage.prompt_tokens, said.usage.completion_tokens) == (mind.INPUT, mind.OUTPUT)
    check_record(caller.door, caller.call_id, target, "openai_chat")


@TARGETS
def test_a_chat_is_streamed(caller: Caller, target: str) -> None:
    with caller.sdk.chat.stream(model=target, messages=MESSAGES) as stream:
        chunks = [event.data for event in stream]
    texts = [str(chunk.choices[0].delta.content or "") for chunk in chunks if chunk.choices]
    assert "".join(texts) == GREETING
    assert len([text for text in texts if text]) > 1
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == ["stop"]
    check_record(caller.door, caller.call_id, target, "openai_chat", streamed=True)


@pytest.mark.parametrize(
    ("target", "streamed"),
    [("mistral", False), ("mistral", True), ("anthropic", False), ("google", False), ("cohere", False)],
)
def test_tools_are_called_and_their_results_are_answered(caller: Caller, target: str, streamed: bool) -> None:
    messages: list[Any] = [{"role": "user", "content": "both cities"}]
    calls: list[Any] = []
    if streamed:
        with caller.sdk.chat.stream(model=target, messages=messages, tools=TOOLS, tool_choice="any") as stream:
            calls = [call for event in stream for call in event.data.choices[0].delta.tool_calls or ()]
        answer: Any = {"role": "assistant", "content": "", "tool_calls": calls}
    else:
        said = caller.sdk.chat.complete(model=target, messages=messages, tools=TOOLS, tool_choice="any").choices[0]
        assert said.finish_reason == "tool_calls"
        assert said.message is not None
        answer, calls = said.message, said.message.tool_calls or []
    assert [json.loads(str(call.function.arguments)) for call in calls] == [{"city": "Paris"}, {"city": "Rome"}]
    messages.append(answer)
    for call, weather in zip(calls, ("rain", "sun"), strict=True):
        messages.append({"role": "tool", "name": "get_weather", "tool_call_id": call.id, "content": weather})
    told = caller.sdk.chat.complete(model=target, messages=messages, tools=TOOLS).choices[0].message
    assert told is not None
    assert str(told.content).startswith("It is rain and sun.")


@TARGETS
def test_structured_output_is_parsed(caller: Caller, target: str) -> None:
    said = caller.sdk.chat.parse(Verdict, model=target, messages=MESSAGES)
    assert said.choices
    assert said.choices[0].message is not None
    assert said.choices[0].message.parsed == Verdict(answer="yes", score=3)


@TARGETS
def test_an_image_is_seen(caller: Caller, target: str) -> None:
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": PNG}]
    messages: list[Any] = [{"role": "user", "content": content}]
    said = caller.sdk.chat.complete(model=target, messages=messages).choices[0].message
    assert said is not None
    assert said.content == "I see image/png."


def test_texts_are_embedded(caller: Caller) -> None:
    made = caller.sdk.embeddings.create(model="mistral-embed", inputs=["one", "two"])
    assert [item.embedding for item in made.data] == [list(mind.VECTOR)] * 2
    assert made.usage.prompt_tokens == mind.INPUT


def test_what_only_mistral_has_reaches_it_and_is_refused_or_dropped_elsewhere(
    caller: Caller, simulated: Simulated
) -> None:
    messages: list[Any] = [{"role": "user", "content": "Only Mistral"}]
    caller.sdk.chat.complete(model="mistral", messages=messages, random_seed=7, safe_prompt=True)
    (sent,) = simulated.seen("Only Mistral")
    assert (sent.json["random_seed"], sent.json["safe_prompt"]) == (7, True)
    with pytest.raises(SDKError) as refused:
        caller.sdk.chat.complete(model="anthropic", messages=messages, safe_prompt=True)
    assert "unsupported_parameter" in refused.value.body
    assert "safe_prompt" in refused.value.body
    caller.sdk.chat.complete(model="anthropic-lossy", messages=messages, safe_prompt=True)
    assert caller.headers["x-torana-dropped"] == "safe_prompt"


@pytest.mark.parametrize("target", ["mistral", "anthropic"])
@pytest.mark.parametrize(
    ("status", "answered", "code"),
    [(400, 400, "upstream_refused"), (429, 429, "upstream_rate_limited"), (500, 502, "upstream_failed")],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_vendors_failure_is_the_sdks_own_class(
    caller: Caller, target: str, status: int, answered: int, code: str, streamed: bool
) -> None:
    call = caller.sdk.chat.stream if streamed else caller.sdk.chat.complete
    with pytest.raises(SDKError) as caught:
        call(model=f"{target}-fault-{status}", messages=MESSAGES)
    assert caught.value.status_code == answered
    assert ("The vendor says 400." if status == 400 else code) in caught.value.body
    assert caller.door.record(caught.value.headers["x-torana-call-id"])["error"] == code


def test_an_unknown_model_and_a_wrong_key_are_told(caller: Caller) -> None:
    with pytest.raises(SDKError) as missing:
        caller.sdk.chat.complete(model="nobody", messages=MESSAGES)
    assert (missing.value.status_code, json.loads(missing.value.body)["error"]["code"]) == (404, "model_not_found")
    with Mistral(api_key="nobody", server_url=caller.door.url) as stranger, pytest.raises(SDKError) as wrong:
        stranger.chat.complete(model="mistral", messages=MESSAGES)
    assert wrong.value.status_code == 401


def test_the_async_client_streams_from_all_vendors_at_once(caller: Caller) -> None:
    async def call_all() -> list[str]:
        async with Mistral(api_key=caller.door.key, server_url=caller.door.url, timeout_ms=60_000) as many:

            async def streamed(model: str) -> str:
                stream = await many.chat.stream_async(model=model, messages=MESSAGES)
                async with stream:
                    chunks = [event.data async for event in stream]
                return "".join(str(chunk.choices[0].delta.content or "") for chunk in chunks if chunk.choices)

            return await asyncio.gather(*(streamed(model) for model in GATE))

    assert asyncio.run(call_all()) == [GREETING] * len(GATE)
