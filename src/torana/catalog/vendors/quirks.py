"""What vendors do differently from their dialect's owner: each difference once, who does it, when it was seen, where it is written.

A vendor's `quirks` are taken from here, so that a fault which is absorbed has one dated and linked place.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Seen(NamedTuple):
    """One vendor's part in a quirk."""

    on: str
    """The day it was noted down, YYYY-MM-DD."""
    link: str
    """Where it is written, or was observed."""


class Quirk(NamedTuple):
    """A difference that a caller would notice."""

    meaning: str
    vendors: Mapping[str, Seen]
    """By vendor id."""


_DAY = "2026-11-25"
_MISTRAL_EXTRA = "https://github.com/mistralai/platform-docs-public/issues/7"
_DEEPSEEK_CHAT = "https://api-docs.deepseek.com/api/create-chat-completion"
_GROQ = "https://console.groq.com/docs/openai"
_KIMI = "https://platform.moonshot.ai/docs/guide/migrating-from-openai-to-kimi"
_GLM = "https://java.agentscope.io/v2/en/integration/model/glm"
_OLLAMA = "https://docs.ollama.com/api/openai-compatibility"
_CLAUDE_ON_VERTEX = "https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude"
_REASONING = "https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning"
_CONVERSE = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"
_AZURE = "https://learn.microsoft.com/azure/ai-foundry/openai/reference"


def _seen(**links: str) -> dict[str, Seen]:
    return {vendor.replace("_", "-"): Seen(_DAY, link) for vendor, link in links.items()}


QUIRKS: Mapping[str, Quirk] = {
    "no_stream_options": Quirk(
        "Refuses `stream_options`; every stream ends with usage anyway.", _seen(mistral=_MISTRAL_EXTRA)
    ),
    "unknown_fields_refused": Quirk(
        "Answers 422 to a body with any field that it does not know.", _seen(mistral=_MISTRAL_EXTRA)
    ),
    "max_tokens_only": Quirk(
        "Takes `max_tokens`; `max_completion_tokens` is refused or ignored.",
        _seen(
            mistral="https://github.com/editor-code-assistant/eca/issues/231",
            deepseek=_DEEPSEEK_CHAT,
            zai=_GLM,
            zhipuai=_GLM,
        ),
    ),
    "max_completion_tokens": Quirk(
        "Reasoning models refuse `max_tokens`; `max_completion_tokens` works for all.",
        _seen(
            openai="https://platform.openai.com/docs/api-reference/chat/create",
            azure=_REASONING,
            azure_entra=_REASONING,
            azure_deployments=_REASONING,
        ),
    ),
    "max_tokens_required": Quirk(
        "Refuses a request without `max_tokens`.", _seen(anthropic="https://docs.anthropic.com/en/api/messages")
    ),
    "no_developer_role": Quirk(
        "Knows no role `developer`; `system` means the same to it.",
        _seen(
            cerebras="https://inference-docs.cerebras.ai/resources/openai",
            deepseek=_DEEPSEEK_CHAT,
            mistral="https://docs.mistral.ai/api",
        ),
    ),
    "no_penalties": Quirk("Does not take `frequency_penalty` and `presence_penalty`.", _seen(zai=_GLM, zhipuai=_GLM)),
    "no_logprobs": Quirk("Answers 400 to `logprobs` and `top_logprobs`.", _seen(groq=_GROQ)),
    "no_logit_bias": Quirk("Refuses or ignores `logit_bias`.", _seen(groq=_GROQ, ollama=_OLLAMA)),
    "no_message_names": Quirk("Refuses `name` in a message.", _seen(groq=_GROQ, zai=_GLM, zhipuai=_GLM)),
    "one_choice": Quirk("Makes one choice: `n` above 1 is refused or ignored.", _seen(groq=_GROQ, ollama=_OLLAMA)),
    "no_json_schema": Quirk(
        "Knows `response_format` of type `json_object`, not `json_schema`.",
        _seen(deepseek="https://api-docs.deepseek.com/guides/json_mode"),
    ),
    "no_forced_tool_choice": Quirk(
        "Cannot be made to call a tool: `tool_choice` other than `auto` and `none` is refused or ignored.",
        _seen(moonshotai=_KIMI, ollama=_OLLAMA, zai=_GLM, zhipuai=_GLM),
    ),
    "temperature_to_one": Quirk("Takes a temperature from 0 to 1.", _seen(moonshotai=_KIMI)),
    "one_system_message": Quirk(
        "Chat templates of some models refuse a second system message.",
        _seen(vllm="https://github.com/pydantic/pydantic-ai/issues/5812"),
    ),
    "reasoning_content": Quirk(
        "Gives reasoning as `reasoning_content` in message and delta, and wants it back there.",
        _seen(
            deepseek="https://api-docs.deepseek.com/guides/thinking_mode",
            moonshotai="https://platform.moonshot.ai/docs/guide/use-kimi-k2-thinking-model",
            zai="https://docs.z.ai/guides/capabilities/thinking-mode",
            zhipuai="https://docs.bigmodel.cn/cn/guide/capabilities/thinking",
            qwen="https://www.alibabacloud.com/help/en/model-studio/deep-thinking",
        ),
    ),
    "reasoning_field": Quirk(
        "Gives reasoning as `reasoning` in message and delta.",
        _seen(
            openrouter="https://openrouter.ai/docs/use-cases/reasoning-tokens",
            ollama=_OLLAMA,
            groq="https://console.groq.com/docs/reasoning",
            cerebras="https://inference-docs.cerebras.ai/capabilities/reasoning",
        ),
    ),
    "random_seed": Quirk("Calls `seed` `random_seed`.", _seen(mistral="https://docs.mistral.ai/api")),
    "thinking_parts": Quirk(
        "Gives reasoning as `thinking` parts of `content`, and wants it back there.",
        _seen(mistral="https://docs.mistral.ai/capabilities/reasoning/"),
    ),
    "model_in_path": Quirk(
        "The model is part of the path instead of the body.",
        _seen(
            google="https://ai.google.dev/api/generate-content",
            google_vertex="https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
            aws=_CONVERSE,
            aws_bearer=_CONVERSE,
            azure_deployments=_AZURE,
        ),
    ),
    "api_version_query": Quirk(
        "Every request carries a version in its query: `api-version` on Azure, `version` on watsonx.",
        _seen(azure_deployments=_AZURE, watsonx="https://cloud.ibm.com/apidocs/watsonx-ai#api-versioning"),
    ),
    "raw_predict": Quirk(
        "Anthropic's models are at `models/{model}:rawPredict` and `:streamRawPredict`; `anthropic_version` is in the body.",
        _seen(google_vertex=_CLAUDE_ON_VERTEX),
    ),
    "predictions": Quirk(
        "Every model has an input form of its own; a call makes a prediction and waits for it.",
        _seen(replicate="https://replicate.com/docs/reference/http"),
    ),
    "winding_down": Quirk(
        "The vendor has announced the end of this offer.", {"lambda": Seen("2026-05-29", "https://lambda.ai/inference")}
    ),
}
"""By name."""


def quirks_of(vendor_id: str) -> frozenset[str]:
    """The names of what the vendor does differently."""
    return frozenset(name for name, quirk in QUIRKS.items() if vendor_id in quirk.vendors)
