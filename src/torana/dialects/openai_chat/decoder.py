"""Reads a streamed chat completion into events. Source: https://platform.openai.com/docs/api-reference/chat-streaming"""

import binascii
from collections.abc import Callable

import msgspec

from torana.core.exchange import Audio, Logprob, Source, VendorError
from torana.core.stream import (
    Cited,
    DataDelta,
    Event,
    Failed,
    Finished,
    PartEnded,
    Started,
    TextDelta,
    ThoughtDelta,
    UsageSeen,
)
from torana.core.usage import UNKNOWN, Usage
from torana.dialects.openai_chat.answers import AUDIO, CALL, DECLINED, NOTHING, TEXT, THOUGHT, Answer, TooMuchError
from torana.dialects.openai_chat.chunks import (
    NO_ERROR,
    ChoiceChunk,
    Chunk,
    Delta,
    Mender,
    Sound,
    put_right,
    read_object,
    read_plain,
)
from torana.dialects.openai_chat.errors import read_error
from torana.dialects.openai_chat.logprobs import read_annotation, read_logprobs
from torana.dialects.openai_chat.reply import read_image
from torana.dialects.openai_chat.watch import read_usage
from torana.dialects.sse import ServerEvent, Splitter, TooLongError

MOST_CHOICES = 128
UNNAMED = (b"", b"message", b"error")
"""Types that the events of a completion have; what comes under another name, such as `ping`, may hold anything."""


