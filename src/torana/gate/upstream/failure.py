"""How an exchange with a vendor fails, and who is told."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torana.gate.upstream.connection import Connection


class Failure(Exception):
    """The upstream could not give a whole, valid reply.

    `code` is one of `core.errors.ERRORS` (`upstream_…`); `detail` fills its sentence but for `{target}`, which the caller
    knows; `sent` is True when any byte of the request was handed to the kernel: sending it again could do its work twice.
    """

    def __init__(self, code: str, *, sent: bool, **detail: object) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail: dict[str, object] = detail
        self.sent = sent


class Source(Protocol):
    """Gives the body of one request piece by piece. Nothing of it is asked for before a connection is open."""

    @property
    def done(self) -> bool:
        """Whether it has given the whole body."""

    def attached(self, connection: "Connection") -> None:
        """The head has been written: `connection.write` takes the body."""

    def detached(self) -> None:
        """The connection takes no more, because it is lost or the reply has ended."""

    def pause(self) -> None:
        """The peer does not keep up: what is written now would wait in memory."""

    def resume(self) -> None:
        """The peer has taken what waited."""


class Sink(Protocol):
    """Receives one reply: a head, then body pieces up to one with `end`, or a failure at any point instead."""

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Status 200-599 and the fields in order, names in lower case. Interim (1xx) replies are not shown."""

    def upstream_body(self, data: bytes, end: bool) -> None:
        """All body bytes of one read (at most 32 KiB); `end` when the message is complete with them."""

    def upstream_failed(self, failure: Failure) -> None:
        """At most once, never after `end`."""
