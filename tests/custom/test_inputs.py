"""What templates see of a request, and what a description that does not accept it refuses."""

import msgspec
import pytest

from tests.custom.descriptions import asked, described, inputs_of
from torana.core.errors import Refusal
from torana.core.exchange import (
    Audio,
    EmbedRequest,
    Format,
    Image,
    Message,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Source,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from torana.core.losses import Losses
from torana.custom.inputs import chat_inputs, embed_inputs

IMAGE = Image(source=Source(media_type="image/png", data="aGk="))


def test_a_conversation_is_there_as_messages_and_as_one_text() -> None:
    request = ModelRequest(
        dialect="openai_chat",
        model="m",
        messages=(
            Message(role="system", parts=(Text(text="Be short."),)),
            Message(role="user", parts=(Text(text="Hi"), Text(text="there"))),
            Message(role="assistant", parts=(Reasoning(text="hm"), Text(text="Hello"))),
            Message(role="developer", parts=(Text(text="Be kind."),)),
            Message(role="user", parts=(Text(text="Bye"),)),
        ),
        temperature=0.5,
        stop=("x",),
        stream=True,
    )
    inputs = inputs_of(request)
    assert inputs["system"] == "Be short.\n\nBe kind."
    assert inputs["prompt"] == "User: Hi\nthere\n\nAssistant: Hello\n\nUser: Bye"
    assert inputs["last_user"] == "Bye"
    assert [message["role"] for message in inputs["messages"]] == ["system", "user", "assistant", "developer", "user"]
    assert inputs["parameters"] == {"temperature": 0.5, "stop": ["x"]}
    assert inputs["stream"] is False
    assert inputs["data"] is None


def test_a_service_is_told_to_stream_only_where_its_stream_can_be_read() -> None:
    request = asked("Hi", stream=True)
    streamed = described(stream={"framing": "sse", "event": "$"})
    assert inputs_of(request, streamed)["stream"] is True
    assert inputs_of(request)["stream"] is False


def test_a_single_message_is_the_prompt() -> None:
    assert inputs_of(asked("Hi"))["prompt"] == "Hi"


def test_the_models_name_at_the_service_replaces_the_callers() -> None:
    assert chat_inputs(asked("x"), described(), Losses(), "inner")["model"] == "inner"


def test_media_are_listed_once_and_messages_have_their_numbers() -> None:
    request = ModelRequest(
        dialect="gemini",
        model="m",
        messages=(
            Message(role="user", parts=(IMAGE,)),
            Message(role="user", parts=(Image(source=Source(url="https://a/b.png")), IMAGE)),
        ),
    )
    inputs = inputs_of(request, described(accepts=["images"]))
    assert inputs["images"] == [
        {"media_type": "image/png", "data": "aGk="},
        {"url": "https://a/b.png"},
        {"media_type": "image/png", "data": "aGk="},
    ]
    assert [message["images"] for message in inputs["messages"]] == [[0], [1, 2]]


def test_tools_their_calls_and_results_are_plain_values() -> None:
    request = ModelRequest(
        dialect="openai_chat",
        model="m",
        tools=(Tool(name="look", parameters={"type": "object"}),),
        messages=(
            Message(role="assistant", parts=(ToolCall(id="1", name="look", arguments='{"a": 1}'),)),
            Message(role="user", parts=(ToolResult(call_id="1", content=(Text(text="seen"),)),)),
        ),
    )
    inputs = inputs_of(request, described(accepts=["tools"]))
    assert inputs["tools"] == [{"name": "look", "description": "", "parameters": {"type": "object"}}]
    assert inputs["messages"][0]["tool_calls"] == [{"id": "1", "name": "look", "arguments": {"a": 1}}]
    assert inputs["messages"][1]["tool_results"] == [{"call_id": "1", "name": None, "text": "seen", "error": False}]


@pytest.mark.parametrize(
    ("part", "param"),
    [
        (IMAGE, "messages[0].images"),
        (Audio(source=Source(data="aGk=")), "messages[0].audio"),
        (ToolCall(id="1", name="f"), "messages[0].tools"),
        (Opaque(dialect="gemini", kind="thing", raw={}), "messages[0].thing"),
    ],
)
def test_a_part_that_the_description_does_not_accept_is_refused_by_name_or_dropped(part: Part, param: str) -> None:
    with pytest.raises(Refusal) as caught:
        inputs_of(asked("x", part))
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", param)
    assert inputs_of(asked("x", part), drop=True)["last_user"] == "x"


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        (asked("x", tools=(Tool(name="f"),)), "tools"),
        (asked("x", format=Format(kind="json")), "format"),
        (asked("x", choices=2), "choices"),
        (asked("x", logprobs=True), "logprobs"),
        (asked("x", modalities=("audio",)), "modalities"),
        (asked("x", extra={"web": 1}), "web"),
        (asked(Image(source=Source(file_id="f1"))), "messages[0].images"),
    ],
)
def test_what_no_custom_model_can_answer_is_refused_by_name(request_: ModelRequest, param: str) -> None:
    with pytest.raises(Refusal) as caught:
        inputs_of(request_, described(accepts=["images"]))
    assert caught.value.param == param


def test_hints_are_dropped_and_named() -> None:
    losses = Losses()
    chat_inputs(asked("x", service_tier="flex", cache_key="k"), described(), losses)
    assert losses.dropped == ["service_tier", "cache_key"]


def test_data_is_the_last_user_message_read_as_json_where_it_is_an_object_or_a_list() -> None:
    assert inputs_of(asked('{"a": 1}'))["data"] == {"a": 1}
    assert inputs_of(asked(" [1]"))["data"] == [1]
    for text in ("5", "true", '"x"', "{", "{" * 100_000, ""):
        assert inputs_of(asked(text))["data"] is None


def test_a_row_that_does_not_fit_the_schema_is_refused_with_its_place() -> None:
    model = described(inputs_schema={"type": "object", "required": ["age"], "properties": {"age": {"type": "integer"}}})
    assert inputs_of(asked('{"age": 3}'), model)["data"] == {"age": 3}
    for text, param in (
        ('{"age": "x"}', "messages[0].content.age"),
        ("{}", "messages[0].content.age"),
        ("hi", "messages[0].content"),
    ):
        with pytest.raises(Refusal) as caught:
            inputs_of(asked(text), model)
        assert (caught.value.code, caught.value.param) == ("invalid_field", param)


def test_embeddings_take_texts_and_nothing_else() -> None:
    request = EmbedRequest(dialect="gemini", model="m", inputs=("a", (Text(text="b"), Text(text="c"))), dimensions=3)
    assert embed_inputs(request, Losses()) == {
        "model": "m",
        "inputs": ["a", "bc"],
        "single": False,
        "parameters": {"dimensions": 3},
    }
    for wrong in ((1, 2), (IMAGE,)):
        with pytest.raises(Refusal, match="texts only"):
            embed_inputs(EmbedRequest(dialect="openai_chat", model="m", inputs=(wrong,)), Losses())


def test_inputs_are_plain_json() -> None:
    inputs = inputs_of(asked("x", IMAGE, metadata={"a": [1]}), described(accepts=["images"]))
    assert msgspec.json.decode(msgspec.json.encode(inputs)) == inputs
