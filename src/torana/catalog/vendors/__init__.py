"""Vendors as data: where their API is, what it speaks, how it takes a credential, and where that usually stands.

Ids are those of genai-prices where it knows the vendor, because prices are looked up by them. A new vendor is a row in `makers`
(models of their own), `hosts` (others' models), `clouds` (each account has its own address) or `self_hosted`.
"""

from torana.catalog.vendors.clouds import CLOUDS
from torana.catalog.vendors.hosts import HOSTS
from torana.catalog.vendors.makers import MAKERS
from torana.catalog.vendors.quirks import QUIRKS, quirks_of
from torana.catalog.vendors.self_hosted import BUILT_IN, SELF_HOSTED
from torana.catalog.vendors.shape import CAPABILITIES, DIALECTS, Auth, Model, Vendor

__all__ = ["ALIASES", "Auth", "CAPABILITIES", "DIALECTS", "Model", "QUIRKS", "VENDORS", "Vendor", "vendor_named"]

VENDORS: dict[str, Vendor] = {
    vendor.id: vendor._replace(quirks=quirks_of(vendor.id))
    for vendor in (*BUILT_IN, *MAKERS, *HOSTS, *CLOUDS, *SELF_HOSTED)
}

ALIASES: dict[str, str] = {
    "alibaba": "qwen",
    "amazon-bedrock": "aws",
    "aws-bedrock": "aws",
    "azure-ai": "azure",
    "azure-openai": "azure",
    "azure-ad": "azure-entra",
    "bedrock": "aws",
    "bigmodel": "zhipuai",
    "claude": "anthropic",
    "dashscope": "qwen",
    "deep-infra": "deepinfra",
    "doubao": "volcengine",
    "fireworks-ai": "fireworks",
    "gemini": "google",
    "github-models": "github",
    "glm": "zhipuai",
    "google-ai-studio": "google",
    "google-gemini": "google",
    "google-vertex-ai": "google-vertex",
    "grok": "x-ai",
    "hf": "huggingface",
    "hugging-face": "huggingface",
    "hunyuan": "tencent",
    "ibm": "watsonx",
    "jina-ai": "jina",
    "kimi": "moonshotai",
    "lambda-ai": "lambda",
    "lingyiwanwu": "yi",
    "llama.cpp": "llama-cpp",
    "llamacpp": "llama-cpp",
    "lmstudio": "lm-studio",
    "mistralai": "mistral",
    "moonshot": "moonshotai",
    "nim": "nvidia",
    "novita-ai": "novita",
    "nvidia-nim": "nvidia",
    "qianfan": "baidu",
    "snowflake-cortex": "snowflake",
    "together-ai": "together",
    "togetherai": "together",
    "vertex": "google-vertex",
    "vertex-ai": "google-vertex",
    "volcano": "volcengine",
    "voyage": "voyageai",
    "workers-ai": "cloudflare",
    "xai": "x-ai",
    "z-ai": "zai",
    "z.ai": "zai",
    "zhipu": "zhipuai",
}
"""Other usual spellings of vendor ids."""


def vendor_named(name: str) -> Vendor | None:
    """The vendor of that id or usual other spelling, whatever its case, with `_` and a space as good as `-`; None when unknown."""
    spelled = name.strip().lower().replace("_", "-").replace(" ", "-")
    return VENDORS.get(ALIASES.get(spelled, spelled))
