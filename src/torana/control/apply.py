"""Applying `settings.config` to the instance that runs on a data folder: what SIGHUP does."""

import asyncio
import os
from pathlib import Path

import httpx2

from torana.control.declaration.problems import DeclarationError, Problem
from torana.control.file import read_source
from torana.control.place import SOCKET
from torana.settings import Settings

_TIMEOUT = httpx2.Timeout(300.0, connect=5.0)


def apply_running(settings: Settings) -> None:
    """Have the running control apply `settings.config`, all or nothing. Raises DeclarationError with every reason."""
    asyncio.run(_apply(settings))


async def _apply(settings: Settings) -> None:
    source = read_source(Path(settings.config), os.environ)
    transport = httpx2.AsyncHTTPTransport(uds=str((Path(settings.data) / SOCKET).absolute()))
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://torana", timeout=_TIMEOUT) as client:
            reply = await client.post("/api/v1/apply", json=source.handed_over(), headers={"x-torana-reason": "SIGHUP"})
        content = reply.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise DeclarationError(
            [Problem(0, 0, "", f"control does not answer: {type(error).__name__}")], source.name
        ) from None
    if reply.is_success:
        return
    listed = [Problem(p["line"], p["column"], p["path"], p["message"]) for p in content.get("problems", ())]
    raise DeclarationError(listed or [Problem(0, 0, "", str(content.get("detail")))], source.name)
