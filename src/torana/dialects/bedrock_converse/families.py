"""What Converse leaves to each family of models: thinking and top-k, as `additionalModelRequestFields`.

Sources: https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html,
https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html,
https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html,
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html
"""

import re
from typing import Any

from torana.core.exchange import ModelRequest, Thinking
from torana.core.losses import Losses

BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 31999}
"""Tokens of thought for an effort, where a Claude model knows only budgets."""
_LEAST_BUDGET = 1024
_BUDGET_ONLY = re.compile(r"claude-(?:3-7|(?:opus|sonnet|haiku)-4(?:-[015])?-20)")
"""Claude 3.7 to 4.5: newer ones decide themselves and take an effort."""
_THREE = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}


class Additions:
    """What a request adds beside Converse's own fields."""

    __slots__ = ("effort", "fields")

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.effort: str | None = None
        """Of `outputConfig`."""


def is_claude(model: str) -> bool:
    """Whether it is one of Anthropic's, by its id or its profile's name."""
    return "anthropic." in model or "claude" in model


def add_for_family(request: ModelRequest, model: str, losses: Losses) -> Additions:
    """Thinking and top-k for the model. Raises Refusal where its family has no way to say them."""
    additions = Additions()
    if request.top_k is not None:
        if is_claude(model):
            additions.fields["top_k"] = request.top_k
        elif "nova" in model:
            additions.fields["inferenceConfig"] = {"topK": request.top_k}
        else:
            losses.need("top_k", "Bedrock's Converse has no field for it")
    if request.thinking is not None:
        _think(request.thinking, request.max_tokens, model, losses, additions)
    return additions


def _think(thinking: Thinking, most: int | None, model: str, losses: Losses, additions: Additions) -> None:
    off = thinking.enabled is False or thinking.effort == "none" or thinking.budget_tokens == 0
    on = not off and (thinking.enabled or thinking.effort or thinking.budget_tokens or thinking.adaptive)
    if not off and not on:
        return
    if is_claude(model):
        _claude(thinking, off, most, model, losses, additions)
    elif "nova" in model:
        config = {"type": "disabled"} if off else {"type": "enabled"}
        if on and thinking.effort is not None:
            config["maxReasoningEffort"] = _THREE[thinking.effort]
        additions.fields["reasoningConfig"] = config
    elif "openai." in model and on and thinking.effort is not None:
        additions.fields["reasoning_effort"] = _THREE[thinking.effort]
    elif (thinking.budget_tokens or 0) > 0:
        losses.need("thinking", "Bedrock has no way to say it to this model")
    elif on or "openai." in model:
        # An effort is how much a model may think that can; this one cannot, or cannot be told.
        losses.hint("thinking")


def _claude(thinking: Thinking, off: bool, most: int | None, model: str, losses: Losses, additions: Additions) -> None:
    if off:
        additions.fields["thinking"] = {"type": "disabled"}
        return
    budget = thinking.budget_tokens if (thinking.budget_tokens or 0) > 0 else None
    if _BUDGET_ONLY.search(model):
        wanted = budget or BUDGETS[thinking.effort or "medium"]
        if budget is None and most is not None:
            # The budget is part of what may be put out, and has to leave room for an answer.
            wanted = max(_LEAST_BUDGET, min(wanted, most - most // 4))
            if wanted >= most:
                # An effort alone does not insist: so short an answer is given without thoughts.
                losses.hint("thinking")
                return
        additions.fields["thinking"] = {"type": "enabled", "budget_tokens": wanted}
        return
    if thinking.effort is not None:
        additions.effort = "low" if thinking.effort == "minimal" else thinking.effort
    if budget is not None and not thinking.adaptive:
        additions.fields["thinking"] = {"type": "enabled", "budget_tokens": budget}
    else:
        additions.fields["thinking"] = {"type": "adaptive"}
