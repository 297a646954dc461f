"""Requests of chat completions, from OpenAI's reference and from what vendors and SDKs add to it."""

from typing import Any

import msgspec
import pytest

from torana.core.errors import Refusal
from torana.core.exchange import (
    Audio,
    Cache,
    Declined,
    Document,
    Format,
    Image,
    Message,
    ModelRequest,
    Opaque,
    Reasoning,
    Source,
    Speech,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from torana.core.losses import Losses
from torana.dialects.openai_chat.request import decode_request, encode_request


def decoded(**fields: Any) -> ModelRequest:
    return decode_request(
        msgspec.json.encode({"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}], **fields})
    )


def said(*messages: Any) -> tuple[Message, ...]:
    return decoded(messages=list(messages)).messages


def encoded(request: ModelRequest, *quirks: str, losses: Losses | None = None) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(encode_request(request, "up", losses or Losses(), frozenset(quirks)))
    return body


def foreign(*messages: Message, **fields: Any) -> ModelRequest:
    return ModelRequest(dialect="anthropic_messages", model="m", messages=messages, **fields)


def user(*parts: Any) -> Message:
    return Message(role="user", parts=parts)


def test_every_field_of_the_reference_is_read() -> None:
    request = decoded(
        max_completion_tokens=9,
        temperature=0.5,
        top_p=1,
        n=2,
        stop=["a", "b"],
        seed=7,
        frequency_penalty=0.1,
        presence_penalty=-1,
        logprobs=True,
        top_logprobs=3,
        logit_bias={"5": -100},
        verbosity="low",
        reasoning_effort="high",
        modalities=["text", "audio"],
        audio={"voice": "alloy", "format": "mp3"},
        stream=True,
        stream_options={"include_usage": True},
        user="u",
        metadata={"a": "b"},
        service_tier="flex",
        prompt_cache_key="k",
        safety_identifier="s",
        store=True,
        parallel_tool_calls=False,
        prediction={"type": "content", "content": "x"},
    )
    assert request == ModelRequest(
        dialect="openai_chat",
        model="gpt-5",
        messages=(user(Text(text="Hi")),),
        max_tokens=9,
        temperature=0.5,
        top_p=1,
        choices=2,
        stop=("a", "b"),
        seed=7,
        frequency_penalty=0.1,
        presence_penalty=-1,
        logprobs=True,
        top_logprobs=3,
        logit_bias={"5": -100},
        verbosity="low",
        thinking=Thinking(effort="high"),
        modalities=("text", "audio"),
        speech=Speech(voice="alloy", format="mp3"),
        stream=True,
        stream_usage=True,
        user="u",
        metadata={"a": "b"},
        service_tier="flex",
        cache_key="k",
        safety_id="s",
        store=True,
        parallel_tool_calls=False,
        extra={"prediction": {"type": "content", "content": "x"}},
    )


def test_older_names_of_fields_are_read() -> None:
    request = decoded(
        max_tokens=5,
        random_seed=3,
        stop="x",
        functions=[{"name": "f", "parameters": {"type": "object"}}],
        function_call={"name": "f"},
    )
    assert (request.max_tokens, request.seed, request.stop) == (5, 3, ("x",))
    assert request.tools == (Tool(name="f", parameters={"type": "object"}),)
    assert request.tool_choice == ToolChoice(mode="named", name="f")


def test_model_and_stream_of_the_path_go_before_those_of_the_body() -> None:
    request = decode_request(b'{"model":"a","messages":[],"stream":false}', "b", True)
    assert (request.model, request.stream) == ("b", True)


def test_parts_of_every_kind_are_read() -> None:
    parts: list[Any] = [
        {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
        {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}},
        {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
        {"type": "image_url", "image_url": "data:image/png;base64,AAAA"},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "AAAA"}},
        {"type": "hologram", "x": 1},
    ]
    assert said({"role": "user", "content": parts})[0].parts == (
        Text(text="a", cache=Cache(ttl="30m", form="prompt_cache_breakpoint")),
        Text(text="b", cache=Cache(form="cache_control")),
        Image(source=Source(url="https://x/y.png"), detail="low"),
        Image(source=Source(media_type="image/png", data="AAAA")),
        Audio(source=Source(media_type="audio/wav", data="AAAA")),
        Document(source=Source(file_id="file-1")),
        Document(source=Source(media_type="application/pdf", data="AAAA"), title="a.pdf"),
        Document(source=Source(media_type="application/pdf", data="AAAA"), title="a.pdf"),
        Opaque(dialect="openai_chat", kind="hologram", raw={"type": "hologram", "x": 1}),
    )


def test_base64_of_the_url_alphabet_without_padding_is_put_right() -> None:
    url = "data:image/png;base64,-_-_AA"
    (message,) = said({"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]})
    assert message.parts == (Image(source=Source(media_type="image/png", data="+/+/AA==")),)


def test_a_turn_with_tools_is_read() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    custom = {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "free"}}
    messages = said(
        {"role": "developer", "content": "Be brief", "name": "d"},
        {
            "role": "assistant",
            "content": None,
            "refusal": None,
            "tool_calls": [call, custom],
            "reasoning_content": "hm",
        },
        {"role": "tool", "tool_call_id": "c1", "content": "1"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "2"}]},
        {"role": "assistant", "refusal": "No."},
    )
    assert messages == (
        Message(role="developer", parts=(Text(text="Be brief"),), name="d"),
        Message(
            role="assistant",
            parts=(
                Reasoning(text="hm"),
                ToolCall(id="c1", name="f", arguments='{"a":1}'),
                ToolCall(id="c2", name="g", arguments="free", custom=True),
            ),
        ),
        user(
            ToolResult(call_id="c1", name="f", content=(Text(text="1"),)),
            ToolResult(call_id="c2", name="g", content=(Text(text="2"),), custom=True),
        ),
        Message(role="assistant", parts=(Declined(text="No."),)),
    )


def test_the_older_function_role_finds_its_call() -> None:
    messages = said(
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "1"},
    )
    call = messages[0].parts[0]
    assert isinstance(call, ToolCall)
    assert messages[1].parts == (ToolResult(call_id=call.id, name="f", content=(Text(text="1"),)),)


