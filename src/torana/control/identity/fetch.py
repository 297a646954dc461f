"""One request to an identity provider: no redirects, within a time and a size, and its JSON object.

What is asked is decided before (address.py). Neither the environment's proxies nor its netrc are used.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import httpx2
import msgspec

MOST_BYTES = 1_048_576
SECONDS = 10.0
_object = msgspec.json.Decoder(dict[str, Any]).decode


class FetchError(Exception):
    """There is no usable answer. The message says why, without anything that was sent or answered."""


async def fetch(
    method: str,
    url: str,
    *,
    ca: str | None = None,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The JSON object that is answered with 200. Raises FetchError."""
    context = ssl.create_default_context()
    if ca is not None:
        context.load_verify_locations(cadata=ca)
    sent = {"accept": "application/json", "accept-encoding": "identity", **(headers or {})}
    try:
        async with (
            asyncio.timeout(SECONDS),
            httpx2.AsyncClient(verify=context, trust_env=False, timeout=SECONDS) as client,
            client.stream(method, url, headers=sent, data=form) as response,
        ):
            body = await _body(response)
    except TimeoutError:
        raise FetchError(f"it did not answer within {SECONDS:.0f} s") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError, UnicodeError) as error:
        raise FetchError(f"it could not be reached ({type(error).__name__})") from None
    try:
        return _object(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise FetchError("what it answered is not a JSON object") from None


async def _body(response: httpx2.Response) -> bytes:
    if response.status_code != 200:
        raise FetchError(f"it answered with status {response.status_code}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        # A few bytes could become any number.
        raise FetchError("it compressed its answer although it was asked not to")
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > MOST_BYTES:
            raise FetchError(f"its answer is longer than {MOST_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)
