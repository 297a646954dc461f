"""A request that goes from one dialect into another and back asks the same, but for what was refused or named as dropped."""

import json
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.meaning import asked
from tests.support.exchanges import (
    INLINE_IMAGES,
    LINKED_IMAGES,
    NAMES,
    TEXTS,
    THOUGHTS,
    conversations,
    requests,
)
from tests.support.vendors import VENDORS
from torana.core.errors import Refusal
from torana.core.exchange import ModelRequest, Thinking, Tool, ToolChoice
from torana.core.losses import Losses
from torana.dialects.anthropic_messages.request import DEFAULT_MAX_TOKENS
from torana.dialects.anthropic_messages.turns_out import OPENING
from torana.dialects.registry import DIALECTS, INBOUND, OUTBOUND

TALKING = [name for name in INBOUND if name != "openai_completions"]
NOTHING: frozenset[str] = frozenset()
NEAREST_EFFORTS = {"minimal": "low"}
"""Anthropic's least is low."""


def _as_callers_ask(request: ModelRequest) -> ModelRequest:
    """Tool choices that make sense: of a tool there is, none where there are no tools, and no more of calls where none may be."""
    names = [tool.name for tool in request.tools if isinstance(tool, Tool)]
    choice = request.tool_choice
    if not names:
        choice = None
    elif choice is not None and choice.mode == "named":
        choice = ToolChoice(mode="named", name=names[0])
    likely = request.top_logprobs if request.logprobs else None
    callable_ = names and (choice is None or choice.mode != "none")
    parallel = request.parallel_tool_calls if callable_ else None
    return msgspec.structs.replace(request, tool_choice=choice, top_logprobs=likely, parallel_tool_calls=parallel)


def asks(dialect: str) -> st.SearchStrategy[ModelRequest]:
    """Requests that callers of this dialect can make."""
    messages = conversations(asked=TEXTS | INLINE_IMAGES | LINKED_IMAGES, thought=THOUGHTS)
    return requests(dialect, messages=messages).map(_as_callers_ask)


def received(caller: str, drawn: ModelRequest) -> ModelRequest:
    """What the gate reads of it, once the caller has written it."""
    dialect = DIALECTS[caller]
    body = dialect.encode_request(drawn, drawn.model, Losses(drop=True), NOTHING)
    return dialect.decode_request(body, drawn.model, drawn.stream)


def losses_of(request: ModelRequest, drop: bool) -> Losses:
    dialect = DIALECTS[request.dialect]
    return Losses(dialect.spelling, drop, dialect.harmless, partial(dialect.places, request))


def named(field: str, request: ModelRequest, dropped: list[str]) -> bool:
    """Whether one of these names is the field's, or a place in it."""
    spelling = DIALECTS[request.dialect].spelling
    names = {field, spelling.get(field, field)}
    if field == "effort":
        names |= {"thinking", spelling.get("thinking", "thinking")}
    if field in ("messages", "instructions"):
        names |= {"messages", spelling.get("messages", "messages"), "system", "contents", "input"}
    return any(name == drop or drop.startswith((f"{name}.", f"{name}[")) for name in names for drop in dropped)


@pytest.mark.parametrize("caller", TALKING)
@settings(max_examples=30)
@given(data=st.data())
def test_reading_and_writing_a_request_again_changes_nothing(caller: str, data: st.DataObject) -> None:
    dialect = DIALECTS[caller]
    first = received(caller, data.draw(asks(caller)))
    body = dialect.encode_request(first, first.model, losses_of(first, drop=False), NOTHING)
    again = dialect.decode_request(body, first.model, first.stream)
    assert again == first
    assert json.loads(dialect.encode_request(again, first.model, Losses(), NOTHING)) == json.loads(body)


@pytest.mark.parametrize("target", TALKING)
@pytest.mark.parametrize("caller", TALKING)
@settings(max_examples=16)
@given(data=st.data())
def test_a_request_asks_the_same_in_another_dialect_and_back(caller: str, target: str, data: st.DataObject) -> None:
    request = received(caller, data.draw(asks(caller)))
    losses = losses_of(request, drop=True)
    there = DIALECTS[target].encode_request(request, "m", losses, NOTHING)
    carried = DIALECTS[target].decode_request(there, "m", request.stream)
    back = losses_of(carried, drop=True)
    home = DIALECTS[caller].encode_request(carried, request.model, back, NOTHING)
    returned = DIALECTS[caller].decode_request(home, request.model, request.stream)
    lost, lost_again = losses.dropped, back.dropped
    for field, before, after in _compared(request, carried, target):
        assert before == after or named(field, request, lost), (field, before, after, lost)
    for field, before, after in _compared(request, returned, target):
        gone = named(field, request, lost) or named(field, carried, lost_again)
        assert before == after or gone, (field, before, after, lost, lost_again)