def test_thoughts_come_back_in_every_spelling() -> None:
    details = [
        {"type": "reasoning.text", "text": "a", "signature": "s", "index": 0},
        {"type": "reasoning.summary", "summary": "b", "id": "r", "index": 1},
        {"type": "reasoning.encrypted", "data": "c", "id": "r", "index": 2},
    ]
    thinking = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "d"}], "signature": "t"},
        {"type": "text", "text": "e"},
    ]
    messages = said(
        {"role": "assistant", "content": "x", "reasoning": "a", "reasoning_details": details},
        {"role": "assistant", "content": thinking},
        {"role": "assistant", "content": "", "reasoning": "f"},
    )
    assert messages[0].parts == (
        Reasoning(text="a", signature="s"),
        Reasoning(summary=("b",), encrypted="c", id="r"),
        Text(text="x"),
    )
    assert messages[1].parts == (Reasoning(text="d", signature="t"), Text(text="e"))
    assert messages[2].parts == (Reasoning(text="f"),)


def test_a_field_of_a_message_that_only_some_vendors_know_comes_back() -> None:
    request = decoded(messages=[{"role": "assistant", "content": "a", "prefix": True}])
    assert encoded(request)["messages"] == [{"role": "assistant", "content": "a", "prefix": True}]


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        ("auto", ToolChoice(mode="auto")),
        ("any", ToolChoice(mode="required")),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice(mode="named", name="f")),
        ({"type": "custom", "custom": {"name": "f"}}, ToolChoice(mode="named", name="f")),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]},
            },
            ToolChoice(mode="required", allowed=("f",)),
        ),
    ],
)
def test_tool_choices_are_read(choice: Any, read: ToolChoice) -> None:
    assert decoded(tool_choice=choice).tool_choice == read


