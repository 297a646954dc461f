"""What this dialect can say, as Hypothesis strategies."""

import base64
import json
from typing import Any

import msgspec
from hypothesis import strategies as st

from torana.core.exchange import (
    Cache,
    Choice,
    Citation,
    Document,
    Format,
    Image,
    Message,
    ModelReply,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Source,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from torana.core.usage import Usage
from torana.dialects.anthropic_messages.signatures import MARK, NAME

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(str.strip)
names = st.from_regex(r"[a-zA-Z0-9_-]{1,10}", fullmatch=True)
scalars = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | texts
json_objects = st.dictionaries(texts, scalars | st.lists(scalars, max_size=2), max_size=3)
arguments = json_objects.map(lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")))
caches = st.none() | st.builds(Cache, ttl=st.sampled_from((None, "5m", "1h")))
data = st.binary(max_size=8).map(lambda raw: base64.b64encode(raw).decode())
places = st.builds(Source, url=texts) | st.builds(Source, file_id=texts)


def _citation(raw: dict[str, Any]) -> Citation:
    return Citation(
        url=raw.get("url"),
        title=raw.get("title", raw.get("document_title")),
        cited_text=raw["cited_text"],
        document=raw.get("document_index"),
        raw=raw,
        dialect=NAME,
    )


citations = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("char_location"),
            "cited_text": texts,
            "document_index": st.integers(0, 9),
            "document_title": texts,
            "start_char_index": st.integers(0, 9),
            "end_char_index": st.integers(0, 9),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("web_search_result_location"),
            "cited_text": texts,
            "encrypted_index": texts,
            "title": texts,
            "url": texts,
        }
    ),
).map(_citation)
plain_texts = st.builds(Text, text=texts, cache=caches)
cited_texts = st.builds(Text, text=texts, citations=st.lists(citations, max_size=2).map(tuple))
images = st.builds(
    Image,
    source=places | st.builds(Source, media_type=st.sampled_from(("image/png", "image/webp")), data=data),
    cache=caches,
)
documents = st.builds(
    Document,
    source=places | st.builds(Source, media_type=st.just("application/pdf"), data=data) | st.builds(Source, text=texts),
    title=st.none() | texts,
    context=st.none() | texts,
    citations=st.booleans(),
    cache=caches,
)
proofs = names.map(MARK.__add__)
thoughts = st.builds(Reasoning, text=texts | st.just(""), signature=proofs) | st.builds(Reasoning, encrypted=proofs)
calls = st.builds(ToolCall, id=names, name=names, arguments=arguments)
server_tools = st.builds(
    lambda ident, given: {"type": "server_tool_use", "id": ident, "name": "web_search", "input": given},
    names,
    json_objects,
)
server_results = st.builds(lambda ident: {"type": "web_search_tool_result", "tool_use_id": ident, "content": []}, names)
opaques = (server_tools | server_results).map(lambda raw: Opaque(dialect=NAME, kind=raw["type"], raw=raw))
said = st.lists(cited_texts | thoughts | calls | opaques, min_size=1, max_size=4).map(tuple)


@st.composite
def _conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    messages: list[Message] = []
    known: dict[str, str] = {}
    if draw(st.booleans()):
        messages.append(Message(role="system", parts=tuple(draw(st.lists(plain_texts, min_size=1, max_size=2)))))
    for turn in range(draw(st.integers(1, 4))):
        if turn % 2:
            parts: tuple[Part, ...] = draw(said)
            known.update({part.id: part.name for part in parts if isinstance(part, ToolCall)})
            messages.append(Message(role="assistant", parts=parts))
        else:
            messages.append(Message(role="user", parts=draw(_asked(known))))
            if draw(st.booleans()):
                messages.append(Message(role="system", parts=(draw(plain_texts),)))
    return tuple(messages)


@st.composite
def _asked(draw: st.DrawFn, known: dict[str, str]) -> tuple[Part, ...]:
    results = draw(st.lists(_results(known), max_size=2))
    others = draw(st.lists(plain_texts | images | documents, min_size=0 if results else 1, max_size=3))
    return (*results, *others)


@st.composite
def _results(draw: st.DrawFn, known: dict[str, str]) -> ToolResult:
    ident = draw(st.sampled_from(sorted(known)) if known else names)
    return ToolResult(
        call_id=ident,
        name=known.get(ident),
        content=tuple(draw(st.lists(plain_texts | images, max_size=2))),
        error=draw(st.booleans()),
        cache=draw(caches),
    )


