"""The official Anthropic SDK through the process tree to vendors of other dialects; `direct` is the simulated Anthropic itself."""

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import beta_tool
from pydantic import BaseModel

from tests.support.instance import Instance
from tests.support.simulated import anthropic as vendor
from tests.support.simulated import mind, process
from tests.support.simulated.process import Simulated
from tests.support.simulated.records import check_record

GREETING = "Hello — naïve 😀: Hi"
MESSAGES: list[Any] = [{"role": "user", "content": "Hi"}]
GATE = ["claude", "anthropic", "openai", "responses", "mistral", "google", "aws", "cohere", "ollama"]
TARGETS = pytest.mark.parametrize("target", ["direct", *GATE])
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: list[Any] = [{"name": "get_weather", "description": "Tells it.", "input_schema": SCHEMA}]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
THINKERS = ["direct", "claude", "anthropic", "responses", "google", "aws", "cohere", "ollama"]


class Verdict(BaseModel):
    """What structured output is parsed to."""

    answer: str
    score: int


class Clients:
    """A client for each target: the vendor itself, or the gate."""

    def __init__(self, door: Instance, simulated: Simulated) -> None:
        self.door = door
        self._gate = anthropic.Anthropic(base_url=door.url, api_key=door.key, max_retries=0, timeout=30)
        base_url = simulated.root("anthropic")
        self._direct = anthropic.Anthropic(base_url=base_url, api_key=vendor.KEY, max_retries=0, timeout=30)

    def of(self, target: str) -> anthropic.Anthropic:
        return self._direct if target == "direct" else self._gate

    def model(self, target: str) -> str:
        return process.MODELS["anthropic"] if target == "direct" else target

    def close(self) -> None:
        self._gate.close()
        self._direct.close()


@pytest.fixture(scope="module")
def clients(door: Instance, simulated: Simulated) -> Iterator[Clients]:
    made = Clients(door, simulated)
    yield made
    made.close()


@beta_tool
def get_weather(city: str) -> str:
    """Tells the weather.

    Args:
        city: Where.
    """
    return f"sunny in {city}"


def text_of(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@TARGETS
def test_a_message_is_answered_and_recorded(clients: Clients, target: str) -> None:
    raw = clients.of(target).messages.with_raw_response.create(
        model=clients.model(target), messages=MESSAGES, system="Be kind.", max_tokens=100
    )
    said = raw.parse()
    assert text_of(said) == GREETING
    assert (said.type, said.role, said.stop_reason) == ("message", "assistant", "end_turn")
    cached = said.usage.cache_read_input_tokens or 0
    assert (said.usage.input_tokens + cached, said.usage.output_tokens) == (mind.INPUT, mind.OUTPUT)
    if target != "direct":
        check_record(clients.door, raw.headers["x-torana-call-id"], target, "anthropic_messages")


@TARGETS
def test_a_message_is_streamed(clients: Clients, target: str) -> None:
    with clients.of(target).messages.stream(model=clients.model(target), messages=MESSAGES, max_tokens=100) as stream:
        texts = list(stream.text_stream)
        said = stream.get_final_message()
    assert "".join(texts) == text_of(said) == GREETING
    assert len(texts) > 1
    assert said.stop_reason == "end_turn"
    assert said.usage.output_tokens == mind.OUTPUT
    if target != "direct":
        call_id = stream.response.headers["x-torana-call-id"]
        check_record(clients.door, call_id, target, "anthropic_messages", streamed=True)


@TARGETS
@pytest.mark.parametrize("streamed", [False, True])
def test_tools_are_called_and_their_results_are_answered(clients: Clients, target: str, streamed: bool) -> None:
    client, model = clients.of(target), clients.model(target)
    messages: list[Any] = [{"role": "user", "content": "both cities"}]

    def ask() -> Any:
        wanted: dict[str, Any] = {"model": model, "messages": messages, "tools": TOOLS, "max_tokens": 500}
        if not streamed:
            return client.messages.create(**wanted)
        with client.messages.stream(**wanted) as stream:
            return stream.get_final_message()

    said = ask()
    assert said.stop_reason == "tool_use"
    calls = [block for block in said.content if block.type == "tool_use"]
    assert [call.input for call in calls] == [{"city": "Paris"}, {"city": "Rome"}]
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": weather}
        for call, weather in zip(calls, ("rain", "sun"), strict=True)
    ]
    messages += [{"role": "assistant", "content": said.content}, {"role": "user", "content": results}]
    told = ask()
    assert text_of(told).startswith("It is rain and sun.")
    assert told.stop_reason == "end_turn"


@pytest.mark.parametrize("target", THINKERS)
@pytest.mark.parametrize("streamed", [False, True])
def test_thoughts_come_back_to_the_vendor_with_their_proof(clients: Clients, target: str, streamed: bool) -> None:
    client, model = clients.of(target), clients.model(target)
    messages: list[Any] = [{"role": "user", "content": "Paris"}]

    def ask() -> Any:
        wanted: dict[str, Any] = {"model": model, "messages": messages, "tools": TOOLS, "max_tokens": 4000}
        wanted["thinking"] = {"type": "enabled", "budget_tokens": 2000}
        if not streamed:
            return client.messages.create(**wanted)
        with client.messages.stream(**wanted) as stream:
            return stream.get_final_message()

    said = ask()
    thoughts = [block.thinking for block in said.content if block.type == "thinking"]
    # OpenAI shows a summary only to those who ask for one, which Anthropic's dialect has no word for.
    assert mind.THOUGHT in thoughts or target == "responses"
    (call,) = [block for block in said.content if block.type == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "rain"}]}
    messages += [{"role": "assistant", "content": said.content}, {"role": "user", "content": [result]}]
    assert text_of(ask()) == "It is rain. Proved."


