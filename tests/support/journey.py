"""The configuration that most journeys share: a provider, services, apps and keys."""

import secrets
from collections.abc import Sequence
from typing import Any

from tests.support.vendor_process import Vendor

PROVIDER_KEY = "sk-vendor-" + secrets.token_hex(16)
KEYS = {name: f"torana-journey-{name}-{secrets.token_hex(16)}" for name in ("main", "other", "spare")}
KEY = KEYS["main"]

PLAIN = ("chat", "embed", "instruct")
"""Services whose name is also the vendor's model, so that no byte of a request has to change."""
RENAMED = {"house-chat": "vendor-chat"}
"""Service name to the vendor's model."""


def environment() -> dict[str, str]:
    """The secrets that the configuration refers to."""
    return {"PROVIDER_KEY": PROVIDER_KEY, **{f"KEY_{name.upper()}": value for name, value in KEYS.items()}}


def quick() -> dict[str, str]:
    """Time limits and sizes so short that a test can reach them."""
    return {
        **environment(),
        "TORANA_UPSTREAM_CONNECT_TIMEOUT_SECONDS": "2",
        "TORANA_UPSTREAM_FIRST_BYTE_TIMEOUT_SECONDS": "1.5",
        "TORANA_UPSTREAM_IDLE_TIMEOUT_SECONDS": "1.5",
        "TORANA_UPSTREAM_TOTAL_TIMEOUT_SECONDS": "4",
        "TORANA_UPSTREAM_MAX_REPLY_BYTES": str(2 * 1024 * 1024),
    }


def service(name: str, model: str | None = None, provider: str = "vendor", **fields: Any) -> dict[str, Any]:
    """A service of one deployment, open to the organisation."""
    deployments = [{"provider": provider, "model": model or name}]
    return {"name": name, "kind": "model", "visibility": "organisation", "deployments": deployments, **fields}


def app(name: str, subscriptions: Sequence[str], **fields: Any) -> dict[str, Any]:
    """An app with one key, whose value is that of KEYS."""
    keys = [{"name": f"{name}-key", "value": {"env": f"KEY_{name.upper()}"}}]
    return {"name": name, "subscriptions": list(subscriptions), "keys": keys, **fields}


def configuration(
    vendor: Vendor,
    services: Sequence[dict[str, Any]] | None = None,
    apps: Sequence[dict[str, Any]] | None = None,
    providers: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """A whole torana.yaml. By default: the plain and renamed services, and an app `main` that may call them all."""
    if services is None:
        services = [*map(service, PLAIN), *(service(name, model) for name, model in RENAMED.items())]
    names = [one["name"] for one in services]
    own = {
        "name": "vendor",
        "vendor": "openai-compatible",
        "base_url": vendor.base_url,
        "api_key": {"env": "PROVIDER_KEY"},
    }
    return {
        "providers": [own, *providers],
        "services": list(services),
        "teams": [{"name": "default", "apps": list(apps) if apps is not None else [app("main", names)]}],
    }
