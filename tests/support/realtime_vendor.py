"""A realtime vendor that answers like OpenAI's, on the `websockets` package: an implementation that is not ours."""

import contextlib
import json
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

_AUDIO = "UklGR" * 4_000


class RealtimeServer:
    """What it has seen."""

    def __init__(self) -> None:
        self.port = 0
        self.handshakes: list[dict[str, str]] = []
        self.targets: list[str] = []
        self.closed: list[tuple[int, str]] = []
        """Code and reason that each connection ended with, as the vendor saw it."""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def handle(self, socket: ServerConnection) -> None:
        """One connection."""
        assert socket.request is not None
        self.handshakes.append({name.lower(): value for name, value in socket.request.headers.raw_items()})
        self.targets.append(socket.request.path)
        model = "gpt-realtime-2025-08-28"
        _tell(socket, "session.created", session={"type": "realtime", "object": "realtime.session", "model": model})
        with contextlib.suppress(ConnectionClosed):
            for turn, message in enumerate(socket):
                self._answer(socket, json.loads(message), turn)
        self.closed.append((socket.close_code or 0, socket.close_reason or ""))

    def _answer(self, socket: ServerConnection, event: dict[str, Any], turn: int) -> None:
        if event["type"] == "session.update":
            _tell(socket, "session.updated", session={"object": "realtime.session", **event["session"]})
        elif event["type"] == "conversation.item.create":
            _tell(
                socket, "conversation.item.added", previous_item_id=None, item={"id": f"item_{turn}", **event["item"]}
            )
        elif event["type"] == "response.create":
            self._respond(socket, turn)
        else:
            error = {"type": "invalid_request_error", "code": "unknown", "message": event["type"], "param": None}
            _tell(socket, "error", error=error)

    def _respond(self, socket: ServerConnection, turn: int) -> None:
        place = {"response_id": f"resp_{turn}", "item_id": f"item_{turn}", "output_index": 0, "content_index": 0}
        _tell(socket, "response.created", response={"id": f"resp_{turn}", "status": "in_progress", "usage": None})
        for word in ("Good ", "day"):
            _tell(socket, "response.output_audio_transcript.delta", delta=word, **place)
            _tell(socket, "response.output_audio.delta", delta=_AUDIO, **place)
        usage = {
            "total_tokens": 253,
            "input_tokens": 132,
            "output_tokens": 121,
            "input_token_details": {
                "text_tokens": 119,
                "audio_tokens": 13,
                "cached_tokens": 64,
                "cached_tokens_details": {"text_tokens": 64, "audio_tokens": 0},
            },
            "output_token_details": {"text_tokens": 30, "audio_tokens": 91},
        }
        done = {
            "id": f"resp_{turn}",
            "object": "realtime.response",
            "status": "completed",
            "output": [],
            "usage": usage,
        }
        _tell(socket, "response.done", response=done)


def _tell(socket: ServerConnection, kind: str, **fields: Any) -> None:
    socket.send(json.dumps({"type": kind, "event_id": f"event_{kind}", **fields}))


def _choose(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return Subprotocol("realtime") if "realtime" in offered else None


@contextlib.contextmanager
def run_realtime_server() -> Iterator[RealtimeServer]:
    """On a free loopback port, in threads of this process."""
    vendor = RealtimeServer()
    with serve(vendor.handle, "127.0.0.1", 0, select_subprotocol=_choose) as server:
        vendor.port = server.socket.getsockname()[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield vendor
        finally:
            server.shutdown()
            thread.join(10)
