"""Turns, encoded as the items of a request's `input`."""

from typing import Any

from torana.core.exchange import (
    Audio,
    Declined,
    Document,
    Image,
    Message,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from torana.core.losses import Losses
from torana.dialects.openai_responses import NAME
from torana.dialects.openai_responses.carried import carry, carry_previous
from torana.dialects.openai_responses.citations import write_citation
from torana.dialects.openai_responses.output import call_item, image_item, reasoning_item
from torana.dialects.openai_responses.parts_in import CONTENT
from torana.dialects.openai_responses.parts_out import write_part
from torana.dialects.proofs import is_marked

Item = dict[str, Any]


def write_input(request: ModelRequest, losses: Losses) -> tuple[str | None, list[Any]]:
    """`instructions` and `input`."""
    writer = _Writer(losses, request.dialect == NAME)
    instructions: str | None = None
    for number, message in enumerate(request.messages):
        text = _plain(message) if message.apart and number == 0 else None
        if text is not None:
            instructions = text
        else:
            writer.write(message, f"messages[{number}]")
    return instructions, writer.items


def _plain(message: Message) -> str | None:
    """The text of a message that is nothing but text."""
    texts = [part.text for part in message.parts if isinstance(part, Text)]
    return "".join(texts) if len(texts) == len(message.parts) else None


def _is_plain(part: Part) -> bool:
    return isinstance(part, Text) and not part.citations


def _phase(part: Part) -> str | None:
    return part.phase if isinstance(part, Text) else None


class _Writer:
    """Collects items; `own` is whether the caller speaks this dialect too."""

    __slots__ = ("_losses", "_own", "items")

    def __init__(self, losses: Losses, own: bool) -> None:
        self.items: list[Any] = []
        self._losses = losses
        self._own = own

    def write(self, message: Message, place: str) -> None:
        """One turn: parts that are items of their own stand between message items that hold the others."""
        if message.name is not None:
            self._losses.hint(f"{place}.name")
        item_id = message.id
        run: list[Part] = []
        for part in message.parts:
            inside = self._is_content(part, message.role)
            if run and (not inside or _phase(part) != _phase(run[0]) or self._apart(message.role, part, run, item_id)):
                self._say(message.role, run, item_id, place)
                item_id, run = None, []
            if not inside:
                self._item(part, place)
                continue
            run.append(part)
            if isinstance(part, Text) and part.signature is not None:
                self._say(message.role, run, item_id, place)
                item_id, run = None, []
                self._sign(part.signature, place)
        if run or not message.parts:
            self._say(message.role, run, item_id, place)

    def _apart(self, role: str, part: Part, run: list[Part], item_id: str | None) -> bool:
        """Whether a text is an item of its own: without an id the API's schema knows an assistant's messages only as one text.

        A caller of this dialect has said it as parts, and is believed.
        """
        return not self._own and role == "assistant" and item_id is None and _is_plain(part) and _is_plain(run[0])

    def _is_content(self, part: Part, role: str) -> bool:
        match part:
            case Text() | Declined() | Document() | Audio() | Video():
                return True
            case Image():
                return role != "assistant" or not self._own
            case Opaque():
                return part.dialect == NAME and part.kind.startswith(CONTENT)
            case _:
                return False

    def _say(self, role: str, run: list[Part], item_id: str | None, place: str) -> None:
        """A message item. An id stands for one item, so only the first of a turn has it."""
        item: Item = {"type": "message", "role": role}
        if item_id is not None:
            item["id"] = item_id
        if role == "assistant":
            self._answer(item, run, place)
        else:
            content = [write_part(part, place, self._losses, self._own) for part in run]
            first = content[0] if len(content) == 1 else None
            plain = first is not None and first.keys() == {"type", "text"}
            item["content"] = first["text"] if plain and first else [part for part in content if part is not None]
        if item["content"] or not run:
            self.items.append(item)

    def _answer(self, item: Item, run: list[Part], place: str) -> None:
        first = run[0] if run else None
        if first is not None and (phase := _phase(first)) is not None:
            item["phase"] = phase
        if "id" in item:
            # The form in which the API itself gave it.
            item["status"] = "completed"
        elif len(run) == 1 and isinstance(first, Text) and _is_plain(first):
            item["content"] = first.text
            return
        content = [self._answered(part, place) for part in run]
        item["content"] = [part for part in content if part is not None]

    def _answered(self, part: Part, place: str) -> Any:
        match part:
            case Text():
                annotations = [write_citation(citation) for citation in part.citations]
                return {"type": "output_text", "text": part.text, "annotations": annotations}
            case Declined():
                return {"type": "refusal", "refusal": part.text}
            case Opaque():
                return part.raw
            case Audio(transcript=str(transcript)):
                self._losses.hint(f"{place}.audio")
                return {"type": "output_text", "text": transcript, "annotations": []}
            case _:
                kind = type(part).__name__.lower()
                self._losses.need(f"{place}.{kind}", f"an assistant's turn in the Responses API holds no {kind}")
                return None

    def _item(self, part: Part, place: str) -> None:
        match part:
            case Reasoning():
                self._think(part, place)
            case ToolCall():
                self.items.append(call_item(part))
                if part.signature is not None:
                    self._sign(part.signature, place)
            case ToolResult():
                self._result(part, place)
            case Image():
                self.items.append(image_item(part))
                if part.signature is not None:
                    self._sign(part.signature, place)
            case Opaque() if part.dialect == NAME:
                self.items.append(part.raw)
            case Opaque():
                self._losses.need(f"{place}.{part.kind}", "the Responses API has nothing like it")
            case _:
                pass

    def _think(self, part: Reasoning, place: str) -> None:
        """A thought. Of another dialect's, only what is encrypted can be of use: OpenAI refuses what it did not make itself."""
        foreign = is_marked(part.encrypted) or is_marked(part.signature)
        if foreign or (not self._own and (part.signature is not None or part.encrypted is None)):
            self._losses.hint(f"{place}.reasoning")
            return
        item = reasoning_item(part, part.id)
        if (encrypted := carry(part)) is not None:
            item["encrypted_content"] = encrypted
        self.items.append(item)

    def _sign(self, signature: str, place: str) -> None:
        """A vendor's proof for the part before: of use only to a target that speaks for that vendor, such as another gateway."""
        if self._own:
            self.items.append({"type": "reasoning", "summary": [], "encrypted_content": carry_previous(signature)})
        else:
            self._losses.hint(f"{place}.signature")

    def _result(self, part: ToolResult, place: str) -> None:
        if part.error:
            # There is no such mark; the text says it.
            self._losses.hint(f"{place}.is_error")
        content = [write_part(inner, place, self._losses, self._own) for inner in part.content]
        first = content[0] if len(content) == 1 else None
        plain = first is not None and first.keys() == {"type", "text"}
        kind = "custom_tool_call_output" if part.custom else "function_call_output"
        item: Item = {"type": kind, "call_id": part.call_id}
        if not content:
            item["output"] = ""
        else:
            item["output"] = first["text"] if plain and first else [inner for inner in content if inner is not None]
        if part.cache is not None:
            self._losses.hint(f"{place}.cache")
        self.items.append(item)
