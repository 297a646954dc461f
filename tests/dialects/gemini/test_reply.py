"""Whole replies as Google documents them, and for its SDKs."""

import base64
import json
from typing import Any

import pytest
from google.genai import types

from torana.core.exchange import (
    Audio,
    Choice,
    Citation,
    Declined,
    Image,
    Logprob,
    ModelReply,
    ModelRequest,
    Opaque,
    Reasoning,
    Source,
    Text,
    ToolCall,
    TopLogprob,
)
from torana.core.usage import Usage
from torana.dialects import NotAReplyError
from torana.dialects.gemini.reply import decode_reply, encode_reply
from torana.dialects.gemini.request import decode_request

ASKED = ModelRequest(dialect="gemini", model="gemini-3-pro")


def candidate(*parts: dict[str, Any], **fields: Any) -> bytes:
    """A reply with one candidate."""
    one = {"content": {"parts": list(parts), "role": "model"}, "finishReason": "STOP", **fields}
    return json.dumps({"candidates": [one], "modelVersion": "m", "responseId": "abc-D_1"}).encode()


def only(body: bytes) -> Choice:
    """The only answer of a reply."""
    [choice] = decode_reply(body).choices
    return choice


def written(choice: Choice, **fields: Any) -> types.GenerateContentResponse:
    """The reply as Google's SDK reads it; it takes no field that it does not know."""
    return types.GenerateContentResponse.model_validate_json(
        encode_reply(ModelReply(choices=(choice,), **fields), ASKED)
    )


def test_the_documented_reply_is_read() -> None:
    body = {
        "candidates": [
            {
                "content": {"parts": [{"text": "AI learns patterns."}], "role": "model"},
                "finishReason": "STOP",
                "avgLogprobs": -0.3,
                "safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"}],
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 8,
            "cachedContentTokenCount": 3,
            "candidatesTokenCount": 5,
            "thoughtsTokenCount": 10,
            "toolUsePromptTokenCount": 2,
            "totalTokenCount": 25,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 2}, {"modality": "AUDIO", "tokenCount": 6}],
            "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 4}],
        },
        "modelVersion": "gemini-2.5-flash",
        "responseId": "x1",
    }
    assert decode_reply(json.dumps(body).encode()) == ModelReply(
        id="x1",
        model="gemini-2.5-flash",
        choices=(Choice(parts=(Text(text="AI learns patterns."),), stop="stop"),),
        usage=Usage(10, 3, 15, 10, audio_input=6, audio_output=4),
    )


def test_counts_of_nothing_are_left_out_by_google_and_known_all_the_same() -> None:
    body = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 8, "totalTokenCount": 8}}
    reply = decode_reply(json.dumps(body).encode())
    assert (reply.blocked, reply.choices, reply.usage) == ("SAFETY", (), Usage(8, None, 0, None))


def test_calls_get_ids_that_depend_on_the_reply_alone() -> None:
    call = {"functionCall": {"name": "f", "args": {"a": 1.50}}, "thoughtSignature": "AAAA"}
    choice = only(candidate(call, {"functionCall": {"name": "g", "id": "own"}}, {"functionCall": {"name": "h"}}))
    assert choice.parts == (
        ToolCall(id="call_g_abcD1_1", name="f", arguments='{"a": 1.5}', signature="AAAA"),
        ToolCall(id="own", name="g", arguments="{}"),
        ToolCall(id="call_g_abcD1_2", name="h", arguments="{}"),
    )
    assert choice.stop == "tool_calls"


