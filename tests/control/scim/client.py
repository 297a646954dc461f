"""An identity provider's SCIM client, with a token that may do this and nothing else."""

from typing import Any

import httpx2

from tests.support.api import Organisation, door
from torana.control.tokens import service as tokens
from torana.core.secret import Secret
from torana.stores.sql.people_tables import tokens as token_table

CORE = "urn:ietf:params:scim:schemas:core:2.0"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class ScimClient:
    """Sends as the holder of a token."""

    def __init__(self, on: Organisation, token: Secret | None) -> None:
        self.on = on
        self.app = door(on.publisher)
        self.headers = {} if token is None else {"authorization": f"Bearer {token.reveal()}"}

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """One request; its reply is in SCIM's form, whatever it is."""
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="https://torana.test", headers=self.headers
        ) as client:
            content = body if isinstance(body, bytes) else None
            json = None if isinstance(body, bytes) else body
            sent = {"content-type": "application/scim+json", **headers}
            reply = await client.request(method, "/scim/v2" + path, content=content, json=json, headers=sent)
        if reply.status_code != 204:
            assert reply.headers["content-type"] == "application/scim+json"
        if reply.status_code >= 400:
            assert reply.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
            assert reply.json()["status"] == str(reply.status_code)
        return reply

    async def patch(self, path: str, *operations: dict[str, Any]) -> httpx2.Response:
        """A PATCH of these steps."""
        return await self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    async def user(self, name: str, **fields: Any) -> dict[str, Any]:
        """A user made."""
        body = {"schemas": [CORE + ":User"], "userName": name, **fields}
        made = await self.send("POST", "/Users", body)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    async def group(self, name: str, *members: str) -> dict[str, Any]:
        """A group made."""
        body = {"schemas": [CORE + ":Group"], "displayName": name, "members": [{"value": one} for one in members]}
        made = await self.send("POST", "/Groups", body)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found


async def scim(on: Organisation, by: str = "admin") -> ScimClient:
    """One with a token of this person's that has the one permission."""
    async with on.publisher.change() as connection:
        token, secret = await tokens.create(connection, on.publisher.master, on.users[by], "scim")
        values = {"scopes": '["scim:write"]'}
        await connection.execute(token_table.update().where(token_table.c.id == token.id).values(values))
    return ScimClient(on, secret)
