"""Signing in through an identity provider: the authorization code flow with PKCE, from our redirect to a session.

Sources: OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE); RFC 9207 (`iss`); RFC 9700 (best current practice).
"""

import base64
import hashlib
import hmac
import secrets
import urllib.parse
from collections.abc import Mapping
from typing import Any, NamedTuple

from torana.control.identity import address, service, token
from torana.control.identity.cookie import SECONDS, Begun
from torana.control.identity.fetch import FetchError, fetch
from torana.control.identity.issuer import Described, Issuers, away
from torana.control.identity.person import Person, read_person, refused
from torana.control.identity.repository import Provider
from torana.control.identity.token import TokenError
from torana.core.errors import Refusal
from torana.core.ids import epoch_us
from torana.stores.secrets.master import MasterKey

HOME = "/console"
_MOST_CODE = 4096


class Answer(NamedTuple):
    """What the browser brings back."""

    state: str | None
    code: str | None
    issuer: str | None
    error: str | None


def local(path: str | None) -> str:
    """The path to go to afterwards, if it is one of this installation; else the console."""
    # Browsers read //, /\\ and a line break in ways that lead elsewhere.
    if path is None or not path.startswith("/") or path.startswith("//") or len(path) > 1000:
        return HOME
    return path if path.isascii() and path.isprintable() and "\\" not in path else HOME


async def begin(issuers: Issuers, provider: Provider, callback: str, following: str) -> tuple[str, Begun]:
    """Where to send the browser, and what to keep meanwhile. Raises Refusal `identity_provider_away`."""
    described = await issuers.describe(provider)
    begun = Begun(
        provider_id=provider.id,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        redirect_uri=callback,
        next=following,
        until_us=epoch_us() + SECONDS * 1_000_000,
    )
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": callback,
        "scope": " ".join(provider.said.scopes),
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": _challenge(begun.verifier),
        "code_challenge_method": "S256",
    }
    asked = address.parsed(described.authorization)
    joint = "&" if asked is not None and asked.query else "?"
    return described.authorization + joint + urllib.parse.urlencode(query), begun


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def finish(
    issuers: Issuers, master: MasterKey, provider: Provider, begun: Begun | None, answer: Answer
) -> Person:
    """Who signs in. Raises Refusal `sign_in_stale`, `sign_in_refused` or `identity_provider_away`."""
    if (
        begun is None
        or begun.provider_id != provider.id
        or not hmac.compare_digest(begun.state.encode(), (answer.state or "").encode("utf-8", "replace"))
    ):
        raise Refusal("sign_in_stale")
    described = await issuers.describe(provider)
    # Another issuer's answer, sent here to have its code tried at this one (mix-up).
    if (answer.issuer is not None or described.names_itself) and answer.issuer != provider.issuer:
        raise refused(provider, "the answer is another issuer's")
    if answer.error is not None or not answer.code or len(answer.code) > _MOST_CODE:
        word = answer.error or ""
        said = word if word.isascii() and word.isidentifier() and len(word) < 60 else "no code"
        raise refused(provider, f"it answered {said}")
    tokens = await _exchanged(master, provider, described, begun, answer.code)
    claims = await _claims(issuers, provider, begun, tokens.get("id_token"))
    groups_claim = provider.said.groups_claim
    if "email" not in claims or (groups_claim is not None and groups_claim not in claims):
        claims = await _with_userinfo(provider, described, claims, tokens.get("access_token"))
    return read_person(claims, groups_claim)


async def _exchanged(
    master: MasterKey, provider: Provider, described: Described, begun: Begun, code: str
) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": begun.redirect_uri,
        "code_verifier": begun.verifier,
    }
    headers = {}
    secret = service.secret_of(master, provider)
    if secret is None or described.in_form:
        form["client_id"] = provider.client_id
        if secret is not None:
            form["client_secret"] = secret.reveal()
    else:
        # Each part in the form's own encoding first (RFC 6749, section 2.3.1).
        pair = ":".join(urllib.parse.quote_plus(part) for part in (provider.client_id, secret.reveal()))
        headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    try:
        return await fetch("POST", described.token, ca=provider.said.ca, headers=headers, form=form)
    except FetchError as error:
        raise away(provider, f"its token endpoint: {error}") from None


async def _claims(issuers: Issuers, provider: Provider, begun: Begun, id_token: object) -> dict[str, Any]:
    if not isinstance(id_token, str):
        raise refused(provider, "it gave no id_token")
    try:
        keys = await issuers.keys(provider, token.kid_of(id_token))
        return token.verified(id_token, keys, issuer=provider.issuer, client_id=provider.client_id, nonce=begun.nonce)
    except TokenError as error:
        raise refused(provider, f"its id_token is not to be believed: {error}") from None


async def _with_userinfo(
    provider: Provider, described: Described, claims: Mapping[str, Any], access_token: object
) -> dict[str, Any]:
    """The claims, and what the issuer says only when asked for it: many leave addresses and groups out of an id_token."""
    merged = dict(claims)
    if described.userinfo is None or not isinstance(access_token, str) or not _is_sendable(access_token):
        return merged
    headers = {"authorization": f"Bearer {access_token}"}
    try:
        said = await fetch("GET", described.userinfo, ca=provider.said.ca, headers=headers)
    except FetchError as error:
        raise away(provider, f"its userinfo endpoint: {error}") from None
    # Not signed: it counts for the subject of the id_token only (Core, section 5.3.2).
    if said.get("sub") != claims["sub"]:
        raise refused(provider, "its userinfo is about somebody else")
    if "email" not in merged:
        merged.pop("email_verified", None)
        merged.update({name: said[name] for name in ("email", "email_verified") if name in said})
    for name in ("name", provider.said.groups_claim):
        if name is not None and name not in merged and name in said:
            merged[name] = said[name]
    return merged


def _is_sendable(text: str) -> bool:
    return len(text) <= 16_384 and text.isascii() and text.isprintable() and " " not in text
