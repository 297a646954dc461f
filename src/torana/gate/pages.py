"""What the gate itself answers besides calls: health, readiness, metrics, and the way to control."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from torana.core.errors import Refusal
from torana.dialects.openai_chat.errors import encode_error
from torana.gate import exposition
from torana.gate.control_door import ControlDoor
from torana.gate.listen.connection import Connection
from torana.gate.listen.request import CallerEvents, Request
from torana.gate.route.paths import Path, find_path

if TYPE_CHECKING:
    from torana.gate.worker import Gate

Page = Callable[[Connection, Request], CallerEvents | None]
_JSON = b"content-type: application/json\r\ncache-control: no-store\r\n"
_TEXT = b"content-type: text/plain; version=0.0.4; charset=utf-8\r\ncache-control: no-store\r\n"
_UNREADY_AFTER_SECONDS = 10.0
"""A supervisor, control or recorder that has said nothing for so long counts as away."""


class Pages:
    """Unrecorded and without a key: for load balancers, Prometheus and, by forwarding, the admin API."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._control = ControlDoor(gate)

    def find(self, request: Request) -> Page | None:
        """Who answers this request; None when it belongs to the journey, refusals of unknown paths included."""
        try:
            path = find_path(request.path, request.method)
        except Refusal:
            return None
        if path.handling == "control":
            # With a door of its own, control is not behind this one.
            return None if self._gate.settings.admin_listen else self._control.open
        return self._pages(path)

    def _pages(self, path: Path) -> Page | None:
        if path.handling == "health":
            return self._health
        if path.handling == "ready":
            return self._ready
        return self._metrics if path.handling == "metrics" else None

    def _health(self, connection: Connection, request: Request) -> None:
        connection.reply(200, _JSON, b'{"status":"ok"}')

    def _ready(self, connection: Connection, request: Request) -> None:
        body, ready = exposition.readiness(self._gate, _UNREADY_AFTER_SECONDS)
        connection.reply(200 if ready else 503, _JSON, body)

    def _metrics(self, connection: Connection, request: Request) -> None:
        connection.reply(200, _TEXT, exposition.prometheus(self._gate))


def error_reply(connection: Connection, refusal: Refusal) -> None:
    """An error outside the journey: the same form, without a call id."""
    connection.reply(refusal.status, _JSON, encode_error(refusal, ""))
