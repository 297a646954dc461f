"""Law 8: pass-through keeps every field and byte that the gateway has no reason to change."""

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from tests.support import vendor_replies
from tests.support.gate_here import chat_body, gate_here, snapshot
from tests.support.vendor_process import Vendor
from torana.core.errors import Refusal
from torana.dialects.openai_chat.look import for_upstream, peek

spaces = st.text(st.sampled_from(" \t\r\n"), max_size=3)
numbers = st.sampled_from(["0", "-0", "1.10", "1e400", "1E-7", "-1.0e+2", "123456789012345678901234567890", "0.1000"])
plain = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)


@st.composite
def strings(draw: st.DrawFn) -> str:
    """A JSON string in one of its many spellings."""
    parts = []
    for char in draw(plain):
        if char in '"\\' or ord(char) < 32:
            parts.append(draw(st.sampled_from([json.dumps(char)[1:-1], f"\\u{ord(char):04x}", f"\\u{ord(char):04X}"])))
        elif ord(char) < 0x10000:
            parts.append(draw(st.sampled_from([char, char, f"\\u{ord(char):04x}"])))
        else:
            parts.append(draw(st.sampled_from([char, json.dumps(char)[1:-1]])))
    return '"' + "".join(parts) + '"'


def spelt(name: str) -> st.SearchStrategy[str]:
    """A key in any spelling: each letter as itself or escaped."""
    letters = [st.sampled_from([char, f"\\u{ord(char):04x}", f"\\u{ord(char):04X}"]) for char in name]
    return st.one_of(st.just(f'"{name}"'), st.tuples(*letters).map(lambda some: '"' + "".join(some) + '"'))


def members(pairs: list[tuple[str, str]], gaps: list[str]) -> str:
    padded = [f"{gaps[0]}{key}{gaps[1]}:{gaps[2]}{value}{gaps[3]}" for key, value in pairs]
    return "{" + ",".join(padded) + "}" if padded else "{" + gaps[0] + "}"


scalars = st.one_of(numbers, strings(), st.sampled_from(["true", "false", "null"]))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda some: "[ " + " ,".join(some) + "]"),
        st.lists(st.tuples(st.one_of(strings(), st.just('"model"'), st.just('"stream"')), inner), max_size=3).map(
            lambda pairs: members(pairs, [" ", "", "\n", "\t"])
        ),
    ),
    max_leaves=6,
)
MODELS = st.sampled_from(['"m"', '"\\u006d"'])
GOVERNED = {"model", "stream", "stream_options", "user", "metadata"}


@st.composite
def bodies(draw: st.DrawFn, streamed: bool = False) -> bytes:
    """A request body in any spelling, its model `m`, its fields in any order, none twice."""
    fields: dict[str, tuple[str, str]] = {}
    for key, value in draw(st.lists(st.tuples(strings(), values), max_size=5)):
        name = json.loads(key)
        if name not in GOVERNED:
            fields[name] = (key, value)
    fields["model"] = (draw(spelt("model")), draw(MODELS))
    if streamed:
        fields["stream"] = (draw(spelt("stream")), "true")
        if options := draw(
            st.sampled_from(["", "null", "{}", '{"include_usage": false, "x" :1.10}', '{"include_usage":true}'])
        ):
            fields["stream_options"] = (draw(spelt("stream_options")), options)
    pairs = draw(st.permutations(list(fields.values())))
    if draw(st.booleans()):
        # As encoders write it: compact, or with a space after each colon and comma.
        colon, comma = draw(st.sampled_from([(":", ","), (": ", ", ")]))
        return ("{" + comma.join(f"{key}{colon}{value}" for key, value in pairs) + "}").encode()
    return (draw(spaces) + members(pairs, [draw(spaces) for _ in range(4)]) + draw(spaces)).encode()


def document(body: bytes) -> dict[str, Any]:
    """What a body says; numbers stay as they are written, nested objects keep keys that stand twice."""

    def pairs(some: list[tuple[str, Any]]) -> Any:
        return some

    return dict(json.loads(body, parse_float=str, parse_int=str, object_pairs_hook=pairs))


@given(bodies())
def test_a_body_whose_model_stays_is_not_touched(body: bytes) -> None:
    assert for_upstream(body, peek(body), "m", ask_usage=True) is body