class Decoder:
    """Fed with a stream's bytes in any portions. After Finished or Failed it ignores what comes."""

    __slots__ = ("_answers", "_mender", "_splitter", "_started", "done", "model", "usage")

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._answers: dict[int, Answer] = {}
        self._mender = Mender()
        self._started = False
        self.model: str | None = None
        self.usage: Usage = UNKNOWN
        self.done = False
        """Finished or Failed was given."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        return [] if self.done else self._take(self._splitter.feed, data)

    def end(self) -> list[Event]:
        """The vendor's bytes have ended: a reply that said why it stopped is whole, even without `[DONE]`."""
        return [] if self.done else self._take(lambda _: self._splitter.end(), b"") + self._last()

    def _take(self, split: Callable[[bytes], list[ServerEvent]], data: bytes) -> list[Event]:
        out: list[Event] = []
        try:
            for event in split(data):
                if event.event in UNNAMED or read_object(event.data) is not None:
                    self._event(event.data, out)
                if self.done:
                    break
        except (TooLongError, TooMuchError) as error:
            self._fail(VendorError(message=str(error)), out)
        return out

    def _last(self) -> list[Event]:
        out: list[Event] = []
        if self.done:
            return out
        if self._answers and all(answer.stop for answer in self._answers.values()):
            self._close(out)
        else:
            self._fail(VendorError(message="the stream ended before the reply was whole"), out)
        return out

    def _event(self, data: bytes, out: list[Event]) -> None:
        try:
            chunk = read_plain(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            if data.strip() == b"[DONE]":
                self._close(out)
                return
            found = self._read_slowly(data, out)
            if found is None:
                return
            chunk = found
        choices = chunk.choices
        if choices is None or (chunk.error is not NO_ERROR and bytes(chunk.error) != b"null"):
            self._read_slowly(data, out)
            if self.done:
                return
        if not self._started and (choices or chunk.id):
            self._start(chunk, out)
        if choices:
            for choice in choices:
                self._choice(choice, out)
        if (block := chunk.usage) is not None or (
            chunk.x_groq is not None and (block := chunk.x_groq.usage) is not None
        ):
            later = read_usage(block)
            self.usage = Usage._make(old if new is None else new for old, new in zip(self.usage, later, strict=True))

    def _read_slowly(self, data: bytes, out: list[Event]) -> Chunk | None:
        """An event that is not quite as OpenAI sends it. What is no JSON object, or is an error, ends the stream."""
        value = read_object(data)
        try:
            error = VendorError(message="an event is not JSON") if value is None else read_error(value)
            if error is None and value is not None:
                return put_right(value, self._mender)
        except (RecursionError, UnicodeEncodeError):
            error = VendorError(message="an event is nested too deeply")
        self._fail(error or VendorError(message="an event is not JSON"), out)
        return None

    def _start(self, chunk: Chunk, out: list[Event]) -> None:
        self._started = True
        self.model = chunk.model or self.model
        out.append(
            Started(chunk.id or "", chunk.model or "", chunk.created, chunk.service_tier, chunk.system_fingerprint)
        )

    def _choice(self, choice: ChoiceChunk, out: list[Event]) -> None:
        answer = self._answers.get(choice.index)
        if answer is None:
            answer = self._answers[choice.index] = Answer(choice.index)
            if len(self._answers) > MOST_CHOICES or choice.index < 0:
                raise TooMuchError(f"choices have to be numbered from 0, and at most {MOST_CHOICES}")
        delta = choice.delta
        if delta is not None and not self._plainly_more(answer, delta, choice, out):
            self._delta(answer, delta, choice, out)
            if delta.tool_calls:
                answer.called(delta.tool_calls, out)
        if choice.finish_reason:
            answer.stop = choice.finish_reason
            if isinstance(choice.stop_reason, str):
                answer.stop_met = choice.stop_reason

    def _plainly_more(self, answer: Answer, delta: Delta, choice: ChoiceChunk, out: list[Event]) -> bool:
        """The ways in which nearly all of a stream comes: more of the open part, and nothing else. False where it is otherwise."""
        kind, text, calls = answer.kind, delta.content, delta.tool_calls
        if (
            kind == NOTHING
            or delta.reasoning_details is not None
            or delta.refusal is not None
            or delta.audio is not None
            or delta.images is not None
            or delta.annotations is not None
            or delta.function_call is not None
            or choice.logprobs is not None
        ):
            return False
        thought = delta.reasoning_content or delta.reasoning
        if kind == TEXT and text and calls is None and not thought:
            out.append(TextDelta(choice.index, answer.number, text))
            return True
        if kind == CALL and calls is not None and not text and not thought:
            return len(calls) == 1 and answer.more(calls[0], out)
        if kind == THOUGHT and thought and calls is None and not text:
            out.append(ThoughtDelta(choice.index, answer.number, thought))
            return True
        return False

    def _delta(self, answer: Answer, delta: Delta, choice: ChoiceChunk, out: list[Event]) -> None:
        """What is not plainly more of the open text, calls excepted."""
        before = len(out)
        details = delta.reasoning_details
        if details:
            for detail in details:
                answer.detail(detail, out)
        thought = delta.reasoning_content or delta.reasoning
        if thought and not (details and any(detail.text or detail.summary for detail in details)):
            answer.words(THOUGHT, thought, out)
        if text := delta.content:
            answer.words(TEXT, text, out)
        if refusal := delta.refusal:
            answer.words(DECLINED, refusal, out)
        if choice.logprobs is not None and (tokens := read_logprobs(choice.logprobs)):
            self._logprobs(answer, tokens, out, before)
        self._media(answer, delta, out)
        if delta.function_call is not None:
            answer.function_call(delta.function_call, out)

    def _media(self, answer: Answer, delta: Delta, out: list[Event]) -> None:
        if delta.annotations and answer.kind == TEXT:
            notes = (read_annotation(value) for value in delta.annotations)
            out += [Cited(answer.index, answer.number, note) for note in notes if note is not None]
        if delta.audio is not None:
            self._sound(answer, delta.audio, out)
        if delta.images:
            for value in delta.images:
                if (image := read_image(value)) is not None:
                    answer.start(NOTHING, image, out)
                    out.append(PartEnded(answer.index, answer.number))

    def _logprobs(self, answer: Answer, tokens: tuple[Logprob, ...], out: list[Event], before: int) -> None:
        """Log-probabilities belong to the text that came with them."""
        last = out[-1] if len(out) > before else None
        if type(last) is TextDelta:
            out[-1] = last._replace(logprobs=tokens)
        elif answer.kind in (TEXT, DECLINED):
            out.append(TextDelta(answer.index, answer.number, "", tokens))

    def _sound(self, answer: Answer, sound: Sound, out: list[Event]) -> None:
        if answer.kind != AUDIO:
            answer.start(AUDIO, Audio(source=Source(), id=sound.id), out)
        at = answer.index, answer.number
        if sound.transcript:
            out.append(TextDelta(*at, sound.transcript))
        if sound.data:
            try:
                binascii.a2b_base64(sound.data, strict_mode=True)
            except ValueError:
                raise TooMuchError("its audio is not base64") from None
            out.append(DataDelta(*at, sound.data))
        if sound.expires_at is not None:
            answer.end(out, sound.expires_at)

    def _close(self, out: list[Event]) -> None:
        """The reply is whole. One without a single choice is none."""
        if not self._answers:
            self._fail(VendorError(message="the stream ended without an answer"), out)
            return
        for index in sorted(self._answers):
            self._answers[index].finish(out)
        if self.usage != UNKNOWN:
            out.append(UsageSeen(self.usage))
        self.done = True
        out.append(Finished())

    def _fail(self, error: VendorError, out: list[Event]) -> None:
        self.done = True
        out.append(Failed(error))
