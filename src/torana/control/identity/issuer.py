"""What an issuer says of itself (discovery) and its signing keys, kept for an hour.

Sources: OpenID Connect Discovery 1.0, sections 3 and 4; RFC 7517 (keys); RFC 9207 (`iss` of an answer).
"""

import asyncio
import binascii
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from torana.control.identity import address
from torana.control.identity.fetch import FetchError, fetch
from torana.control.identity.repository import Provider
from torana.core.errors import Refusal

KEPT_SECONDS = 3600.0
LEAST_SECONDS = 10.0
"""Keys are not read again sooner than this, however many tokens name one that is not known."""
_MOST_KEYS = 100
_MOST_KEPT = 200
_RSA_BYTES = range(256, 1025)

Key = RSAKey | ECKey | OKPKey


class Described(NamedTuple):
    """Where an issuer's endpoints are, and how it wants to be spoken to."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None
    in_form: bool
    """Whether client id and secret belong into the form of a token request, because it does not take them in a header."""
    names_itself: bool
    """Whether every answer by way of the browser says who it is from (`iss`)."""


class _Kept(NamedTuple):
    what: Any
    since: float


class Issuers:
    """Descriptions and keys of issuers, read when they are needed; each read once, however many wait for it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._described: dict[object, _Kept] = {}
        self._keys: dict[object, _Kept] = {}
        self._turn = asyncio.Lock()

    async def describe(self, provider: Provider) -> Described:
        """What the issuer says of itself. Raises Refusal `identity_provider_away`."""
        # What decides which answer is taken is in the key: a changed provider does not meet an old answer.
        key = (provider.id, provider.issuer, provider.options)
        async with self._turn:
            kept = self._fresh(self._described, key, KEPT_SECONDS)
            if kept is None:
                url = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
                found = _described(await _fetched(provider, url), provider)
                kept = self._keep(self._described, key, found)
        described: Described = kept.what
        return described

    async def keys(self, provider: Provider, kid: str | None) -> dict[str | None, list[Key]]:
        """The issuer's keys by their ids; read again when none has this one. Raises Refusal `identity_provider_away`."""
        described = await self.describe(provider)
        key = (provider.id, provider.issuer, provider.options, described.keys)
        async with self._turn:
            kept = self._fresh(self._keys, key, KEPT_SECONDS)
            unknown = kept is not None and kid is not None and kid not in kept.what
            if kept is None or (unknown and self._now() - kept.since >= LEAST_SECONDS):
                kept = self._keep(self._keys, key, read_keys(await _fetched(provider, described.keys)))
        found: dict[str | None, list[Key]] = kept.what
        return found

    def _fresh(self, store: dict[object, _Kept], key: object, seconds: float) -> _Kept | None:
        kept = store.get(key)
        return kept if kept is not None and self._now() - kept.since < seconds else None

    def _keep(self, store: dict[object, _Kept], key: object, what: object) -> _Kept:
        if len(store) >= _MOST_KEPT:
            store.clear()
        store[key] = kept = _Kept(what, self._now())
        return kept


async def _fetched(provider: Provider, url: str) -> dict[str, Any]:
    try:
        return await fetch("GET", url, ca=provider.said.ca)
    except FetchError as error:
        raise away(provider, str(error)) from None


def away(provider: Provider, reason: str) -> Refusal:
    """That an identity provider cannot be used."""
    return Refusal("identity_provider_away", provider=provider.name, reason=reason)


def _described(said: Mapping[str, Any], provider: Provider) -> Described:
    # Without this comparison one issuer could pass for another (Discovery 1.0, section 4.3).
    if said.get("issuer") != provider.issuer:
        raise away(provider, "it describes itself as another issuer than the one that is set")
    found: dict[str, str] = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
        url = said.get(name)
        if url is None and name == "userinfo_endpoint":
            continue
        if not isinstance(url, str) or not address.may_call(url, provider.issuer, provider.said.hosts):
            raise away(provider, f"its {name} is neither at the issuer's own host nor at one of `hosts`")
        found[name] = url
    methods = said.get("token_endpoint_auth_methods_supported")
    return Described(
        found["authorization_endpoint"],
        found["token_endpoint"],
        found["jwks_uri"],
        found.get("userinfo_endpoint"),
        isinstance(methods, list) and "client_secret_basic" not in methods and "client_secret_post" in methods,
        said.get("authorization_response_iss_parameter_supported") is True,
    )


def read_keys(said: Mapping[str, Any]) -> dict[str | None, list[Key]]:
    """The public keys for signatures out of a key set, by their ids; others, and what is no key, are passed over."""
    listed = said.get("keys")
    found: dict[str | None, list[Key]] = {}
    for one in listed[:_MOST_KEYS] if isinstance(listed, list) else ():
        key = _key(one) if isinstance(one, dict) else None
        if key is not None:
            kid = one.get("kid")
            found.setdefault(kid if isinstance(kid, str) else None, []).append(key)
    return found


def _key(said: dict[str, Any]) -> Key | None:
    if said.get("use") not in (None, "sig"):
        return None
    kind = said.get("kty")
    try:
        # The public half only, whatever else is there. Symmetric keys are no one's in particular.
        if kind == "RSA" and _fits(said.get("n"), _RSA_BYTES) and _fits(said.get("e"), range(1, 9)):
            return RSAKey.import_key({"kty": "RSA", "n": said["n"], "e": said["e"], **_alg(said)})
        if kind == "EC":
            return ECKey.import_key({name: said[name] for name in ("kty", "crv", "x", "y")} | _alg(said))
        if kind == "OKP":
            return OKPKey.import_key({name: said[name] for name in ("kty", "crv", "x")} | _alg(said))
    except (JoseError, KeyError, ValueError, TypeError, AttributeError):
        return None
    return None


def _alg(said: dict[str, Any]) -> dict[str, str]:
    alg = said.get("alg")
    return {"alg": alg} if isinstance(alg, str) else {}


def _fits(text: object, sizes: range) -> bool:
    """Whether this is base64url of a number of one of these sizes: too short is forgeable, too long takes too long."""
    if not isinstance(text, str) or len(text) > 2000:
        return False
    try:
        raw = binascii.a2b_base64(text.replace("-", "+").replace("_", "/") + "==")
    except (binascii.Error, ValueError):
        return False
    return len(raw.lstrip(b"\0")) in sizes
