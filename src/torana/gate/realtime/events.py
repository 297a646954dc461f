"""Reads usage and the served model out of a vendor's events as they pass.

Source: https://developers.openai.com/api/docs/guides/realtime-costs, and the events `response.done`, `session.created` and
`conversation.item.input_audio_transcription.completed` of https://developers.openai.com/api/reference/realtime/server-events
"""

from typing import Annotated, TypeVar

import msgspec

from torana.core.usage import UNKNOWN, Usage

T = TypeVar("T")
_Tokens = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
_USAGE, _SESSION = b'"usage"', b'"session.created"'
_TRANSCRIBED = "conversation.item.input_audio_transcription.completed"


class _Event(msgspec.Struct):
    type: str = ""
    response: msgspec.Raw = msgspec.Raw()
    session: msgspec.Raw = msgspec.Raw()
    usage: msgspec.Raw = msgspec.Raw()


_event = msgspec.json.Decoder(_Event)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_tokens = msgspec.json.Decoder(_Tokens)
_text = msgspec.json.Decoder(str)


class Events:
    """What the events of one connection told so far."""

    __slots__ = ("_begun", "_responses", "_texts", "_transcripts", "model")

    def __init__(self) -> None:
        self._responses = self._transcripts = UNKNOWN
        self._texts = 0
        """Text messages so far."""
        self._begun: int | None = None
        """How many there were when the response began that has not ended."""
        self.model: str | None = None

    @property
    def usage(self) -> Usage:
        """The sum over all responses.

        Transcripts of what was said are another model's work; they count where they are all that was done (`intent=transcription`).
        A vendor tells what a response used at its end; one that was broken off counts a token for each event that came of it.
        """
        told = self._transcripts if self._responses is UNKNOWN else self._responses
        if self._begun is None:
            return told
        return told._replace(output=(told.output or 0) + self._texts - self._begun, estimated=True)

    def read(self, data: bytes | bytearray, start: int, end: int) -> None:
        """One whole text message. What is no event, or an odd one, is passed over."""
        self._texts += 1
        if data.find(_USAGE, start, end) < 0 and (self.model is not None or data.find(_SESSION, start, end) < 0):
            return
        event = _read(memoryview(data)[start:end], _event)
        if event is None:
            return
        if event.type == "response.created":
            # Its `usage` is there and null, so that it gets this far.
            self._begun = self._texts
        elif event.type == "response.done":
            self._begun = None
            response = _read(event.response, _fields) or {}
            self._responses = _add(self._responses, response.get("usage"))
        elif event.type == _TRANSCRIBED:
            self._transcripts = _add(self._transcripts, event.usage)
        elif event.type == "session.created":
            session = _read(event.session, _fields) or {}
            self.model = _read(session.get("model"), _text)


def _add(before: Usage, raw: msgspec.Raw | None) -> Usage:
    usage = _read(raw, _fields)
    if not usage:
        return before
    asked = _read(usage.get("input_token_details"), _fields) or {}
    given = _read(usage.get("output_token_details"), _fields) or {}
    return Usage(
        _sum(before.input, usage.get("input_tokens")),
        _sum(before.cached_input, asked.get("cached_tokens")),
        _sum(before.output, usage.get("output_tokens")),
        _sum(before.reasoning, given.get("reasoning_tokens")),
        audio_input=_sum(before.audio_input, asked.get("audio_tokens")),
        audio_output=_sum(before.audio_output, given.get("audio_tokens")),
    )


def _sum(before: int | None, raw: msgspec.Raw | None) -> int | None:
    tokens = _read(raw, _tokens)
    if tokens is None:
        return before
    return min(tokens + (before or 0), 2**53)


def _read(raw: "msgspec.Raw | memoryview | None", decoder: "msgspec.json.Decoder[T]") -> T | None:
    try:
        return None if raw is None else decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
