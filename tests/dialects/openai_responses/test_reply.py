"""Whole replies."""

import json
from typing import Any

import pytest
from openai.types.responses import Response

from tests.dialects.openai_responses.samples import LINK, MESSAGE, SEARCH, USAGE, WHOLE, response
from torana.core.exchange import (
    Audio,
    Choice,
    Citation,
    Declined,
    Image,
    ModelReply,
    ModelRequest,
    Opaque,
    Reasoning,
    Source,
    Text,
    ToolCall,
    Video,
)
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.reply import decode_reply, encode_reply
from torana.dialects.openai_responses.request import decode_request


def decode(reply: dict[str, Any]) -> ModelReply:
    return decode_reply(json.dumps(reply).encode())


def encode(reply: ModelReply, **asked: Any) -> Response:
    request = decode_request(json.dumps({"model": "m", "input": "x", **asked}).encode(), None, None)
    return Response.model_validate_json(encode_reply(reply, request))


def answer(*parts: Any, **fields: Any) -> ModelReply:
    return ModelReply(id="id1", model="served", created=7, choices=(Choice(parts=parts, **fields),))


def test_the_sample_is_one_of_the_official_sdk() -> None:
    Response.model_validate(WHOLE)


def test_a_reply_is_read_field_by_field() -> None:
    reply = decode(WHOLE)
    assert (reply.id, reply.model, reply.created) == ("resp_1", "gpt-5.1-2025-11-13", 1741487325)
    assert reply.service_tier == "default"
    assert reply.usage == Usage(36, 12, 87, 30, cache_write=5)
    assert reply.choices == (
        Choice(
            parts=(
                Reasoning(summary=("First.", "Second."), encrypted="gAAAAB", id="rs_1"),
                Opaque(dialect=NAME, kind="web_search_call", raw=SEARCH),
                Text(
                    text="Hi there",
                    phase="commentary",
                    citations=(Citation(url="https://example.com", title="Example", start=0, end=2),),
                ),
                ToolCall(id="call_1", name="get_weather", arguments='{"city":"Paris"}'),
                ToolCall(id="call_2", name="patch", arguments="*** Begin", custom=True),
            ),
            stop="tool_calls",
        ),
    )


@pytest.mark.parametrize(
    ("fields", "stop", "detail"),
    [
        ({"status": "completed"}, "stop", None),
        ({"status": None}, "stop", None),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length", None),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter", None),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, "pause", "steered"),
        ({"status": "incomplete"}, "pause", None),
        ({"status": "failed", "error": {"code": "server_error", "message": "Oh."}}, "error", "Oh."),
        ({"status": "cancelled"}, "error", "cancelled"),
        ({"status": "in_progress"}, None, "in_progress"),
    ],
)
def test_every_status_has_its_stop_reason(fields: dict[str, Any], stop: str | None, detail: str | None) -> None:
    choice = decode({**response("", []), **fields}).choices[0]
    assert (choice.stop, choice.stop_detail) == (stop, detail)


@pytest.mark.parametrize(
    ("output", "stop"),
    [
        ([{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}], "refusal"),
        ([{"type": "local_shell_call", "call_id": "c"}], "tool_calls"),
        ([{"type": "function_call", "call_id": "c", "name": "f", "arguments": "", "namespace": "n"}], "tool_calls"),
        ([MESSAGE, SEARCH], "stop"),
    ],
)
def test_the_items_tell_why_a_complete_reply_ended(output: list[Any], stop: str) -> None:
    assert decode(response("completed", output)).choices[0].stop == stop


