"""How a command reaches an instance: at `--url`, through control's socket in the data folder, or in the folder itself.

In the last case, when nothing runs there, the same admin API answers in this process while the command holds the instance's lock.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import httpx2
import typer

from torana.cli.app import fail
from torana.settings import SettingError, Settings, load
from torana.supervisor.lock import InstanceLock, InstanceRunning, holder

TOKEN_VARIABLE = "TORANA_TOKEN"  # noqa: S105 - a name
_PAGE = 500
_TIMEOUT = httpx2.Timeout(300.0, connect=5.0)

Data = Annotated[str | None, typer.Option("--data", help="Data folder of the instance.", show_default=False)]
Url = Annotated[
    str | None,
    typer.Option("--url", help="Address of an instance elsewhere: https://gateway.example", show_default=False),
]
Token = Annotated[
    str | None, typer.Option("--token", help=f"Admin token for --url; else ${TOKEN_VARIABLE}.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value instead of text.")]


class Target(NamedTuple):
    """Which instance is meant."""

    data: str | None = None
    url: str | None = None
    token: str | None = None


class Refused(Exception):
    """The instance said no; the message is its sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)


def ask(target: Target, method: str, path: str, *, body: Any = None, query: dict[str, Any] | None = None) -> Any:
    """Send one request of the admin API and return the reply's JSON. Ends the command with one line when it is refused."""
    return _content(_asked(target, method, path, body, query), target)


def ask_lines(target: Target, path: str, query: dict[str, Any]) -> list[str]:
    """Get a list of JSON lines from the admin API. Ends the command with one line when it is refused."""
    reply = _asked(target, "GET", path, None, query)
    if not reply.is_success:
        _content(reply, target)
    # Not `splitlines`: JSON leaves further separators of Unicode as they are.
    return [line for line in reply.text.split("\n") if line]


def _asked(target: Target, method: str, path: str, body: Any, query: dict[str, Any] | None) -> httpx2.Response:
    try:
        return asyncio.run(_ask(target, method, path, body, query))
    except Refused as refused:
        raise fail(refused) from None
    except (InstanceRunning, SettingError) as reason:
        raise fail(reason) from None
    except httpx2.HTTPError as error:
        raise fail(f"{_where(target)} does not answer: {str(error) or type(error).__name__}") from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise fail(f"{place}{error.strerror or error}.") from None


def ask_all(target: Target, path: str, *, query: dict[str, Any] | None = None) -> list[Any]:
    """Every item of a list of the admin API, page by page. Ends the command like `ask`."""
    items: list[Any] = []
    cursor = None
    while True:
        page = ask(target, "GET", path, query={**(query or {}), "limit": _PAGE, "cursor": cursor})
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


async def _ask(target: Target, method: str, path: str, body: Any, query: dict[str, Any] | None) -> httpx2.Response:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    async with _client(target) as client:
        return await client.request(method, f"/api/v1{path}", json=body, params=given)


def _content(reply: httpx2.Response, target: Target) -> Any:
    try:
        return _read(reply, target)
    except Refused as refused:
        raise fail(refused) from None


def _read(reply: httpx2.Response, target: Target) -> Any:
    if reply.status_code == 204:
        return None
    try:
        content = reply.json()
    except ValueError:
        raise Refused("not_torana", f"{_where(target)} answered {reply.status_code}, but not as Torana does.") from None
    if reply.is_success:
        return content
    if not isinstance(content, dict) or "detail" not in content:
        raise Refused("not_torana", f"{_where(target)} answered {reply.status_code}, but not as Torana does.")
    if content.get("code") == "invalid_declaration":
        lines = str(content["detail"]).removeprefix("The file cannot be used: ")
        raise Refused("invalid_declaration", f"nothing was changed:\n{lines}")
    raise Refused(str(content.get("code")), str(content["detail"]))


@asynccontextmanager
async def _client(target: Target) -> AsyncIterator[httpx2.AsyncClient]:
    if target.url is not None:
        token = target.token or os.environ.get(TOKEN_VARIABLE)
        if not token:
            raise Refused("missing_token", f"--url needs an admin token: give --token or set {TOKEN_VARIABLE}.")
        headers = {"authorization": f"Bearer {token}"}
        # Not through a proxy of the environment: the token is for the instance alone.
        async with httpx2.AsyncClient(
            base_url=target.url.rstrip("/"), headers=headers, timeout=_TIMEOUT, trust_env=False
        ) as client:
            yield client
        return
    settings = load({"data": target.data})
    folder = _absolute(settings)
    if holder(folder) is not None:
        async with _local(httpx2.AsyncHTTPTransport(uds=str(folder / "run" / "control.sock"))) as client:
            yield client
        return
    async with _folder(settings, folder) as client:
        yield client


@asynccontextmanager
async def _folder(settings: Settings, folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """The admin API over a data folder that no instance is using."""
    # Here, not above: a command that meets a running instance does without SQL.
    from torana import wiring
    from torana.control.serve import admin_app
    from torana.stores.secrets.master import MasterKeyError
    from torana.stores.sql.migrate import SchemaTooNew

    if not wiring.is_initialised(settings):
        raise Refused(
            "no_instance", f"there is no instance in {folder}. Set one up with `torana init --data {folder}`."
        )
    with InstanceLock(folder):
        try:
            async with (
                admin_app(settings, wiring.RecordedCalls(folder)) as app,
                _local(httpx2.ASGITransport(app)) as client,
            ):
                yield client
        except (MasterKeyError, SchemaTooNew) as error:
            raise Refused("cannot_open", str(error)) from None


def _local(transport: httpx2.AsyncBaseTransport) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url="http://torana", transport=transport, timeout=_TIMEOUT, trust_env=False)


def _where(target: Target) -> str:
    if target.url is not None:
        return target.url
    return f"the instance in {_absolute(load({'data': target.data}))}"


def _absolute(settings: Settings) -> Path:
    return Path(settings.data).absolute()
