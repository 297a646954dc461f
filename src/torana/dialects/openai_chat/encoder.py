"""Writes events as a streamed chat completion. Source: https://platform.openai.com/docs/api-reference/chat-streaming"""

import time
from collections.abc import Iterable
from typing import Any

import msgspec

from torana.core.exchange import Audio, Citation, Declined, Image, ModelRequest, Part, Reasoning, Text, ToolCall
from torana.core.ids import new_id
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
from torana.dialects.openai_chat.errors import encode_vendor_event
from torana.dialects.openai_chat.logprobs import write_annotation, write_logprobs
from torana.dialects.openai_chat.parts import write_url
from torana.dialects.openai_chat.reply import FINISHES, write_tail, write_usage

_encode = msgspec.json.Encoder().encode
_TEXT, _DECLINED, _TRANSCRIPT = b'"content":', b'"refusal":', b'"audio":{"transcript":'
DONE = b"data: [DONE]\n\n"


class _Answer:
    """One choice: which part is open, and how far calls, thoughts and characters have been counted."""

    __slots__ = ("calls", "chars", "close", "part", "text", "thoughts")

    def __init__(self) -> None:
        self.part: Part = Text(text="")
        self.text = _TEXT
        """How the open part's words are called."""
        self.close = b""
        self.calls = -1
        self.thoughts = -1
        self.chars = 0
        """Characters of text before the open part."""


