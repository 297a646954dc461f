"""AWS Signature Version 4, as every service but S3 wants it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from time import gmtime, strftime
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from torana.core.secret import Secret

_ALGORITHM = "AWS4-HMAC-SHA256"
_DAY = 86_400
_PLAIN = re.compile(r"[\x21-\x7e]+")
"""What may stand in a header line."""


class AwsKey(NamedTuple):
    """An access key, with the session token that temporary ones have."""

    access_key: str
    secret: Secret
    session_token: Secret | None = None


class _Written(msgspec.Struct):
    access_key: str = msgspec.field(name="AccessKeyId")
    secret: str = msgspec.field(name="SecretAccessKey")
    session_token: str | None = msgspec.field(default=None, name="SessionToken")


_decode = msgspec.json.Decoder(_Written).decode


def read_aws_key(text: Secret) -> AwsKey:
    """A credential as it is kept: `ID:SECRET`, `ID:SECRET:SESSION_TOKEN`, or the JSON of `aws configure export-credentials`.

    Raises ValueError, which shows nothing of it.
    """
    written = text.reveal().strip()
    parts: list[str | None] = []
    if written.startswith("{"):
        try:
            key = _decode(written)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise ValueError("it is not JSON with AccessKeyId and SecretAccessKey") from None
        parts = [key.access_key, key.secret, key.session_token]
    else:
        parts = [*written.split(":", 2), None, None][:3]
    access_key, secret, token = parts
    if not access_key or not secret or not all(_PLAIN.fullmatch(part) for part in parts if part):
        raise ValueError("it is not an access key's id and its secret, with a colon between them")
    return AwsKey(access_key, Secret(secret), Secret(token) if token else None)


class Signer:
    """Signs the requests of one account to one service in one region.

    What is the same all day (the derived key) or all second (the written time) is worked out once.
    """

    __slots__ = ("_day", "_derived", "_key", "_known_second", "_region", "_scope", "_service", "_stamp", "_token")

    def __init__(self, key: AwsKey, region: str, service: str) -> None:
        self._key = key
        self._region = region
        self._service = service
        self._token = None if key.session_token is None else key.session_token.reveal()
        self._day = -1
        self._known_second = -1
        self._stamp = ""
        self._scope = ""
        self._derived = b""

    def sign(
        self, target: str, headers: Iterable[tuple[str, str]], payload_hash: str, now: float, method: str = "POST"
    ) -> bytes:
        """The header lines to add, each with its line end: `x-amz-date`, `x-amz-security-token` if there is one, `authorization`.

        `target`: path and query as they are sent. `headers`: those to be signed, `host` among them; they must be sent as they are
        given. `payload_hash`: SHA-256 of the body, in hexadecimal. `now`: seconds since 1970.
        """
        self._tell_time(int(now))
        given: dict[str, list[str]] = {"x-amz-date": [self._stamp]}
        if self._token is not None:
            given["x-amz-security-token"] = [self._token]
        for name, value in headers:
            given.setdefault(name.strip().lower(), []).append(" ".join(value.split()))
        names = sorted(given)
        signed = ";".join(names)
        lines = "".join([f"{name}:{','.join(given[name])}\n" for name in names])
        path, query = _canonical(target)
        request = f"{method}\n{path}\n{query}\n{lines}\n{signed}\n{payload_hash}"
        text = f"{_ALGORITHM}\n{self._stamp}\n{self._scope}\n{sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._derived, text.encode(), "sha256").hex()
        token = "" if self._token is None else f"x-amz-security-token: {self._token}\r\n"
        return (
            f"x-amz-date: {self._stamp}\r\n{token}authorization: {_ALGORITHM} "
            f"Credential={self._key.access_key}/{self._scope}, SignedHeaders={signed}, Signature={signature}\r\n"
        ).encode()

    def _tell_time(self, second: int) -> None:
        if second == self._known_second:
            return
        self._known_second = second
        self._stamp = strftime("%Y%m%dT%H%M%SZ", gmtime(second))
        day = second // _DAY
        if day != self._day:
            self._day = day
            date = self._stamp[:8]
            self._scope = f"{date}/{self._region}/{self._service}/aws4_request"
            self._derived = derive_key(self._key.secret, date, self._region, self._service)


def derive_key(secret: Secret, date: str, region: str, service: str) -> bytes:
    """The key of one day, `date` being written as 20150830."""
    key = b"AWS4" + secret.reveal().encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def hash_payload(body: bytes) -> str:
    """What `sign` wants of a body."""
    return sha256(body).hexdigest()


@lru_cache(maxsize=1024)
def _canonical(target: str) -> tuple[str, str]:
    path, _, query = target.partition("?")
    # Encoded once more, though it is encoded already: only S3 takes the path as it is sent.
    return quote(_plain_path(path), safe="/-_.~"), _canonical_query(query)


def _plain_path(path: str) -> str:
    """Without empty, `.` and `..` segments."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    plain = "/" + "/".join(kept)
    return plain + "/" if kept and path.endswith("/") else plain


def _canonical_query(query: str) -> str:
    # Encoded as it is sent; only sorted here.
    pairs = [part.partition("=") for part in query.split("&") if part]
    return "&".join([f"{name}={value}" for name, _, value in sorted(pairs, key=lambda pair: (pair[0], pair[2]))])