def _compared(request: ModelRequest, other: ModelRequest, target: str) -> list[tuple[str, Any, Any]]:
    before, after = asked(request), asked(other)
    if target == "anthropic_messages" and request.max_tokens is None:
        # Anthropic requires it: a documented default.
        assert after["max_tokens"] == DEFAULT_MAX_TOKENS
        del before["max_tokens"]
    if target == "bedrock_converse" and request.tool_choice is not None and request.tool_choice.mode == "none":
        # Bedrock cannot forbid tools: those that must not be called are not sent, which is as good.
        del before["tools"], before["tool_choice"]
    if before["effort"] is not None and _as_much_thought(before["effort"], other.thinking):
        del before["effort"]
    return [(field, value, after[field]) for field, value in before.items()]


def _as_much_thought(effort: str, thinking: Thinking | None) -> bool:
    """Whether the nearest effort is asked for, or, in words of its own, a budget."""
    if thinking is None:
        return False
    if thinking.effort is None:
        return (thinking.budget_tokens or 0) > 0
    return thinking.effort in (effort, NEAREST_EFFORTS.get(effort))


@pytest.mark.parametrize("target", OUTBOUND)
@pytest.mark.parametrize("caller", INBOUND)
@settings(max_examples=12)
@given(data=st.data())
def test_every_target_is_sent_what_its_client_would_send_or_the_request_is_refused(
    caller: str, target: str, data: st.DataObject
) -> None:
    if target == caller:
        return
    request, simulated = received(caller, data.draw(asks(caller))), VENDORS[target]
    strict, dropping = losses_of(request, drop=False), losses_of(request, drop=True)
    body = DIALECTS[target].encode_request(request, simulated.model, dropping, NOTHING)
    path = DIALECTS[target].upstream_path("chat", simulated.model, request.stream)
    simulated.check(body, path)
    if dropping.dropped and (refusal := _refused(request, target, strict)) is not None:
        assert refusal.code == "unsupported_parameter"
        assert refusal.param in dropping.dropped
    else:
        # Whatever was dropped was a hint.
        same = DIALECTS[target].encode_request(request, simulated.model, losses_of(request, drop=False), NOTHING)
        assert same == body


def _refused(request: ModelRequest, target: str, losses: Losses) -> Refusal | None:
    try:
        DIALECTS[target].encode_request(request, VENDORS[target].model, losses, NOTHING)
    except Refusal as refusal:
        return refusal
    return None


@st.composite
def distinct(draw: st.DrawFn, caller: str) -> ModelRequest:
    """A plain request whose every value is its own."""
    return draw(
        requests(
            caller,
            messages=conversations(),
            stop=st.just(()),
            format=st.none(),
            thinking=st.none(),
            tool_choice=st.none(),
            model=NAMES,
        )
    )


WORDS_OF_TARGETS = frozenset(
    (
        "system", "user", "assistant", "developer", "tool", "model", "text", "function", "message", "function_call",
        "function_call_output", "tool_use", "tool_result", "object", "input_text", "output_text", "default", "auto",
        OPENING, "additionalProperties", "reasoning.encrypted_content", "standard_only", "standard",
        "message.output_text.logprobs", "AUTO", "VALIDATED", "disabled", "required", "in_progress", "completed", "string",
    )
)  # fmt: skip


def _strings(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {found for inner in value.values() for found in _strings(inner)}
    if isinstance(value, list | tuple):
        return {found for inner in value for found in _strings(inner)}
    if isinstance(value, str):
        try:
            inner = json.loads(value)
        except ValueError:
            return {value}
        return {value} | (_strings(inner) if isinstance(inner, dict | list) else set())
    return set()


def _made_of(text: str, words: set[str]) -> bool:
    """Whether it is these words and white space, in any order."""
    reached = {0}
    for start in range(len(text)):
        if start in reached:
            reached |= {start + len(word) for word in words if word and text.startswith(word, start)}
            if text[start].isspace():
                reached.add(start + 1)
    return len(text) in reached


def _numbers(value: Any) -> set[float]:
    if isinstance(value, dict | list | tuple):
        return {found for inner in (value.values() if isinstance(value, dict) else value) for found in _numbers(inner)}
    if isinstance(value, str):
        try:
            inner = json.loads(value)
        except ValueError:
            return set()
        return _numbers(inner) if isinstance(inner, dict | list) else set()
    return {float(value)} if isinstance(value, int | float) and not isinstance(value, bool) else set()


@pytest.mark.parametrize("target", OUTBOUND)
@pytest.mark.parametrize("caller", TALKING)
@settings(max_examples=12)
@given(data=st.data())
def test_nothing_is_said_that_the_caller_did_not_say(caller: str, target: str, data: st.DataObject) -> None:
    request = received(caller, data.draw(distinct(caller)))
    body = DIALECTS[target].encode_request(request, "the-vendors-model", losses_of(request, drop=True), NOTHING)
    sent, had = json.loads(body), msgspec.to_builtins(request)
    known = _strings(had) | {"the-vendors-model"} | WORDS_OF_TARGETS
    for text in _strings(sent) - known:
        # Texts of one turn may be joined, results parsed.
        assert _made_of(text, known), text
    allowed = {float(DEFAULT_MAX_TOKENS)} if target == "anthropic_messages" else set()
    if target == "openai_completions" and request.logprobs:
        # There a number says it: none but the chosen tokens.
        allowed.add(0.0)
    assert _numbers(sent) - _numbers(had) <= allowed
