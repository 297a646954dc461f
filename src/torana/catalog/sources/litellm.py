"""LiteLLM's list of models: `model_prices_and_context_window_backup.json` in the package `litellm` (MIT).

Source: https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json
"""

import re
from collections.abc import Iterator
from typing import Any

from torana.catalog.models import without_region
from torana.catalog.sources.entry import INPUTS, OUTPUTS, Entry, Prices, count, day, dollars, ordered

VENDOR_OF = {
    "ai21": "ai21",
    "anthropic": "anthropic",
    "azure": "azure",
    "azure_ai": "azure",
    "baseten": "baseten",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "bedrock_mantle": "aws",
    "bigmodel": "zhipuai",
    "cerebras": "cerebras",
    "cloudflare": "cloudflare",
    "codestral": "mistral",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "crusoe": "crusoe",
    "dashscope": "qwen",
    "databricks": "databricks",
    "deepinfra": "deepinfra",
    "deepseek": "deepseek",
    "featherless_ai": "featherless",
    "fireworks_ai": "fireworks",
    "fireworks_ai-embedding-models": "fireworks",
    "friendliai": "friendli",
    "gemini": "google",
    "gmi": "gmi",
    "gradient_ai": "digitalocean",
    "groq": "groq",
    "hyperbolic": "hyperbolic",
    "inception": "inception",
    "jina_ai": "jina",
    "lambda_ai": "lambda",
    "meta": "meta",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshot": "moonshotai",
    "nebius": "nebius",
    "novita": "novita",
    "nscale": "nscale",
    "nvidia_nim": "nvidia",
    "openai": "openai",
    "ovhcloud": "ovhcloud",
    "perplexity": "perplexity",
    "replicate": "replicate",
    "sambanova": "sambanova",
    "scaleway": "scaleway",
    "snowflake": "snowflake",
    "tencent": "tencent",
    "text-completion-openai": "openai",
    "together_ai": "together",
    "vercel_ai_gateway": "vercel",
    "volcengine": "volcengine",
    "voyage": "voyageai",
    "wandb": "wandb",
    "watsonx": "watsonx",
    "xai": "x-ai",
    "xiaomi_mimo": "xiaomi",
    "zai": "zai",
}

_KIND_OF = {
    "chat": "chat",
    "responses": "chat",
    "completion": "completion",
    "embedding": "embedding",
    "rerank": "rerank",
    "image_generation": "image",
    "image_edit": "image",
    "audio_speech": "speech",
    "audio_transcription": "transcription",
    "moderation": "moderation",
    "realtime": "realtime",
    "video_generation": "video",
    "ocr": "ocr",
}

_CAPABILITY_OF = {
    "supports_function_calling": "tools",
    "supports_parallel_function_calling": "parallel_tools",
    "supports_tool_choice": "tool_choice",
    "supports_response_schema": "json_schema",
    "supports_native_structured_output": "json_schema",
    "supports_reasoning": "reasoning",
    "supports_vision": "vision",
    "supports_pdf_input": "pdf",
    "supports_audio_input": "audio_input",
    "supports_audio_output": "audio_output",
    "supports_video_input": "video_input",
    "supports_prompt_caching": "caching",
    "supports_native_streaming": "streaming",
    "supports_web_search": "web_search",
    "supports_computer_use": "computer_use",
}

_INPUT_FLAGS = (("image", "vision"), ("audio", "audio_input"), ("video", "video_input"))

# Rows that are prices of sizes or of fine-tuned models, not models.
_NO_MODEL = re.compile(
    r"^(?:fireworks-ai-|together-ai-|ft:|luminous|openai/container$)|(?:[0-9]+-x-[0-9]+|max-x-max)(?:/|$)"
)
# Where the rest of a name with a slash is a region, a resolution or a tier of the same model.
_ONE_PART = frozenset({"openai", "azure", "aws", "anthropic", "google"})


def entries(table: dict[str, Any]) -> Iterator[Entry]:
    """One entry for each row that is a model of a vendor that Torana knows."""
    # Of one model in several regions the row without a region is the model's own.
    for key, row in sorted(table.items(), key=lambda item: without_region(item[0]) != item[0]):
        if not isinstance(row, dict) or row.get("alias_of") or _NO_MODEL.search(key):
            continue
        provider = str(row.get("litellm_provider"))
        vendor = "google-vertex" if provider.startswith("vertex_ai") else VENDOR_OF.get(provider)
        kind = _KIND_OF.get(str(row.get("mode")))
        if vendor is None or kind is None:
            continue
        model = _model(key, provider, vendor)
        if model is not None:
            yield _entry(vendor, model, kind, row)


def _model(key: str, provider: str, vendor: str) -> str | None:
    prefix = "vertex_ai" if vendor == "google-vertex" else provider
    model = key.removeprefix(f"{prefix}/")
    if vendor == "aws":
        model = without_region(model.removeprefix("bedrock/").removeprefix("converse/"))
        # Bedrock's own names begin with the maker; what does not is LiteLLM's shorthand.
        return model if "." in model and "/" not in model else None
    if vendor == "fireworks" and "/" not in model:
        return f"accounts/fireworks/models/{model}"
    return None if vendor in _ONE_PART and "/" in model else model


def _entry(vendor: str, model: str, kind: str, row: dict[str, Any]) -> Entry:
    can = {name for flag, name in _CAPABILITY_OF.items() if row.get(flag) is True}
    cannot = {name for flag, name in _CAPABILITY_OF.items() if row.get(flag) is False} - can
    inputs = ordered(row.get("supported_modalities"), INPUTS)
    if not inputs and "supports_vision" in row and kind == "chat":
        inputs = ("text", *(modality for modality, flag in _INPUT_FLAGS if flag in can))
    if inputs and "pdf" in can:
        inputs = (*inputs, "pdf")
    successor = row.get("successor_model")
    return Entry(
        vendor,
        model,
        kind=kind,
        max_input=count(row.get("max_input_tokens")),
        # What an embedding or a ranking gives is no text of so many tokens.
        max_output=count(row.get("max_output_tokens")) if kind in {"chat", "completion", "realtime"} else None,
        inputs=inputs,
        outputs=ordered(row.get("supported_output_modalities"), OUTPUTS),
        can=frozenset(can),
        cannot=frozenset(cannot),
        deprecated_on=day(row.get("deprecation_date")),
        successor=successor.rpartition("/")[2] if isinstance(successor, str) else None,
        prices=Prices(
            dollars(row.get("input_cost_per_token"), 10**6),
            dollars(row.get("cache_read_input_token_cost"), 10**6),
            dollars(row.get("output_cost_per_token"), 10**6),
        ),
    )
