"""An OpenID Connect issuer on loopback that can be told to lie. It checks what it is sent as a strict one would."""

import base64
import contextlib
import functools
import hashlib
import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "torana:app", "s3cret:%/"
Claims = dict[str, Any]


@functools.cache
def rsa_key(kid: str) -> RSAKey:
    """A key of this id, the same one each time: making one takes a while."""
    return RSAKey.generate_key(2048, {"kid": kid})


class Issuer:
    """What it answers, and what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.key = rsa_key("first")
        self.claims: Claims = {"sub": "ann", "email": "ann@example.org", "email_verified": True, "name": "Ann"}
        self.userinfo: Claims = {}
        self.description: dict[str, Any] = {}
        """What is different in its description."""
        self.make: Callable[[Claims], str] = self.signed
        """Makes the id_token out of honest claims."""
        self.asked: list[str] = []
        self.raw: dict[str, bytes] = {}
        """Bytes to answer at a path instead."""
        self._codes: dict[str, dict[str, str]] = {}

    def signed(self, claims: Claims) -> str:
        """An honest token."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def authorize(self, location: str) -> dict[str, str]:
        """What the browser is sent back with, once somebody has signed in; `location` is where it was sent to."""
        parts = urllib.parse.urlsplit(location)
        assert location.startswith(self.url + "/authorize?")
        query = dict(urllib.parse.parse_qsl(parts.query))
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT_ID)
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        return {"code": code, "state": query["state"], "iss": self.url}

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        """One request."""
        self.asked.append(f"{method} {path}")
        if path in self.raw:
            return 200, self.raw[path]
        answers: dict[str, Callable[[], Claims | None]] = {
            "/.well-known/openid-configuration": self._describe,
            "/keys": lambda: {"keys": [self.key.as_dict(private=False, use="sig")]},
            "/userinfo": lambda: self.userinfo if headers["authorization"] == "Bearer access" else None,
            "/token": lambda: self._tokens(headers, dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))),
        }
        found = answers.get(path)
        said = None if found is None else found()
        return (404, b"") if said is None else (200, json.dumps(said).encode())

    def _describe(self) -> Claims:
        return {
            "issuer": self.url,
            "authorization_endpoint": self.url + "/authorize",
            "token_endpoint": self.url + "/token",
            "jwks_uri": self.url + "/keys",
            "userinfo_endpoint": self.url + "/userinfo",
            "authorization_response_iss_parameter_supported": True,
            **self.description,
        }

    def _tokens(self, headers: Any, form: dict[str, str]) -> Claims | None:
        asked = self._codes.pop(form["code"], None)
        scheme, _, pair = headers["authorization"].partition(" ")
        given = [urllib.parse.unquote_plus(part) for part in base64.b64decode(pair).decode().split(":")]
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if (
            asked is None
            or (scheme, *given) != ("Basic", CLIENT_ID, CLIENT_SECRET)
            or challenge.decode() != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            return None
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        return {"id_token": self.make({**claims, **self.claims}), "access_token": "access", "token_type": "Bearer"}


@contextlib.contextmanager
def running_issuer() -> Iterator[Issuer]:
    """One that listens until the end of the block."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            status, body = issuer.answer(self.command, self.path, self.headers, self.rfile.read(length))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
