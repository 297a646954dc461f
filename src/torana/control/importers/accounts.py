"""Provider accounts of an imported file: one for each vendor, address and credential, under a name of its own."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from torana.catalog.vendors import VENDORS, Vendor
from torana.control.importers.report import Draft, fitting
from torana.control.providers import places

COMPATIBLE = "openai-compatible"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_VERSION = re.compile(r"v[0-9]+(?:beta|alpha)?[0-9]*")


class Credential(NamedTuple):
    """Where a credential comes from. `literal` tells two apart that stood in the file; it is written nowhere."""

    variable: str = ""
    literal: str = ""


class Accounts:
    """Makes entries of `providers`, each once."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._known: dict[tuple[Any, ...], str] = {}
        self._named: set[str] = set()
        self._literals: dict[str, str] = {}

    def account(
        self,
        vendor: Vendor,
        name: str,
        credential: Credential,
        *,
        base_url: str = "",
        options: Mapping[str, str] | None = None,
        timeouts: Mapping[str, float] | None = None,
        dialect: str = "",
    ) -> str:
        """The name of the account with exactly this, made where there is none."""
        given = dict(options or {})
        spans = {key: span for key, span in (timeouts or {}).items() if 0 < span <= 86_400}
        key = (vendor.id, base_url, dialect, credential, tuple(sorted(given.items())), tuple(sorted(spans.items())))
        if key in self._known:
            return self._known[key]
        self._known[key] = made = fitting(name, self._named.__contains__)
        self._named.add(made)
        entry: dict[str, Any] = {"name": made, "vendor": vendor.id}
        if base_url and base_url != places.filled(vendor.base_url, given):
            entry["base_url"] = base_url
        if dialect:
            entry["dialect"] = dialect
        if given:
            entry["options"] = given
        if variable := self._variable(credential, made):
            entry["api_key"] = {"env": variable}
        if spans:
            entry["timeouts"] = spans
        self._draft.sections["providers"].append(entry)
        return made

    def _variable(self, credential: Credential, name: str) -> str:
        what = f"the credential of provider {name}"
        if credential.literal:
            if credential.literal not in self._literals:
                self._literals[credential.literal] = self._draft.variables.make(f"{name} api key", what)
            return self._literals[credential.literal]
        return self._draft.variables.take(credential.variable, what) if credential.variable else ""


def usual_variable(vendor: Vendor) -> str:
    """The environment variable that this vendor's key usually stands in; empty where one runs without."""
    if vendor.self_hosted or vendor.auth not in ("bearer", "x-api-key", "api-key", "x-goog-api-key"):
        return ""
    return vendor.env


def is_variable(name: str) -> bool:
    """Whether an environment variable can have this name."""
    return bool(_VARIABLE.fullmatch(name))


def address(text: str, version: str = "v1") -> str | None:
    """An address as `base_url` has it, with its version segment; None when it is none, or holds a secret."""
    try:
        parts = urlsplit(text.strip())
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return None
    if not fits or parts.query or parts.fragment:
        return None
    path = parts.path.rstrip("/")
    for tail in ("/chat/completions", "/completions", "/embeddings", "/messages"):
        path = path.removesuffix(tail)
    segments = [segment for segment in path.split("/") if segment]
    if version and not any(_VERSION.fullmatch(segment) for segment in segments):
        path = f"{path}/{version}"
    return f"{parts.scheme}://{parts.netloc}{path}"


def at_home(vendor: Vendor, base_url: str) -> bool:
    """Whether this address is the vendor's own server."""
    own = vendor.fixed_base_url
    return bool(own) and urlsplit(own).hostname == urlsplit(base_url).hostname


def compatible() -> Vendor:
    """A server of which nothing is known but that it speaks OpenAI's dialect."""
    return VENDORS[COMPATIBLE]
