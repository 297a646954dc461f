"""The demo's text completions and embeddings, judged by the official SDK's own types."""

import base64
import json
import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion, CreateEmbeddingResponse

from torana.gate.demo import DemoReply, answer


def call(endpoint: str, **fields: Any) -> DemoReply:
    return answer(endpoint, json.dumps({"model": "demo/x", **fields}).encode(), "demo/x")


def complete(**fields: Any) -> Completion:
    reply = call("/v1/completions", **fields)
    assert reply.body is not None
    assert reply.status == 200, reply.body
    return Completion.model_validate_json(reply.body, strict=True, extra="forbid")


def embed(**fields: Any) -> list[list[float]]:
    reply = call("/v1/embeddings", **fields)
    assert reply.body is not None
    assert reply.status == 200, reply.body
    parsed = CreateEmbeddingResponse.model_validate_json(reply.body, strict=True, extra="forbid")
    assert [item.index for item in parsed.data] == list(range(len(parsed.data)))
    assert parsed.usage.total_tokens == parsed.usage.prompt_tokens > 0
    return [item.embedding for item in parsed.data]


def param_of_error(reply: DemoReply) -> str | None:
    assert reply.status == 400
    assert reply.body is not None
    param = json.loads(reply.body)["error"]["param"]
    assert param is None or isinstance(param, str)
    return param


def test_a_completion_is_labelled_and_cut_at_openais_default_of_16_tokens() -> None:
    short, whole = complete(prompt="Once"), complete(prompt="Once", max_tokens=200)
    assert short.choices[0].finish_reason == "length"
    assert short.usage is not None
    assert short.usage.completion_tokens == 16
    assert whole.choices[0].finish_reason == "stop"
    assert "demo, not a real model" in whole.choices[0].text
    assert '"Once"' in whole.choices[0].text


def test_every_prompt_gets_its_choices() -> None:
    made = complete(prompt=["a", "b"], n=2, echo=True)
    assert [choice.index for choice in made.choices] == [0, 1, 2, 3]
    assert [choice.text[0] for choice in made.choices] == ["a", "a", "b", "b"]
    assert len(complete(prompt=[[1, 2], [3]]).choices) == 2
    assert len(complete(prompt=[1, 2]).choices) == 1


@pytest.mark.parametrize("include", [True, False])
def test_a_streamed_completion_says_the_same_as_the_whole(include: bool) -> None:
    whole = complete(prompt="x", max_tokens=99)
    reply = call("/v1/completions", prompt="x", max_tokens=99, stream=True, stream_options={"include_usage": include})
    events = list(reply.events or ())
    assert events[-1] == b"data: [DONE]\n\n"
    chunks = [json.loads(event[6:]) for event in events[:-1]]
    assert "".join(choice["text"] for chunk in chunks for choice in chunk["choices"]) == whole.choices[0].text
    if include:
        assert whole.usage is not None
        assert chunks[-1]["usage"] == whole.usage.model_dump(exclude_unset=True)
        assert all(chunk["usage"] is None for chunk in chunks[:-1])
    else:
        assert all("usage" not in chunk for chunk in chunks)


@given(st.text(min_size=1, max_size=200), st.integers(1, 600))
def test_embeddings_are_unit_vectors_of_the_asked_length(text: str, dimensions: int) -> None:
    (vector,) = embed(input=text, dimensions=dimensions)
    assert len(vector) == dimensions
    assert math.isclose(math.fsum(n * n for n in vector), 1, rel_tol=1e-5)


@given(st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=5))
def test_the_same_text_has_the_same_vector_and_other_texts_have_others(texts: list[str]) -> None:
    vectors = embed(input=texts)
    for text, vector in zip(texts, vectors, strict=True):
        assert embed(input=text) == [vector]
    assert len({tuple(vector) for vector in vectors}) == len(set(texts))


def test_base64_holds_the_same_numbers() -> None:
    reply = call("/v1/embeddings", input="x", encoding_format="base64")
    packed = base64.b64decode(json.loads(reply.body or b"")["data"][0]["embedding"])
    assert list(struct.unpack(f"<{len(packed) // 4}f", packed)) == embed(input="x")[0]


def test_token_arrays_are_one_input_each() -> None:
    assert len(embed(input=[1, 2, 3])) == 1
    assert len(embed(input=[[1, 2], [3]])) == 2
    assert embed(input=[[1, 2, 3]]) == embed(input=[1, 2, 3])


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": ["a", 1]}, "input"),
        ({"input": ["a", [1]]}, "input"),
        ({"input": {"a": 1}}, "input"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": ["a"] * 2048, "dimensions": 4096}, "input"),
        ({"input": "a", "dimensions": 0}, "dimensions"),
        ({"input": "a", "dimensions": "many"}, "dimensions"),
        ({"input": "a", "encoding_format": "hex"}, "encoding_format"),
    ],
)
def test_a_wrong_embedding_request_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    assert param_of_error(call("/v1/embeddings", **fields)) == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": {}}, "prompt"),
        ({"prompt": ["a", 1]}, "prompt"),
        ({"prompt": ["a"] * 100, "n": 2}, "prompt"),
        ({"prompt": "a" * 600_000, "n": 2, "echo": True}, "echo"),
        ({"prompt": "a", "max_tokens": -1}, "max_tokens"),
    ],
)
def test_a_wrong_completion_request_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    assert param_of_error(call("/v1/completions", **fields)) == param
