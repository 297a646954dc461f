"""What a stream has told of one choice so far: which part is open, and which calls wait until it is whole."""

import msgspec

from torana.core.exchange import Audio, Declined, Part, Reasoning, Source, Text, ToolCall
from torana.core.ids import new_id
from torana.core.stream import ArgumentsDelta, Event, PartEnded, PartStarted, Stopped, TextDelta, ThoughtDelta
from torana.dialects.openai_chat.chunks import Called, Detail, Inner
from torana.dialects.openai_chat.reply import stop_of
from torana.dialects.openai_chat.turns import thought_signature

MOST_HELD = 8 * 1_048_576
"""Characters that one choice may make us hold."""
MOST_CALLS = 1024
NOTHING, TEXT, THOUGHT, DECLINED, AUDIO, CALL = range(6)
_MOST_TRIES = 32
_json = msgspec.json.Decoder().decode


class TooMuchError(ValueError):
    """More than a model would say: the stream is given up."""


class Call:
    """A tool call: what came of it, and whether it has been handed on."""

    __slots__ = ("custom", "id", "index", "name", "pieces", "signature", "size", "tries")

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.custom = False
        self.signature: str | None = None
        self.pieces: list[str] = []
        self.size = 0
        self.tries = 0

    def is_whole(self) -> bool:
        """Whether its arguments are JSON already; asked for so seldom that a hostile stream costs nothing."""
        if self.tries >= _MOST_TRIES or not self.pieces or not self.pieces[-1].rstrip().endswith("}"):
            return False
        self.tries += 1
        try:
            _json("".join(self.pieces))
        except (msgspec.DecodeError, RecursionError, ValueError):
            return False
        return True


