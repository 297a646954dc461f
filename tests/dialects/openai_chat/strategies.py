"""Requests, replies and streams that chat completions can say."""

from typing import Any

from hypothesis import strategies as st

from tests.support.exchanges import (
    BASE64,
    CALLS,
    DECLINED,
    INLINE_IMAGES,
    LINKED_IMAGES,
    LOGPROBS,
    NAMES,
    PDFS,
    SOUNDS,
    TEXTS,
    THOUGHTS,
    URLS,
    USAGES,
    WORDS,
    choices,
    conversations,
    replies,
    requests,
)
from torana.core.exchange import (
    Audio,
    Cache,
    Choice,
    Citation,
    Document,
    Image,
    ModelReply,
    ModelRequest,
    Opaque,
    Part,
    Reasoning,
    Source,
    Speech,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    Video,
)

CACHES = st.builds(
    Cache,
    ttl=st.none() | st.sampled_from(["5m", "30m"]),
    form=st.sampled_from(["prompt_cache_breakpoint", "cache_control"]),
)
MARKED: st.SearchStrategy[Part] = st.builds(Text, text=WORDS, cache=CACHES)
DETAILED: st.SearchStrategy[Part] = st.builds(
    Image, source=st.builds(Source, url=URLS), detail=st.sampled_from(["low", "high"]), cache=st.none() | CACHES
)
FILES: st.SearchStrategy[Part] = st.builds(Document, source=st.builds(Source, file_id=NAMES), title=st.none() | NAMES)
LINKED: st.SearchStrategy[Part] = st.one_of(
    st.builds(Document, source=st.builds(Source, url=URLS)),
    st.builds(Audio, source=st.builds(Source, url=URLS)),
    st.builds(Video, source=st.builds(Source, url=URLS)),
)
OWN: st.SearchStrategy[Part] = st.builds(
    lambda raw: Opaque(dialect="openai_chat", kind="x", raw={"type": "x", "x": raw}), WORDS
)
ASKED = st.one_of(TEXTS, MARKED, INLINE_IMAGES, LINKED_IMAGES, DETAILED, PDFS, FILES, SOUNDS, LINKED, OWN)
RICH_THOUGHTS: st.SearchStrategy[Part] = st.builds(
    Reasoning,
    text=WORDS,
    summary=st.lists(WORDS, max_size=2).map(tuple),
    signature=BASE64,
    encrypted=st.none() | BASE64,
    id=st.none() | NAMES,
)
CUSTOM_TOOLS = st.builds(Tool, name=NAMES, description=st.none() | WORDS, custom=st.just(True))
_TOOLS: st.SearchStrategy[Any] = st.lists(
    st.builds(Tool, name=NAMES, parameters=st.just({"type": "object"}), strict=st.none() | st.booleans())
    | CUSTOM_TOOLS,
    max_size=3,
    unique_by=lambda tool: tool.name,
).map(tuple)


def asked() -> st.SearchStrategy[ModelRequest]:
    """Requests of the dialect itself, with all that it can say."""
    return requests(
        "openai_chat",
        messages=conversations(
            ASKED, thought=THOUGHTS | RICH_THOUGHTS, result=TEXTS | INLINE_IMAGES, instructions=("system", "developer")
        ),
        tools=_TOOLS,
        tool_choice=st.none()
        | st.builds(
            ToolChoice, mode=st.sampled_from(["auto", "required"]), allowed=st.none() | st.lists(NAMES).map(tuple)
        ),
        thinking=st.none()
        | st.builds(Thinking, effort=st.sampled_from(["low", "max"]))
        | st.builds(Thinking, enabled=st.booleans(), budget_tokens=st.none() | st.integers(0, 9999)),
        modalities=st.none() | st.just(("text", "audio")),
        speech=st.none() | st.builds(Speech, voice=NAMES, format=st.sampled_from(["wav", "mp3"])),
        extra=st.dictionaries(
            st.sampled_from(["prediction", "web_search_options", "min_p"]), st.integers(), max_size=2
        ),
    )


CITED: st.SearchStrategy[Part] = st.builds(
    Text,
    text=WORDS,
    citations=st.lists(
        st.builds(Citation, url=URLS, title=WORDS, start=st.integers(0, 9), end=st.integers(10, 19)), max_size=2
    ).map(tuple),
)
SPOKEN: st.SearchStrategy[Part] = st.builds(
    Audio, source=st.builds(Source, data=BASE64), transcript=WORDS, id=NAMES, expires=st.integers(1, 2**32)
)
CUSTOM_CALLS: st.SearchStrategy[Part] = st.builds(ToolCall, id=NAMES, name=NAMES, arguments=WORDS, custom=st.just(True))
ANSWERS: st.SearchStrategy[Choice] = choices(
    THOUGHTS | RICH_THOUGHTS, CITED, DECLINED, SPOKEN, INLINE_IMAGES, stops=("stop", "length", "content_filter")
) | choices(THOUGHTS, TEXTS, CALLS, stops=("tool_calls",))
COUNTED: st.SearchStrategy[Choice] = choices(
    TEXTS, logprobs=st.none() | st.lists(LOGPROBS, min_size=1, max_size=2).map(tuple)
)


def _full(drawn: Any) -> Any:
    return drawn._replace(input=drawn.input or 0, output=drawn.output or 0)


USED = USAGES.map(_full)
"""Usage whose main figures are known, as the form has numbers there."""


def answered() -> st.SearchStrategy[ModelReply]:
    """Whole replies that the form has words for."""
    calling = choices(TEXTS, CALLS | CUSTOM_CALLS, stops=("tool_calls",))
    return replies(
        ANSWERS | COUNTED | calling,
        most_choices=3,
        usage=USED,
        service_tier=st.none() | st.sampled_from(["default", "flex"]),
        fingerprint=st.none() | NAMES,
    )
