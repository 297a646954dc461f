"""Serves every simulated vendor on one loopback port, each behind a prefix: `python -m tests.support.simulated.server`.

It prints its port as one line of JSON and serves until its standard input ends. `GET /_/requests` tells what it has been sent.
"""

import json
import os
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.simulated import anthropic, bedrock, cohere, gemini, ollama, openai
from tests.support.simulated.wire import Refused, Reply, Request

VENDORS = {
    "openai": (openai.respond, openai.refusal),
    "mistral": (openai.respond_as_mistral, openai.refusal),
    "anthropic": (anthropic.respond, anthropic.refusal),
    "google": (gemini.respond, gemini.refusal),
    "aws": (bedrock.respond, bedrock.refusal),
    "cohere": (cohere.respond, cohere.refusal),
    "jina": (cohere.respond_as_jina, openai.refusal),
    "ollama": (ollama.respond, ollama.refusal),
}
BASES = {
    "openai": "/v1",
    "mistral": "/v1",
    "anthropic": "/v1",
    "google": "/v1beta",
    "aws": "",
    "cohere": "/v2",
    "jina": "/v1",
    "ollama": "/api",
}
"""Where a provider's base URL ends."""
_seen: list[dict[str, Any]] = []


def _answer(vendor: str, request: Request) -> Reply:
    respond, refusal = VENDORS[vendor]
    try:
        return respond(request)
    except Refused as refused:
        return refusal(refused.status, str(refused))
    except Exception:
        # A request that a simulated vendor stumbles over is one that the real one would refuse.
        return refusal(400, f"The simulated vendor stumbled: {traceback.format_exc(limit=-3)}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._send(Reply(json.dumps(_seen).encode()))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        target, _, query = self.path.partition("?")
        vendor, _, rest = target.removeprefix("/").partition("/")
        headers = {name.lower(): value for name, value in self.headers.items()}
        parsed = json.loads(body)
        path = ("/" + rest).removeprefix(BASES[vendor])
        _seen.append({"vendor": vendor, "path": path, "query": query, "headers": headers, "json": parsed})
        self._send(_answer(vendor, Request("POST", path, query, headers, parsed)))

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("content-type", reply.type)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.parts is None:
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for part in reply.parts:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *args: Any) -> None:
        """Nothing: what came in is told at /_/requests."""


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    sys.stdout.write(json.dumps({"port": server.server_address[1]}) + "\n")
    sys.stdout.flush()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server.serve_forever()