def test_thoughts_images_and_code_are_read() -> None:
    choice = only(
        candidate(
            {"text": "hm", "thought": True},
            {"executableCode": {"language": "PYTHON", "code": "1"}},
            {"inlineData": {"mimeType": "image/png", "data": "-_-_"}, "thoughtSignature": "AAAA"},
            {"someNewKind": {}},
        )
    )
    assert choice.parts == (
        Reasoning(text="hm"),
        Opaque(dialect="gemini", kind="executableCode", raw={"executableCode": {"language": "PYTHON", "code": "1"}}),
        Image(source=Source(media_type="image/png", data="+/+/"), signature="AAAA"),
    )


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        *[
            (reason, "content_filter")
            for reason in [
                "SAFETY",
                "RECITATION",
                "LANGUAGE",
                "BLOCKLIST",
                "PROHIBITED_CONTENT",
                "SPII",
                "IMAGE_SAFETY",
                "IMAGE_PROHIBITED_CONTENT",
                "IMAGE_RECITATION",
            ]
        ],
        *[
            (reason, "error")
            for reason in [
                "OTHER",
                "MALFORMED_FUNCTION_CALL",
                "UNEXPECTED_TOOL_CALL",
                "TOO_MANY_TOOL_CALLS",
                "MISSING_THOUGHT_SIGNATURE",
                "MALFORMED_RESPONSE",
                "IMAGE_OTHER",
                "NO_IMAGE",
            ]
        ],
    ],
)
def test_every_finish_reason_has_its_stop_and_comes_back(reason: str, stop: str) -> None:
    choice = only(candidate({"text": "x"}, finishReason=reason))
    assert choice.stop == stop
    [back] = written(choice).candidates or []
    assert back.finish_reason == types.FinishReason(reason)


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        ("stop_sequence", "STOP"),
        ("tool_calls", "STOP"),
        ("refusal", "SAFETY"),
        ("context_window", "MAX_TOKENS"),
        ("pause", "STOP"),
        (None, "FINISH_REASON_UNSPECIFIED"),
    ],
)
def test_the_stops_of_others_have_a_finish_reason(stop: Any, reason: str) -> None:
    [back] = written(Choice(parts=(Text(text="x"),), stop=stop, stop_detail="end")).candidates or []
    assert back.finish_reason == types.FinishReason(reason)


def test_a_finish_reason_of_tomorrow_is_kept_as_detail() -> None:
    choice = only(candidate({"text": "x"}, finishReason="TIRED"))
    assert (choice.stop, choice.stop_detail) == ("error", "TIRED")


def test_grounding_becomes_citations_in_characters_and_comes_back_as_it_was() -> None:
    metadata = {
        "webSearchQueries": ["euro"],
        "groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}, {"web": {"uri": "https://b.example"}}],
        "groundingSupports": [
            {"segment": {"startIndex": 3, "endIndex": 7, "text": "1996"}, "groundingChunkIndices": [0, 1]},
            {"segment": {"startIndex": 900, "endIndex": 990}, "groundingChunkIndices": [1, 7]},
        ],
    }
    choice = only(candidate({"text": "€1996"}, groundingMetadata=metadata))
    [text] = choice.parts
    assert isinstance(text, Text)
    spans = [(cite.url, cite.title, cite.start, cite.end) for cite in text.citations]
    assert spans == [
        ("https://a.example", "A", 1, 5),
        ("https://b.example", None, 1, 5),
        ("https://b.example", None, None, None),
    ]
    [back] = written(choice).candidates or []
    assert back.grounding_metadata == types.GroundingMetadata.model_validate(metadata)
    assert back.citation_metadata is None


def test_citations_of_other_vendors_become_citation_metadata_in_bytes() -> None:
    cite = Citation(url="https://a.example", title="A", start=1, end=3)
    [back] = written(Choice(parts=(Text(text="€ab", citations=(cite,)),), stop="stop")).candidates or []
    assert back.citation_metadata == types.CitationMetadata(
        citations=[types.Citation(start_index=3, end_index=5, uri="https://a.example", title="A")]
    )


def test_log_probabilities_go_both_ways() -> None:
    result = {
        "chosenCandidates": [{"token": "Hi", "tokenId": 5, "logProbability": -0.1}],
        "topCandidates": [
            {"candidates": [{"token": "Hi", "logProbability": -0.1}, {"token": "Yo", "logProbability": -2}]}
        ],
    }
    choice = only(candidate({"text": "Hi"}, logprobsResult=result))
    top = (TopLogprob(token="Hi", logprob=-0.1), TopLogprob(token="Yo", logprob=-2.0))
    assert choice.logprobs == (Logprob(token="Hi", logprob=-0.1, top=top),)
    [back] = written(choice).candidates or []
    assert back.logprobs_result is not None
    assert [token.token for token in back.logprobs_result.chosen_candidates or []] == ["Hi"]