@pytest.mark.parametrize(
    ("stop", "status", "reason"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("stop_sequence", "completed", None),
        ("refusal", "completed", None),
        ("pause", "completed", None),
        (None, "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("context_window", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
        ("error", "failed", None),
    ],
)
def test_every_stop_reason_has_its_status(stop: Any, status: str, reason: str | None) -> None:
    reply = encode(answer(Text(text="x"), stop=stop))
    assert reply.status == status
    assert (reply.incomplete_details.reason if reply.incomplete_details else None) == reason
    assert (reply.error is not None) == (status == "failed")


def test_a_prompt_that_was_blocked_is_an_incomplete_reply_without_output() -> None:
    reply = encode(ModelReply(id="a", model="m", blocked="SAFETY"))
    assert (reply.status, reply.output) == ("incomplete", [])


def test_the_reply_repeats_what_was_asked() -> None:
    tools = [
        {"type": "function", "name": "f", "parameters": {"type": "object"}},
        {"type": "custom", "name": "p", "format": {"type": "text"}},
        {"type": "web_search"},
    ]
    reply = encode(
        answer(Text(text="x")),
        instructions="Be brief.",
        max_output_tokens=9,
        metadata={"a": "b"},
        parallel_tool_calls=False,
        prompt_cache_key="key",
        reasoning={"effort": "low", "summary": "detailed"},
        safety_identifier="safe",
        temperature=0.5,
        text={"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}, "verbosity": "low"},
        tool_choice={"type": "function", "name": "f"},
        tools=tools,
        top_logprobs=3,
        top_p=0.25,
        truncation="auto",
        user="ann",
    ).model_dump(mode="json", by_alias=True)
    assert reply["instructions"] == "Be brief."
    assert (reply["max_output_tokens"], reply["metadata"], reply["parallel_tool_calls"]) == (9, {"a": "b"}, False)
    assert (reply["prompt_cache_key"], reply["safety_identifier"], reply["user"]) == ("key", "safe", "ann")
    assert (reply["reasoning"]["effort"], reply["reasoning"]["summary"]) == ("low", "detailed")
    assert (reply["temperature"], reply["top_p"], reply["top_logprobs"]) == (0.5, 0.25, 3)
    assert (reply["text"]["format"]["name"], reply["text"]["verbosity"]) == ("n", "low")
    assert reply["tool_choice"] == {"type": "function", "name": "f"}
    assert [tool["type"] for tool in reply["tools"]] == ["function", "custom", "web_search"]
    assert (reply["truncation"], reply["store"], reply["object"]) == ("auto", False, "response")


def test_a_reply_to_a_bare_request_has_the_defaults_of_the_api() -> None:
    reply = encode(ModelReply(choices=(Choice(),)))
    assert reply.id.startswith("resp_")
    assert reply.created_at > 1_700_000_000
    assert (reply.tools, reply.tool_choice, reply.parallel_tool_calls) == ([], "auto", True)
    assert (reply.temperature, reply.top_p, reply.usage) == (1.0, 1.0, None)
    assert reply.text is not None


def test_usage_is_written_with_every_part() -> None:
    reply = encode(ModelReply(usage=Usage(10, 4, 5, 2, cache_write=3), choices=(Choice(),)))
    assert reply.usage is not None
    assert reply.usage.model_dump(exclude_none=True) == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 15,
    }


def test_texts_that_follow_each_other_are_one_message_unless_their_phase_differs() -> None:
    parts = (Text(text="a"), Declined(text="b"), Text(text="c", phase="final_answer"))
    first, second = encode(answer(*parts)).output
    assert first.type == second.type == "message"
    assert [content.type for content in first.content] == ["output_text", "refusal"]
    assert second.phase == "final_answer"


def test_a_signed_thought_is_shown_as_a_summary_to_those_who_asked_for_one_and_comes_back() -> None:
    thought = Reasoning(text="Let me see.", signature="sig", id="rs_9")
    (plain,) = encode(answer(thought)).output
    assert plain.type == "reasoning"
    assert (plain.summary, [part.text for part in plain.content or ()]) == ([], ["Let me see."])
    (shown,) = encode(answer(thought), reasoning={"summary": "auto"}).output
    assert shown.type == "reasoning"
    assert ([part.text for part in shown.summary], shown.content) == (["Let me see."], None)
    for item in (plain, shown):
        body = {"model": "m", "input": [item.model_dump(mode="json", exclude_none=True)]}
        request = decode_request(json.dumps(body).encode(), None, None)
        assert request.messages[0].parts == (thought,)


def test_the_signature_of_a_call_comes_back_with_the_next_request() -> None:
    call = ToolCall(id="c1", name="f", arguments="{}", signature="thought-signature")
    reply = encode(answer(call, ToolCall(id="c2", name="g", arguments="{}")))
    assert [item.type for item in reply.output] == ["function_call", "reasoning", "function_call"]
    items = [item.model_dump(mode="json", exclude_none=True) for item in reply.output]
    request = decode_request(json.dumps({"model": "m", "input": items}).encode(), None, None)
    assert request.messages[0].parts == (call, ToolCall(id="c2", name="g", arguments="{}"))


def test_an_image_is_the_hosted_tools_item_and_comes_back_as_an_image() -> None:
    image = Image(source=Source(media_type="image/png", data="iVBORw0KGgo="))
    (item,) = encode(answer(image)).output
    assert (item.type, item.result) == ("image_generation_call", "iVBORw0KGgo=")  # type: ignore[union-attr]
    body = {"model": "m", "input": [item.model_dump(mode="json", exclude_none=True)]}
    assert decode_request(json.dumps(body).encode(), None, None).messages[0].parts == (image,)


def test_what_this_api_has_nothing_like_is_left_out_of_a_reply() -> None:
    parts = (
        Opaque(dialect="anthropic_messages", kind="server_tool_use", raw={}),
        Video(source=Source(url="v")),
        Audio(source=Source(data="aa=="), transcript="Said."),
    )
    (item,) = encode(answer(*parts)).output
    assert item.type == "message"
    assert item.content[0].text == "Said."  # type: ignore[union-attr]


def test_a_cited_document_is_a_file_citation() -> None:
    text = Text(text="abc", citations=(Citation(document=1, title="Report", end=3, cited_text="x"),))
    (item,) = encode(answer(text)).output
    assert item.content[0].annotations[0].model_dump() == {  # type: ignore[union-attr, index]
        "type": "file_citation",
        "file_id": "document_1",
        "filename": "Report",
        "index": 3,
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"object":"chat.completion"}',
        b'{"output":3}',
        b'{"output":[3]}',
        b'{"output":[{"type":3}]}',
        b'{"output":[{"type":"message","content":"x"}]}',
        b'{"output":[{"type":"message","content":[{"type":"output_text","text":5}]}]}',
        b'{"output":[{"type":"message","content":[{"type":"output_text","logprobs":[3]}]}]}',
        b'{"output":[{"type":"function_call","name":3}]}',
        b'{"output":[{"type":"reasoning","encrypted_content":"torana.r1.!!"}]}',
        b'{"output":[],"model":7}',
        b'{"output":[' + b"[" * 5000 + b"]" * 5000 + b"]}",
    ],
)
def test_a_body_that_is_no_response_is_not_a_reply(body: bytes) -> None:
    with pytest.raises(NotAReplyError):
        decode_reply(body)


def test_usage_that_cannot_be_one_is_unknown() -> None:
    assert decode(response("completed", [], usage={**USAGE, "input_tokens": -1})).usage == UNKNOWN


def test_an_annotation_of_a_kind_that_nobody_knows_is_kept() -> None:
    strange = {"type": "new_citation", "x": 1}
    item = {**MESSAGE, "content": [{"type": "output_text", "text": "a", "annotations": [strange, LINK]}]}
    (part,) = decode(response("completed", [item])).choices[0].parts
    assert isinstance(part, Text)
    assert part.citations[0] == Citation(raw=strange, dialect=NAME)


def test_arguments_that_are_no_json_are_passed_on_as_text() -> None:
    item = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{oops"}
    assert decode(response("completed", [item])).choices[0].parts == (ToolCall(id="c", name="f", arguments="{oops"),)


def test_only_the_first_of_several_choices_is_written() -> None:
    two = ModelReply(choices=(Choice(parts=(Text(text="a"),)), Choice(index=1, parts=(Text(text="b"),))))
    request = ModelRequest(dialect=NAME, model="m")
    assert len(json.loads(encode_reply(two, request))["output"]) == 1
