"""The official OpenAI SDK, sync and async, through the whole process tree."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.support import journey, vendor_replies
from tests.support.instance import Instance, run_instance
from tests.support.vendor_process import Vendor

MESSAGES: list[Any] = [{"role": "user", "content": "Hi"}]
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]


class Verdict(BaseModel):
    """What structured output is parsed to."""

    answer: str
    score: int


@pytest.fixture(scope="module")
def instance(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    config = journey.configuration(
        vendor,
        [
            *map(journey.service, journey.PLAIN),
            *(journey.service(f"fault:{status}") for status in (400, 401, 429, 500)),
        ],
    )
    folder = tmp_path_factory.mktemp("sdk")
    with run_instance(folder, config, key=journey.KEY, env=journey.environment()) as running:
        yield running


@pytest.fixture(scope="module")
def client(instance: Instance) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=instance.base_url, api_key=instance.key, max_retries=0, timeout=30) as made:
        yield made


def test_a_chat_call_answers_and_its_record_has_what_the_vendor_counted(
    client: openai.OpenAI, instance: Instance
) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="chat", messages=MESSAGES, user="ada", metadata={"job": "nightly"}
    )
    said = raw.parse()
    assert said.choices[0].message.content == vendor_replies.TEXT
    record = instance.record(raw.headers["x-torana-call-id"])
    assert record["status"] == 200
    assert record["error"] is None
    assert record["endpoint"] == "/v1/chat/completions"
    assert record["service"] == record["model_asked"] == record["model_sent"] == "chat"
    assert record["streamed"] is False
    assert record["user"] == "ada"
    assert record["input_tokens"] == vendor_replies.PROMPT_TOKENS
    assert record["cached_input_tokens"] == vendor_replies.CACHED_TOKENS
    assert record["output_tokens"] == vendor_replies.COMPLETION_TOKENS
    assert record["reasoning_tokens"] == vendor_replies.REASONING_TOKENS
    assert record["upstream_id"] == "req_vendor_1"


@pytest.mark.parametrize("asked", [True, False])
def test_a_stream_is_metered_and_shows_its_usage_only_to_a_caller_who_asked(
    client: openai.OpenAI, instance: Instance, asked: bool
) -> None:
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if asked else {}
    with client.chat.completions.with_streaming_response.create(
        model="chat", messages=MESSAGES, stream=True, **options
    ) as raw:
        call_id = raw.headers["x-torana-call-id"]
        chunks = list(raw.parse())
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == vendor_replies.TEXT
    shown = [chunk.usage for chunk in chunks if chunk.usage is not None]
    assert [usage.total_tokens for usage in shown] == ([18] if asked else [])
    assert [chunk for chunk in chunks if not chunk.choices] == (chunks[-1:] if asked else [])
    record = instance.record(call_id)
    assert record["streamed"] is True
    assert record["output_tokens"] == vendor_replies.COMPLETION_TOKENS
    assert not record["usage_estimated"]


def test_tools_are_called_whole_and_streamed(client: openai.OpenAI) -> None:
    said = client.chat.completions.create(model="chat", messages=MESSAGES, tools=TOOLS)
    made = (said.choices[0].message.tool_calls or [])[0]
    assert made.type == "function"
    assert json.loads(made.function.arguments) == {"city": "Paris"}
    stream = client.chat.completions.create(model="chat", messages=MESSAGES, tools=TOOLS, stream=True)
    pieces = [piece for chunk in stream for piece in chunk.choices[0].delta.tool_calls or ()]
    assert "".join(piece.function.arguments or "" for piece in pieces if piece.function) == '{"city": "Paris"}'
    answer: list[Any] = [
        *MESSAGES,
        said.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": made.id, "content": "rain"},
    ]
    assert client.chat.completions.create(model="chat", messages=answer, tools=TOOLS).choices[0].finish_reason == "stop"


def test_structured_output_is_parsed(client: openai.OpenAI) -> None:
    said = client.chat.completions.parse(model="chat", messages=MESSAGES, response_format=Verdict)
    assert said.choices[0].message.parsed == Verdict(answer="yes", score=3)


@pytest.mark.parametrize("encoding", ["float", "base64", None])
def test_embeddings_arrive_in_either_encoding(client: openai.OpenAI, encoding: Any) -> None:
    chosen: dict[str, Any] = {} if encoding is None else {"encoding_format": encoding}
    made = client.embeddings.create(model="embed", input=["one", "two"], **chosen)
    vectors = [item.embedding for item in made.data]
    if encoding == "base64":
        assert all(isinstance(vector, str) for vector in vectors)
    else:
        assert vectors == [list(vendor_replies.VECTOR)] * 2


def test_completions_whole_and_streamed(client: openai.OpenAI) -> None:
    assert client.completions.create(model="instruct", prompt="x").choices[0].text == vendor_replies.TEXT
    stream = client.completions.create(model="instruct", prompt="x", stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == "one two"


def test_the_models_are_those_the_key_may_call(client: openai.OpenAI) -> None:
    names = {model.id for model in client.models.list()}
    assert {"chat", "embed", "instruct"} <= names
    assert client.models.retrieve("chat").id == "chat"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


@pytest.mark.parametrize(
    ("model", "raised", "code"),
    [
        ("nobody", openai.NotFoundError, "model_not_found"),
        ("fault:401", openai.InternalServerError, "upstream_auth_failed"),
        ("fault:429", openai.RateLimitError, "upstream_rate_limited"),
        ("fault:500", openai.InternalServerError, "upstream_failed"),
    ],
)
@pytest.mark.parametrize("streamed", [True, False])
def test_a_failure_is_the_sdks_own_class_with_our_code(
    client: openai.OpenAI, model: str, raised: type[openai.APIStatusError], code: str, streamed: bool
) -> None:
    with pytest.raises(raised) as caught:
        client.chat.completions.create(model=model, messages=MESSAGES, stream=streamed)
    assert caught.value.code == code
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["call_id"] == caught.value.response.headers["x-torana-call-id"]


def test_the_vendors_own_verdict_on_a_request_passes_in_its_own_words(
    client: openai.OpenAI, instance: Instance
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="fault:400", messages=MESSAGES)
    assert caught.value.code == "vendor_400"
    assert instance.record(caught.value.response.headers["x-torana-call-id"])["error"] == "upstream_refused"


def test_a_wrong_key_is_an_authentication_error(instance: Instance) -> None:
    with (
        openai.OpenAI(base_url=instance.base_url, api_key="nobody", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError) as caught,
    ):
        stranger.chat.completions.create(model="chat", messages=MESSAGES)
    assert caught.value.code == "invalid_api_key"


def test_many_async_calls_at_once_all_answer(instance: Instance) -> None:
    async def call_all() -> tuple[list[Any], list[str]]:
        async with openai.AsyncOpenAI(
            base_url=instance.base_url, api_key=instance.key, max_retries=0, timeout=60
        ) as many:

            async def streamed() -> str:
                stream = await many.chat.completions.create(model="chat", messages=MESSAGES, stream=True)
                return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

            whole = [many.chat.completions.create(model="chat", messages=MESSAGES) for _ in range(20)]
            vectors = [many.embeddings.create(model="embed", input="x") for _ in range(5)]
            answers, texts = await asyncio.gather(
                asyncio.gather(*whole, *vectors), asyncio.gather(*(streamed() for _ in range(20)))
            )
            return list(answers), list(texts)

    answers, texts = asyncio.run(call_all())
    assert len(answers) == 25
    assert texts == [vendor_replies.TEXT] * 20
