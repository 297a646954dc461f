"""Where a channel of one-api or new-api is: vendor, address and credentials."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from torana.catalog.vendors import VENDORS
from torana.control.importers.accounts import Accounts, Credential, address, at_home, compatible
from torana.control.importers.data import mapping, number, shown, words
from torana.control.importers.report import Draft

_COMMON = {
    1: "openai", 6: "openai-compatible", 7: "openai-compatible", 8: "openai-compatible", 3: "azure", 10: "openai-compatible",
    14: "anthropic", 15: "baidu", 16: "zhipuai", 17: "qwen", 20: "openrouter", 22: "openai-compatible", 23: "tencent",
    24: "google", 25: "moonshotai", 31: "yi", 33: "aws",
}  # fmt: skip
ONE_API = _COMMON | {
    4: "openai-compatible", 5: "openai-compatible", 27: "minimax", 28: "mistral", 29: "groq", 30: "ollama", 32: "stepfun",
    35: "cohere", 36: "deepseek", 37: "cloudflare", 39: "together", 40: "volcengine", 41: "novita", 42: "google-vertex",
    43: "openai-compatible", 44: "siliconflow", 45: "x-ai", 47: "baidu", 49: "qwen", 50: "openai-compatible", 51: "google",
}  # fmt: skip
NEW_API = _COMMON | {
    4: "ollama", 26: "zhipuai", 27: "perplexity", 34: "cohere", 35: "minimax", 38: "jina", 39: "cloudflare",
    40: "siliconflow", 41: "google-vertex", 42: "mistral", 43: "deepseek", 45: "volcengine", 46: "baidu", 47: "xinference",
    48: "x-ai", 53: "openai-compatible",
}  # fmt: skip
"""Vendors by the number of a channel's type, where there is one. Each of the two programs has numbers of its own from 26 on."""

_MOST_KEYS = 50
_AZURE = ".openai.azure.com"


class Channel(NamedTuple):
    """One channel, and one model of it."""

    field: str
    entry: Mapping[str, Any]
    model: str
    """As it is sent."""
    new: bool


def place_of(channel: Channel, draft: Draft, accounts: Accounts) -> list[str]:
    """The accounts that the model is at, one for each key of the channel; none, with the report saying why, where it cannot be."""
    kind = number(channel.entry.get("type"))
    vendor = VENDORS.get((NEW_API if channel.new else ONE_API).get(int(kind or 0), ""))
    given = words(channel.entry.get("base_url"))
    base_url = (
        address(given, "" if vendor is not None and vendor.id in ("azure", "cloudflare") else "v1") if given else None
    )
    if given and base_url is None:
        draft.left(f"{channel.field}.base_url", "it is no plain http:// or https:// address, or it holds a secret")
        return []
    if vendor is None and base_url is None:
        draft.left(
            f"{channel.field}.type", f"there is no vendor for channels of type {shown(channel.entry.get('type'))}"
        )
        return []
    vendor = vendor or compatible()
    options: dict[str, str] = {}
    if base_url is not None and vendor.id not in ("azure", "aws", "google-vertex"):
        if at_home(vendor, base_url):
            base_url = None
        elif vendor.id == "openai":
            vendor = compatible()
    if vendor.id == "azure":
        if base_url is None:
            draft.left(f"{channel.field}.base_url", "it is missing: https://RESOURCE.openai.azure.com")
            return []
        vendor, base_url, options = _azure(channel, base_url)
    elif vendor.id in ("aws", "google-vertex"):
        found = _cloud(channel, vendor.id, draft)
        if found is None:
            return []
        options, base_url = found, None
    elif base_url is None and not vendor.fixed_base_url:
        draft.left(f"{channel.field}.base_url", f"it is missing, and {vendor.id} has no address of its own")
        return []
    name = words(channel.entry.get("name")) or vendor.id
    made = [
        accounts.account(vendor, name, credential, base_url=base_url or "", options=options)
        for credential in _credentials(channel, vendor.id, draft)
    ]
    _say(draft, f"{channel.field}.type", f"vendor {vendor.id}, provider {', '.join(made[:3])}")
    return made


def _azure(channel: Channel, base_url: str) -> tuple[Any, str | None, dict[str, str]]:
    host = base_url.partition("://")[2].partition("/")[0]
    options = {"resource": host.removesuffix(_AZURE)} if host.endswith(_AZURE) else {}
    version = words(channel.entry.get("other")) or words(_config(channel).get("api_version"))
    if not version:
        return VENDORS["azure"], None if options else f"{base_url}/openai/v1", options
    more = {**options, "deployment": channel.model, "api_version": version}
    return VENDORS["azure-deployments"], None if options else f"{base_url}/openai/deployments/{channel.model}", more


def _cloud(channel: Channel, vendor: str, draft: Draft) -> dict[str, str] | None:
    config = _config(channel)
    region = words(config.get("region"))
    if vendor == "aws" and not region:
        # AK|SK|Region, of which the last is no secret.
        region = words(channel.entry.get("key")).partition("\n")[0].strip().rpartition("|")[2]
        region = region if words(channel.entry.get("key")).count("|") >= 2 else ""
    options = {"region": region}
    if vendor == "google-vertex":
        options["project"] = words(config.get("vertex_ai_project_id"))
    if missing := [name for name, value in options.items() if not value]:
        draft.left(
            f"{channel.field}.config", f"{missing[0]} is not in it: set up a provider of vendor {vendor} by hand"
        )
        return None
    what = {
        "aws": "the key is ACCESS_KEY_ID:SECRET_ACCESS_KEY here, with a colon between",
        "google-vertex": "the key is the JSON of the service account's key file",
    }[vendor]
    _say(draft, f"{channel.field}.key", what, changed=True)
    return options


def _config(channel: Channel) -> Mapping[str, Any]:
    for name in ("config", "other"):
        text = words(channel.entry.get(name))
        if text.startswith("{"):
            try:
                return mapping(msgspec.json.decode(text))
            except (msgspec.DecodeError, ValueError, RecursionError):
                continue
        if isinstance(channel.entry.get(name), dict):
            return mapping(channel.entry[name])
    return {}


def _credentials(channel: Channel, vendor: str, draft: Draft) -> list[Credential]:
    """One for each key of the channel. Where the file has none, there is one all the same."""
    text = words(channel.entry.get("key"))
    # A service account is JSON of many lines; other keys stand one a line.
    keys = [text] if text.startswith(("{", "[")) else [line.strip() for line in text.splitlines() if line.strip()]
    if not keys:
        if vendor == "ollama":
            return [Credential()]
        # Told apart by their channel: two whose keys are not in the file are not the same.
        return [Credential(literal=f"key of {channel.field}")]
    if len(keys) > _MOST_KEYS:
        _say(draft, f"{channel.field}.key", f"only the first {_MOST_KEYS} of its keys came across", changed=True)
    elif len(keys) > 1:
        _say(draft, f"{channel.field}.key", f"a provider for each of its {len(keys)} keys", changed=True)
    return [Credential(literal=key) for key in keys[:_MOST_KEYS]]


def _say(draft: Draft, field: str, what: str, changed: bool = False) -> None:
    """Once a channel, though it is asked for each of its models."""
    if all(line.field != field or line.what != what for line in draft.report[-20:]):
        (draft.changed if changed else draft.carried)(field, what)
