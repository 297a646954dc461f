"""Carries a body from its caller to the vendor while it arrives, never holding more than it has to.

Up to the moment when the connection to the vendor is open, what has come waits here, and another target may still be tried; then
every piece goes on at once, and whichever side is slow makes the other wait.
"""

from typing import TYPE_CHECKING

from torana.core.errors import Refusal
from torana.dialects.openai_media.multipart import FormReader, wrong

if TYPE_CHECKING:
    from torana.gate.call import Call
    from torana.gate.listen.upload import Upload
    from torana.gate.upstream.connection import Connection

MOST_WAITING_BYTES = 65_536
"""Bytes that may wait for a connection, once the model is known; then the caller waits too."""


class Carrier:
    """The body of one call: sink of its upload, source of its upstream."""

    __slots__ = (
        "_call", "_connection", "_dead", "_held", "_looking", "_most", "_reader", "_size", "_upload", "begun", "model", "whole",
    )  # fmt: skip

    def __init__(self, call: "Call", upload: "Upload", reader: FormReader | None, most: int) -> None:
        self._call = call
        self._upload = upload
        self._reader = reader
        self._looking = reader is not None
        """Whether the call waits for the form's model."""
        self._most = most
        """Bytes in which the model has to come."""
        self._held = bytearray()
        self._connection: Connection | None = None
        self._dead = False
        self._size = upload.size
        self.model: bytes | None = None
        """What stands in place of the model that the caller named."""
        self.begun = False
        """The vendor has had a part of it: it cannot be sent again."""
        self.whole = False
        """The body has ended."""

    def head(self) -> bytes:
        """How the body's length is told to the vendor."""
        if self._size is None:
            return b"transfer-encoding: chunked\r\n"
        return b"content-length: %d\r\n" % (self._size + self._growth())

    def waiting(self) -> bytes:
        """All that is held, as it came; it is held no longer."""
        held = bytes(self._held)
        self._held = bytearray()
        return held

    # What the upload tells.

    def upload_data(self, data: bytes, end: bool) -> None:
        """The next bytes of the caller's body. Raises Refusal."""
        self.whole = end
        if self._reader is not None:
            self._reader.feed(data)
            if end:
                self._reader.end()
        if self._connection is not None:
            self._write(self._connection, data)
        elif not self._dead:
            self._upload.charge(len(data))
            self._held += data
            self._look_or_wait()

    def upload_failed(self, refusal: Refusal) -> None:
        """The rest of the body cannot be had."""
        self._call.upload_failed(refusal)

    def _look_or_wait(self) -> None:
        reader = self._reader
        if self._looking and reader is not None:
            if reader.model is not None or self.whole:
                self._looking = False
                self._call.wake()
                return
            if len(self._held) > self._most:
                raise wrong(
                    f"its first {self._most} bytes hold no part `model`. Put the part `model` before the part `file`"
                )
        elif len(self._held) > MOST_WAITING_BYTES and not self.whole:
            self._upload.pause()

    # What the connection to the vendor asks for.

    @property
    def done(self) -> bool:
        """Whether the vendor has all of it."""
        return self.whole and not self._held

    def attached(self, connection: "Connection") -> None:
        """A connection is open: what has waited goes first."""
        self._connection = connection
        self.begun = True
        held = self.waiting()
        self._upload.charge(-len(held))
        reader, model = self._reader, self.model
        if model is not None and reader is not None and reader.span is not None:
            start, end = reader.span
            held = b"%b%b%b" % (held[:start], model, held[end:])
        self._write(connection, held)
        if not connection.is_full:
            self._upload.resume()

    def detached(self) -> None:
        """The connection takes no more: the vendor has answered, or it is lost."""
        self._connection = None
        self._dead = True
        self._upload.resume()

    def pause(self) -> None:
        """The vendor is slower than the caller."""
        self._upload.pause()

    def resume(self) -> None:
        """The vendor has taken what waited."""
        self._upload.resume()

    def _growth(self) -> int:
        reader = self._reader
        if self.model is None or reader is None or reader.span is None:
            return 0
        return len(self.model) - (reader.span[1] - reader.span[0])

    def _write(self, connection: "Connection", data: bytes) -> None:
        if self._size is not None:
            pieces = [data] if data else []
        else:
            pieces = [b"%x\r\n" % len(data), data, b"\r\n"] if data else []
            if self.whole:
                pieces.append(b"0\r\n\r\n")
        if pieces:
            connection.write(pieces)
