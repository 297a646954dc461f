"""A request body that is handed over while it arrives: the half of a connection that nothing but large forms and files needs.

Such a request is dispatched with its head. What comes then goes to the call's sink piece by piece; reading stops while the sink
wants it to, so that a slow vendor makes its caller wait instead of filling memory.
"""

import abc
from typing import TYPE_CHECKING, Protocol

from torana.core.errors import Refusal
from torana.gate.listen.replies import NOT_STREAMED, Replies
from torana.gate.listen.request import Request

if TYPE_CHECKING:
    from torana.gate.listen.chunked import ChunkedBody
    from torana.gate.listen.listener import Listener

LEAST_BYTES = 65_536
"""A body that is known to be no larger is awaited: it costs no more memory than the read it came in, and can be sent again."""
_PROGRESS_BYTES = 512
"""Body bytes that must arrive within body_timeout_seconds: one byte now and then is no progress."""


class UploadSink(Protocol):
    """Takes a body."""

    def upload_data(self, data: bytes, end: bool) -> None:
        """The next bytes; `end` when the body is complete with them. Raises Refusal where it cannot be taken."""

    def upload_failed(self, refusal: Refusal) -> None:
        """The rest cannot be had, or was not taken: end the call with this. At most once, never after the reply has ended."""


class Upload:
    """The body of one request."""

    __slots__ = (
        "_asked",
        "_connection",
        "_mark",
        "_mark_size",
        "chunks",
        "expected",
        "paused",
        "received",
        "sink",
        "size",
        "whole",
    )

    def __init__(
        self, connection: "UploadingConnection", size: int, chunks: "ChunkedBody | None", expected: bool
    ) -> None:
        self._connection: UploadingConnection | None = connection
        self.chunks = chunks
        self.size = None if chunks is not None else size
        """In bytes; None where the caller sends chunks and does not tell."""
        self.expected = expected
        """Whether the caller waits for `100 Continue`."""
        self.received = 0
        self.whole = False
        self.paused = False
        self.sink: UploadSink | None = None
        self._asked = False
        self._mark = 0
        self._mark_size = 0

    def start(self, sink: UploadSink) -> None:
        """Have it told to this sink; to be called before the call waits for anything."""
        self.sink = sink
        self._asked = True
        if self.expected and self._connection is not None:
            self.expected = False
            self._connection.continue_upload()

    def pause(self) -> None:
        """Read no more, until `resume`."""
        if not self.paused and self._connection is not None:
            self.paused = True
            self._connection.read_upload(False)

    def resume(self) -> None:
        """Read again."""
        if self.paused:
            self.paused = False
            self._mark = 0
            if self._connection is not None:
                self._connection.read_upload(True)

    def charge(self, size: int) -> None:
        """Count bytes that are held, or with a negative size let go, against `max_buffered_bytes`. Raises Refusal (overloaded)."""
        if self._connection is not None:
            self._connection.charge_upload(size)

    def let_go(self) -> None:
        """The call has ended, or the caller has left: nothing is told any more."""
        self.resume()
        self._connection = self.sink = None

    def is_late(self, now_ns: int, most_seconds: float) -> bool:
        """Whether the caller, who has been asked to send, has sent next to nothing for that long."""
        if self.whole or self.paused or not self._asked:
            self._mark = 0
        elif not self._mark or self.received - self._mark_size >= _PROGRESS_BYTES:
            self._mark, self._mark_size = now_ns, self.received
        else:
            return now_ns - self._mark >= most_seconds * 1e9
        return False


class UploadingConnection(Replies):
    """What a connection adds for such bodies."""

    __slots__ = ("_keeps_alive", "_upload")

    def __init__(self, listener: "Listener") -> None:
        super().__init__(listener)
        self._upload: Upload | None = None
        """The body of the request that is being answered, also when it is whole."""
        self._keeps_alive = False

    @abc.abstractmethod
    def _upload_ended(self, request: Request) -> None:
        """The body is whole: what follows is another request, or nothing."""

    def _begin_upload(self, request: Request, size: int, chunks: "ChunkedBody | None") -> None:
        """Make a request ready to be dispatched without its body.

        Until the body is whole, any reply ends the connection: what is left of the body would be taken for the next request.
        """
        expected = b"expect" in request.headers and not request.http10
        request.upload = self._upload = Upload(self, size, chunks, expected)
        self._keeps_alive = request.keep_alive
        request.keep_alive = False

    def _read_upload(self, data: bytes) -> bytes:
        """Hand on what is of the body; gives back what follows it. Raises Refusal."""
        upload, request = self._upload, self._current
        assert upload is not None
        assert request is not None
        if upload.chunks is not None:
            rest = upload.chunks.feed(data)
            piece, end, rest = upload.chunks.take(), rest is not None, rest or b""
        else:
            missing = (upload.size or 0) - upload.received
            piece, rest = data[:missing], data[missing:]
            end = len(piece) == missing
        upload.received += len(piece)
        request.uploaded = upload.received
        if end:
            upload.whole = True
            if self._stream == NOT_STREAMED:
                # A head that has been made has said already that the connection will be closed.
                request.keep_alive = self._keeps_alive
            self._upload_ended(request)
        sink = upload.sink
        if sink is not None and (piece or end):
            try:
                sink.upload_data(piece, end)
            except Refusal as refusal:
                self._fail_upload(refusal)
        return rest

    def _forget_upload(self) -> bool:
        """The reply has ended; whether the body had been whole by then."""
        upload, self._upload = self._upload, None
        if upload is None:
            return True
        upload.let_go()
        return upload.whole

    def _fail_upload(self, refusal: Refusal) -> None:
        """The rest of the body cannot be had: the call ends with this."""
        sink = None if self._upload is None else self._upload.sink
        self._forget_upload()
        if sink is not None:
            sink.upload_failed(refusal)

    def continue_upload(self) -> None:
        """Ask a caller who waits for it to send the body."""
        if self._current is not None:
            self._write(self._transport, b"HTTP/1.1 100 Continue\r\n\r\n")

    def read_upload(self, on: bool) -> None:
        """Read, or stop reading."""
        if self._transport.is_closing():
            return
        if on:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def charge_upload(self, size: int) -> None:
        """Count bytes of the present request that are held."""
        request, listener = self._current, self._listener
        if request is not None:
            listener.buffered += size
            request.charged += size
            if size > 0 and listener.buffered > listener.settings.max_buffered_bytes:
                raise Refusal("overloaded")