tools = st.builds(
    Tool,
    name=names,
    description=st.none() | texts,
    parameters=json_objects.map(lambda schema: {**schema, "type": "object"}),
    strict=st.none() | st.booleans(),
    cache=caches,
    extra=st.sampled_from(({}, {"eager_input_streaming": True}, {"defer_loading": False})),
) | names.map(lambda name: Opaque(dialect=NAME, kind="bash_20250124", raw={"type": "bash_20250124", "name": name}))
choices = st.one_of(
    st.builds(ToolChoice, mode=st.sampled_from(("auto", "required", "none"))),
    st.builds(ToolChoice, mode=st.just("named"), name=names),
)
thinkings = st.one_of(
    st.builds(
        Thinking,
        enabled=st.just(True),
        budget_tokens=st.integers(0, 2**20),
        visible=st.none() | st.booleans(),
        effort=st.sampled_from((None, "low", "medium", "high", "xhigh", "max")),
    ),
    st.builds(Thinking, enabled=st.just(True), adaptive=st.just(True), visible=st.none() | st.booleans()),
    st.just(Thinking(enabled=False)),
    st.just(Thinking(effort="max")),
)
_numbers = st.none() | st.integers(0, 1) | st.floats(0, 1)


def _consistent(request: ModelRequest) -> ModelRequest:
    # Whether calls may be parallel is said inside the choice.
    if request.tool_choice is None or request.tool_choice.mode == "none":
        return msgspec.structs.replace(request, parallel_tool_calls=None)
    return request


requests = st.builds(
    ModelRequest,
    dialect=st.just(NAME),
    model=texts,
    messages=_conversations(),
    tools=st.lists(tools, max_size=2).map(tuple),
    tool_choice=st.none() | choices,
    parallel_tool_calls=st.none() | st.booleans(),
    max_tokens=st.integers(1, 2**31),
    temperature=_numbers,
    top_p=_numbers,
    top_k=st.none() | st.integers(1, 500),
    stop=st.lists(texts, max_size=2).map(tuple),
    format=st.none() | st.builds(Format, kind=st.just("schema"), schema=json_objects),
    thinking=st.none() | thinkings,
    stream=st.booleans(),
    user=st.none() | texts,
    metadata=st.none() | st.just({"more": 1}),
    service_tier=st.none() | st.sampled_from(("auto", "standard_only")),
    extra=st.sampled_from(
        (
            {},
            {"container": "c", "speed": "fast"},
            {"output_config.task_budget": {"total": 9}},
            {"mcp_servers": [{"url": "https://a"}]},
        )
    ),
).map(_consistent)

_counts = st.integers(0, 2**40)
usages = st.builds(
    lambda fresh, read, written, output, reasoning: Usage(
        fresh + (read or 0) + (written or 0), read, output, reasoning, cache_write=written
    ),
    _counts,
    st.none() | _counts,
    st.none() | _counts,
    _counts,
    st.none() | _counts,
)
_stops: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.sampled_from(({"stop": "length"}, {"stop": "tool_calls"}, {"stop": "pause"}, {"stop": "context_window"})),
    st.just({"stop": "refusal", "stop_detail": "cyber"}),
    st.builds(lambda sequence: {"stop": "stop_sequence", "stop_sequence": sequence}, texts),
)
replies = st.builds(
    ModelReply,
    id=texts,
    model=texts,
    choices=st.builds(lambda parts, stop: (Choice(parts=parts, **stop),), said, _stops),
    usage=usages,
    service_tier=st.none() | st.sampled_from(("standard", "priority", "batch")),
)
foreign_thoughts = st.builds(
    Reasoning, text=texts, signature=st.none() | names, encrypted=st.none() | names, id=st.none() | names
)
signed = st.builds(Text, text=texts, signature=names) | st.builds(
    ToolCall, id=names, name=names, arguments=arguments, signature=names
)
foreign_replies = st.builds(
    ModelReply,
    id=texts,
    model=texts,
    choices=st.lists(foreign_thoughts | signed | cited_texts, min_size=1, max_size=3).map(
        lambda parts: (Choice(parts=tuple(parts), stop="length"),)
    ),
    usage=usages,
)
