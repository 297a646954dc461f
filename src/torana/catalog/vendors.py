"""Vendors as data: where their OpenAI-compatible API is, how it takes a credential, and where that usually stands.

Ids are those of genai-prices where it knows the vendor, because prices are looked up by them.
"""

from typing import Literal, NamedTuple


class Model(NamedTuple):
    """A vendor's model that the first start offers as a service."""

    service: str
    model: str


class Vendor(NamedTuple):
    """A company or server kind that serves models."""

    id: str
    name: str
    base_url: str
    """Up to and including the version segment; empty where each account has its own, or none is needed."""
    auth: Literal["bearer", "none"]
    env: str
    """The environment variable that usually holds the credential; empty where there is none."""
    docs: str
    stream_usage: bool = True
    """Whether it understands `stream_options.include_usage`."""
    models: tuple[Model, ...] = ()
    """What the first start offers when the variable is set."""


_OPENAI = ("gpt-5.5", "gpt-5.4-mini", "gpt-5.4-nano", "gpt-4.1", "gpt-4.1-mini", "text-embedding-3-small")

_TABLE = (
    Vendor(
        "demo", "Demo, built in", "", "none", "", "", models=(Model("demo/chat", "chat"), Model("demo/embed", "embed"))
    ),
    Vendor("openai-compatible", "Any OpenAI-compatible server", "", "bearer", "", ""),
    Vendor(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        "bearer",
        "OPENAI_API_KEY",
        "https://platform.openai.com/docs",
        models=tuple(Model(name, name) for name in _OPENAI),
    ),
    Vendor(
        "mistral",
        "Mistral AI",
        "https://api.mistral.ai/v1",
        "bearer",
        "MISTRAL_API_KEY",
        "https://docs.mistral.ai",
        # It sends usage in every stream and refuses fields it does not know.
        stream_usage=False,
        models=(Model("mistral-medium-latest", "mistral-medium-latest"), Model("mistral-embed", "mistral-embed")),
    ),
    Vendor(
        "groq",
        "Groq",
        "https://api.groq.com/openai/v1",
        "bearer",
        "GROQ_API_KEY",
        "https://console.groq.com/docs",
        models=(Model("gpt-oss-120b", "openai/gpt-oss-120b"),),
    ),
    Vendor(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com/v1",
        "bearer",
        "DEEPSEEK_API_KEY",
        "https://api-docs.deepseek.com",
        models=(Model("deepseek-chat", "deepseek-chat"), Model("deepseek-reasoner", "deepseek-reasoner")),
    ),
    Vendor(
        "together",
        "Together AI",
        "https://api.together.xyz/v1",
        "bearer",
        "TOGETHER_API_KEY",
        "https://docs.together.ai",
    ),
    Vendor(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        "bearer",
        "OPENROUTER_API_KEY",
        "https://openrouter.ai/docs",
    ),
    Vendor(
        "x-ai",
        "xAI",
        "https://api.x.ai/v1",
        "bearer",
        "XAI_API_KEY",
        "https://docs.x.ai",
        models=(Model("grok-4.7", "grok-4.7"),),
    ),
    Vendor(
        "fireworks",
        "Fireworks AI",
        "https://api.fireworks.ai/inference/v1",
        "bearer",
        "FIREWORKS_API_KEY",
        "https://docs.fireworks.ai",
    ),
    Vendor(
        "cerebras",
        "Cerebras",
        "https://api.cerebras.ai/v1",
        "bearer",
        "CEREBRAS_API_KEY",
        "https://inference-docs.cerebras.ai",
    ),
    Vendor(
        "perplexity",
        "Perplexity",
        "https://api.perplexity.ai",
        "bearer",
        "PERPLEXITY_API_KEY",
        "https://docs.perplexity.ai",
    ),
    Vendor("ollama", "Ollama", "http://127.0.0.1:11434/v1", "none", "", "https://docs.ollama.com"),
    Vendor("vllm", "vLLM", "http://127.0.0.1:8000/v1", "bearer", "", "https://docs.vllm.ai"),
)

VENDORS: dict[str, Vendor] = {vendor.id: vendor for vendor in _TABLE}
