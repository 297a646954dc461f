"""What a call of an SDK has to leave in `torana calls`."""

from typing import Any

from tests.support.instance import Instance
from tests.support.simulated import mind
from tests.support.simulated.process import MODELS

SPOKEN = {
    "openai": "openai_chat",
    "mistral": "openai_chat",
    "responses": "openai_responses",
    "anthropic": "anthropic_messages",
    "claude": "anthropic_messages",
    "google": "gemini",
    "aws": "bedrock_converse",
    "cohere": "cohere",
    "ollama": "ollama",
}
"""The dialect in which a provider is called by callers of another one."""
SERVED = {
    "openai_chat": "gpt-sim-2026-01-01",
    "openai_responses": "gpt-sim-2026-01-01",
    "anthropic_messages": "claude-sim-20260101",
    "gemini": "gemini-sim-001",
    "bedrock_converse": None,
    "cohere": None,
    "ollama": "qwen3-sim",
}
"""What the vendors of a dialect say they served; some do not say."""


def check_record(door: Instance, call_id: str, target: str, caller: str, streamed: bool = False) -> dict[str, Any]:
    """The record of a call that was answered with the usage that every simulated vendor tells."""
    record = door.record(call_id)
    spoken = caller if (caller, target) == ("openai_responses", "openai") else SPOKEN[target]
    assert (record["status"], record["error"], record["streamed"]) == (200, None, streamed)
    assert record["service"] == record["model_asked"] == record["provider"] == target
    assert record["model_sent"] == MODELS[target]
    assert record["model_served"] == SERVED[spoken]
    assert (record["dialect"], record["target_dialect"]) == (caller, spoken)
    assert (record["input_tokens"], record["output_tokens"]) == (mind.INPUT, mind.OUTPUT)
    assert record["cached_input_tokens"] == (None if target == "ollama" else mind.CACHED)
    assert not record["usage_estimated"]
    return record