def test_a_reply_of_another_vendor_is_taken_by_googles_sdk() -> None:
    reply = written(
        Choice(
            parts=(
                Reasoning(text="hm", signature="EuYB/+=="),
                Text(text="Hello"),
                Declined(text=" no"),
                Image(source=Source(media_type="image/png", data="AAAA")),
                Audio(source=Source(media_type="audio/wav", data="AAAA"), transcript="said"),
                ToolCall(id="call_1", name="f", arguments='{"a": [1]}'),
                Opaque(dialect="anthropic_messages", kind="server_tool_use", raw={}),
            ),
            stop="tool_calls",
        ),
        id="msg_1",
        model="claude",
        usage=Usage(10, 4, 20, 5, cache_write=3, audio_input=2),
    )
    assert (reply.response_id, reply.model_version) == ("msg_1", "claude")
    [back] = reply.candidates or []
    assert back.content is not None
    parts = back.content.parts or []
    assert (parts[0].text, parts[0].thought) == ("hm", True)
    assert [part.text for part in parts[1:3]] == ["Hello", " no"]
    assert parts[3].inline_data is not None
    assert parts[3].inline_data.data == b"\0\0\0"
    assert parts[4].text == "said"
    call = parts[6].function_call
    assert call is not None
    assert (call.id, call.name, call.args) == ("call_1", "f", {"a": [1]})
    assert len(parts) == 7
    usage = reply.usage_metadata
    assert usage is not None
    assert (usage.prompt_token_count, usage.cached_content_token_count) == (10, 4)
    assert (usage.candidates_token_count, usage.thoughts_token_count, usage.total_token_count) == (15, 5, 30)


def test_a_refused_prompt_is_told_to_googles_caller() -> None:
    body = encode_reply(ModelReply(blocked="SAFETY", usage=Usage(5, None, 0, None)), ASKED)
    reply = types.GenerateContentResponse.model_validate_json(body)
    assert reply.candidates is None
    assert reply.prompt_feedback is not None
    assert reply.prompt_feedback.block_reason == types.BlockedReason.SAFETY


@pytest.mark.parametrize(
    "thought",
    [
        Reasoning(text="hm", signature="EuYB//+="),
        Reasoning(text="hm", signature="not base64 at all"),
        Reasoning(text="hm", encrypted="gAAAAABl-_x", id="rs_1"),
        Reasoning(text="", encrypted="gAAAAABl-_x"),
        Reasoning(text="hm", signature="x-_y", encrypted="e", id="i"),
    ],
)
def test_what_a_thought_has_to_come_back_with_survives_googles_sdk(thought: Reasoning) -> None:
    reply = written(Choice(parts=(thought, Text(text="yes")), stop="stop"))
    [back] = reply.candidates or []
    assert back.content is not None
    # As the SDK writes its history: bytes in the URL-safe alphabet.
    content = back.content.model_dump(exclude_none=True, by_alias=True)
    for part in content["parts"]:
        if "thoughtSignature" in part:
            part["thoughtSignature"] = base64.urlsafe_b64encode(part["thoughtSignature"]).decode()
    request = decode_request(json.dumps({"contents": [content]}).encode(), "m", False)
    assert request.messages[0].parts[0] == thought


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"<html>",
        b'{"error":{"code":500}}',
        b'{"candidates":{}}',
        b'{"candidates":[{"content":{"parts":[{"text":1}]}}]}',
        candidate({"inlineData": {"mimeType": "image/png", "data": "?"}}),
        b"[" * 10_000,
    ],
)
def test_what_is_no_reply_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(NotAReplyError):
        decode_reply(body)