def test_formats_are_read_and_a_vendors_own_is_kept() -> None:
    schema = {"name": "a", "schema": {"type": "object"}, "strict": True, "description": "d"}
    read = decoded(response_format={"type": "json_schema", "json_schema": schema}).format
    assert read == Format(kind="schema", name="a", schema={"type": "object"}, strict=True, description="d")
    assert decoded(response_format={"type": "json_object"}).format == Format(kind="json")
    own = decoded(response_format={"type": "grammar", "grammar": "g"})
    assert own.format is None
    assert encoded(own)["response_format"] == {"type": "grammar", "grammar": "g"}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": None}, "messages"),
        ({"messages": "x"}, "messages"),
        ({"messages": ["x"]}, "messages[0]"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "oracle"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}]}, "messages[0].tool_calls[0]"),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png,x"}}]}
                ]
            },
            "messages[0].content[0].image_url.url",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "input_audio", "input_audio": {"data": "!", "format": "wav"}}],
                    }
                ]
            },
            "messages[0].content[0].input_audio.data",
        ),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {"name": 1}}]}, "tools[0].function.name"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"tool_choice": 1}, "tool_choice"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"n": 0}, "n"),
        ({"temperature": "hot"}, "temperature"),
        ({"stop": [1]}, "stop[0]"),
        ({"stream_options": 1}, "stream_options"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"metadata": []}, "metadata"),
    ],
)
def test_a_field_of_the_wrong_type_is_refused_by_its_place(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Refusal) as refused:
        decoded(**fields)
    assert (refused.value.code, refused.value.param) == ("invalid_field", param)


@pytest.mark.parametrize(
    "body", [b"[1]", b"", b'{"model":NaN}', b'{"a":"\\ud800"}', b"[" * 100_000, b'{"a":' * 100_000]
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        decode_request(body)
    assert refused.value.code == "invalid_json"


def test_a_schema_nested_as_deeply_as_it_can_be_read_is_written_or_refused() -> None:
    for depth in range(150, 1200, 50):
        schema = b'{"a":' * depth + b"1" + b"}" * depth
        body = (
            b'{"model":"m","messages":[],"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":%b}}}'
            % schema
        )
        try:
            request = decode_request(body)
            encode_request(request, "m", Losses())
        except Refusal as refusal:
            refused = refusal
        else:
            continue
        assert refused.code == "invalid_json"


def test_nothing_is_said_that_was_not_asked() -> None:
    assert encoded(foreign(user(Text(text="Hi")))) == {"model": "up", "messages": [{"role": "user", "content": "Hi"}]}


def test_images_in_results_of_tools_follow_as_a_message_of_the_user() -> None:
    image = Image(source=Source(media_type="image/png", data="AAAA"))
    results = (
        ToolResult(call_id="c1", content=(Text(text="see"), image)),
        ToolResult(call_id="c2", content=(Text(text="2"),), error=True),
    )
    losses = Losses()
    body = encoded(foreign(user(*results), user(Text(text="And now?"))), losses=losses)
    assert body["messages"] == [
        {"role": "tool", "tool_call_id": "c1", "content": "see"},
        {"role": "tool", "tool_call_id": "c2", "content": "2"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "From the result of tool call c1:"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ],
        },
        {"role": "user", "content": "And now?"},
    ]
    assert losses.dropped == ["tool_result.error"]


def test_text_beside_results_of_tools_comes_after_them() -> None:
    body = encoded(foreign(user(Text(text="a"), ToolResult(call_id="c1", content=(Text(text="1"),)))))
    assert [message["role"] for message in body["messages"]] == ["tool", "user"]


def test_turns_of_the_assistant_that_follow_each_other_become_one() -> None:
    turns = [Message(role="assistant", parts=(ToolCall(id=name, name="f"),)) for name in ("c1", "c2")]
    results = [user(ToolResult(call_id=name, content=(Text(text="1"),))) for name in ("c1", "c2")]
    messages = encoded(foreign(*turns, *results))["messages"]
    assert [message["role"] for message in messages] == ["assistant", "tool", "tool"]
    assert [call["id"] for call in messages[0]["tool_calls"]] == ["c1", "c2"]
    assert messages[0]["tool_calls"][0]["function"]["arguments"] == "{}"


