"""The official OpenAI SDK through the process tree to vendors of other dialects; `direct` calls the simulated OpenAI itself."""

import asyncio
import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.support.instance import Instance
from tests.support.simulated import mind, process
from tests.support.simulated import openai as vendor
from tests.support.simulated.process import Simulated
from tests.support.simulated.records import check_record

GREETING = "Hello — naïve 😀: Hi"
MESSAGES: list[Any] = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
CHAT = ["direct", "openai", "responses", "mistral", "anthropic", "google", "aws", "cohere", "ollama"]
GATE = CHAT[1:]
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "get_weather", "description": "Tells it.", "parameters": WEATHER}}
]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
TARGETS = pytest.mark.parametrize("target", CHAT)


class Verdict(BaseModel):
    """What structured output is parsed to."""

    answer: str
    score: int


class Clients:
    """A client for each target: the vendor itself, or the gate."""

    def __init__(self, door: Instance, simulated: Simulated) -> None:
        self.door = door
        self._gate = openai.OpenAI(base_url=door.base_url, api_key=door.key, max_retries=0, timeout=30)
        base_url = simulated.base_url("openai")
        self._direct = openai.OpenAI(base_url=base_url, api_key=vendor.KEY, max_retries=0, timeout=30)

    def of(self, target: str) -> openai.OpenAI:
        return self._direct if target == "direct" else self._gate

    def model(self, target: str) -> str:
        return process.MODELS["openai"] if target == "direct" else target

    def close(self) -> None:
        self._gate.close()
        self._direct.close()


@pytest.fixture(scope="module")
def clients(door: Instance, simulated: Simulated) -> Iterator[Clients]:
    made = Clients(door, simulated)
    yield made
    made.close()


@TARGETS
def test_chat_is_answered_and_recorded(clients: Clients, target: str) -> None:
    raw = clients.of(target).chat.completions.with_raw_response.create(
        model=clients.model(target), messages=MESSAGES, max_tokens=100, temperature=0.5
    )
    said = raw.parse()
    assert said.choices[0].message.content == GREETING
    assert said.choices[0].finish_reason == "stop"
    assert said.object == "chat.completion"
    assert said.usage is not None
    assert (said.usage.prompt_tokens, said.usage.completion_tokens) == (mind.INPUT, mind.OUTPUT)
    if target == "direct":
        return
    assert raw.headers["x-torana-target"] == f"{target}/{process.MODELS[target]}"
    check_record(clients.door, raw.headers["x-torana-call-id"], target, "openai_chat")


