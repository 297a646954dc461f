"""A vendor that closes a kept connection at the moment it is used again."""

import socket
import threading
from typing import Literal

import pytest

from tests.wire.upstream_script import SMALL, Told, ask, client, run, send
from torana.gate.upstream.endpoint import Endpoint


class Closer(threading.Thread):
    """Answers one request on each connection. The first is closed when it is told to, before or after reading once more."""

    def __init__(self, how: Literal["unread", "read"]) -> None:
        super().__init__(daemon=True)
        self.how = how
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.may_close = threading.Event()
        self.has_closed = threading.Event()
        self.requests = 0
        self.connections = 0

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(scheme="http", host="127.0.0.1", port=self.listening.getsockname()[1])

    def run(self) -> None:
        while True:
            try:
                caller, _ = self.listening.accept()
            except OSError:
                return
            self.connections += 1
            caller.settimeout(20)
            if caller.recv(65_536):
                self.requests += 1
                caller.sendall(SMALL)
            if self.connections == 1:
                self.may_close.wait(20)
                if self.how == "read" and caller.recv(65_536):
                    self.requests += 1
                caller.close()
                self.has_closed.set()


@pytest.mark.parametrize("how", ["unread", "read"])
def test_a_request_is_sent_again_only_if_the_vendor_cannot_have_read_it(how: Literal["unread", "read"]) -> None:
    closer = Closer(how)
    closer.start()

    async def story() -> None:
        async with client() as made:
            assert (await ask(made, closer.endpoint)).body == b"hello"
            closer.may_close.set()
            told = Told()
            if how == "unread":
                # Blocks the loop on purpose: the end of the connection lies in the kernel, unseen, when the next call begins.
                assert closer.has_closed.wait(20)
            send(made, closer.endpoint, told)
            await told.over.wait()
            if how == "unread":
                assert told.body == b"hello"
                assert (closer.requests, closer.connections) == (2, 2)
            else:
                assert [failure.code for failure in told.failures] == ["upstream_cut"]
                assert (closer.requests, closer.connections) == (2, 1)

    try:
        run(story())
    finally:
        closer.listening.close()