@pytest.mark.parametrize("target", ["direct", "openai", "google", "aws"])
def test_an_image_is_seen(clients: Clients, target: str) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What is it?"}]
    messages: list[Any] = [{"role": "user", "content": content}]
    said = clients.of(target).messages.create(model=clients.model(target), messages=messages, max_tokens=100)
    assert text_of(said) == "I see image/png."


@TARGETS
def test_structured_output_is_parsed(clients: Clients, target: str) -> None:
    with clients.of(target).messages.stream(
        model=clients.model(target), messages=MESSAGES, max_tokens=100, output_format=Verdict
    ) as stream:
        assert stream.get_final_message().parsed_output == Verdict(answer="yes", score=3)
    said = clients.of(target).messages.parse(
        model=clients.model(target), messages=MESSAGES, max_tokens=100, output_format=Verdict
    )
    assert said.parsed_output == Verdict(answer="yes", score=3)


def test_a_conversation_that_anthropic_keeps_is_refused_elsewhere_by_name(clients: Clients) -> None:
    """The beta tool runner of this SDK keeps the conversation at Anthropic and sends only what is new."""
    runner = clients.of("google").beta.messages.tool_runner(
        model="google", messages=MESSAGES, tools=[get_weather], max_tokens=500
    )
    with pytest.raises(anthropic.BadRequestError) as refused:
        runner.until_done()
    assert refused.value.error_code == "unsupported_parameter"
    assert "thread" in str(refused.value)


@pytest.mark.parametrize("target", ["direct", "claude", "google", "openai", "aws"])
def test_tokens_are_counted(clients: Clients, target: str) -> None:
    raw = clients.of(target).messages.with_raw_response.count_tokens(model=clients.model(target), messages=MESSAGES)
    counted = raw.parse().input_tokens
    if target in ("openai", "aws"):
        assert raw.headers["x-torana-estimated"] == "true"
        assert counted > 0
    else:
        assert counted == vendor.COUNTED


def test_the_models_are_listed_in_anthropics_shape(clients: Clients) -> None:
    models = {model.id: model for model in clients.of("claude").models.list()}
    assert set(process.MODELS) <= models.keys()
    assert models["claude"].type == "model"
    assert clients.of("claude").models.retrieve("google").id == "google"
    with pytest.raises(anthropic.NotFoundError):
        clients.of("claude").models.retrieve("nobody")


@pytest.mark.parametrize("target", ["claude", "google"])
@pytest.mark.parametrize(
    ("status", "raised", "code"),
    [
        ("400", anthropic.BadRequestError, "upstream_refused"),
        ("401", anthropic.InternalServerError, "upstream_auth_failed"),
        ("429", anthropic.RateLimitError, "upstream_rate_limited"),
        ("500", anthropic.InternalServerError, "upstream_failed"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_vendors_failure_is_the_sdks_own_class(
    clients: Clients, target: str, status: str, raised: type[anthropic.APIStatusError], code: str, streamed: bool
) -> None:
    with pytest.raises(raised) as caught:
        clients.of(target).messages.create(
            model=f"{target}-fault-{status}", messages=MESSAGES, max_tokens=9, stream=streamed
        )
    call_id = caught.value.response.headers["x-torana-call-id"]
    assert status != "400" or "The vendor says 400." in str(caught.value)
    if (target, status) != ("claude", "400"):
        assert isinstance(caught.value.body, dict)
        assert caught.value.body["request_id"] == call_id
        assert caught.value.error_code == code
        assert code in json.dumps(caught.value.body)
    assert clients.door.record(call_id)["error"] == code


def test_an_unknown_model_a_wrong_key_and_a_lost_parameter_are_told(clients: Clients) -> None:
    with pytest.raises(anthropic.NotFoundError) as missing:
        clients.of("claude").messages.create(model="nobody", messages=MESSAGES, max_tokens=9)
    assert missing.value.error_code == "model_not_found"
    with pytest.raises(anthropic.AuthenticationError) as stranger:
        clients.of("claude").with_options(api_key="nobody").messages.create(
            model="claude", messages=MESSAGES, max_tokens=9
        )
    assert stranger.value.error_code == "invalid_api_key"
    lost: Any = {"extra_body": {"top_k": 5}}
    with pytest.raises(anthropic.BadRequestError) as refused:
        clients.of("openai").messages.create(model="openai", messages=MESSAGES, max_tokens=9, **lost)
    assert refused.value.error_code == "unsupported_parameter"
    assert "top_k" in str(refused.value)


def test_the_async_client_streams_from_all_vendors_at_once(clients: Clients) -> None:
    async def call_all() -> list[str]:
        async with anthropic.AsyncAnthropic(
            base_url=clients.door.url, api_key=clients.door.key, max_retries=0, timeout=60
        ) as many:

            async def streamed(model: str) -> str:
                async with many.messages.stream(model=model, messages=MESSAGES, max_tokens=100) as stream:
                    return text_of(await stream.get_final_message())

            return await asyncio.gather(*(streamed(model) for model in GATE))

    assert asyncio.run(call_all()) == [GREETING] * len(GATE)
