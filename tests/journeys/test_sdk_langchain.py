"""LangChain's `ChatOpenAI` and `OpenAIEmbeddings` through the process tree to vendors of other dialects."""

import asyncio
import functools
import operator
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, SecretStr

from tests.support.instance import Instance
from tests.support.simulated import mind
from tests.support.simulated.records import check_record

GREETING = "Hello — naïve 😀: Hi"
MESSAGES: list[BaseMessage] = [SystemMessage("Be kind."), HumanMessage("Hi")]
TARGETS = pytest.mark.parametrize("target", ["openai", "anthropic", "google", "aws"])
PNG = "data:image/png;base64,iVBORw0KGgoAAAAA"


class Verdict(BaseModel):
    """What structured output is parsed to."""

    answer: str
    score: int


@tool
def get_weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


def chat(door: Instance, target: str, **fields: Any) -> ChatOpenAI:
    key = SecretStr(door.key)
    return ChatOpenAI(model=target, base_url=door.base_url, api_key=key, max_retries=0, timeout=30, **fields)


def joined(pieces: list[Any]) -> Any:
    """The message that a stream's pieces add up to."""
    return functools.reduce(operator.add, pieces)


@TARGETS
def test_a_chat_is_invoked_and_recorded(door: Instance, target: str) -> None:
    said = chat(door, target, include_response_headers=True, temperature=0.5).invoke(MESSAGES)
    assert said.content == GREETING
    assert said.usage_metadata is not None
    assert (said.usage_metadata["input_tokens"], said.usage_metadata["output_tokens"]) == (mind.INPUT, mind.OUTPUT)
    assert said.response_metadata["finish_reason"] == "stop"
    check_record(door, said.response_metadata["headers"]["x-torana-call-id"], target, "openai_chat")


@TARGETS
def test_a_chat_is_streamed(door: Instance, target: str) -> None:
    pieces = list(chat(door, target, stream_usage=True).stream(MESSAGES))
    whole = joined(pieces)
    assert whole.content == GREETING
    assert len([piece for piece in pieces if piece.content]) > 1
    assert isinstance(whole, AIMessageChunk)
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["total_tokens"] == mind.INPUT + mind.OUTPUT


@TARGETS
@pytest.mark.parametrize("streamed", [False, True])
def test_tools_are_called_and_their_results_are_answered(door: Instance, target: str, streamed: bool) -> None:
    bound = chat(door, target).bind_tools([get_weather])

    def ask(messages: list[BaseMessage]) -> Any:
        return joined(list(bound.stream(messages))) if streamed else bound.invoke(messages)

    messages: list[BaseMessage] = [HumanMessage("both cities")]
    said = ask(messages)
    assert [call["args"] for call in said.tool_calls] == [{"city": "Paris"}, {"city": "Rome"}]
    messages += [said, *(get_weather.invoke(call) for call in said.tool_calls)]
    assert str(ask(messages).content).startswith("It is sunny in Paris and sunny in Rome.")


@TARGETS
@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_structured_output_is_parsed(door: Instance, target: str, method: Any) -> None:
    assert chat(door, target).with_structured_output(Verdict, method=method).invoke("Hi") == Verdict(
        answer="yes" if method == "json_schema" else "Paris", score=3
    )


@TARGETS
def test_an_image_is_seen(door: Instance, target: str) -> None:
    content: list[Any] = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": PNG}}]
    assert chat(door, target).invoke([HumanMessage(content)]).content == "I see image/png."


@pytest.mark.parametrize("target", ["responses", "anthropic", "google"])
def test_the_responses_api_is_spoken_too(door: Instance, target: str) -> None:
    model = chat(door, target, use_responses_api=True)
    assert model.invoke(MESSAGES).text == GREETING
    assert "".join(piece.text for piece in model.stream(MESSAGES)) == GREETING
    (call,) = model.bind_tools([get_weather], strict=True).invoke("Paris").tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Paris"})


@pytest.mark.parametrize("target", ["openai", "google", "cohere"])
def test_texts_are_embedded(door: Instance, target: str) -> None:
    made = OpenAIEmbeddings(
        model=f"{target}-embed",
        base_url=door.base_url,
        api_key=SecretStr(door.key),
        check_embedding_ctx_length=False,
    )
    assert made.embed_documents(["one", "two"]) == [list(mind.VECTOR)] * 2


def test_a_failure_is_the_sdks_own_class(door: Instance) -> None:
    with pytest.raises(openai.RateLimitError) as limited:
        chat(door, "anthropic-fault-429").invoke("Hi")
    assert limited.value.code == "upstream_rate_limited"
    with pytest.raises(openai.NotFoundError):
        list(chat(door, "nobody").stream("Hi"))


def test_many_are_called_at_once(door: Instance) -> None:
    async def call_all() -> list[Any]:
        said = await chat(door, "google").abatch(["Hi"] * 8)
        return [one.content for one in said]

    assert asyncio.run(call_all()) == [GREETING] * 8