def test_hints_of_other_dialects_are_dropped_and_named() -> None:
    losses = Losses({"thinking": "thinking", "cache": "cache_control"})
    request = foreign(
        user(Text(text="a", cache=Cache(ttl="5m"))),
        Message(role="assistant", parts=(Reasoning(text="hm", signature="s"), Text(text="b"))),
        service_tier="standard_only",
        metadata={"a": "b"},
        thinking=Thinking(enabled=False),
        extra={"betas": []},
    )
    body = encoded(request, losses=losses)
    assert body == {
        "model": "up",
        "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
        "service_tier": "default",
    }
    assert losses.dropped == ["cache_control", "reasoning", "thinking", "metadata", "betas"]


@pytest.mark.parametrize(("budget", "effort"), [(0, "none"), (1024, "low"), (8000, "medium"), (32_000, "high")])
def test_a_budget_for_thinking_becomes_an_effort(budget: int, effort: str) -> None:
    body = encoded(foreign(user(Text(text="a")), thinking=Thinking(enabled=True, budget_tokens=budget)))
    assert body["reasoning_effort"] == effort


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"top_k": 5}, "top_k"),
        ({"extra": {"container": "c"}}, "container"),
        ({"tools": (Opaque(dialect="anthropic_messages", kind="web_search", raw={}),)}, "tools[0].web_search"),
        ({"modalities": ("image",)}, "modalities"),
        ({"speech": Speech(voice="Kore")}, "speech"),
    ],
)
def test_what_changes_the_answer_and_cannot_be_carried_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Refusal) as refused:
        encoded(foreign(user(Text(text="a")), **fields))
    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", param)


def test_documents_are_carried_as_far_as_they_can_be() -> None:
    def content(part: Document) -> Any:
        return encoded(foreign(user(part)))["messages"][0]["content"]

    assert content(Document(source=Source(text="words"), title="T")) == "T\n\nwords"
    assert content(Document(source=Source(media_type="application/pdf", data="AAAA"))) == [
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "document.pdf"}}
    ]
    for part in (Document(source=Source(url="https://x/y.pdf")), Document(source=Source(text="a"), citations=True)):
        with pytest.raises(Refusal):
            content(part)


def test_quirks_change_what_a_vendor_is_sent() -> None:
    turn = Message(role="assistant", parts=(Reasoning(text="hm", signature="s"), Text(text="b")), name="n")
    request = foreign(
        Message(role="developer", parts=(Text(text="d"),)),
        turn,
        max_tokens=5,
        seed=1,
        user="u",
        stream=True,
        stream_usage=True,
    )
    body = encoded(
        request,
        "max_tokens_only",
        "no_developer_role",
        "reasoning_content",
        "random_seed",
        "unknown_fields_refused",
        "no_stream_options",
        "no_message_names",
    )
    assert body == {
        "model": "up",
        "messages": [
            {"role": "system", "content": "d"},
            {"role": "assistant", "content": "b", "reasoning_content": "hm"},
        ],
        "max_tokens": 5,
        "random_seed": 1,
        "stream": True,
    }
    assert encoded(request, "reasoning_field")["messages"][1]["reasoning"] == "hm"
    assert encoded(request, "thinking_parts")["messages"][1]["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "b"},
    ]


@pytest.mark.parametrize(
    ("quirk", "fields"),
    [
        ("no_json_schema", {"format": Format(kind="schema", schema={})}),
        ("no_logprobs", {"logprobs": True}),
        ("no_logit_bias", {"logit_bias": {"1": 1}}),
        ("one_choice", {"choices": 2}),
        ("no_forced_tool_choice", {"tool_choice": ToolChoice(mode="required")}),
    ],
)
def test_what_a_vendor_cannot_do_is_refused_before_it_is_asked(quirk: str, fields: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        encoded(foreign(user(Text(text="a")), **fields), quirk)
    assert refused.value.param == next(iter(fields))
