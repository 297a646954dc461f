"""Agents of Pydantic AI through the process tree: in each dialect that it speaks, before vendors of another one."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, ModelHTTPError, NativeOutput
from pydantic_ai.messages import ModelResponse, ThinkingPart
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel, AnthropicModelSettings
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider

from tests.support.instance import Instance
from tests.support.simulated import mind

pytestmark = pytest.mark.anyio

PAIRS = pytest.mark.parametrize(
    ("spoken", "target"),
    [
        ("openai_chat", "anthropic"),
        ("openai_chat", "google"),
        ("openai_responses", "aws"),
        ("anthropic_messages", "openai"),
        ("anthropic_messages", "google"),
        ("gemini", "anthropic"),
    ],
)


class Verdict(BaseModel):
    """What an agent has to end with."""

    answer: str
    score: int


class Models:
    """The models that an agent can be given, all with one connection pool."""

    def __init__(self, door: Instance, http: httpx2.AsyncClient) -> None:
        self._door, self._http = door, http

    def of(self, spoken: str, target: str) -> Model[Any]:
        url, key, http = self._door.url, self._door.key, self._http
        if spoken == "anthropic_messages":
            return AnthropicModel(target, provider=AnthropicProvider(base_url=url, api_key=key, http_client=http))
        if spoken == "gemini":
            return GoogleModel(target, provider=GoogleProvider(base_url=url, api_key=key, http_client=http))
        made = OpenAIChatModel if spoken == "openai_chat" else OpenAIResponsesModel
        return made(target, provider=OpenAIProvider(base_url=self._door.base_url, api_key=key, http_client=http))


@pytest.fixture
async def models(door: Instance) -> AsyncIterator[Models]:
    async with httpx2.AsyncClient(timeout=30) as http:
        yield Models(door, http)


def weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


@PAIRS
async def test_an_agent_calls_its_tool_and_ends_with_a_typed_answer(models: Models, spoken: str, target: str) -> None:
    agent = Agent(models.of(spoken, target), tools=[weather], output_type=Verdict, instructions="Be kind.")
    done = await agent.run("Paris")
    assert done.output == Verdict(answer="Paris", score=3)
    assert "sunny in Paris" in str(done.all_messages())
    assert done.usage.requests == 2
    assert (done.usage.input_tokens, done.usage.output_tokens) == (2 * mind.INPUT, 2 * mind.OUTPUT)


@PAIRS
async def test_an_agent_streams_its_answer(models: Models, spoken: str, target: str) -> None:
    agent = Agent(models.of(spoken, target), tools=[weather])
    async with agent.run_stream("both cities") as stream:
        pieces = [piece async for piece in stream.stream_text(delta=True, debounce_by=None)]
    told = "".join(pieces)
    assert told.startswith("It is ")
    # For Gemini the SDK puts results in objects.
    assert told.index("sunny in Paris") < told.index("sunny in Rome")
    assert len(pieces) > 1


@pytest.mark.parametrize(
    ("spoken", "target"), [("openai_chat", "cohere"), ("openai_responses", "anthropic"), ("gemini", "openai")]
)
async def test_a_typed_answer_is_the_models_own(models: Models, spoken: str, target: str) -> None:
    agent = Agent(models.of(spoken, target), output_type=NativeOutput(Verdict))
    assert (await agent.run("Hi")).output == Verdict(answer="yes", score=3)


@pytest.mark.parametrize("target", ["claude", "google", "aws"])
async def test_an_agents_thoughts_are_kept_over_its_tools(models: Models, target: str) -> None:
    settings = AnthropicModelSettings(anthropic_thinking={"type": "enabled", "budget_tokens": 2000}, max_tokens=4000)
    agent = Agent(models.of("anthropic_messages", target), tools=[weather], model_settings=settings)
    done = await agent.run("Paris")
    assert done.output == "It is sunny in Paris. Proved."
    replies = [message for message in done.all_messages() if isinstance(message, ModelResponse)]
    assert mind.THOUGHT in [part.content for part in replies[0].parts if isinstance(part, ThinkingPart)]


@pytest.mark.parametrize("spoken", ["openai_chat", "anthropic_messages", "gemini"])
async def test_a_vendors_failure_is_the_agents_own_class(models: Models, spoken: str) -> None:
    with pytest.raises(ModelHTTPError) as caught:
        await Agent(models.of(spoken, "aws-fault-400")).run("Hi")
    assert caught.value.status_code == 400
    assert "The vendor says 400." in str(caught.value)
