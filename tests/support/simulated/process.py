"""Starts the simulated vendors, and the configuration with which an instance calls them."""

import http.client
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.support.simulated import anthropic, bedrock, cohere, gemini, openai
from tests.support.simulated.server import BASES
from tests.support.vendor_process import ROOT

KEY = f"torana-sdk-main-{secrets.token_hex(16)}"
LIMITED_KEY = f"torana-sdk-limited-{secrets.token_hex(16)}"
"""Of an app that may call once a day."""
MODELS = {
    "openai": "gpt-sim",
    "responses": "gpt-sim-r",
    "mistral": "mistral-sim",
    "anthropic": "claude-sim",
    "claude": "claude-sim",
    "google": "gemini-3-sim",
    "aws": "anthropic.claude-sim-v1:0",
    "cohere": "command-a-sim",
    "ollama": "qwen3-sim",
}
"""Services, named after the provider they call, with the vendor's model."""
FAULTS = ("400", "401", "429", "500")
LOSSY = ("anthropic", "google", "aws", "cohere", "ollama")
_KEYS = {
    "OPENAI": openai.KEY,
    "ANTHROPIC": anthropic.KEY,
    "GOOGLE": gemini.KEY,
    "COHERE": cohere.KEY,
    "AWS": bedrock.KEY,
    "MAIN": KEY,
    "LIMITED": LIMITED_KEY,
}


class Seen(NamedTuple):
    """One request as a vendor got it."""

    vendor: str
    path: str
    query: str
    headers: dict[str, str]
    json: dict[str, Any]


class Simulated:
    """The running vendors."""

    def __init__(self, port: int) -> None:
        self.port = port

    def base_url(self, vendor: str) -> str:
        """Up to and including the version segment."""
        return f"{self.root(vendor)}{BASES[vendor]}"

    def root(self, vendor: str) -> str:
        """Without the version segment, as some SDKs want it."""
        return f"http://127.0.0.1:{self.port}/{vendor}"

    def seen(self, containing: str) -> list[Seen]:
        """The requests whose body contains this text, oldest first."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", "/_/requests")
            rows = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return [Seen(**row) for row in rows if containing in json.dumps(row["json"], ensure_ascii=False)]


@contextmanager
def run_simulated() -> Iterator[Simulated]:
    """The vendors on a free loopback port for the length of the block."""
    command = [sys.executable, "-m", "tests.support.simulated.server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield Simulated(json.loads(process.stdout.readline())["port"])
        finally:
            process.terminate()
            process.wait(10)


def environment() -> dict[str, str]:
    """The secrets that the configuration refers to."""
    return {f"SIM_{name}": value for name, value in _KEYS.items()}


def configuration(simulated: Simulated) -> dict[str, Any]:
    """A torana.yaml with a service for each vendor, `PROVIDER-fault-STATUS` besides, and `PROVIDER-embed` where it embeds."""

    def provider(name: str, vendor: str, key: str | None = None, **fields: Any) -> dict[str, Any]:
        base = simulated.base_url(vendor)
        secret = {} if key is None else {"api_key": {"env": f"SIM_{key}"}}
        return {"name": name, "vendor": vendor, "base_url": base, **secret, **fields}

    providers = [
        provider("openai", "openai", "OPENAI"),
        {**provider("responses", "openai", "OPENAI", dialect="openai_responses"), "vendor": "openai-compatible"},
        provider("mistral", "mistral", "OPENAI"),
        provider("claude", "anthropic", "ANTHROPIC"),
        # Anthropic speaks OpenAI's dialect too, at the same address: this one does not.
        {
            **provider("anthropic", "anthropic", "ANTHROPIC", dialect="anthropic_messages"),
            "vendor": "openai-compatible",
        },
        provider("google", "google", "GOOGLE"),
        provider("aws", "aws", "AWS", options={"region": bedrock.REGION}),
        provider("cohere", "cohere", "COHERE"),
        provider("jina", "jina", "COHERE"),
        {**provider("ollama", "ollama", dialect="ollama"), "vendor": "openai-compatible"},
    ]
    wanted = dict(MODELS)
    for name in MODELS:
        wanted |= {f"{name}-fault-{status}": f"fault-{status}" for status in FAULTS}
    wanted |= {f"{name}-embed": "embed-sim" for name in ("openai", "google", "cohere", "ollama", "mistral")}
    wanted |= {f"{name}-rerank": "rerank-sim" for name in ("cohere", "jina")}
    services = [_service(name, name.partition("-")[0], model) for name, model in wanted.items()]
    services += [_service(f"{name}-lossy", name, MODELS[name], drop_unsupported=True) for name in LOSSY]
    names = [service["name"] for service in services]
    return {
        "providers": providers,
        "services": services,
        "teams": [{"name": "default", "apps": [_app("main", names), _app("limited", names, 1)]}],
    }


def _service(name: str, provider: str, model: str, **fields: Any) -> dict[str, Any]:
    deployments = [{"provider": provider, "model": model}]
    return {"name": name, "kind": "model", "visibility": "organisation", "deployments": deployments, **fields}


def _app(name: str, names: list[str], requests: int | None = None) -> dict[str, Any]:
    limits = [] if requests is None else [{"requests": requests, "per": "day"}]
    keys = [{"name": f"{name}-key", "value": {"env": f"SIM_{name.upper()}"}}]
    return {"name": name, "subscriptions": names, "keys": keys, "limits": limits}
