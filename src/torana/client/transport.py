"""Calls the admin API: one request, its reply as a model, its refusal as an ApiError."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ConfigDict, PrivateAttr, TypeAdapter
from pydantic_core import to_jsonable_python

PREFIX = "/api/v1"
_TIMEOUT_SECONDS = 60.0

Content = TypeVar("Content")


class Unset:
    """That an argument was not given: it is not sent, and a null is."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = Unset()


class Model(BaseModel):
    """What the API shows. Fields of a newer server than this client are kept."""

    model_config = ConfigDict(extra="allow")
    _etag: str | None = PrivateAttr(default=None)

    @property
    def etag(self) -> str | None:
        """To be sent as `if_match` with a change; None of parts of a reply, such as the items of a page."""
        return self._etag


class ApiError(Exception):
    """The API refused. `code` is stable; docs/failure-modes.md explains each."""

    def __init__(self, status: int, code: str, detail: str, param: str | None) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.param = param
        """The field at fault."""
        super().__init__(f"{code}: {detail}")


class Request:
    """One request, before it is sent."""

    def __init__(
        self,
        method: str,
        path: str,
        places: Mapping[str, str],
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str | Model | None],
    ) -> None:
        self.method = method
        self.path = PREFIX + path.format(**{name: quote(value, safe="") for name, value in places.items()})
        self.query: list[tuple[str, str | int | float | bool | None]] = [
            (name, str(one).lower() if isinstance(one, bool) else str(one))
            for name, value in query.items()
            if value is not None
            for one in (value if isinstance(value, list | tuple) else (value,))
        ]
        self.body = None if body is None else _written(body)
        self.headers = {name: text for name, value in headers.items() if (text := _header(value)) is not None}

    def sent_by(self, client: httpx2.Client | httpx2.AsyncClient) -> httpx2.Request:
        """As httpx sends it."""
        return client.build_request(self.method, self.path, params=self.query, json=self.body, headers=self.headers)


class Transport:
    """Sends requests from ordinary code."""

    def __init__(self, url: str, token: str | None, **more: Any) -> None:
        self.http = httpx2.Client(**_options(url, token, more))

    def call(self, request: Request, kind: TypeAdapter[Content]) -> Content:
        """The reply as `kind`. Raises ApiError, and httpx2.HTTPError where there is no reply."""
        return _read(self.http.send(request.sent_by(self.http)), kind)


class AsyncTransport:
    """Sends requests from coroutines."""

    def __init__(self, url: str, token: str | None, **more: Any) -> None:
        self.http = httpx2.AsyncClient(**_options(url, token, more))

    async def call(self, request: Request, kind: TypeAdapter[Content]) -> Content:
        """The reply as `kind`. Raises ApiError, and httpx2.HTTPError where there is no reply."""
        return _read(await self.http.send(request.sent_by(self.http)), kind)


def _options(url: str, token: str | None, more: Mapping[str, Any]) -> dict[str, Any]:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return {"base_url": url.rstrip("/"), "headers": headers, "timeout": _TIMEOUT_SECONDS, **more}


def _written(body: Mapping[str, Any]) -> Any:
    return to_jsonable_python({name: value for name, value in body.items() if not isinstance(value, Unset)})


def _header(value: str | Model | None) -> str | None:
    if isinstance(value, Model):
        if value.etag is None:
            raise ValueError("this has no ETag: read it by itself before you change it")
        return value.etag
    return value


def _read(response: httpx2.Response, kind: TypeAdapter[Content]) -> Content:
    if response.status_code >= 300:
        raise _error(response)
    if response.headers.get("content-type", "").partition(";")[0] == "application/json":
        content = kind.validate_json(response.content)
    else:
        content = kind.validate_python(None if response.status_code == 204 else response.content)
    if isinstance(content, Model):
        content._etag = response.headers.get("etag")
    return content


def _error(response: httpx2.Response) -> ApiError:
    try:
        problem = response.json()
        return ApiError(response.status_code, problem["code"], problem["detail"], problem.get("param"))
    except (ValueError, KeyError, TypeError):
        # Something between here and Torana answered.
        return ApiError(response.status_code, "not_torana", response.text[:500], None)
