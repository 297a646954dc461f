"""What the admin API shows of tokens, and takes."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from torana.control.api.shapes import Asked
from torana.control.tokens import service as tokens
from torana.control.tokens.service import Token
from torana.core.secret import Secret

EXAMPLE: JsonDict = {
    "id": "token_8s…",
    "name": "ci",
    "hint": "x7Qk",
    "scopes": ["apps:read", "keys:write"],
    "team_id": "team_4b…",
    "created_us": 1_790_000_000_000_000,
    "expires_us": 1_797_776_000_000_000,
    "last_used_us": None,
    "revoked": False,
}
Scopes = Annotated[list[Annotated[str, Field(max_length=60)]], Field(min_length=1, max_length=100)]


class TokenAsked(Asked):
    """A token to be made."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["ci"])]
    scopes: Annotated[
        Scopes | None, Field(description="Permissions; null is all that its owner has, whatever that is later.")
    ] = None
    expires_us: Annotated[int | None, Field(ge=0, le=2**62, description="Microseconds since 1970; null is never.")] = (
        None
    )


class MyTokenAsked(TokenAsked):
    """A token of one's own to be made."""

    team: Annotated[
        str | None, Field(max_length=100, description="Id or name: it counts in this team only. Null is everywhere.")
    ] = None


class TokenShown(BaseModel):
    """A token, without its value."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: str
    name: str
    hint: Annotated[str, Field(description="The last four characters.")]
    scopes: list[str] | None
    team_id: str | None
    created_us: int
    expires_us: int | None
    last_used_us: Annotated[int | None, Field(description="To the minute.")]
    revoked: bool


class TokenMade(TokenShown):
    """A token just made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**EXAMPLE, "value": "tor_admin_…"}]})

    value: Annotated[str, Field(description="Only here.")]


def shown(token: Token) -> TokenShown:
    """A token as the API shows it."""
    return TokenShown(
        id=token.id,
        name=token.name,
        hint=token.hint,
        scopes=tokens.scopes_of(token),
        team_id=token.team_id,
        created_us=token.created_us,
        expires_us=token.expires_us,
        last_used_us=token.last_used_us,
        revoked=token.revoked_us is not None,
    )


def made(token: Token, secret: Secret) -> TokenMade:
    """A token with the only sight of its value."""
    return TokenMade(**shown(token).model_dump(), value=secret.reveal())
