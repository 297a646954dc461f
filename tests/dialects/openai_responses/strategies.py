"""Values of the exchange, restricted to what the Responses API can say."""

import base64
from typing import Any

from hypothesis import strategies as st

from torana.core.exchange import (
    Audio,
    Cache,
    Choice,
    Citation,
    Declined,
    Document,
    Format,
    Image,
    Logprob,
    Message,
    ModelReply,
    ModelRequest,
    Opaque,
    Reasoning,
    Source,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    TopLogprob,
)
from torana.core.usage import Usage
from torana.dialects.openai_responses import NAME

words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
ids = st.text("abcdefghij0123456789_", min_size=1, max_size=8)
json_objects = st.dictionaries(words, st.one_of(words, st.integers(-9, 9), st.booleans(), st.lists(words, max_size=2)))
data = st.binary(min_size=1, max_size=9).map(lambda octets: base64.b64encode(octets).decode())


def maybe(what: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | what


def _source(*types: str) -> st.SearchStrategy[Source]:
    return st.one_of(
        st.builds(Source, media_type=st.sampled_from(types), data=data),
        st.builds(Source, url=words.map(lambda rest: f"https://example.com/{rest}")),
        st.builds(Source, file_id=ids),
    )


caches = maybe(st.builds(Cache, ttl=maybe(st.sampled_from(["30m", "12h"]))))
texts = st.builds(Text, text=words, cache=caches)
images = st.builds(
    Image,
    source=_source("image/png", "image/jpeg"),
    detail=st.sampled_from(["low", "high", "auto"]),
    cache=caches,
)
documents = st.builds(
    Document,
    source=_source("application/pdf", "text/plain"),
    title=words,
    detail=maybe(st.sampled_from(["low", "high"])),
    cache=caches,
)
sounds = st.builds(Audio, source=st.builds(Source, media_type=st.sampled_from(["audio/mpeg", "audio/wav"]), data=data))
strange_parts = st.builds(
    lambda text: Opaque(dialect=NAME, kind="content.input_smell", raw={"type": "input_smell", "smell": text}), words
)
strange_items = st.builds(
    lambda name: Opaque(
        dialect=NAME,
        kind="web_search_call",
        raw={"type": "web_search_call", "id": name, "status": "completed", "action": {"type": "search", "query": "q"}},
    ),
    ids,
)
citations = st.builds(Citation, url=words, title=words, start=st.integers(0, 9), end=st.integers(0, 9)) | st.builds(
    lambda name: Citation(
        title=name,
        dialect=NAME,
        raw={"type": "file_citation", "file_id": "file_1", "filename": name, "index": 3},
    ),
    words,
)
said = st.builds(Text, text=words, citations=st.lists(citations, max_size=2).map(tuple))
signed = st.builds(Text, text=words, signature=words)
refused = st.builds(Declined, text=words)
thoughts = st.builds(
    Reasoning,
    text=words,
    summary=st.lists(words, max_size=2).map(tuple),
    signature=maybe(words),
    encrypted=maybe(words),
    id=ids,
).filter(lambda part: part.signature is None or "".join(part.summary) != part.text)
calls = st.builds(ToolCall, id=ids, name=ids, arguments=words, custom=st.booleans())
signed_calls = st.builds(ToolCall, id=ids, name=ids, arguments=words, signature=words)
results = st.builds(
    ToolResult,
    call_id=ids.map(lambda text: f"other_{text}"),
    name=maybe(st.none()),
    content=st.lists(texts | images | documents, max_size=3).map(tuple),
    custom=st.booleans(),
)
asking = st.builds(
    Message,
    role=st.sampled_from(["user", "system", "developer"]),
    parts=st.lists(texts | images | documents | sounds | strange_parts, min_size=1, max_size=3).map(tuple),
    id=maybe(ids),
)
answering = st.builds(
    Message,
    role=st.just("assistant"),
    parts=st.tuples(
        st.lists(thoughts | strange_items, max_size=2),
        st.lists(said | refused, max_size=2),
        st.lists(calls | signed_calls | strange_items, min_size=1, max_size=2),
    ).map(lambda three: tuple(three[0] + three[1] + three[2])),
)
giving = st.builds(Message, role=st.just("user"), parts=st.lists(results, min_size=1, max_size=2).map(tuple))
instructions = st.builds(
    Message, role=st.just("system"), parts=st.builds(Text, text=words).map(lambda part: (part,)), apart=st.just(True)
)
conversations = st.tuples(
    st.lists(instructions, max_size=1), st.lists(st.tuples(asking, answering, giving, asking), max_size=2), asking
).map(lambda three: (*three[0], *[message for turn in three[1] for message in turn], three[2]))

tools = st.builds(
    Tool,
    name=ids,
    description=maybe(words),
    parameters=maybe(json_objects),
    strict=maybe(st.booleans()),
) | st.builds(
    Tool,
    name=ids.map(lambda name: f"free_{name}"),
    description=maybe(words),
    parameters=maybe(json_objects),
    custom=st.just(True),
)
hosted = st.builds(lambda name: Opaque(dialect=NAME, kind="web_search", raw={"type": "web_search", "x": name}), words)
choices = st.one_of(
    st.builds(ToolChoice, mode=st.sampled_from(["auto", "none", "required"])),
    st.builds(ToolChoice, mode=st.just("named"), name=ids),
    st.builds(
        ToolChoice, mode=st.sampled_from(["auto", "required"]), allowed=st.lists(ids, min_size=1, max_size=2).map(tuple)
    ),
)
formats = st.one_of(
    st.builds(Format, kind=st.sampled_from(["text", "json"])),
    st.builds(
        Format,
        kind=st.just("schema"),
        schema=json_objects,
        name=words,
        description=maybe(words),
        strict=maybe(st.booleans()),
    ),
)


def _thinking(effort: Any, summary: Any, encrypted: Any) -> Thinking | None:
    if effort is None and summary is None and encrypted is None:
        return None
    return Thinking(effort=effort, summary=summary, visible=True if summary else None, encrypted=encrypted)


requests = st.builds(
    ModelRequest,
    dialect=st.just(NAME),
    model=words,
    messages=conversations,
    tools=st.lists(tools | hosted, max_size=3).map(tuple),
    tool_choice=maybe(choices),
    parallel_tool_calls=maybe(st.booleans()),
    max_tokens=maybe(st.integers(1, 99)),
    temperature=maybe(st.floats(0, 2)),
    top_p=maybe(st.floats(0, 1)),
    logprobs=maybe(st.just(True)),
    top_logprobs=maybe(st.integers(0, 20)),
    format=maybe(formats),
    verbosity=maybe(st.sampled_from(["low", "medium", "high"])),
    thinking=st.builds(
        _thinking,
        maybe(st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
        maybe(st.sampled_from(["auto", "concise", "detailed"])),
        maybe(st.just(True)),
    ),
    stream=st.booleans(),
    user=maybe(words),
    metadata=maybe(st.dictionaries(words, words, max_size=2)),
    service_tier=maybe(st.sampled_from(["auto", "flex", "priority"])),
    cache_key=maybe(words),
    safety_id=maybe(words),
    store=maybe(st.booleans()),
    extra=st.fixed_dictionaries(
        {},
        optional={
            "previous_response_id": ids,
            "truncation": st.just("auto"),
            "max_tool_calls": st.integers(1, 9),
            "include": st.just(["web_search_call.results"]),
            "prompt": st.builds(lambda name: {"id": name}, ids),
        },
    ),
)


tokens = st.integers(0, 9999)
usages = st.tuples(tokens, tokens, tokens, tokens, tokens).map(lambda counts: Usage(*counts[:4], cache_write=counts[4]))
_bytes = st.lists(st.integers(0, 255), max_size=3).map(tuple)
logprobs = st.builds(
    Logprob,
    token=words,
    logprob=st.floats(-9, 0),
    bytes=_bytes,
    top=st.lists(st.builds(TopLogprob, token=words, logprob=st.floats(-9, 0), bytes=_bytes), max_size=2).map(tuple),
)
phased = st.builds(
    Text,
    text=words,
    phase=st.sampled_from([None, "commentary", "final_answer"]),
    citations=st.lists(citations, max_size=2).map(tuple),
)


def _choice(parts: list[Any], ended: tuple[Any, Any], probabilities: Any) -> Choice:
    stop, detail = ended
    if stop is None:
        called = any(isinstance(part, ToolCall) for part in parts)
        declined = any(isinstance(part, Declined) for part in parts)
        stop = "tool_calls" if called else "refusal" if declined else "stop"
    has_text = any(isinstance(part, Text) for part in parts)
    return Choice(parts=tuple(parts), stop=stop, stop_detail=detail, logprobs=probabilities if has_text else None)


def replies(signatures: bool = True) -> st.SearchStrategy[ModelReply]:
    """Whole replies; `signatures` of texts and calls come back in whole replies only."""
    parts = phased | refused | thoughts | calls | strange_items
    return st.builds(
        ModelReply,
        id=ids,
        model=words,
        created=st.integers(0, 2**33),
        choices=st.builds(
            _choice,
            st.lists(parts | signed | signed_calls if signatures else parts, max_size=5),
            st.sampled_from(
                [(None, None), ("length", None), ("content_filter", None), ("pause", "steered"), ("error", "no")]
            ),
            maybe(st.lists(logprobs, min_size=1, max_size=2).map(tuple)),
        ).map(lambda choice: (choice,)),
        usage=usages,
        service_tier=maybe(st.sampled_from(["default", "flex"])),
    )
