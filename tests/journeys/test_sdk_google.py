"""The official Google Gen AI SDK through the process tree to vendors of other dialects; `direct` is the simulated Google itself."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from tests.support.instance import Instance
from tests.support.simulated import gemini as vendor
from tests.support.simulated import mind, process
from tests.support.simulated.process import Simulated
from tests.support.simulated.records import check_record

GREETING = "Hello — naïve 😀: Hi"
GATE = ["google", "openai", "responses", "mistral", "anthropic", "aws", "cohere", "ollama"]
TARGETS = pytest.mark.parametrize("target", ["direct", *GATE])
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
THINKERS = ["direct", "google", "responses", "anthropic", "aws", "cohere", "ollama"]


class Verdict(BaseModel):
    """What structured output is parsed to."""

    answer: str
    score: int


def get_weather(city: str) -> str:
    """Tells the weather.

    Args:
        city: Where.
    """
    return f"sunny in {city}"


class Clients:
    """A client for each target: the vendor itself, or the gate, which speaks under two versions."""

    def __init__(self, door: Instance, simulated: Simulated) -> None:
        self.door = door
        self._gate = self._made(door.key, door.url, "v1beta")
        self.stable = self._made(door.key, door.url, "v1")
        self._direct = self._made(vendor.KEY, simulated.root("google"), "v1beta")

    def of(self, target: str) -> genai.Client:
        return self._direct if target == "direct" else self._gate

    def model(self, target: str) -> str:
        return process.MODELS["google"] if target == "direct" else target

    def _made(self, key: str, url: str, version: str) -> genai.Client:
        return genai.Client(
            api_key=key, http_options=types.HttpOptions(base_url=url, api_version=version, timeout=30_000)
        )


@pytest.fixture(scope="module")
def clients(door: Instance, simulated: Simulated) -> Iterator[Clients]:
    made = Clients(door, simulated)
    yield made
    for target in ("direct", "google"):
        made.of(target).close()
    made.stable.close()


def header(reply: Any, name: str) -> str:
    headers = {key.lower(): value for key, value in reply.sdk_http_response.headers.items()}
    return str(headers[name])


@TARGETS
def test_content_is_generated_and_recorded(clients: Clients, target: str) -> None:
    config = types.GenerateContentConfig(system_instruction="Be kind.", max_output_tokens=100, temperature=0.5)
    said = clients.of(target).models.generate_content(model=clients.model(target), contents="Hi", config=config)
    assert said.text == GREETING
    assert said.candidates is not None
    assert said.candidates[0].finish_reason == types.FinishReason.STOP
    assert said.usage_metadata is not None
    assert said.usage_metadata.prompt_token_count == mind.INPUT
    assert said.usage_metadata.total_token_count == mind.INPUT + mind.OUTPUT
    if target != "direct":
        check_record(clients.door, header(said, "x-torana-call-id"), target, "gemini")


@TARGETS
def test_content_is_streamed(clients: Clients, target: str) -> None:
    replies = list(clients.of(target).models.generate_content_stream(model=clients.model(target), contents="Hi"))
    texts = [reply.text or "" for reply in replies]
    assert "".join(texts) == GREETING
    assert len([text for text in texts if text]) > 1
    last = replies[-1]
    assert last.usage_metadata is not None
    assert last.usage_metadata.total_token_count == mind.INPUT + mind.OUTPUT
    assert [c.finish_reason for reply in replies for c in reply.candidates or () if c.finish_reason] == [
        types.FinishReason.STOP
    ]
    if target != "direct":
        check_record(clients.door, header(replies[0], "x-torana-call-id"), target, "gemini", streamed=True)


def test_the_first_stable_version_of_the_api_is_spoken_too(clients: Clients) -> None:
    models = clients.stable.models
    assert models.generate_content(model="anthropic", contents="Hi").text == GREETING
    stream = models.generate_content_stream(model="openai", contents="Hi")
    assert "".join(reply.text or "" for reply in stream) == GREETING
    assert models.embed_content(model="openai-embed", contents="Hi").embeddings


@TARGETS
def test_functions_are_called_by_the_sdk_itself(clients: Clients, target: str) -> None:
    said = clients.of(target).models.generate_content(
        model=clients.model(target), contents="Paris", config=types.GenerateContentConfig(tools=[get_weather])
    )
    assert "sunny in Paris" in (said.text or "")
    assert said.automatic_function_calling_history is not None
    assert len(said.automatic_function_calling_history) == 3


@TARGETS
@pytest.mark.parametrize("streamed", [False, True])
def test_a_chat_calls_tools_and_goes_on(clients: Clients, target: str, streamed: bool) -> None:
    declared = types.FunctionDeclaration.from_callable_with_api_option(callable=get_weather, api_option="GEMINI_API")
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declared])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    chat = clients.of(target).chats.create(model=clients.model(target), config=config)

    def send(message: Any) -> list[types.Part]:
        replies = chat.send_message_stream(message) if streamed else [chat.send_message(message)]
        return [
            part for reply in replies for c in reply.candidates or () for part in (c.content and c.content.parts) or ()
        ]

    calls = [part.function_call for part in send("both cities") if part.function_call]
    assert [call.args for call in calls] == [{"city": "Paris"}, {"city": "Rome"}]
    results = [
        types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"result": weather}))
        for call, weather in zip(calls, ("rain", "sun"), strict=True)
    ]
    told = "".join(part.text or "" for part in send(results))
    assert "rain" in told
    assert "sun" in told
    assert chat.get_history()[-1].role == "model"


@pytest.mark.parametrize("target", THINKERS)
@pytest.mark.parametrize("streamed", [False, True])
def test_thoughts_come_back_to_the_vendor_with_their_proof(clients: Clients, target: str, streamed: bool) -> None:
    thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=2000)
    declared = types.FunctionDeclaration.from_callable_with_api_option(callable=get_weather, api_option="GEMINI_API")
    config = types.GenerateContentConfig(
        thinking_config=thinking,
        max_output_tokens=4000,
        tools=[types.Tool(function_declarations=[declared])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    chat = clients.of(target).chats.create(model=clients.model(target), config=config)

    def send(message: Any) -> list[types.Part]:
        replies = chat.send_message_stream(message) if streamed else [chat.send_message(message)]
        return [
            part for reply in replies for c in reply.candidates or () for part in (c.content and c.content.parts) or ()
        ]

    parts = send("Paris")
    assert mind.THOUGHT in "".join(part.text or "" for part in parts if part.thought)
    (call,) = [part.function_call for part in parts if part.function_call]
    response = types.FunctionResponse(id=call.id, name=call.name, response={"output": "rain"})
    told = send(types.Part(function_response=response))
    text = "".join(part.text or "" for part in told if not part.thought)
    assert "rain" in text
    assert text.endswith("Proved.")


@pytest.mark.parametrize("target", ["direct", "openai", "anthropic", "aws"])
def test_an_image_is_seen(clients: Clients, target: str) -> None:
    image = types.Part.from_bytes(data=PNG, mime_type="image/png")
    said = clients.of(target).models.generate_content(model=clients.model(target), contents=["What is it?", image])
    assert said.text == "I see image/png."


@pytest.mark.parametrize("target", ["direct", "openai", "anthropic", "aws", "cohere"])
@pytest.mark.parametrize("form", ["response_schema", "response_json_schema"])
def test_structured_output_is_parsed(clients: Clients, target: str, form: str) -> None:
    schema = Verdict if form == "response_schema" else Verdict.model_json_schema()
    config = types.GenerateContentConfig(**{"response_mime_type": "application/json", form: schema})  # type: ignore[arg-type]
    said = clients.of(target).models.generate_content(model=clients.model(target), contents="Hi", config=config)
    assert json.loads(said.text or "") == {"answer": "yes", "score": 3}
    if form == "response_schema":
        assert said.parsed == Verdict(answer="yes", score=3)


@pytest.mark.parametrize("target", ["direct", "google", "openai", "mistral", "cohere", "ollama"])
def test_contents_are_embedded(clients: Clients, target: str) -> None:
    model = "embed-sim" if target == "direct" else f"{target}-embed"
    made = clients.of(target).models.embed_content(model=model, contents=["one", "two"])
    assert [item.values for item in made.embeddings or ()] == [list(mind.VECTOR)] * 2


@pytest.mark.parametrize("target", ["direct", "google", "anthropic", "openai"])
def test_tokens_are_counted(clients: Clients, target: str) -> None:
    counted = clients.of(target).models.count_tokens(model=clients.model(target), contents="Hi").total_tokens
    assert counted is not None
    assert counted > 0
    assert target == "openai" or counted == vendor.COUNTED


@pytest.mark.parametrize("stable", [False, True])
def test_the_models_are_listed_in_geminis_shape(clients: Clients, stable: bool) -> None:
    client = clients.stable if stable else clients.of("google")
    models = {model.name: model for model in client.models.list()}
    assert {f"models/{name}" for name in process.MODELS} <= models.keys()
    assert models["models/anthropic"].supported_actions
    assert client.models.get(model="google").name == "models/google"
    with pytest.raises(errors.ClientError) as missing:
        client.models.get(model="nobody")
    assert missing.value.code == 404


@pytest.mark.parametrize("target", ["google", "anthropic"])
@pytest.mark.parametrize(
    ("status", "raised", "code", "answered"),
    [
        ("400", errors.ClientError, "upstream_refused", 400),
        ("401", errors.ServerError, "upstream_auth_failed", 502),
        ("429", errors.ClientError, "upstream_rate_limited", 429),
        ("500", errors.ServerError, "upstream_failed", 502),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_vendors_failure_is_the_sdks_own_class(
    clients: Clients, target: str, status: str, raised: type[errors.APIError], code: str, answered: int, streamed: bool
) -> None:
    models = clients.of(target).models
    call: Any = models.generate_content_stream if streamed else models.generate_content
    with pytest.raises(raised) as caught:
        # A stream is asked for when its first event is.
        list(call(model=f"{target}-fault-{status}", contents="Hi"))
    assert caught.value.code == answered
    assert caught.value.response is not None
    call_id = caught.value.response.headers["x-torana-call-id"]
    assert status != "400" or "The vendor says 400." in str(caught.value)
    if (target, status) != ("google", "400"):
        assert code in str(caught.value.details)
        assert call_id in str(caught.value.details)
    assert clients.door.record(call_id)["error"] == code


def test_an_unknown_model_a_wrong_key_and_a_lost_parameter_are_told(clients: Clients) -> None:
    models = clients.of("google").models
    with pytest.raises(errors.ClientError) as missing:
        models.generate_content(model="nobody", contents="Hi")
    assert (missing.value.code, missing.value.status) == (404, "NOT_FOUND")
    assert "model_not_found" in str(missing.value.details)
    with pytest.raises(errors.ClientError) as refused:
        models.generate_content(model="openai", contents="Hi", config=types.GenerateContentConfig(top_k=5))
    assert (refused.value.code, refused.value.status) == (400, "INVALID_ARGUMENT")
    assert "unsupported_parameter" in str(refused.value.details)
    options = types.HttpOptions(base_url=clients.door.url)
    with genai.Client(api_key="nobody", http_options=options) as stranger, pytest.raises(errors.ClientError) as wrong:
        stranger.models.generate_content(model="google", contents="Hi")
    assert (wrong.value.code, wrong.value.status) == (401, "UNAUTHENTICATED")


def test_the_async_client_streams_from_all_vendors_at_once(clients: Clients) -> None:
    async def call_all() -> list[str]:
        options = types.HttpOptions(base_url=clients.door.url)
        async with genai.Client(api_key=clients.door.key, http_options=options).aio as many:

            async def streamed(model: str) -> str:
                stream = await many.models.generate_content_stream(model=model, contents="Hi")
                return "".join([reply.text or "" async for reply in stream])

            return await asyncio.gather(*(streamed(model) for model in GATE))

    assert asyncio.run(call_all()) == [GREETING] * len(GATE)
