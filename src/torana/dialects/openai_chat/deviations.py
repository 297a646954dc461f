"""How compatible vendors differ from OpenAI in what they send, and what is made of it: each difference once, dated and linked.

What they differ in when they are asked stands in the catalogue's quirks.
"""

from typing import NamedTuple

_DAY = "2026-11-25"


class Deviation(NamedTuple):
    """One difference that is absorbed."""

    what: str
    absorbed: str
    """What is made of it."""
    vendors: str
    link: str
    seen: str = _DAY
    """The day it was written down here."""


DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "`reasoning_content` in message and delta",
        "a thought",
        "DeepSeek, Moonshot, Z.ai, Qwen, SGLang",
        "https://api-docs.deepseek.com/guides/thinking_mode",
    ),
    Deviation(
        "`reasoning` in message and delta",
        "a thought",
        "vLLM since 0.11, OpenRouter, Groq, Ollama, Cerebras",
        "https://docs.vllm.ai/en/v0.11.2/features/reasoning_outputs/",
    ),
    Deviation(
        "`reasoning_details` beside `reasoning`",
        "a thought with signature, summary or encrypted content; the plain words beside it are passed over",
        "OpenRouter",
        "https://openrouter.ai/docs/use-cases/reasoning-tokens",
    ),
    Deviation(
        "`content` as an array of parts, `thinking` among them",
        "text and thoughts in their order",
        "Mistral",
        "https://docs.mistral.ai/capabilities/reasoning/",
    ),
    Deviation(
        "tool calls without `index`",
        "the call with the same id; without an id, a new call where a name comes, else more of the last",
        "Ollama, Gemini's compatible endpoint",
        "https://github.com/ollama/ollama/issues/7881",
    ),
    Deviation(
        "the same `index` for several calls with different ids",
        "separate calls",
        "Gemini's compatible endpoint",
        "https://github.com/openai/openai-python/issues/2806",
    ),
    Deviation(
        "tool calls without id",
        "an id is made",
        "Gemini's compatible endpoint",
        "https://ai.google.dev/gemini-api/docs/openai",
    ),
    Deviation(
        "a tool call whole in one chunk",
        "begun, told and ended at once",
        "Mistral, Ollama, Groq",
        "https://docs.mistral.ai/capabilities/function_calling",
    ),
    Deviation(
        "arguments before the function's name",
        "held until the name has come",
        "SGLang",
        "https://github.com/vercel/ai/pull/15879",
    ),
    Deviation(
        "arguments as an object instead of a string",
        "written as JSON",
        "some builds of llama.cpp",
        "https://github.com/ggml-org/llama.cpp/issues/20198",
    ),
    Deviation(
        "`extra_content.google.thought_signature` on a call",
        "the call's signature",
        "Gemini's compatible endpoint",
        "https://ai.google.dev/gemini-api/docs/thought-signatures",
    ),
    Deviation(
        "no `role` in any delta",
        "an answer of the assistant",
        "various",
        "https://github.com/Portkey-AI/gateway/issues/1399",
    ),
    Deviation(
        '`finish_reason` is ""',
        "none yet",
        "SGLang 0.4, Ollama before 0.1.38",
        "https://github.com/sgl-project/sglang/issues/3912",
    ),
    Deviation(
        "`finish_reason` together with the last text, or more chunks after it",
        "the choice ends with the stream",
        "vLLM",
        "https://github.com/vllm-project/vllm/pull/36944",
    ),
    Deviation(
        "`finish_reason` words such as `model_length`, `insufficient_system_resource`, `sensitive`, `eos_token`, `error`",
        "the nearest reason; the word itself is kept as detail",
        "Mistral, DeepSeek, Z.ai, TGI, OpenRouter",
        "https://api-docs.deepseek.com/api/create-chat-completion",
    ),
    Deviation(
        "`finish_reason` is `stop` beside tool calls, as OpenAI's own is where one tool is forced",
        "tool_calls",
        "OpenAI, Gemini's compatible endpoint",
        "https://platform.openai.com/docs/guides/function-calling",
    ),
    Deviation(
        "`stop_reason` beside `finish_reason` with the sequence that was met",
        "the met sequence",
        "vLLM",
        "https://docs.vllm.ai/en/latest/serving/openai_compatible_server/",
    ),
    Deviation(
        "usage in the last chunk with choices, or in every chunk",
        "the last figures count",
        "Mistral, Perplexity, vLLM with continuous_usage_stats",
        "https://docs.perplexity.ai/guides/streaming-responses",
    ),
    Deviation("usage in `x_groq.usage`", "usage", "Groq", "https://console.groq.com/docs/api-reference#chat"),
    Deviation(
        "cached tokens as `prompt_cache_hit_tokens` or `cached_tokens`",
        "cached input",
        "DeepSeek, Moonshot",
        "https://api-docs.deepseek.com/guides/kv_cache",
    ),
    Deviation(
        "a first chunk without id and choices",
        "the reply begins with the next",
        "Azure OpenAI with content filters",
        "https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-streaming",
    ),
    Deviation(
        "an error object in the place of a chunk, or beside one",
        "the stream has failed",
        "OpenRouter, vLLM, Groq",
        "https://openrouter.ai/docs/api-reference/errors",
    ),
    Deviation(
        "errors as a sentence, as `detail`, as `message` at the top, or in a list of one",
        "the same error",
        "vLLM, Mistral, Gemini's compatible endpoint",
        "https://github.com/vllm-project/vllm/blob/main/vllm/entrypoints/openai/protocol.py",
    ),
    Deviation(
        "images of the answer in `images`",
        "an image",
        "OpenRouter",
        "https://openrouter.ai/docs/features/multimodal/image-generation",
    ),
    Deviation(
        "sources in `search_results` or `citations` beside the choices of a whole reply",
        "citations of the text",
        "Perplexity",
        "https://docs.perplexity.ai/api-reference/chat-completions-post",
    ),
    Deviation(
        "no `[DONE]` after the last chunk",
        "whole, if a reason to stop has come",
        "various",
        "https://ai.google.dev/gemini-api/docs/openai",
    ),
    Deviation(
        "half of an escaped character at the end of one delta and the other half in the next",
        "joined",
        "servers that cut by UTF-16 units, such as openclaw",
        "https://github.com/openclaw/openclaw/pull/110642",
    ),
)