@given(bodies(), st.sampled_from(["vendor-model", 'a "quoted" é', "m\\"]))
def test_another_model_changes_the_bytes_of_the_model_and_no_others(body: bytes, model: str) -> None:
    sent = for_upstream(body, peek(body), model, ask_usage=True)
    assert document(sent) == {**document(body), "model": model}
    spelling = json.dumps(model, ensure_ascii=False).encode()
    places = [found.start() for found in re.finditer(re.escape(spelling), sent)]
    assert any(
        body in (sent[:at] + old + sent[at + len(spelling) :] for old in (b'"m"', b'"\\u006d"')) for at in places
    )


@given(bodies(streamed=True), st.sampled_from(["m", "vendor-model"]))
def test_asking_for_usage_changes_only_the_stream_options(body: bytes, model: str) -> None:
    seen = peek(body)
    before, sent = document(body), for_upstream(body, seen, model, ask_usage=True)
    after = document(sent)
    options = dict(after["stream_options"])
    assert options.pop("include_usage") is True
    given_options = dict(before.get("stream_options") or [])
    given_options.pop("include_usage", None)
    assert options == given_options
    rest = {name: value for name, value in after.items() if name != "stream_options"}
    assert rest == {**{name: value for name, value in before.items() if name != "stream_options"}, "model": model}
    if seen.wants_usage and model == "m":
        assert sent is body


@given(bodies(streamed=True))
def test_where_usage_is_not_to_be_asked_for_nothing_changes(body: bytes) -> None:
    assert for_upstream(body, peek(body), "m", ask_usage=False) is body


@given(bodies(), st.data())
def test_a_top_level_field_that_stands_twice_is_refused_in_any_spelling(body: bytes, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(document(body))))
    letters = [
        st.sampled_from([json.dumps(char)[1:-1], *([f"\\u{ord(char):04x}"] if ord(char) < 0x10000 else [])])
        for char in name
    ]
    again = '"' + "".join(data.draw(letter) for letter in letters) + '"'
    value = data.draw(values)
    text = body.decode().strip(" \t\r\n")
    doubled = data.draw(st.sampled_from([f"{text[:-1]},{again}:{value}}}", f"{{{again} : {value},{text[1:]}"]))
    with pytest.raises(Refusal) as refusal:
        peek(doubled.encode())
    assert (refusal.value.code, refusal.value.param) == ("duplicate_field", name)


@given(st.binary(max_size=40) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_understood_or_refused(body: bytes) -> None:
    with contextlib.suppress(Refusal):
        assert peek(body).fields is not None


@pytest.mark.parametrize("keep_bodies", [False, True])
def test_replies_and_requests_pass_the_gate_byte_for_byte(tmp_path: Path, vendor: Vendor, keep_bodies: bool) -> None:
    odd = (
        b' {"x":1.10, "mod\\u0065l" :"chat","messages":[{"role":"user","content":"odd-%d"}],"y":1e400}\n' % keep_bodies
    )

    async def main() -> None:
        content = snapshot(vendor.base_url, ["chat", "embed", "fault:404"], keep_bodies=keep_bodies)
        async with gate_here(tmp_path, content) as gate:
            assert (await gate.post(odd)).body == vendor_replies.chat(json.loads(odd))
            reply = await gate.post(b'{"model":"embed","input":["a"]}', "/v1/embeddings")
            assert reply.body == vendor_replies.embeddings({"model": "embed", "input": ["a"]})
            refusal = await gate.chat("fault:404")
            assert refusal.body == vendor_replies.error(404, "the vendor says 404")
            for asked in (True, False):
                fields = {"stream": True, **({"stream_options": {"include_usage": True}} if asked else {})}
                streamed = await gate.post(chat_body("chat", **fields))
                events = vendor_replies.chat_events(json.loads(chat_body("chat", **fields)), include_usage=True)
                expected = b"".join(events)
                if not asked:
                    del events[-2]
                    expected = b"".join(events).replace(b', "usage": null', b"")
                assert streamed.body == expected

    uvloop.run(main())
    assert vendor.only(b'"odd-%d"' % keep_bodies).body == odd
