"""Requests that descriptions make, and what their mappings make of replies."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.custom.conftest import Evaluator
from tests.custom.descriptions import asked, described, inputs_of
from torana.core.exchange import Declined, EmbedReply, Image, ModelReply, Reasoning, Text, ToolCall
from torana.core.secret import Secret
from torana.core.usage import Usage
from torana.custom.describe import Auth, CustomModel
from torana.custom.errors import CustomError
from torana.custom.inputs import Inputs
from torana.custom.jobs import Job
from torana.custom.replies import Problem
from torana.custom.steps import HttpRequest, credential, map_embed_reply, map_error, map_reply, render

PROPERTY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
FIELDS = st.sampled_from(
    (
        "text", "parts", "reasoning", "refusal", "tool_calls", "stop", "usage", "model", "id", "error", "type", "name",
        "arguments", "input", "output", "vectors", "url", "data", "message", "code", "retryable",
    )
)  # fmt: skip
RESULT = st.recursive(
    JSON, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4), max_leaves=12
)


def _rendered(evaluator: Evaluator, model: CustomModel, inputs: Inputs | None = None) -> HttpRequest:
    return evaluator.run(render(evaluator.evaluate, model, inputs if inputs is not None else inputs_of(asked("hi"))))


def _mapped(evaluator: Evaluator, model: CustomModel, reply: Any) -> ModelReply | Problem:
    return evaluator.run(map_reply(evaluator.evaluate, model, json.dumps(reply).encode(), "m"))


def test_a_request_has_address_headers_query_and_body(evaluator: Evaluator) -> None:
    model = described(
        request={
            "method": "PUT",
            "path": "/v1/{{ model }}/run",
            "headers": {"x-user": "{{ parameters.user|default('') }}", "x-plain": " a "},
            "query": {"q": "{{ last_user }}", "none": "{{ parameters.user|default('') }}"},
            "body": '{"t": {{ last_user }}, "n": {{ messages|length }}}',
        }
    )
    made = _rendered(evaluator, model, inputs_of(asked('a&b "c"')) | {"model": "x/../y z"})
    assert made.method == "PUT"
    assert made.target == "/v1/x%2F..%2Fy%20z/run?q=a%26b%20%22c%22"
    assert made.headers == (("x-plain", "a"), ("content-type", "application/json"))
    assert json.loads(made.body) == {"t": 'a&b "c"', "n": 1}


def test_a_path_may_depend_on_what_is_asked(evaluator: Evaluator) -> None:
    path = "{% if stream %}\n  /generate_stream\n{% else %}\n  /generate\n{% endif %}{# which? #}"
    model = described(request={"path": path}, stream={"framing": "sse", "event": "$"})
    assert _rendered(evaluator, model, inputs_of(asked("x", stream=True), model)).target == "/generate_stream"
    assert _rendered(evaluator, model, inputs_of(asked("x"))).target == "/generate"


def test_an_address_of_its_own_keeps_its_host(evaluator: Evaluator) -> None:
    made = _rendered(evaluator, described(request={"url": "https://a.example:8443/x/{{ last_user }}", "method": "GET"}))
    assert (made.origin, made.target, made.body, made.headers) == ("https://a.example:8443", "/x/hi", b"", ())


def test_a_body_that_is_mapped_leaves_out_what_is_not_there(evaluator: Evaluator) -> None:
    model = described(request={"body_map": '{"t": last_user, "temperature": parameters.temperature}'})
    assert json.loads(_rendered(evaluator, model).body) == {"t": "hi"}


def test_a_body_of_another_type_is_written_as_it_is(evaluator: Evaluator) -> None:
    model = described(request={"body": "text: {{ last_user }}", "content_type": "text/plain"})
    assert _rendered(evaluator, model).body == b"text: hi"


BAD_REQUESTS = {
    "a header with a line break": ({"headers": {"x-a": "{{ last_user }}"}}, "x\r\nhost: evil", "request.headers.x-a"),
    "a segment that leads up": ({"path": "/a/{{ last_user }}/b"}, "..", "request.path"),
    "a body that is no JSON": ({"body": '{"a": {{ last_user }}'}, "x", "request.body"),
    "quotes around a value": ({"body": '{"a": "{{ last_user }}"}'}, 'x", "admin": "yes', "request.body"),
    "a body that is nothing": ({"body_map": "nowhere"}, "x", "request.body_map"),
    "a path from nowhere": ({"path": "/{{ nowhere }}"}, "x", "request.path"),
    "a path that is too long": ({"path": "/{{ last_user }}"}, "x" * 9000, "request.path"),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "text", "step"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_a_request_that_cannot_be_sent_is_an_error_of_its_step(
    evaluator: Evaluator, request_: dict[str, Any], text: str, step: str
) -> None:
    with pytest.raises(CustomError) as caught:
        _rendered(evaluator, described(request=request_), inputs_of(asked(text)))
    assert (caught.value.code, caught.value.step) == ("custom_template_failed", step)


@PROPERTY
@given(value=JSON)
def test_whatever_the_inputs_are_a_body_is_json_that_holds_them_and_nothing_else(
    evaluator: Evaluator, value: Any
) -> None:
    for body in ('{"a": {{ x|tojson }}, "b": 1}', '{"a": {{ x }}, "b": 1}'):
        made = _rendered(evaluator, described(request={"body": body}), {"x": value})
        assert json.loads(made.body) == {"a": value, "b": 1}


@PROPERTY
@given(text=TEXT)
def test_whatever_a_caller_writes_it_stays_one_segment_and_one_query_value(evaluator: Evaluator, text: str) -> None:
    model = described(request={"path": "/a/{{ x }}/b", "query": {"q": "{{ x }}"}, "method": "GET"})
    with suppress(CustomError):
        made = _rendered(evaluator, model, {"x": text})
        path, _, query = made.target.partition("?")
        assert path.count("/") == 3
        assert query.count("&") == 0
        assert "#" not in made.target
        assert made.target.isascii()


def test_a_secret_is_sent_as_its_style_says() -> None:
    secret = Secret("user:pass")
    assert credential(Auth(style="bearer"), secret) == ("authorization", "Bearer user:pass")
    assert credential(Auth(style="basic"), secret) == ("authorization", "Basic dXNlcjpwYXNz")
    assert credential(Auth(style="header", header="X-Key", prefix="Token "), secret) == ("X-Key", "Token user:pass")
    assert credential(Auth(), secret) is None
    assert credential(Auth(style="bearer"), None) is None


def test_a_reply_may_be_text_alone(evaluator: Evaluator) -> None:
    reply = _mapped(evaluator, described("label"), {"label": "good"})
    assert isinstance(reply, ModelReply)
    assert (reply.model, reply.choices[0].parts, reply.choices[0].stop) == ("m", (Text(text="good"),), "stop")


def test_a_reply_has_reasoning_text_refusal_and_calls(evaluator: Evaluator) -> None:
    value = {
        "reasoning": "hm",
        "text": {"a": 1},
        "refusal": "no",
        "tool_calls": {"id": "c1", "name": "f", "arguments": {"x": 1}},
        "usage": {"input": 3.0, "output": 4, "cached_input": 1},
        "model": "served",
        "id": "r1",
    }
    reply = _mapped(evaluator, described(), value)
    assert isinstance(reply, ModelReply)
    assert reply.choices[0].parts == (
        Reasoning(text="hm"),
        Text(text='{"a":1}'),
        Declined(text="no"),
        ToolCall(id="c1", name="f", arguments='{"x":1}'),
    )
    assert reply.choices[0].stop == "tool_calls"
    assert (reply.id, reply.model, reply.usage) == ("r1", "served", Usage(3, 1, 4, None))


def test_a_reply_may_hold_images(evaluator: Evaluator) -> None:
    reply = _mapped(evaluator, described(), {"parts": {"type": "image", "data": "aGk=", "media_type": "image/png"}})
    assert isinstance(reply, ModelReply)
    assert isinstance(reply.choices[0].parts[0], Image)


def test_usage_of_its_own_wins_and_a_stop_word_is_kept(evaluator: Evaluator) -> None:
    model = described('{"text": t, "stop": why, "usage": {"input": 1, "output": 2}}', usage='{"output": n}')
    reply = _mapped(evaluator, model, {"t": "x", "why": "EOS", "n": 9})
    assert isinstance(reply, ModelReply)
    assert reply.usage == Usage(1, None, 9, None)
    assert (reply.choices[0].stop, reply.choices[0].stop_detail) == ("stop", "EOS")
    cut = _mapped(evaluator, model, {"t": "x", "why": "LENGTH"})
    assert isinstance(cut, ModelReply)
    assert cut.choices[0].stop == "length"


def test_an_error_in_a_good_reply_is_a_problem(evaluator: Evaluator) -> None:
    found = _mapped(evaluator, described('{"error": failure}'), {"failure": {"message": "broken", "code": 7}})
    assert isinstance(found, Problem)
    assert (found.error.message, found.error.code, found.retryable) == ("broken", "7", False)


WRONG_RESULTS = {
    "nothing": ("nowhere", "match nothing"),
    "an empty object": ('{"text": nowhere}', "match nothing"),
    "a number": ("5", "does not fit"),
    "a misspelt field": ('{"txt": "a"}', "txt"),
    "a call without name": ('{"tool_calls": [{"arguments": {}}]}', "without a name"),
    "text and parts": ('{"text": "a", "parts": []}', "only one"),
    "a part of no kind": ('{"parts": [{"type": "smell"}]}', "does not fit"),
    "an image of nothing": ('{"parts": [{"type": "image"}]}', "either url or data"),
    "usage in words": ('{"text": "a", "usage": {"input": "many"}}', "does not fit"),
}


@pytest.mark.parametrize(("response", "message"), WRONG_RESULTS.values(), ids=WRONG_RESULTS)
def test_a_result_of_another_form_is_a_clear_error(evaluator: Evaluator, response: str, message: str) -> None:
    with pytest.raises(CustomError, match=message) as caught:
        _mapped(evaluator, described(response), {})
    assert (caught.value.code, caught.value.step) == ("custom_template_failed", "response")


@PROPERTY
@given(value=RESULT)
def test_whatever_a_mapping_gives_is_a_reply_or_a_clear_error(evaluator: Evaluator, value: Any) -> None:
    body = json.dumps(value).encode()
    for content in ("chat", "embeddings"):
        model = described("$", usage="usage", error="body", content=content)
        with suppress(CustomError):
            if content == "chat":
                evaluator.run(map_reply(evaluator.evaluate, model, body, "m"))
            else:
                evaluator.run(map_embed_reply(evaluator.evaluate, model, body, "m", 2))
        assert evaluator.run(map_error(evaluator.evaluate, model, 500, body)).error.message


def _vectors(evaluator: Evaluator, response: str, reply: Any, count: int) -> EmbedReply | Problem:
    model = described(response, content="embeddings")
    return evaluator.run(map_embed_reply(evaluator.evaluate, model, json.dumps(reply).encode(), "m", count))


def test_vectors_may_be_a_list_an_object_or_the_only_one(evaluator: Evaluator) -> None:
    data = {"data": [{"embedding": [1, 2]}, {"embedding": [3, 4]}]}
    two = EmbedReply(model="m", vectors=((1.0, 2.0), (3.0, 4.0)))
    assert _vectors(evaluator, "$", [[1, 2], [3, 4]], 2) == two
    assert _vectors(evaluator, '{"vectors": data.[embedding]}', data, 2) == two
    assert _vectors(evaluator, "$", [[1, 2]], 1) == EmbedReply(model="m", vectors=((1.0, 2.0),))
    assert _vectors(evaluator, "data.[embedding]", {"data": data["data"][:1]}, 1) == EmbedReply(
        model="m", vectors=((1.0, 2.0),)
    )


@pytest.mark.parametrize(
    ("response", "reply", "message"),
    [
        ("data.embedding", {"data": [{"embedding": [1]}, {"embedding": [2]}]}, r"write data\.\[embedding\]"),
        ("$", [[1, 2]], "1 vectors for 2 inputs"),
        ("$", [[1, 2], [1]], "differ in length"),
        ("$", [[1, "a"], [1, 2]], "does not fit"),
        ("$", [[True], [False]], "does not fit"),
        ("$", [], "match nothing"),
        ("nowhere", [], "match nothing"),
    ],
)
def test_vectors_that_are_none_are_a_clear_error(evaluator: Evaluator, response: str, reply: Any, message: str) -> None:
    with pytest.raises(CustomError, match=message):
        _vectors(evaluator, response, reply, 2)


def _problem(evaluator: Evaluator, error: str | None, status: int, body: bytes) -> Problem:
    return evaluator.run(map_error(evaluator.evaluate, described(error=error), status, body))


def test_an_error_is_mapped_and_the_status_says_whether_to_try_again(evaluator: Evaluator) -> None:
    mapping = '{"message": body.why & "/" & text, "code": body.n}'
    found = _problem(evaluator, mapping, 503, b'{"why":"busy","n":4}')
    assert (found.error.message, found.error.code, found.retryable) == ('busy/{"why":"busy","n":4}', "4", True)
    assert _problem(evaluator, '{"retryable": false}', 503, b"").retryable is False
    assert _problem(evaluator, "body.why", 404, b'{"why": "gone"}').error.message == "gone"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "a"}}', "a"),
        (b'{"error": "b"}', "b"),
        (b'{"message": "c"}', "c"),
        (b'{"detail": "d"}', "d"),
        (b'{"detail": [1]}', "the service failed with status 500"),
        (b"<html>", "the service failed with status 500"),
        (b"\xff", "the service failed with status 500"),
        (b"[" * 100_000, "the service failed with status 500"),
        (b"", "the service failed with status 500"),
    ],
)
def test_without_a_mapping_the_usual_places_are_looked_at(evaluator: Evaluator, body: bytes, message: str) -> None:
    assert _problem(evaluator, None, 500, body).error.message == message


def test_a_mapping_of_errors_that_fails_does_not_hide_the_error(evaluator: Evaluator) -> None:
    found = _problem(evaluator, "1/0", 503, b'{"message": "busy"}')
    assert (found.error.message, found.retryable) == ("busy", True)
    assert found.note is not None
    assert "zero" in found.note


def test_a_step_tells_when_no_sandbox_could_do_it() -> None:
    async def unavailable(job: Job) -> tuple[bytes, ...]:
        raise CustomError("custom_sandbox_unavailable", "", "full")

    with pytest.raises(CustomError) as caught:
        render(unavailable, described(), {}).send(None)
    assert caught.value.code == "custom_sandbox_unavailable"
