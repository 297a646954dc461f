"""What Anthropic cannot be asked: refused by name, or dropped and named."""

from typing import Any

import pytest

from tests.dialects.anthropic_messages.written import dropped, encode, refusal, user
from torana.core.exchange import (
    Audio,
    Document,
    Format,
    Image,
    Opaque,
    Part,
    Source,
    Speech,
    Text,
    Tool,
    ToolCall,
    Video,
)
from torana.core.losses import Losses


@pytest.mark.parametrize(
    ("part", "place"),
    [
        (Audio(source=Source(data="AAAA")), "messages[0].audio"),
        (Video(source=Source(url="https://a")), "messages[0].video"),
        (Image(source=Source(media_type="image/svg+xml", data="AAAA")), "messages[0].image"),
        (Image(source=Source(media_type="image/png", data="!")), "messages[0].image"),
        (Image(source=Source(file_id="file-1")), "messages[0].image"),
        (Document(source=Source(media_type="application/zip", data="AAAA")), "messages[0].document"),
        (Document(source=Source(media_type="text/plain", data="/w==")), "messages[0].document"),
        (Opaque(dialect="openai_responses", kind="computer_call", raw={}), "messages[0].computer_call"),
        (ToolCall(id="a", name="f", arguments="x", custom=True), "messages[0].tool_calls"),
    ],
)
def test_a_part_that_anthropic_cannot_take_is_refused_or_dropped_by_its_place(part: Part, place: str) -> None:
    assert refusal(user(Text(text="a"), part)).param == place
    assert dropped(user(Text(text="a"), part)) == [place]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"seed": 1}, "seed"),
        ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ({"presence_penalty": 0.5}, "presence_penalty"),
        ({"choices": 2}, "choices"),
        ({"logprobs": True}, "logprobs"),
        ({"logit_bias": {"1": 2}}, "logit_bias"),
        ({"modalities": ("text", "audio")}, "modalities"),
        ({"speech": Speech(voice="a")}, "speech"),
        ({"temperature": 1.5}, "temperature"),
        ({"stop": ("\n", "END")}, "stop"),
        ({"format": Format(kind="json")}, "format"),
        ({"tools": (Tool(name="f", custom=True),)}, "tools[0]"),
        ({"tools": (Opaque(dialect="openai_responses", kind="file_search", raw={}),)}, "tools[0]"),
        ({"extra": {"prediction": {}}}, "prediction"),
    ],
)
def test_what_changes_the_answer_is_refused_or_dropped_by_name(fields: dict[str, Any], name: str) -> None:
    found = refusal(**fields)
    assert (found.code, found.param) == ("unsupported_parameter", name)
    assert dropped(**fields) == [name]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"cache_key": "k"}, "cache_key"),
        ({"verbosity": "low"}, "verbosity"),
        ({"store": True}, "store"),
        ({"metadata": {"a": "b"}}, "metadata"),
        ({"service_tier": "flex"}, "service_tier"),
        ({"user": "a", "safety_id": "b"}, "safety_id"),
        ({"extra": {"prompt_cache_retention": "24h"}}, "prompt_cache_retention"),
    ],
)
def test_hints_are_dropped_and_named(fields: dict[str, Any], name: str) -> None:
    losses = Losses()
    encode(losses=losses, **fields)
    assert losses.dropped == [name]


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (Text(text="a", phase="commentary"), "messages[0].phase"),
        (Image(source=Source(url="https://a"), detail="low"), "messages[0].image.detail"),
        (Document(source=Source(url="https://a"), detail="low"), "messages[0].document.detail"),
    ],
)
def test_hints_of_a_part_are_dropped_and_named(part: Part, name: str) -> None:
    losses = Losses()
    encode(user(part), losses=losses)
    assert losses.dropped == [name]


def test_values_that_say_nothing_are_no_loss() -> None:
    losses = Losses()
    encode(
        losses=losses,
        frequency_penalty=0,
        choices=1,
        logprobs=False,
        store=False,
        modalities=("text",),
        format=Format(kind="text"),
        parallel_tool_calls=True,
    )
    assert losses.dropped == []