class Answer:
    """One choice of a stream. `out` takes what can be handed on."""

    __slots__ = (
        "_after",
        "_by_index",
        "_held",
        "calls",
        "index",
        "kind",
        "number",
        "stop",
        "stop_met",
        "thought",
        "waiting",
    )

    def __init__(self, index: int) -> None:
        self.index = index
        self.kind = NOTHING
        """Of the open part."""
        self.number = -1
        """Of the open part, or of the last."""
        self.thought: int | None = None
        """The index that the open thought has among `reasoning_details`."""
        self.stop: str = ""
        self.stop_met: str | None = None
        self.calls: list[Call] = []
        self.waiting: list[Call] = []
        """Calls that are not whole; the first is open if `kind` is CALL."""
        self._by_index: dict[int, Call] = {}
        self._after: list[tuple[int, str | Detail]] = []
        """Words and details that came before the calls in front of them were whole, with the kind of their part."""
        self._held = 0

    def start(self, kind: int, part: Part, out: list[Event]) -> None:
        """Begin a part after ending the open one."""
        self.end(out)
        self.kind = kind
        self.number += 1
        out.append(PartStarted(self.index, self.number, part))

    def end(self, out: list[Event], expires: int | None = None) -> None:
        """End the open part. Calls that wait are handed on whole: whatever comes next is no part of theirs."""
        if self.waiting:
            self._hand_on_all(out)
        if self.kind != NOTHING:
            out.append(PartEnded(self.index, self.number, None, expires))
        self.kind = NOTHING
        self.thought = None

    def open(self, kind: int, out: list[Event]) -> None:
        """See to it that a part of this kind is open."""
        if self.kind != kind:
            self.start(kind, EMPTY[kind], out)

    def words(self, kind: int, text: str, out: list[Event]) -> None:
        """More of a text, a thought or a refusal. Raises TooMuchError."""
        if not self._has_to_wait(kind, text, len(text), out):
            self._say(kind, text, out)

    def detail(self, detail: Detail, out: list[Event]) -> None:
        """An entry of `reasoning_details`. Raises TooMuchError."""
        size = sum(len(said) for said in (detail.text, detail.summary, detail.signature, detail.data) if said)
        if not self._has_to_wait(THOUGHT, detail, size, out):
            self._tell(detail, out)

    def _has_to_wait(self, kind: int, said: str | Detail, size: int, out: list[Event]) -> bool:
        if self.waiting:
            if not all(call.is_whole() for call in self.waiting):
                self._hold(size)
                self._after.append((kind, said))
                return True
            self._hand_on_all(out)
        return False

    def _tell(self, detail: Detail, out: list[Event]) -> None:
        """Another index is another thought; the first is 0, said or not."""
        index = detail.index
        if self.kind != THOUGHT or (index is not None and index != (self.thought or 0)):
            self.start(THOUGHT, Reasoning(id=detail.id), out)
        if index is not None:
            self.thought = index
        summary = detail.summary or ""
        fresh = summary.startswith("\n\n")
        if detail.text or summary or detail.signature or detail.data:
            at = self.index, self.number
            rest = summary[2:] if fresh else summary
            out.append(ThoughtDelta(*at, detail.text or "", rest, detail.signature, detail.data, fresh))

    def _say(self, kind: int, text: str, out: list[Event]) -> None:
        self.open(kind, out)
        at = self.index, self.number
        out.append(ThoughtDelta(*at, text) if kind == THOUGHT else TextDelta(*at, text))

    def _hold(self, size: int) -> None:
        self._held += size + 64
        if self._held > MOST_HELD:
            raise TooMuchError(f"more than {MOST_HELD} characters to hold back")

    def called(self, entries: list[Called], out: list[Event]) -> None:
        """Take the entries of `tool_calls`. Raises TooMuchError."""
        for entry in entries:
            call = self._find(entry)
            inner = entry.function or entry.custom
            if entry.custom is not None:
                call.custom = True
            if entry.extra_content is not None:
                call.signature = thought_signature(entry.extra_content) or call.signature
            if not call.id and entry.id:
                call.id = entry.id
            if inner is not None:
                if inner.name and not call.name:
                    call.name = inner.name
                piece = inner.arguments or inner.input
                if piece:
                    self._more(call, piece, out)
            if call in self.waiting:
                self._advance(out)

    def more(self, entry: Called, out: list[Event]) -> bool:
        """Take an entry that is no more than further arguments of the open call; False where it is something else."""
        inner, call = entry.function, self.waiting[0]
        if (
            inner is None
            or inner.name is not None
            or entry.id is not None
            or entry.index != call.index
            or len(self.waiting) > 1
        ):
            return False
        piece = inner.arguments
        if not piece or entry.index is None or entry.extra_content is not None:
            return False
        call.pieces.append(piece)
        self._hold(len(piece))
        out.append(ArgumentsDelta(self.index, self.number, piece))
        return True

    def function_call(self, inner: Inner, out: list[Event]) -> None:
        """Take the older `function_call`."""
        self.called([Called(index=0, function=inner)], out)

    def _find(self, entry: Called) -> Call:
        """The call that an entry continues, or a new one. The index may be missing, or be 0 for every call."""
        name = (entry.function or entry.custom or _NO_INNER).name
        found: Call | None = None
        if entry.index is not None:
            found = self._by_index.get(entry.index)
            if found is not None and found.id and entry.id and entry.id != found.id and name:
                found = None
        elif entry.id:
            found = next((call for call in reversed(self.calls) if call.id == entry.id), None)
        elif self.calls and not (name and self.calls[-1].name):
            found = self.calls[-1]
        if found is None:
            found = Call(entry.index)
            self.calls.append(found)
            self.waiting.append(found)
            if entry.index is not None:
                self._by_index[entry.index] = found
            if len(self.calls) > MOST_CALLS:
                raise TooMuchError(f"more than {MOST_CALLS} tool calls")
        return found

    def _more(self, call: Call, piece: str, out: list[Event]) -> None:
        if call not in self.waiting:
            if piece.strip():
                raise TooMuchError("arguments of a tool call after its end")
            return
        call.pieces.append(piece)
        self._hold(len(piece))
        if self.kind == CALL and call is self.waiting[0]:
            out.append(ArgumentsDelta(self.index, self.number, piece))

    def _advance(self, out: list[Event]) -> None:
        """Begin what can begin: a call that nothing open stands before, once its name is known."""
        while self.waiting:
            first = self.waiting[0]
            if self.kind == CALL:
                if len(self.waiting) == 1 or not first.is_whole():
                    return
                self._close(first, out)
            else:
                if not first.name:
                    return
                self._begin(first, out)
                if len(self.waiting) == 1:
                    return

    def _begin(self, call: Call, out: list[Event]) -> None:
        if self.kind not in (NOTHING, CALL):
            out.append(PartEnded(self.index, self.number))
        self.kind = CALL
        self.thought = None
        self.number += 1
        call.id = call.id or new_id("call")
        part = ToolCall(id=call.id, name=call.name, custom=call.custom)
        out.append(PartStarted(self.index, self.number, part))
        out += [ArgumentsDelta(self.index, self.number, piece) for piece in call.pieces]

    def _close(self, call: Call, out: list[Event]) -> None:
        out.append(PartEnded(self.index, self.number, call.signature))
        self.kind = NOTHING
        self.waiting.pop(0)
        self._held -= sum(len(piece) + 64 for piece in call.pieces)
        call.pieces.clear()

    def _hand_on_all(self, out: list[Event]) -> None:
        while self.waiting:
            first = self.waiting[0]
            if self.kind != CALL:
                if not first.name and not first.pieces:
                    self.waiting.pop(0)
                    continue
                self._begin(first, out)
            self._close(first, out)
        after, self._after = self._after, []
        for kind, said in after:
            if isinstance(said, str):
                self._say(kind, said, out)
            else:
                self._tell(said, out)

    def finish(self, out: list[Event]) -> None:
        """End everything and say why the model stopped."""
        self.end(out)
        stop, detail = stop_of(self.stop, bool(self.calls))
        if stop == "stop" and self.stop_met is not None:
            stop = "stop_sequence"
        out.append(Stopped(self.index, stop, self.stop_met if stop == "stop_sequence" else None, detail))


_NO_INNER = Inner()
EMPTY: dict[int, Part] = {
    TEXT: Text(text=""),
    THOUGHT: Reasoning(),
    DECLINED: Declined(text=""),
    AUDIO: Audio(source=Source()),
}
