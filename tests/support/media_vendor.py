"""A vendor of everything that is not about text, on a thread of the test: OpenAI's form, replies as its reference has them.

Sources: https://platform.openai.com/docs/api-reference and the SDK's own types.
"""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

SOUND = bytes(range(256)) * 1024
PICTURE = base64.b64encode(b"\x89PNG\r\n" + SOUND[:90_000]).decode()
JOB = {
    "id": "ftjob-1", "object": "fine_tuning.job", "created_at": 1, "status": "queued", "model": "gpt-4.1-mini", "error": None,
    "fine_tuned_model": None, "finished_at": None, "hyperparameters": {"n_epochs": "auto"}, "organization_id": "org",
    "result_files": [], "seed": 1, "trained_tokens": None, "training_file": "file-1", "validation_file": None,
}  # fmt: skip
BATCH = {
    "id": "batch_1", "object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h", "created_at": 1,
    "input_file_id": "file-1", "status": "validating",
}  # fmt: skip
FILE = {
    "id": "file-1", "object": "file", "bytes": 3, "created_at": 1, "filename": "a.jsonl", "purpose": "batch",
    "status": "processed",
}  # fmt: skip
LINES = b'{"custom_id": "1"}\n' * 20_000
IMAGE_USAGE = {
    "input_tokens": 7,
    "output_tokens": 272,
    "total_tokens": 279,
    "input_tokens_details": {"text_tokens": 7, "image_tokens": 0},
}
SPEECH_USAGE = {
    "type": "tokens",
    "input_tokens": 30,
    "output_tokens": 5,
    "total_tokens": 35,
    "input_token_details": {"audio_tokens": 28, "text_tokens": 2},
}


class Seen(NamedTuple):
    """One request as the vendor got it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def part(self, name: str) -> bytes:
        """The value of one part of a form; it has to be there exactly once."""
        pattern = rb'\r\n[^\r\n]*form-data; name="' + name.encode() + rb'"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n'
        (found,) = re.finditer(pattern, self.body)
        return self.body[found.end() : self.body.index(b"\r\n--", found.end())]


class Answer(NamedTuple):
    """What the vendor says."""

    body: bytes
    kind: str = "application/json"
    status: int = 200
    chunked: bool = False
    headers: tuple[tuple[str, str], ...] = ()


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(json.dumps(value).encode(), status=status)


def _events(*events: dict[str, Any]) -> Answer:
    lines = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]
    return Answer("".join(lines).encode(), "text/event-stream", chunked=True)


def _images(seen: Seen) -> Answer:
    streamed = b'"stream": true' in seen.body or b'"stream":true' in seen.body
    if streamed:
        partial = {"type": "image_generation.partial_image", "b64_json": PICTURE, "partial_image_index": 0}
        done = {"type": "image_generation.completed", "b64_json": PICTURE, "created_at": 1, "usage": IMAGE_USAGE}
        return _events(partial, done)
    return _json({"created": 1, "data": [{"b64_json": PICTURE}, {"b64_json": PICTURE}], "usage": IMAGE_USAGE})


def _transcription(seen: Seen) -> Answer:
    if b"verbose_json" in seen.body:
        return _json({"task": "transcribe", "language": "english", "duration": 8.47, "text": "Hello.", "segments": []})
    if b'name="stream"' in seen.body:
        delta = {"type": "transcript.text.delta", "delta": "Hel"}
        return _events(delta, {"type": "transcript.text.done", "text": "Hello.", "usage": SPEECH_USAGE})
    if b"\r\ntext\r\n" in seen.body:
        return Answer(b"Hello.\n", "text/plain; charset=utf-8")
    return _json({"text": "Hello.", "usage": {"type": "duration", "seconds": 9}})


def _speech(seen: Seen) -> Answer:
    if b"fault:html" in seen.body:
        return Answer(b"<script>alert(1)</script>", "text/html")
    return Answer(SOUND, "audio/mpeg", chunked=True)


def _moderations(seen: Seen) -> Answer:
    if b"fault:500" in seen.body:
        return _json({"error": {"message": "no"}}, 500)
    result = {"flagged": False, "categories": {}, "category_scores": {}, "category_applied_input_types": {}}
    return _json({"id": "modr-1", "model": "omni-moderation-2024-09-26", "results": [result]})


def _rerank(seen: Seen) -> Answer:
    rows = [{"index": 1, "relevance_score": 0.98}, {"index": 0, "relevance_score": 0.1}]
    if seen.target.startswith("/v2"):
        return _json({"id": "r1", "results": rows, "meta": {"billed_units": {"search_units": 1}}})
    return _json({"model": "jina-reranker-v3", "results": rows, "usage": {"total_tokens": 15}, "x_own": 1.10})


def _file(seen: Seen) -> Answer:
    if seen.target.startswith("/v1/files/missing"):
        return _json({"error": {"message": "No such File object: missing", "type": "invalid_request_error"}}, 404)
    if seen.method == "DELETE":
        return _json({"id": "file-1", "object": "file", "deleted": True})
    if "/content" in seen.target:
        headers = (("Content-Disposition", 'attachment; filename="a.jsonl"'),)
        return Answer(LINES, "application/octet-stream", headers=headers)
    if seen.method == "GET" and seen.target.partition("?")[0] == "/v1/files":
        return _json({"object": "list", "data": [FILE], "has_more": False})
    return _json(FILE)


def _listed(one: dict[str, Any]) -> Callable[[Seen], Answer]:
    def answer(seen: Seen) -> Answer:
        many = seen.method == "GET" and seen.target.partition("?")[0].endswith(("/batches", "/jobs"))
        return _json({"object": "list", "data": [one], "has_more": False} if many else one)

    return answer


_ANSWERS: tuple[tuple[str, Callable[[Seen], Answer]], ...] = (
    ("/moderations", _moderations),
    ("/images/", _images),
    ("/audio/speech", _speech),
    ("/audio/", _transcription),
    ("/rerank", _rerank),
    ("/files", _file),
    ("/batches", _listed(BATCH)),
    ("/fine_tuning/jobs", _listed(JOB)),
)


class MediaVendor:
    """A running vendor."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.seen: list[Seen] = []

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def last(self) -> Seen:
        """The newest request."""
        return self.seen[-1]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    vendor: MediaVendor


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *args: Any) -> None:
        return

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, self.path, headers, self._body())
        self.server.vendor.seen.append(seen)
        answer = next((make(seen) for place, make in _ANSWERS if place in self.path), _json({}, 404))
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("X-Request-Id", "req_media")
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(answer.body), 10_000):
                piece = answer.body[at : at + 10_000]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - http.server looks for these names


@contextmanager
def run_media_vendor() -> Iterator[MediaVendor]:
    """A vendor on a free loopback port for the length of the block."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.vendor = MediaVendor(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
