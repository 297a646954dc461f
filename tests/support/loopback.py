"""A server on loopback, in a thread, that answers every request with what a function makes of it: for commands that block."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[bytes], bytes]
"""From the head and body of a request to raw bytes; empty hangs up, WAIT never answers."""
WAIT = b"\0wait"


class Loopback:
    """Where it listens, and what it was sent."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.requests: list[bytes] = []
        self.ending = threading.Event()


def whole(status: int, body: bytes, kind: str = "application/json", *headers: str) -> bytes:
    """A reply."""
    lines = [f"HTTP/1.1 {status} Status", f"content-type: {kind}", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode() + body


@contextmanager
def answering(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """The server for the length of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Loopback(listener.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listener, server, answer, tls))
        thread.start()
        try:
            yield server
        finally:
            server.ending.set()
            # One more connection, so that the thread sees it.
            socket.create_connection(("127.0.0.1", server.port)).close()
            thread.join(30)


def _serve(listener: socket.socket, server: Loopback, answer: Answer, tls: ssl.SSLContext | None) -> None:
    while not server.ending.is_set():
        connection, _ = listener.accept()
        with connection:
            if server.ending.is_set():
                return
            try:
                _talk(connection, server, answer, tls)
            except OSError:
                continue  # the caller hung up, which is its right


def _talk(connection: socket.socket, server: Loopback, answer: Answer, tls: ssl.SSLContext | None) -> None:
    connection.settimeout(30)
    talking = connection if tls is None else tls.wrap_socket(connection, server_side=True)
    request = _read(talking)
    if not request:
        return
    server.requests.append(request)
    reply = answer(request)
    if reply == WAIT:
        # Until the caller gives up.
        talking.recv(1)
    else:
        talking.sendall(reply)
    if tls is not None:
        talking.close()


def _read(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65_536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body
