"""A streamed reply of Gemini as events: server-sent events, or a JSON array.

The stream has no closing event, so its end is the end of its bytes (or of the array); it was whole if every answer that had begun
got its `finishReason`. Stops are held back until then, because chunks may follow them.
"""

import msgspec

from torana.core.exchange import Audio, Part, Reasoning, Source, Text, ToolCall, VendorError
from torana.core.stream import (
    ArgumentsDelta,
    Cited,
    DataDelta,
    Event,
    Failed,
    Finished,
    PartEnded,
    PartStarted,
    Started,
    Stopped,
    TextDelta,
    ThoughtDelta,
    UsageSeen,
)
from torana.core.usage import UNKNOWN, Usage
from torana.dialects import NotAReplyError
from torana.dialects.gemini.citations import read_citations, read_logprobs
from torana.dialects.gemini.elements import Elements
from torana.dialects.gemini.errors import decode_error
from torana.dialects.gemini.pieces import CallIds, read_piece
from torana.dialects.gemini.signatures import read_signature
from torana.dialects.gemini.stops import read_stop
from torana.dialects.gemini.usage import read_raw_usage
from torana.dialects.gemini.wire import Candidate, Chunk, Piece, read_chunk
from torana.dialects.sse import Splitter, TooLongError

_MOST_CHOICES = 128
_CR = 13
_TEXT, _THOUGHT, _SOUND = 1, 2, 3
_NO_TEXT = Text(text="")
_NO_THOUGHT = Reasoning()


class _Answer:
    """How far one candidate has come."""

    __slots__ = ("ascii", "calls", "index", "kind", "length", "number", "reason", "sound")

    def __init__(self, index: int) -> None:
        self.index = index
        self.number = -1
        """Of the part that is open or was the last."""
        self.kind = 0
        """What is open; 0 is nothing."""
        self.sound: str | None = None
        """The media type of the sound that is open."""
        self.calls = False
        self.reason: str | None = None
        self.ascii = True
        self.length = 0
        """Characters of the text that is open."""


