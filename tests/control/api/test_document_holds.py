"""What the OpenAPI document promises, for everybody: any request that fits it is answered by a status and form that it names.

Requests are made by schemathesis from the document; the server is a real one, on loopback.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, Self

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.api import PLATFORM, TEAM, Organisation, organisation
from torana.control.app import create_app, routed
from torana.control.door import Door
from torana.control.publish.publish import Publisher
from torana.settings import Settings
from torana.stores.secrets.master import load_or_create
from torana.stores.sql.engine import create
from torana.stores.sql.migrate import upgrade

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OTHERS = cycle((*PLATFORM[1:], *(f"one.{role}" for role in TEAM)))
"""Whoever may do less than everything takes turns: that each may do what they may is test_routes.py's to prove."""


class Running:
    """A server of the admin API on loopback, with an organisation in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ready = threading.Event()
        self._server: uvicorn.Server | None = None
        self.on: Organisation | None = None
        self.port = 0

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        given = Settings(data=str(self._folder))
        engine = create(given)
        await upgrade(engine)
        publisher = Publisher(engine, load_or_create(self._folder), self._folder / "snapshot")
        self.on = await organisation(publisher)
        door = Door(create_app(publisher), owner_socket=False)
        with socket.create_server(("127.0.0.1", 0)) as sock:
            self.port = sock.getsockname()[1]
            self._server = uvicorn.Server(uvicorn.Config(door, log_level="critical", lifespan="off"))
            self._ready.set()
            with contextlib.suppress(asyncio.CancelledError):
                await self._server.serve(sockets=[sock])
        await engine.dispose()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.run)
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.should_exit = True
        self._thread.join(30)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("document")) as running:
        yield running


schema = schemathesis.openapi.from_dict(routed().openapi())
few = settings(
    max_examples=3,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@schema.parametrize()
@few
def test_every_operation_answers_as_the_document_says(case: schemathesis.Case[Any], running: Running) -> None:
    assert running.on is not None
    base = f"http://127.0.0.1:{running.port}"
    for name in ("owner", next(OTHERS)):
        case.headers["Authorization"] = f"Bearer {running.on.tokens[name].reveal()}"
        response = case.call(base_url=base)
        case.validate_response(response, checks=CHECKS)
