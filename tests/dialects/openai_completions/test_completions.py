"""Text completions, as requests, replies and streams."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion

from tests.support.collecting import collect
from tests.support.exchanges import LOGPROBS, NAMES, TEXTS, USAGES, WORDS, choices, replies, requests, streams
from tests.support.splits import cut_at, split_points
from torana.core.errors import Refusal
from torana.core.exchange import Choice, Message, ModelReply, ModelRequest, Opaque, Reasoning, Text, ToolCall
from torana.core.losses import Losses
from torana.core.stream import Event, Failed, Finished
from torana.core.usage import Usage
from torana.dialects import NotAReplyError
from torana.dialects.openai_chat.request import encode_request as encode_chat
from torana.dialects.openai_completions.reply import decode_reply, encode_reply
from torana.dialects.openai_completions.request import SPELLING, decode_request, encode_request
from torana.dialects.openai_completions.stream import Decoder, Encoder

ASKED = ModelRequest(dialect="openai_completions", model="m", stream=True, stream_usage=True)
PROMPTS = WORDS.map(lambda text: Message(role="user", parts=(Text(text=text),)))
TOKENS = st.lists(st.integers(0, 9), min_size=1).map(
    lambda ids: Message(role="user", parts=(Opaque(dialect="openai_completions", kind="tokens", raw=ids),))
)
NONE = st.none()
PLAIN_LOGPROBS = LOGPROBS.map(
    lambda token: msgspec.structs.replace(
        token,
        bytes=None,
        top=tuple({top.token: msgspec.structs.replace(top, bytes=None) for top in token.top}.values()),
    )
)
COUNTED = USAGES.map(lambda usage: usage._replace(input=usage.input or 0, output=usage.output or 0))
ANSWERS = choices(TEXTS, logprobs=st.none() | st.lists(PLAIN_LOGPROBS, min_size=1, max_size=2).map(tuple))


def asked() -> st.SearchStrategy[ModelRequest]:
    """Requests that completions can say."""
    drawn = requests(
        "openai_completions",
        messages=st.lists(PROMPTS | TOKENS, min_size=1, max_size=3).map(tuple),
        tools=st.just(()),
        tool_choice=NONE,
        parallel_tool_calls=NONE,
        logprobs=NONE,
        format=NONE,
        verbosity=NONE,
        thinking=NONE,
        extra=st.fixed_dictionaries({}, optional={"echo": st.just(True), "suffix": WORDS, "best_of": st.just(9)}),
    )
    return drawn.map(_settled)


def _settled(request: ModelRequest) -> ModelRequest:
    several = {"prompt": "each"} if len(request.messages) > 1 else {}
    logprobs = None if request.top_logprobs is None else True
    return msgspec.structs.replace(request, logprobs=logprobs, extra={**request.extra, **several})


def everything(data: bytes) -> list[Event]:
    decoder = Decoder()
    return [*decoder.feed(data), *decoder.end()]


@given(asked())
def test_a_request_is_the_same_after_encoding_and_decoding(request: ModelRequest) -> None:
    assert decode_request(encode_request(request, request.model, Losses())) == request


@given(replies(ANSWERS, most_choices=3, usage=COUNTED, fingerprint=st.none() | NAMES))
def test_a_reply_is_the_same_after_encoding_and_decoding(reply: ModelReply) -> None:
    body = encode_reply(reply, ASKED)
    Completion.model_validate_json(body, strict=True)
    assert decode_reply(body) == reply


@given(streams(replies(ANSWERS, most_choices=3, usage=COUNTED)), st.data())
def test_a_stream_tells_the_same_reply_however_it_is_split(
    drawn: tuple[ModelReply, list[Event]], data: st.DataObject
) -> None:
    reply, events = drawn
    written = Encoder(ASKED).encode(events)
    decoder = Decoder()
    got = [event for piece in cut_at(written, data.draw(split_points(written))) for event in decoder.feed(piece)]
    assert got == everything(written)
    assert collect(got) == reply


@given(st.binary(max_size=100))
def test_any_bytes_are_refused_as_a_request_and_end_a_stream(body: bytes) -> None:
    with pytest.raises(Refusal):
        decode_request(body)
    with pytest.raises(NotAReplyError):
        decode_reply(body)
    assert isinstance(everything(body)[-1], Failed)


FIELDS = [
    "model",
    "prompt",
    "text",
    "index",
    "finish_reason",
    "logprobs",
    "tokens",
    "token_logprobs",
    "top_logprobs",
    "error",
    "usage",
    "id",
    "created",
    "echo",
    "n",
]
VALUES = st.recursive(
    st.none() | st.integers() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
)


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_any_json_is_refused_or_understood(value: dict[str, object]) -> None:
    with suppress(Refusal):
        decode_request(msgspec.json.encode({"model": "m", "prompt": "p", **value}))
    body = msgspec.json.encode({"id": "x", "choices": [value, {"text": "x", **value}]})
    with suppress(NotAReplyError):
        decode_reply(body)
    got = everything(b"data: " + body + b"\n\ndata: [DONE]\n\n")
    assert isinstance(got[-1], Finished | Failed)


def test_every_prompt_is_a_message_of_the_user() -> None:
    request = decode_request(b'{"model":"m","prompt":["a",[1,2]],"logprobs":2,"best_of":1,"echo":false,"suffix":""}')
    assert [message.role for message in request.messages] == ["user", "user"]
    assert request.messages[1].parts == (Opaque(dialect="openai_completions", kind="tokens", raw=[1, 2]),)
    assert (request.logprobs, request.top_logprobs) == (True, 2)
    assert request.extra == {"prompt": "each"}


def test_one_prompt_becomes_a_chat_message() -> None:
    request = decode_request(b'{"model":"m","prompt":"Once","max_tokens":5,"stop":"."}')
    body = msgspec.json.decode(encode_chat(request, "up", Losses(SPELLING)))
    assert body == {
        "model": "up",
        "messages": [{"role": "user", "content": "Once"}],
        "max_completion_tokens": 5,
        "stop": ["."],
    }


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        (b'"prompt":["a","b"]', "prompt"),
        (b'"prompt":[1,2]', "messages[0].tokens"),
        (b'"prompt":"a","suffix":"b"', "suffix"),
        (b'"prompt":"a","echo":true', "echo"),
        (b'"prompt":"a","best_of":3', "best_of"),
    ],
)
def test_what_chat_cannot_carry_is_refused_by_name(fields: bytes, param: str) -> None:
    request = decode_request(b'{"model":"m",%b}' % fields)
    with pytest.raises(Refusal) as refused:
        encode_chat(request, "up", Losses(SPELLING))
    assert refused.value.code == "unsupported_parameter"
    assert refused.value.param == param


@pytest.mark.parametrize("prompt", [b"null", b"[]", b"3", b"[null]", b"[[]]", b'[["a"]]', b"[1.5]"])
def test_a_prompt_of_the_wrong_type_is_refused(prompt: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        decode_request(b'{"model":"m","prompt":%b}' % prompt)
    assert refused.value.param is not None
    assert refused.value.param.startswith("prompt")


def test_a_conversation_is_refused_and_a_single_text_is_not() -> None:
    one = ModelRequest(dialect="gemini", model="m", messages=(Message(role="user", parts=(Text(text="Hi"),)),))
    assert msgspec.json.decode(encode_request(one, "up", Losses())) == {"model": "up", "prompt": "Hi"}
    two = msgspec.structs.replace(one, messages=one.messages * 2)
    with pytest.raises(Refusal):
        encode_request(two, "up", Losses())


def test_thoughts_and_calls_have_no_place_in_a_completion() -> None:
    parts = (Reasoning(text="hm"), Text(text="Hi"), ToolCall(id="1", name="f"))
    reply = ModelReply(
        id="x", model="m", created=1, choices=(Choice(parts=parts, stop="tool_calls"),), usage=Usage(1, None, 2, None)
    )
    read = Completion.model_validate_json(encode_reply(reply, ASKED), strict=True)
    assert (read.choices[0].text, read.choices[0].finish_reason) == ("Hi", "stop")
    assert read.usage is not None
    assert read.usage.total_tokens == 3


def test_an_error_in_the_middle_of_a_stream_ends_it() -> None:
    events = everything(
        b'data: {"id":"x","model":"m","choices":[{"index":0,"text":"a"}]}\r\n\r\n: hm\r\n\r\n'
        b'data: {"error":{"message":"broke","code":500}}\r\n\r\ndata: [DONE]\r\n\r\n'
    )
    assert isinstance(events[-1], Failed)
    assert events[-1].error.message == "broke"
    assert b"broke" in Encoder(ASKED).encode(events)


def test_a_stream_without_its_terminator_is_whole_if_it_said_why_it_stopped() -> None:
    start = b'data: {"id":"x","model":"m","choices":[{"index":0,"text":"a","finish_reason":%b}]}'
    assert isinstance(everything(start % b'"length"')[-1], Finished)
    assert isinstance(everything(start % b"null")[-1], Failed)
