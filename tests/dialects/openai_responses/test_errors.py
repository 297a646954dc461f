"""Errors, both ways, and what carries signatures through callers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from torana.core.errors import Refusal
from torana.core.exchange import Reasoning, VendorError
from torana.dialects.openai_responses.carried import PREFIX, carry, carry_previous, restore, uncarry
from torana.dialects.openai_responses.carries import CARRIES
from torana.dialects.openai_responses.errors import decode_error, encode_error, encode_error_event

texts = st.text(st.characters(codec="utf-8"), min_size=1)
_event: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def test_an_error_has_our_code_the_sentence_and_the_call() -> None:
    refusal = Refusal("invalid_field", param="input", reason="it is bad")
    assert json.loads(encode_error(refusal, "c1")) == {
        "error": {
            "message": refusal.sentence,
            "type": "invalid_request_error",
            "param": "input",
            "code": "invalid_field",
            "call_id": "c1",
        }
    }


def test_a_stream_that_had_begun_ends_in_events_of_the_official_sdk() -> None:
    blocks = encode_error_event(Refusal("upstream_cut", target="t"), "c1").split(b"\n\n")
    events = [json.loads(block.partition(b"data: ")[2]) for block in blocks[:-1]]
    for event in events:
        _event.validate_python(event)
    assert [event["type"] for event in events] == ["error", "response.failed"]
    assert (events[0]["code"], events[0]["call_id"]) == ("upstream_cut", "c1")
    assert events[1]["response"]["error"]["message"] == events[0]["message"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"error":{"message":"m","type":"t","code":"c","param":"p"}}',
            VendorError(message="m", type="t", code="c", param="p"),
        ),
        (b'{"error":{"message":"m","code":429}}', VendorError(message="m", code="429")),
        (b'{"error":"m"}', VendorError(message="m")),
        (b'{"error":{}}', VendorError(message="the vendor gave no reason")),
        (b'{"object":"response","error":null}', None),
        (b'{"detail":"m"}', None),
        (b"[]", None),
        (b"<html>", None),
        (b'{"error":' + b"[" * 5000, None),
    ],
)
def test_a_vendors_error_is_read(body: bytes, expected: VendorError | None) -> None:
    assert decode_error(body) == expected


@given(st.builds(Reasoning, text=texts, signature=texts, encrypted=st.none() | texts, id=texts))
def test_a_signature_survives_and_does_not_need_the_text_beside_it(thought: Reasoning) -> None:
    carried = carry(thought)
    assert carried is not None
    assert carried.startswith(PREFIX)
    assert restore(uncarry(carried), "", (), thought.id) == thought


@given(texts)
def test_encrypted_reasoning_alone_is_written_as_it_is(encrypted: str) -> None:
    assert carry(Reasoning(encrypted=encrypted)) == encrypted
    assert uncarry(encrypted).encrypted == encrypted


def test_encrypted_reasoning_that_looks_like_ours_survives() -> None:
    thought = Reasoning(encrypted=carry_previous("x"))
    carried = carry(thought)
    assert carried is not None
    assert restore(uncarry(carried), "", (), None) == thought


@given(st.text(max_size=40))
def test_what_was_damaged_is_a_clear_error(rest: str) -> None:
    with pytest.raises(ValueError, match="encrypted_content"):
        uncarry(PREFIX + rest)


def test_the_table_of_losses_has_a_remark_for_every_subject() -> None:
    assert {"tools", "reasoning signatures", "seed"} <= set(CARRIES)
    assert all(CARRIES.values())
