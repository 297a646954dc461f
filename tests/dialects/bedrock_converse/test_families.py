"""What Converse leaves to each family of models."""

from typing import Any

import pytest

from tests.dialects.bedrock_converse.asking import CLAUDE, NOVA, OLD_CLAUDE, ask, encode
from torana.core.errors import Refusal
from torana.core.exchange import Thinking

LLAMA = "meta.llama4-maverick-17b-instruct-v1:0"


@pytest.mark.parametrize(
    ("model", "thinking", "expected", "effort"),
    [
        (CLAUDE, Thinking(effort="high"), {"thinking": {"type": "adaptive"}}, "high"),
        (CLAUDE, Thinking(adaptive=True), {"thinking": {"type": "adaptive"}}, None),
        (CLAUDE, Thinking(enabled=False), {"thinking": {"type": "disabled"}}, None),
        (
            OLD_CLAUDE,
            Thinking(enabled=True, budget_tokens=2000),
            {"thinking": {"type": "enabled", "budget_tokens": 2000}},
            None,
        ),
        (OLD_CLAUDE, Thinking(effort="high"), {"thinking": {"type": "enabled", "budget_tokens": 3000}}, None),
        (NOVA, Thinking(effort="minimal"), {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}, None),
        ("openai.gpt-oss-120b-1:0", Thinking(effort="medium"), {"reasoning_effort": "medium"}, None),
        ("deepseek.v3-v1:0", Thinking(enabled=False), None, None),
    ],
)
def test_thinking_is_said_as_the_models_family_wants_it(
    model: str, thinking: Thinking, expected: Any, effort: str | None
) -> None:
    body, _ = encode(ask(thinking=thinking, max_tokens=4000), model)
    assert body.get("additionalModelRequestFields") == expected
    assert body.get("outputConfig", {}).get("effort") == effort


def test_thinking_that_cannot_be_said_is_refused() -> None:
    with pytest.raises(Refusal, match="thinking"):
        encode(ask(thinking=Thinking(enabled=True, budget_tokens=2000)), LLAMA)
    with pytest.raises(Refusal, match="top_k"):
        encode(ask(top_k=1), LLAMA)


@pytest.mark.parametrize(("model", "most"), [(LLAMA, None), (OLD_CLAUDE, 500)])
def test_an_effort_alone_is_a_hint_to_a_model_that_cannot_think(model: str, most: int | None) -> None:
    body, dropped = encode(ask(thinking=Thinking(effort="high"), max_tokens=most), model)
    assert "additionalModelRequestFields" not in body
    assert dropped == ["thinking"]
