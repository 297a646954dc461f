"""The strategies keep their own promises."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.collecting import collect
from tests.support.exchanges import (
    CALLS,
    DECLINED,
    LOGPROBS,
    SIGNED_THOUGHTS,
    SOUNDS,
    TEXTS,
    choices,
    replies,
    requests,
    streams,
)
from torana.core.exchange import ModelReply, ModelRequest
from torana.core.stream import Event

ANSWERS = choices(SIGNED_THOUGHTS, TEXTS, DECLINED, SOUNDS, CALLS, logprobs=st.none() | st.tuples(LOGPROBS))


@given(streams(replies(ANSWERS, most_choices=3)))
def test_a_stream_tells_its_reply(drawn: tuple[ModelReply, list[Event]]) -> None:
    reply, events = drawn
    told = collect(events)
    assert told.usage == reply.usage
    for one, other in zip(reply.choices, told.choices, strict=True):
        assert one.parts == other.parts
        assert one.stop == other.stop


@given(requests("openai_chat", seed=st.just(7)))
def test_a_field_is_drawn_from_the_strategy_given_for_it(request: ModelRequest) -> None:
    assert request.seed == 7
