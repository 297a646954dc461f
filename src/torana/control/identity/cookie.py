"""A sign-in that has begun: sealed into a cookie, so that no one but this browser can end it and no one can read or change it.

It is SameSite=Lax, because the browser comes back from another site, and lives for ten minutes.
"""

import base64
import binascii

import msgspec
from starlette.responses import Response

from torana.core.ids import epoch_us
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey, MasterKeyError

NAME = "torana_sign_in"
PATH = "/api/v1/sign-in"
SECONDS = 600
_CONTEXT = "sign-in"
_MOST = 8192


class Begun(msgspec.Struct, frozen=True):
    """What has to be the same at the end as at the beginning."""

    provider_id: str
    state: str
    nonce: str
    verifier: str
    """Of PKCE: whoever has only seen the code cannot use it."""
    redirect_uri: str
    next: str
    until_us: int

    def __repr__(self) -> str:
        return f"Begun(provider_id={self.provider_id!r})"


_begun = msgspec.json.Decoder(Begun).decode


def give(response: Response, master: MasterKey, begun: Begun) -> None:
    """Set the cookie with the reply."""
    sealed = master.seal(Secret(msgspec.json.encode(begun).decode()), _CONTEXT)
    response.set_cookie(
        NAME,
        base64.urlsafe_b64encode(sealed).decode(),
        max_age=SECONDS,
        path=PATH,
        secure=begun.redirect_uri.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def take(response: Response) -> None:
    """Have the browser forget the cookie: a sign-in ends once."""
    response.delete_cookie(NAME, path=PATH, httponly=True, samesite="lax")


def read(text: str | None, master: MasterKey) -> Begun | None:
    """What was begun in this browser; None when nothing was, or too long ago."""
    if not text or len(text) > _MOST:
        return None
    try:
        opened = master.open(base64.b64decode(text, b"-_", validate=True), _CONTEXT)
        begun = _begun(opened.reveal().encode())
    except (MasterKeyError, binascii.Error, ValueError, msgspec.MsgspecError):
        return None
    return begun if begun.until_us > epoch_us() else None
