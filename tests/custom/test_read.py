"""Reading descriptions: what is wrong is named with its field."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.custom.conftest import Evaluator
from tests.custom.descriptions import described
from torana.custom.errors import DescriptionError
from torana.custom.read import expression_problems, from_data, read_model

GOOD: dict[str, Any] = {"request": {"path": "/x", "body": "{}"}, "response": "$"}


def _with(place: str, value: Any) -> dict[str, Any]:
    *way, last = place.split(".")
    tree: dict[str, Any] = {**GOOD, "request": dict(GOOD["request"])}
    at = tree
    for name in way:
        at = at.setdefault(name, {})
    at[last] = value
    return tree


WRONG = {
    "no mapping": ([1], "has to be a mapping"),
    "nothing": (None, "has to be a mapping"),
    "no request": ({"response": "$"}, "request: it is missing"),
    "no response": ({"request": {"path": "/x"}}, "response: it is missing"),
    "a misspelt field": (_with("request.pth", "/x"), "request.pth: there is no such field"),
    "a field at the top": (_with("respnse", "$"), "respnse: there is no such field"),
    "a wrong type": (_with("request.path", 5), "request.path: it has to be str | null, and not int"),
    "another method": (_with("request.method", "DELETE"), "request.method: not possible here"),
    "a header's value": (_with("request.headers", {"x": 1}), "request.headers"),
    "path and url": (_with("request.url", "http://a/b"), "exactly one of path and url"),
    "a path without slash": (_with("request.path", "x"), "request.path: it has to begin with /"),
    "a host from a template": ({**GOOD, "request": {"url": "http://{{ x }}/a"}}, "request.url"),
    "a host half from a template": ({**GOOD, "request": {"url": "http://a.b{{ x }}/a"}}, "request.url"),
    "a user in the address": ({**GOOD, "request": {"url": "http://u:p@a.b/"}}, "request.url"),
    "a port that is none": ({**GOOD, "request": {"url": "http://a.b:99999/"}}, "request.url"),
    "an address that is none": ({**GOOD, "request": {"url": "http://[:::]/"}}, "request.url"),
    "another scheme": ({**GOOD, "request": {"url": "file:///etc/passwd"}}, "request.url"),
    "a query in a path": (_with("request.path", "/x?a={{ b }}"), r"request.path: it has no \?"),
    "a fragment in an address": ({**GOOD, "request": {"url": "http://a.b/#x"}}, "request.url: it has no"),
    "two bodies": (_with("request.body_map", "$"), "only one of body and body_map"),
    "a body in a GET": (_with("request.method", "GET"), "a GET request has no body"),
    "a header of the gate": (_with("request.headers", {"Content-Length": "1"}), "headers.Content-Length: this header is set"),
    "a credential": (_with("request.headers", {"authorization": "x"}), "credentials belong to auth"),
    "a header's name": (_with("request.headers", {"a b": "1"}), "is no name of a header"),
    "a header twice": (_with("request.headers", {"X-a": "1", "x-A": "2"}), "given twice in different spellings"),
    "a media type": (_with("request.content_type", "json\r\nx: y"), "request.content_type"),
    "auth without header": (_with("auth", {"style": "header"}), "auth.header"),
    "auth with too much": (_with("auth", {"style": "bearer", "header": "x"}), "auth: header and prefix"),
    "auth over a header": (
        {**_with("request.headers", {"x-key": "1"}), "auth": {"style": "header", "header": "X-Key"}},
        "carries the credential",
    ),
    "an unknown framing": (_with("stream", {"framing": "xml", "event": "$"}), "stream.framing: not possible here"),
    "a subject": (_with("accepts", ["smells"]), "accepts"),
    "an empty mapping": (_with("response", " "), "response: it is empty"),
    "a long template": (_with("request.body", "x" * 70_000), "request.body: longer than"),
    "a stream of vectors": ({**_with("stream", {"framing": "sse", "event": "$"}), "content": "embeddings"}, "stream"),
    "a reference in a schema": (_with("inputs_schema", {"$ref": "file:///etc/passwd"}), r"inputs_schema.\$ref: this keyword"),
    "a pattern in a schema": (
        _with("inputs_schema", {"properties": {"a": {"pattern": "(a+)+$"}}}),
        "inputs_schema.properties.a.pattern",
    ),
    "a wrong schema": (_with("inputs_schema", {"type": "text"}), "inputs_schema.type"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_with_its_field(data: Any, message: str) -> None:
    with pytest.raises(DescriptionError, match=message):
        from_data(data)


UNREADABLE = {
    "broken yaml": (b"request: [", "line 2, column 1: not valid YAML"),
    "an alias": (b"a: &x 1\nb: *x", "line 2: aliases"),
    "a deep document": (b"[" * 100_000, "nested more than"),
    "a field given twice": (b"request:\n  path: /a\n  path: /b\nresponse: $", "request.path: given twice"),
    "two documents": (b"a: 1\n---\nb: 2", "not valid YAML"),
    "other bytes": (b"\xff\xfe\xfa", "not UTF-8"),
    "a control character": (b"a: \x01", "not valid YAML"),
    "a Python object": (b"!!python/object/apply:os.system ['true']", "not valid YAML"),
    "a list as a name": (b"? [a]\n: b", "has to be a word"),
    "a huge file": (b"#" * 600_000, "larger than 512 KiB"),
    "nothing": (b"", "has to be a mapping"),
    "an impossible date": (b"a: 2020-99-99", "not valid YAML"),
}


@pytest.mark.parametrize(("text", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_text_that_is_no_description_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(DescriptionError, match=message):
        read_model(text)


def test_yaml_and_json_give_the_same_description() -> None:
    from_yaml = read_model(b"request:\n  path: /x\n  body: '{}'\nresponse: $\nauth: {style: bearer}\n")
    from_json = read_model(b'{"request": {"path": "/x", "body": "{}"}, "response": "$", "auth": {"style": "bearer"}}')
    assert from_yaml == from_json
    assert from_yaml.auth.style == "bearer"


@given(st.binary(max_size=200) | st.text(alphabet="{}[]:-&*!|>'\" \n#ab\t%@", max_size=60).map(str.encode))
def test_any_text_gives_a_description_or_a_clear_error(text: bytes) -> None:
    with suppress(DescriptionError):
        read_model(text)


def test_every_template_and_mapping_that_cannot_be_compiled_is_named(evaluator: Evaluator) -> None:
    model = described(
        "foo(",
        request={"path": "/{{ x", "headers": {"x-a": "{% if %}"}, "query": {"q": "{{ 1 + }}"}, "body": "{% for %}"},
        error="/(?=a)/",
        usage="[1",
        stream={"framing": "sse", "event": '"'},
    )
    problems = evaluator.run(expression_problems(evaluator.evaluate, model))
    assert [problem.partition(":")[0] for problem in problems] == [
        "request.path", "request.headers.x-a", "request.query.q", "request.body", "response", "usage", "stream.event", "error",
    ]  # fmt: skip


def test_a_description_whose_templates_compile_has_no_problems(evaluator: Evaluator) -> None:
    model = described("$", request={"body": "{{ anything }}"}, error="body.message")
    assert evaluator.run(expression_problems(evaluator.evaluate, model)) == []
