"""Whole replies that are not as promised are still counted while they pass, whatever dialect they are in."""

import pytest

from torana.dialects import NotAReplyError
from torana.dialects.registry import DIALECTS

COUNTED = {
    "anthropic_messages": (
        b'{"model":"m","content":[{"text":"%b"}],"usage":{"input_tokens":4,"output_tokens":2}}',
        "m",
    ),
    "bedrock_converse": (b'{"output":{"text":"%b"},"usage":{"inputTokens":4,"outputTokens":2,"totalTokens":6}}', None),
    "gemini": (
        b'{"candidates":["%b"],"modelVersion":"m","usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2}}',
        "m",
    ),
    "openai_chat": (b'{"model":"m","choices":["%b"],"usage":{"prompt_tokens":4,"completion_tokens":2}}', "m"),
    "openai_responses": (b'{"model":"m","output":["%b"],"usage":{"input_tokens":4,"output_tokens":2}}', "m"),
}
"""A reply with a place for text, and the model that it says served it."""


@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize("text", [b"word", rb"\ud83d\ude00", rb"\ud83d", rb"\uDE00\ud83d", rb"\\\ud83d"])
def test_a_reply_with_half_an_escaped_character_is_counted(name: str, text: bytes) -> None:
    body, served = COUNTED[name]
    model, usage = DIALECTS[name].read_reply(body % text)
    assert (model, usage.input, usage.output) == (served, 4, 2)


@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize(
    "body", [b"", b"null", b"[1]", b'"\\ud83d"', b'{"a":"\\ud83d"', b'{"a":"\\ud8"}', b"\xff{}", b"[" * 100_000]
)
def test_what_is_no_json_object_is_no_reply(name: str, body: bytes) -> None:
    with pytest.raises(NotAReplyError):
        DIALECTS[name].read_reply(body)


@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize("odd", [b'{"model":{},"modelVersion":1,"usage":[],"usageMetadata":7,"x":"\\ud83d"}'])
def test_odd_fields_are_unknown(name: str, odd: bytes) -> None:
    model, usage = DIALECTS[name].read_reply(odd)
    assert (model, usage.input, usage.output) == (None, None, None)
