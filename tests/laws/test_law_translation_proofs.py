"""What proves a thought goes back to the vendor that made it and to no other, whatever dialects lie between."""

import pytest
from msgspec.structs import replace

from torana.core.exchange import Message, ModelReply, ModelRequest, Reasoning, Text
from torana.core.losses import Losses
from torana.dialects.registry import DIALECTS, INBOUND, OUTBOUND

MODELS = {
    "bedrock_converse": "meta.llama4-maverick-17b-instruct-v1:0",
    "cohere": "command-a-reasoning-08-2025",
    "ollama": "qwen3",
    "gemini": "gemini-3-pro-preview",
}
PROOF = "c2VjcmV0LXByb29m"
ANSWER = (
    '{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[%s],"stop_reason":"end_turn","usage":{}}'
)
THINKING = '{"type":"thinking","thinking":"Hm","signature":"%s"},{"type":"text","text":"Hi"}'
REDACTED = '{"type":"redacted_thinking","data":"%s"},{"type":"text","text":"Hi"}'


def back(reply: ModelReply, caller: str) -> ModelRequest:
    """The next turn of a caller of this dialect who sends back what it was shown of the reply."""
    dialect = DIALECTS[caller]
    asked = (Message(role="user", parts=(Text(text="Hello"),)),)
    first = ModelRequest(dialect=caller, model="m", messages=asked)
    shown = dialect.decode_reply(dialect.encode_reply(reply, first))
    said = Message(role="assistant", parts=shown.choices[0].parts)
    return ModelRequest(dialect=caller, model="m", messages=(*asked, said, *asked))


def sent(request: ModelRequest, target: str, model: str) -> tuple[str, list[str]]:
    losses = Losses(drop=True)
    return DIALECTS[target].encode_request(request, model, losses, frozenset()).decode(), losses.dropped


CALLERS = [name for name in INBOUND if name != "openai_completions"]


@pytest.mark.parametrize("blocks", [THINKING, REDACTED], ids=["signed", "redacted"])
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("target", [name for name in OUTBOUND if name != "anthropic_messages"])
def test_what_anthropic_signed_reaches_no_other_vendor(caller: str, target: str, blocks: str) -> None:
    reply = DIALECTS["anthropic_messages"].decode_reply((ANSWER % (blocks % PROOF)).encode())
    body, _ = sent(back(reply, caller), target, MODELS.get(target, "model"))
    assert PROOF not in body
    assert "anthropic_messages:" not in body


@pytest.mark.parametrize("blocks", [THINKING, REDACTED], ids=["signed", "redacted"])
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(
    ("target", "model"), [("anthropic_messages", "claude-opus-4-7"), ("bedrock_converse", "anthropic.claude-opus-4-7")]
)
def test_what_anthropic_signed_comes_back_to_claude_as_it_was(
    caller: str, target: str, model: str, blocks: str
) -> None:
    reply = DIALECTS["anthropic_messages"].decode_reply((ANSWER % (blocks % PROOF)).encode())
    body, dropped = sent(back(reply, caller), target, model)
    assert f'"{PROOF}"' in body
    assert dropped == []


FOREIGN = {
    "signed by Gemini": Reasoning(text="Hm", signature=PROOF),
    "encrypted by OpenAI": Reasoning(summary=("Hm",), encrypted=PROOF, id="rs_1"),
    "signed on Bedrock": Reasoning(text="Hm", signature=f"bedrock_converse:{PROOF}"),
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("thought", FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize("target", ["anthropic_messages", "cohere", "ollama"])
def test_what_others_signed_does_not_reach_these(caller: str, target: str, thought: Reasoning) -> None:
    request = _next_turn(caller, thought)
    body, _ = sent(request, target, MODELS.get(target, "claude-opus-4-7"))
    assert PROOF not in body


@pytest.mark.parametrize("caller", CALLERS)
def test_what_bedrock_signed_comes_back_to_bedrock_alone(caller: str) -> None:
    request = _next_turn(caller, FOREIGN["signed on Bedrock"])
    for target in OUTBOUND:
        body, _ = sent(request, target, MODELS.get(target, "model"))
        assert (PROOF in body) == (target == "bedrock_converse"), target


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("kind", ["signed by Gemini", "encrypted by OpenAI"])
def test_bedrock_is_sent_nothing_that_it_did_not_sign(caller: str, kind: str) -> None:
    for model in ("anthropic.claude-opus-4-7", "us.amazon.nova-2-lite-v1:0"):
        assert PROOF not in sent(_next_turn(caller, FOREIGN[kind]), "bedrock_converse", model)[0]


@pytest.mark.parametrize("caller", CALLERS)
def test_encrypted_reasoning_of_openai_comes_back_to_openai(caller: str) -> None:
    body, _ = sent(_next_turn(caller, FOREIGN["encrypted by OpenAI"]), "openai_responses", "gpt-5")
    assert f'"encrypted_content":"{PROOF}"' in body


def _next_turn(caller: str, thought: Reasoning) -> ModelRequest:
    answer = DIALECTS["openai_chat"].decode_reply(
        b'{"id":"x","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Hi"}}]}'
    )
    choice = replace(answer.choices[0], parts=(thought, *answer.choices[0].parts))
    return back(replace(answer, choices=(choice,)), caller)
