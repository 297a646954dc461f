"""The admin API from Python, typed: what it takes, what it shows, and its refusals.

    from torana.client import Client

    with Client("http://127.0.0.1:8080", token) as torana:
        team = torana.teams.create_team(name="payments")
        torana.teams.change_team(team.id, name="billing", if_match=team)
        for one in torana.teams.iterate_teams():
            print(one.name)

`AsyncClient` has the same with `await` and `async for`. Without a token only what is public can be called.
"""

from typing import Any, Self

from torana.client.resources import AsyncResources, Resources
from torana.client.transport import UNSET, ApiError, AsyncTransport, Model, Transport, Unset

__all__ = ["UNSET", "ApiError", "AsyncClient", "Client", "Model", "Unset"]


class Client(Resources):
    """The admin API at `url`. `more` goes to httpx2.Client, such as `verify` or `timeout`."""

    def __init__(self, url: str, token: str | None = None, **more: Any) -> None:
        self._transport = Transport(url, token, **more)
        super().__init__(self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._transport.http.close()


class AsyncClient(AsyncResources):
    """The same for coroutines."""

    def __init__(self, url: str, token: str | None = None, **more: Any) -> None:
        self._transport = AsyncTransport(url, token, **more)
        super().__init__(self._transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self._transport.http.aclose()