class Decoder:
    """Fed with a vendor's bytes in any portions. `array`: the stream is a JSON array instead of server-sent events."""

    def __init__(self, array: bool = False) -> None:
        self.done = False
        self.model: str | None = None
        self._elements = Elements() if array else None
        self._splitter = Splitter()
        self._answers: dict[int, _Answer] = {}
        self._ids: CallIds | None = None
        self._block = msgspec.Raw()
        self._blocked: str | None = None
        self._events: list[Event] = []

    @property
    def usage(self) -> Usage:
        """What the vendor has counted so far."""
        return read_raw_usage(self._block)

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        if self.done:
            return []
        try:
            if self._elements is not None:
                self._elements.feed(data, self._read)
                if self._elements.closed and not self.done:
                    self._close()
            else:
                if data.endswith(b"\r\n") and data[0] != _CR:
                    # As Google ends lines; the splitter is quicker with the other ending, and JSON holds neither.
                    data = data.replace(b"\r\n", b"\n")
                for event in self._splitter.feed(data):
                    self._read(event.data)
        except TooLongError as error:
            self._fail(VendorError(message=f"The vendor's stream is not valid: {error}."))
        return self._taken()

    def end(self) -> list[Event]:
        """The vendor's bytes have ended: what is left, then Finished if every answer was whole, else Failed."""
        if self.done:
            return []
        if self._elements is None:
            for event in self._splitter.end():
                self._read(event.data)
        if not self.done:
            self._close()
        return self._taken()

    def _taken(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _close(self) -> None:
        answers = self._answers.values()
        whole = all(answer.reason is not None for answer in answers) if answers else self._blocked is not None
        if self._elements is not None and self._elements.unfinished:
            whole = False
        if not whole:
            self._fail(VendorError(message="The vendor's stream ended before the reply was complete.", type="cut"))
            return
        events = self._events
        for answer in answers:
            self._end_part(answer)
            stop, detail = read_stop(answer.reason, answer.calls)
            events.append(Stopped(answer.index, stop, None, detail))
        if not self._answers:
            events.append(Stopped(0, "content_filter", None, self._blocked, True))
        if (usage := self.usage) is not UNKNOWN:
            events.append(UsageSeen(usage))
        events.append(Finished())
        self.done = True

    def _fail(self, error: VendorError) -> None:
        self._events.append(Failed(error))
        self.done = True

    def _read(self, data: bytes) -> None:
        if self.done:
            return
        try:
            chunk = read_chunk(data)
            if bytes(chunk.error) not in (b"", b"null"):
                self._fail(decode_error(data) or VendorError(message="The vendor broke off with an error."))
                return
            if self._ids is None:
                self._start(chunk, data)
            elif len(chunk.usage_metadata):
                self._block = chunk.usage_metadata
            if chunk.candidates:
                for position, candidate in enumerate(chunk.candidates):
                    self._candidate(candidate, position)
            elif chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
                self._blocked = chunk.prompt_feedback.block_reason
        except NotAReplyError as error:
            # Errors may come as something that is no chunk at all.
            self._fail(decode_error(data) or VendorError(message=f"The vendor's stream is not valid: {error}."))

    def _start(self, chunk: Chunk, data: bytes) -> None:
        self._ids = CallIds(chunk.response_id, data)
        self.model = chunk.model_version
        self._block = chunk.usage_metadata
        self._events.append(Started(chunk.response_id or "", chunk.model_version or ""))
        if (usage := self.usage) is not UNKNOWN:
            self._events.append(UsageSeen(usage))

    def _candidate(self, candidate: Candidate, position: int) -> None:
        index = position if candidate.index is None else candidate.index
        answer = self._answers.get(index)
        if answer is None:
            if len(self._answers) >= _MOST_CHOICES or index < 0:
                raise NotAReplyError("it has more answers than can be asked for")
            answer = self._answers[index] = _Answer(index)
        logprobs = candidate.logprobs_result
        parts = (candidate.content and candidate.content.parts) or ()
        cited = candidate.grounding_metadata is not None or candidate.citation_metadata is not None
        if cited and answer.kind == _TEXT and not any(piece.text or piece.function_call for piece in parts):
            # Behind the text, together with the signature that closes it, for instance.
            cited = False
            self._cite(answer, candidate)
        for piece in parts:
            # The common piece: more of the text that is open.
            if (
                answer.kind == _TEXT
                and piece.text
                and logprobs is None
                and piece.thought is None
                and piece.thought_signature is None
            ):
                answer.length += len(piece.text)
                answer.ascii = answer.ascii and piece.text.isascii()
                self._events.append(TextDelta(index, answer.number, piece.text))
                continue
            self._piece(answer, piece, candidate)
        if cited:
            self._cite(answer, candidate)
        if candidate.finish_reason is not None:
            answer.reason = candidate.finish_reason

    def _piece(self, answer: _Answer, piece: Piece, candidate: Candidate) -> None:
        if piece.function_call is None and piece.text is not None:
            if piece.thought:
                self._thought(answer, piece.text, piece.thought_signature)
            else:
                self._text(answer, piece.text, piece.thought_signature, candidate)
            return
        assert self._ids is not None
        part = read_piece(piece, self._ids)
        if part is None:
            return
        if isinstance(part, Audio) and part.source.data is not None:
            self._sound(answer, part.source)
        elif isinstance(part, Reasoning):
            self._thought(answer, "", piece.thought_signature)
        elif isinstance(part, Text):
            self._text(answer, "", piece.thought_signature, candidate)
        else:
            self._whole(answer, part)

    def _open(self, answer: _Answer, kind: int, part: Part) -> None:
        self._end_part(answer)
        answer.kind = kind
        answer.number += 1
        answer.ascii, answer.length = True, 0
        self._events.append(PartStarted(answer.index, answer.number, part))

    def _end_part(self, answer: _Answer, signature: str | None = None) -> None:
        if answer.kind:
            answer.kind = 0
            self._events.append(PartEnded(answer.index, answer.number, signature))

    def _text(self, answer: _Answer, text: str, signature: str | None, candidate: Candidate) -> None:
        """Text; a signature belongs to what has come so far and closes it."""
        if not text and signature is None and answer.kind != _TEXT:
            return
        if answer.kind != _TEXT:
            self._open(answer, _TEXT, _NO_TEXT)
        if text:
            answer.length += len(text)
            answer.ascii = answer.ascii and text.isascii()
            logprobs = read_logprobs(candidate.logprobs_result)
            candidate.logprobs_result = None
            self._events.append(TextDelta(answer.index, answer.number, text, logprobs))
        if signature is not None:
            self._end_part(answer, signature)

    def _thought(self, answer: _Answer, text: str, signature: str | None) -> None:
        if not text and signature is None:
            return
        if answer.kind != _THOUGHT:
            self._open(answer, _THOUGHT, _NO_THOUGHT)
        if text:
            self._events.append(ThoughtDelta(answer.index, answer.number, text))
        if signature is not None:
            proof = read_signature(signature)
            self._events.append(
                ThoughtDelta(answer.index, answer.number, signature=proof.signature, encrypted=proof.encrypted)
            )
            self._end_part(answer)

    def _sound(self, answer: _Answer, source: Source) -> None:
        if answer.kind != _SOUND or answer.sound != source.media_type:
            self._open(answer, _SOUND, Audio(source=Source(media_type=source.media_type, data="")))
            answer.sound = source.media_type
        if source.data:
            self._events.append(DataDelta(answer.index, answer.number, source.data))

    def _whole(self, answer: _Answer, part: Part) -> None:
        """A part that comes in one piece."""
        if isinstance(part, ToolCall):
            answer.calls = True
            self._open(answer, 0, msgspec.structs.replace(part, arguments=""))
            self._events.append(ArgumentsDelta(answer.index, answer.number, part.arguments))
        else:
            self._open(answer, 0, part)
        self._events.append(PartEnded(answer.index, answer.number))

    def _cite(self, answer: _Answer, candidate: Candidate) -> None:
        """Citations come behind the text: at the text that is open, else at one of their own."""
        # A text of ASCII has as many bytes as characters, so that spans can be told without keeping it.
        known = "x" * answer.length if answer.kind == _TEXT and answer.ascii and answer.length < 1_048_576 else None
        found = read_citations(candidate, lambda _: known)
        if not found:
            return
        if answer.kind != _TEXT:
            self._open(answer, _TEXT, _NO_TEXT)
        self._events += [Cited(answer.index, answer.number, citation) for _, citation in found]