@TARGETS
def test_chat_is_streamed(clients: Clients, target: str) -> None:
    stream = clients.of(target).chat.completions.create(
        model=clients.model(target), messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == GREETING
    assert len([text for text in texts if text]) > 1
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == ["stop"]
    (usage,) = [chunk.usage for chunk in chunks if chunk.usage]
    assert (usage.prompt_tokens, usage.completion_tokens) == (mind.INPUT, mind.OUTPUT)
    assert len({chunk.id for chunk in chunks}) == 1


@TARGETS
@pytest.mark.parametrize("parallel", [False, True])
def test_a_tool_is_called_and_its_result_is_answered(clients: Clients, target: str, parallel: bool) -> None:
    client, model = clients.of(target), clients.model(target)
    asked = "both cities" if parallel else "Paris"
    messages: list[Any] = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": asked}]
    said = client.chat.completions.create(model=model, messages=messages, tools=TOOLS).choices[0]
    assert said.finish_reason == "tool_calls"
    made = said.message.tool_calls or []
    cities = ["Paris", "Rome"] if parallel else ["Paris"]
    assert [json.loads(c.function.arguments)["city"] for c in made if c.type == "function"] == cities
    messages.append(said.message)
    for call, weather in zip(made, ("rain", "sun"), strict=False):
        messages.append({"role": "tool", "tool_call_id": call.id, "content": weather})
    told = client.chat.completions.create(model=model, messages=messages, tools=TOOLS).choices[0]
    assert (told.message.content or "").startswith("It is rain and sun." if parallel else "It is rain.")
    assert told.finish_reason == "stop"


@TARGETS
def test_a_streamed_tool_call_is_put_together(clients: Clients, target: str) -> None:
    messages: list[Any] = [{"role": "user", "content": "both cities"}]
    strict: Any = {**TOOLS[0], "function": {**TOOLS[0]["function"], "strict": True}}
    with clients.of(target).chat.completions.stream(
        model=clients.model(target),
        messages=messages,
        tools=[strict],
    ) as stream:
        stream.until_done()
        said = stream.get_final_completion().choices[0]
    assert said.finish_reason == "tool_calls"
    arguments = [json.loads(call.function.arguments) for call in said.message.tool_calls or []]
    assert arguments == [{"city": "Paris"}, {"city": "Rome"}]


@TARGETS
def test_a_forced_tool_is_called(clients: Clients, target: str) -> None:
    if target == "ollama":
        pytest.skip("Ollama cannot be made to call a tool")
    said = clients.of(target).chat.completions.create(
        model=clients.model(target), messages=MESSAGES, tools=TOOLS, tool_choice="required"
    )
    assert [c.function.name for c in said.choices[0].message.tool_calls or () if c.type == "function"] == [
        "get_weather"
    ]


@TARGETS
def test_an_image_is_seen(clients: Clients, target: str) -> None:
    content: list[Any] = [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    ]
    messages: list[Any] = [{"role": "user", "content": content}]
    said = clients.of(target).chat.completions.create(model=clients.model(target), messages=messages)
    assert said.choices[0].message.content == "I see image/png."


@TARGETS
def test_structured_output_is_parsed(clients: Clients, target: str) -> None:
    said = clients.of(target).chat.completions.parse(
        model=clients.model(target), messages=MESSAGES, response_format=Verdict
    )
    assert said.choices[0].message.parsed == Verdict(answer="yes", score=3)
    with clients.of(target).chat.completions.stream(
        model=clients.model(target), messages=MESSAGES, response_format=Verdict
    ) as stream:
        assert stream.until_done().get_final_completion().choices[0].message.parsed == Verdict(answer="yes", score=3)


@pytest.mark.parametrize("target", ["direct", "openai", "responses", "anthropic", "google"])
def test_responses_are_answered_and_streamed(clients: Clients, target: str) -> None:
    client, model = clients.of(target), clients.model(target)
    said = client.responses.create(model=model, input="Hi", instructions="Be kind.", max_output_tokens=2000)
    assert said.output_text == GREETING
    assert said.status == "completed"
    assert said.usage is not None
    assert (said.usage.input_tokens, said.usage.output_tokens) == (mind.INPUT, mind.OUTPUT)
    with client.responses.stream(model=model, input="Hi") as stream:
        told = [event.delta for event in stream if event.type == "response.output_text.delta"]
        assert "".join(told) == GREETING
        assert stream.get_final_response().output_text == GREETING


@pytest.mark.parametrize("target", CHAT)
def test_a_conversation_of_responses_goes_on_with_its_thoughts(clients: Clients, target: str) -> None:
    client, model = clients.of(target), clients.model(target)
    tool: Any = {"type": "function", "name": "get_weather", "parameters": WEATHER, "strict": True}
    thinking: dict[str, Any] = {"include": ["reasoning.encrypted_content"], "store": False}
    thinks = target not in ("openai", "mistral", "ollama")
    if thinks:
        thinking["reasoning"] = {"effort": "medium", "summary": "auto"}
    history: list[Any] = [{"role": "user", "content": "both cities"}]
    said = client.responses.create(model=model, input=history, tools=[tool], **thinking)
    calls = [item for item in said.output if item.type == "function_call"]
    assert [json.loads(call.arguments) for call in calls] == [{"city": "Paris"}, {"city": "Rome"}]
    history += said.output
    history += [{"type": "function_call_output", "call_id": call.call_id, "output": "rain"} for call in calls]
    told = client.responses.create(model=model, input=history, tools=[tool], **thinking)
    assert not thinks or "reasoning" in [item.type for item in said.output]
    assert told.output_text == ("It is rain and rain. Proved." if thinks else "It is rain and rain.")


@pytest.mark.parametrize("target", ["direct", "responses", "anthropic", "google", "aws"])
def test_structured_responses_are_parsed(clients: Clients, target: str) -> None:
    said = clients.of(target).responses.parse(model=clients.model(target), input="Hi", text_format=Verdict)
    assert said.output_parsed == Verdict(answer="yes", score=3)


@pytest.mark.parametrize("target", ["direct", "openai", "anthropic", "google", "ollama"])
def test_completions_are_answered_and_streamed(clients: Clients, target: str) -> None:
    client, model = clients.of(target), clients.model(target)
    said = client.completions.create(model=model, prompt="Hi", max_tokens=50)
    assert said.choices[0].text == GREETING
    stream = client.completions.create(model=model, prompt="Hi", max_tokens=50, stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == GREETING


@pytest.mark.parametrize("target", ["direct", "openai", "mistral", "google", "cohere", "ollama"])
@pytest.mark.parametrize("encoding", [None, "float", "base64"])
def test_embeddings_arrive_in_either_encoding(clients: Clients, target: str, encoding: Any) -> None:
    chosen: dict[str, Any] = {} if encoding is None else {"encoding_format": encoding}
    model = "embed-sim" if target == "direct" else f"{target}-embed"
    made = clients.of(target).embeddings.create(model=model, input=["one", "two"], **chosen)
    for item in made.data:
        if encoding == "base64":
            assert str(item.embedding) == base64.b64encode(struct.pack("<3f", *mind.VECTOR)).decode()
        else:
            assert item.embedding == list(mind.VECTOR)
    assert [item.index for item in made.data] == [0, 1]


@pytest.mark.parametrize("target", GATE)
@pytest.mark.parametrize(
    ("status", "raised", "code"),
    [
        ("400", openai.BadRequestError, "upstream_refused"),
        ("401", openai.InternalServerError, "upstream_auth_failed"),
        ("429", openai.RateLimitError, "upstream_rate_limited"),
        ("500", openai.InternalServerError, "upstream_failed"),
    ],
)
def test_a_vendors_failure_is_the_sdks_own_class(
    clients: Clients, target: str, status: str, raised: type[openai.APIStatusError], code: str
) -> None:
    with pytest.raises(raised) as caught:
        clients.of(target).chat.completions.create(model=f"{target}-fault-{status}", messages=MESSAGES)
    call_id = caught.value.response.headers["x-torana-call-id"]
    if status == "400" and target in ("openai", "mistral"):
        assert caught.value.code == "vendor_400"
    else:
        assert caught.value.code == code
        assert isinstance(caught.value.body, dict)
        assert caught.value.body["call_id"] == call_id
    assert status != "400" or "The vendor says 400." in str(caught.value)
    if status == "429" and target not in ("aws", "ollama"):
        assert caught.value.response.headers["retry-after"] == str(mind.RETRY_AFTER)
    assert clients.door.record(call_id)["error"] == code


def test_what_a_vendor_cannot_carry_is_refused_by_name_or_dropped_where_the_service_says_so(clients: Clients) -> None:
    for target in ("anthropic", "aws"):
        with pytest.raises(openai.BadRequestError) as caught:
            clients.of(target).chat.completions.create(model=target, messages=MESSAGES, seed=1)
        assert (caught.value.code, caught.value.param) == ("unsupported_parameter", "seed")
        raw = clients.of(target).chat.completions.with_raw_response.create(
            model=f"{target}-lossy", messages=MESSAGES, seed=1
        )
        assert raw.headers["x-torana-dropped"] == "seed"
        assert raw.parse().choices[0].message.content == GREETING


def test_words_that_a_vendor_of_the_same_dialect_refuses_are_put_otherwise(
    clients: Clients, simulated: Simulated
) -> None:
    messages: list[Any] = [{"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Otherwise put"}]
    said = clients.of("mistral").chat.completions.create(
        model="mistral", messages=messages, max_completion_tokens=50, seed=7, extra_body={"safe_prompt": True}
    )
    assert said.choices[0].message.content == "Hello — naïve 😀: Otherwise put"
    (sent,) = simulated.seen("Otherwise put")
    assert sent.json["messages"][0] == {"role": "system", "content": "Be kind."}
    assert (sent.json["max_tokens"], sent.json["random_seed"], sent.json["safe_prompt"]) == (50, 7, True)


def test_an_unknown_model_and_a_spent_limit_are_told_in_the_sdks_classes(clients: Clients) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        clients.of("openai").chat.completions.create(model="nobody", messages=MESSAGES)
    assert missing.value.code == "model_not_found"
    with openai.OpenAI(base_url=clients.door.base_url, api_key=process.LIMITED_KEY, max_retries=0) as limited:
        limited.chat.completions.create(model="anthropic", messages=MESSAGES)
        with pytest.raises(openai.RateLimitError) as spent:
            limited.chat.completions.create(model="google", messages=MESSAGES)
        assert spent.value.code == "rate_limit_exceeded"
        assert int(spent.value.response.headers["retry-after"]) > 0


def test_the_async_client_calls_all_vendors_at_once(clients: Clients) -> None:
    async def call_all() -> list[str]:
        async with openai.AsyncOpenAI(
            base_url=clients.door.base_url, api_key=clients.door.key, max_retries=0, timeout=60
        ) as many:

            async def streamed(model: str) -> str:
                stream = await many.chat.completions.create(model=model, messages=MESSAGES, stream=True)
                return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

            return await asyncio.gather(*(streamed(model) for model in GATE * 3))

    assert asyncio.run(call_all()) == [GREETING] * len(GATE) * 3