class Encoder:
    """Fed with a stream's events; gives the bytes for a caller of chat completions."""

    __slots__ = ("_answers", "_head", "_model", "_tail", "_usage", "_wants_usage")

    def __init__(self, request: ModelRequest) -> None:
        self._model = request.model
        self._wants_usage = bool(request.stream_usage)
        self._tail = b'}],"usage":null}\n\n' if self._wants_usage else b"}]}\n\n"
        self._answers: dict[int, _Answer] = {}
        self._usage: Usage = UNKNOWN
        self._head = b""

    def encode(self, events: Iterable[Event]) -> bytes:
        """The bytes of these events."""
        out: list[bytes] = []
        for event in events:
            kind = type(event)
            if kind is TextDelta:
                out.append(self._text(event))  # type: ignore[arg-type]  # mypy does not follow `kind is`
            elif kind is ArgumentsDelta:
                out.append(self._arguments(event))  # type: ignore[arg-type]  # as above
            else:
                self._seldom(event, out)
        return b"".join(out)

    def _text(self, event: TextDelta) -> bytes:
        answer = self._answers[event.choice]
        text = event.text
        if answer.text is _TEXT:
            answer.chars += len(text)
        logprobs = b"null"
        if event.logprobs is not None:
            logprobs = _encode(write_logprobs(event.logprobs, answer.text is _DECLINED))
        return b'%b%d,"delta":{%b%b%b},"logprobs":%b,"finish_reason":null%b' % (
            self._head,
            event.choice,
            answer.text,
            _encode(text),
            answer.close,
            logprobs,
            self._tail,
        )

    def _arguments(self, event: ArgumentsDelta) -> bytes:
        answer = self._answers[event.choice]
        part = answer.part
        if isinstance(part, ToolCall) and part.custom:
            return self._delta(event.choice, {"tool_calls": [{"index": answer.calls, "custom": {"input": event.json}}]})
        return (
            b'%b%d,"delta":{"tool_calls":[{"index":%d,"function":{"arguments":%b}}]},"logprobs":null,"finish_reason":null%b'
            % (
                self._head,
                event.choice,
                answer.calls,
                _encode(event.json),
                self._tail,
            )
        )

    def _seldom(self, event: Event, out: list[bytes]) -> None:
        match event:
            case ThoughtDelta():
                out.append(self._thought(event))
            case PartStarted():
                self._part(event, out)
            case PartEnded():
                self._part_ended(event, out)
            case DataDelta():
                out.append(self._delta(event.choice, {"audio": {"data": event.data}}))
            case Cited():
                self._cited(event.choice, event.citation, out)
            case Started():
                self._start(event)
            case Stopped():
                self._answer(event.choice, out)
                finish = FINISHES[event.stop].encode()
                shape = b'%b%d,"delta":{},"logprobs":null,"finish_reason":"%b"%b'
                out.append(shape % (self._head, event.choice, finish, self._tail))
            case UsageSeen(usage=later):
                self._usage = Usage._make(
                    old if new is None else new for old, new in zip(self._usage, later, strict=True)
                )
            case Finished():
                self._finish(out)
            case Failed(error=error):
                out.append(encode_vendor_event(error))
            case _:
                pass

    def _start(self, event: Started) -> None:
        created = int(time.time()) if event.created is None else event.created
        fields = {
            "id": event.id or new_id("chatcmpl"),
            "object": "chat.completion.chunk",
            "created": created,
            "model": event.model or self._model,
            **write_tail(event.service_tier, event.fingerprint),
        }
        self._head = b'data: %b,"choices":[{"index":' % _encode(fields)[:-1]

    def _delta(self, choice: int, delta: dict[str, Any]) -> bytes:
        shape = b'%b%d,"delta":%b,"logprobs":null,"finish_reason":null%b'
        return shape % (self._head, choice, _encode(delta), self._tail)

    def _answer(self, choice: int, out: list[bytes]) -> _Answer:
        answer = self._answers.get(choice)
        if answer is None:
            answer = self._answers[choice] = _Answer()
            out.append(self._delta(choice, {"role": "assistant", "content": ""}))
        return answer

    def _part(self, event: PartStarted, out: list[bytes]) -> None:
        answer = self._answer(event.choice, out)
        part, choice = event.part, event.choice
        answer.part = part
        answer.text, answer.close = _TEXT, b""
        match part:
            case ToolCall():
                answer.calls += 1
                out.append(self._delta(choice, {"tool_calls": [_call_start(part, answer.calls)]}))
            case Declined():
                answer.text = _DECLINED
            case Reasoning():
                answer.thoughts += 1
                if answer.thoughts or part.id is not None:
                    named = {} if part.id is None else {"id": part.id}
                    out.append(
                        self._details(
                            choice, [{"type": "reasoning.text", "text": "", "index": answer.thoughts, **named}]
                        )
                    )
            case Audio():
                answer.text, answer.close = _TRANSCRIPT, b"}"
                out.append(self._delta(choice, {"audio": {"id": part.id or new_id("audio")}}))
            case Image():
                if (url := write_url(part.source, "image/png")) is not None:
                    out.append(self._delta(choice, {"images": [{"type": "image_url", "image_url": {"url": url}}]}))
            case _:
                pass

    def _part_ended(self, event: PartEnded, out: list[bytes]) -> None:
        answer = self._answers[event.choice]
        part = answer.part
        if isinstance(part, ToolCall) and event.signature is not None:
            signed = {"google": {"thought_signature": event.signature}}
            # OpenAI's SDK wants `function` in every piece of a call.
            call = {"index": answer.calls, "function": {"arguments": ""}, "extra_content": signed}
            out.append(self._delta(event.choice, {"tool_calls": [call]}))
        elif isinstance(part, Audio):
            expires = part.expires if event.expires is None else event.expires
            if expires is not None:
                out.append(self._delta(event.choice, {"audio": {"expires_at": expires}}))

    def _details(self, choice: int, details: list[dict[str, Any]]) -> bytes:
        return self._delta(choice, {"reasoning_details": details})

    def _thought(self, event: ThoughtDelta) -> bytes:
        if not (event.summary or event.signature or event.encrypted or event.new_paragraph):
            shape = b'%b%d,"delta":{"reasoning_content":%b},"logprobs":null,"finish_reason":null%b'
            return shape % (self._head, event.choice, _encode(event.text), self._tail)
        index = self._answers[event.choice].thoughts
        details: list[dict[str, Any]] = []
        summary = ("\n\n" if event.new_paragraph else "") + event.summary
        if event.text or event.signature is not None:
            signed = {} if event.signature is None else {"signature": event.signature}
            details.append({"type": "reasoning.text", "text": event.text, **signed, "index": index})
        if summary:
            details.append({"type": "reasoning.summary", "summary": summary, "index": index})
        if event.encrypted is not None:
            details.append({"type": "reasoning.encrypted", "data": event.encrypted, "index": index})
        words = event.text + summary
        plain = {"reasoning_content": words} if words else {}
        return self._delta(event.choice, {**plain, "reasoning_details": details})

    def _cited(self, choice: int, citation: Citation, out: list[bytes]) -> None:
        answer = self._answers[choice]
        if (note := write_annotation(citation, 0, answer.chars)) is not None:
            out.append(self._delta(choice, {"annotations": [note]}))

    def _finish(self, out: list[bytes]) -> None:
        if self._wants_usage and self._usage != UNKNOWN:
            head = self._head[: -len(b'[{"index":')]
            out.append(b'%b[],"usage":%b}\n\n' % (head, _encode(write_usage(self._usage))))
        out.append(DONE)


def _call_start(part: ToolCall, index: int) -> dict[str, Any]:
    if part.custom:
        return {"index": index, "id": part.id, "type": "custom", "custom": {"name": part.name, "input": ""}}
    written: dict[str, Any] = {
        "index": index,
        "id": part.id,
        "type": "function",
        "function": {"name": part.name, "arguments": ""},
    }
    if part.signature is not None:
        written["extra_content"] = {"google": {"thought_signature": part.signature}}
    return written
