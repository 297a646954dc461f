"""Calls a webhook once: the address is looked up and checked, then connected to; redirects are not followed; bounded in time."""

import asyncio
import socket
import ssl
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2

from torana.control.webhooks.address import allowed, check_url, pinned
from torana.core.egress import parse_networks
from torana.core.errors import Refusal
from torana.settings import Settings

SECONDS = 10.0
"""For everything: to resolve, connect, send, and get the head of an answer."""
_MOST_ADDRESSES = 3
_CONNECT_SECONDS = 3.0
"""With one address; the next ones need their share."""
_GONE = 410


class Outcome(NamedTuple):
    """What came of one attempt."""

    status: int | None
    """The answer's, if there was one."""
    error: str | None
    """None when it was taken (2xx)."""

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return self.error is None

    @property
    def gone(self) -> bool:
        """Whether the receiver wants no more, ever."""
        return self.status == _GONE


class Caller:
    """Calls webhooks by the rules of these settings."""

    def __init__(self, settings: Settings, trusted: ssl.SSLContext | None = None) -> None:
        self.loopback = settings.webhooks_loopback
        self.deny = parse_networks(settings.egress_deny)
        self._proxy = settings.upstream_proxy or None
        self._trusted = trusted

    def check(self, url: str) -> None:
        """Whether a webhook may have this address. Raises Refusal."""
        check_url(url, loopback=self.loopback, deny=self.deny)

    async def call(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        """One attempt. Whatever goes wrong is in the outcome; of an answer only its status is read."""
        try:
            # What is allowed may have changed since it was stored.
            self.check(url)
            async with asyncio.timeout(SECONDS):
                status = await self._post(url, headers, body)
        except Refusal as refusal:
            return Outcome(None, refusal.sentence)
        except (TimeoutError, httpx2.TimeoutException):
            return Outcome(None, "it did not answer in time")
        except (httpx2.HTTPError, OSError, ssl.SSLError, ValueError) as error:
            return Outcome(None, f"it could not be reached: {_reason(error)}"[:500])
        return Outcome(status, None if 200 <= status < 300 else f"it answered {status}")

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        headers = {"content-type": "application/json", "user-agent": "Torana", **headers}
        if self._proxy is not None:
            return await self._send(url, headers, body, {})
        parts = urlsplit(url)
        host = parts.hostname or ""
        addresses = await self._addresses(host, parts.port or (443 if parts.scheme == "https" else 80))
        # The name is not looked up again: what was checked is what is connected to, and its certificate has to name the host.
        headers["host"] = parts.netloc
        for address in addresses[:-1]:
            try:
                return await self._send(pinned(parts, address), headers, body, {"sni_hostname": host})
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._send(pinned(parts, addresses[-1]), headers, body, {"sni_hostname": host})

    async def _addresses(self, host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        good = [one for one in addresses if allowed(one, loopback=self.loopback, deny=self.deny)]
        if not good:
            raise OSError("its name leads to an address that must not be called")
        return good[:_MOST_ADDRESSES]

    async def _send(self, url: str, headers: dict[str, str], body: bytes, extensions: dict[str, Any]) -> int:
        # No connection is kept: one that was made for a name must not serve another that leads to the same address.
        async with (
            httpx2.AsyncClient(
                verify=self._context(),
                trust_env=False,
                follow_redirects=False,
                proxy=self._proxy,
                timeout=httpx2.Timeout(None, connect=_CONNECT_SECONDS),
                limits=httpx2.Limits(max_keepalive_connections=0),
            ) as client,
            client.stream("POST", url, headers=headers, content=body, extensions=extensions) as answer,
        ):
            return answer.status_code

    def _context(self) -> ssl.SSLContext:
        if self._trusted is None:
            # Made once: reading the system's certificates takes longer than a call.
            self._trusted = ssl.create_default_context()
            self._trusted.minimum_version = ssl.TLSVersion.TLSv1_2
        return self._trusted


def _reason(error: Exception) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause) if isinstance(cause, OSError) and str(cause) else type(error).__name__
