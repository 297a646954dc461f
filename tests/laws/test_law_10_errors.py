"""Law 10: errors have the caller's dialect, a stable code, a sentence that says what to do, and the call id."""

import ast
import asyncio
import json
import re
import string
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tests.laws.test_law_3_every_way_out import QUICK, REFUSED
from tests.support.gate_here import Reply, begin, chat_body, gate_here, limit, parse, request, snapshot
from tests.support.vendor_faults import FAULTS
from tests.support.vendor_process import ROOT, Vendor
from torana.core.errors import ERRORS, Refusal
from torana.dialects.openai_chat.errors import encode_error, encode_error_event

SOURCES = sorted((ROOT / "src" / "torana").rglob("*.py"))
STATUS_DEPENDS = {"upstream_refused"}


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def filled(code: str) -> Refusal:
    detail: dict[str, Any] = {name: f"<{name}>" for name in placeholders(ERRORS[code].sentence)}
    param = detail.pop("param", None)
    return Refusal(code, param=param, **detail)


def calls_of(name: str) -> list[tuple[Path, ast.Call]]:
    """Every call of a function or class of this name in the sources whose first argument is a plain string."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", None)
            if called == name and isinstance(node.args[0].value, str):
                found.append((path, node))
    return found


def told(reply: Reply, code: str) -> None:
    """What every error reply has to have."""
    assert reply.headers["content-type"].startswith("application/json")
    assert set(json.loads(reply.body)) == {"error"}
    error = reply.error
    assert set(error) == {"message", "type", "param", "code", "call_id"}
    assert error["code"] == code
    assert error["type"] == ERRORS[code].type
    assert error["call_id"] == reply.headers["x-torana-call-id"]
    assert reply.status == ERRORS[code].status or code in STATUS_DEPENDS
    assert not re.search(r"[{}]", error["message"])
    assert error["message"].count(". ") + error["message"].endswith(".") >= 1


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_a_code_has_a_whole_sentence_and_the_right_form(code: str) -> None:
    refusal = filled(code)
    assert re.fullmatch(r"[a-z][a-z_]+", code)
    assert 400 <= refusal.status < 600
    assert "{" not in refusal.sentence
    assert refusal.sentence[0].isupper() or refusal.sentence[0] == "<"
    body = json.loads(encode_error(refusal, "0" * 32))
    assert body == {
        "error": {
            "message": refusal.sentence,
            "type": refusal.type,
            "param": refusal.param,
            "code": code,
            "call_id": "0" * 32,
        }
    }
    event = encode_error_event(refusal, "0" * 32)
    assert event.startswith(b"data: ")
    assert event.endswith(b"\n\n")
    assert event.count(b"\n") == 2
    assert json.loads(event[6:]) == body


def test_every_code_that_the_sources_use_exists_and_gets_all_its_details() -> None:
    used = calls_of("Refusal")
    assert len(used) > 30
    for path, node in used:
        code = node.args[0].value  # type: ignore[attr-defined]
        assert code in ERRORS, f"{path.name}:{node.lineno} uses {code}"
        names = {keyword.arg for keyword in node.keywords}
        missing = placeholders(ERRORS[code].sentence) - names
        assert None in names or not missing, f"{path.name}:{node.lineno} does not say {missing} of {code}"


def test_every_code_is_used_somewhere() -> None:
    text = "".join(path.read_text() for path in SOURCES if path.name != "errors.py" or "dialects" in path.parts)
    assert [code for code in ERRORS if f'"{code}"' not in text] == []


def test_every_code_is_explained_in_the_page_of_failures() -> None:
    page = ROOT / "docs" / "failure-modes.md"
    if not page.exists():
        pytest.skip("docs/failure-modes.md is not written yet")
    lines = page.read_text().splitlines()
    explained = {code for line in lines if line.startswith(("#", "|")) for code in re.findall(r"`([a-z_]+)`", line)}
    assert sorted(ERRORS.keys() - explained) == []


def test_every_refusal_at_the_door_has_the_form_and_its_call_id(tmp_path: Path, vendor: Vendor) -> None:
    async def main() -> None:
        content = snapshot(vendor.base_url, ["chat"])
        async with gate_here(tmp_path, content, **{**QUICK, "max_body_bytes": 100_000}) as gate:
            answers = await asyncio.gather(*map(gate.exchange, REFUSED.values()))
        for code, answer in zip(REFUSED, answers, strict=True):
            told(parse(answer), code)

    uvloop.run(main())


@pytest.mark.parametrize("streamed", [True, False])
def test_every_failure_of_the_vendor_has_the_form_as_a_reply_or_inside_the_stream(
    tmp_path: Path, vendor: Vendor, streamed: bool
) -> None:
    faults = [f"fault:{name}" for name in FAULTS if name not in ("400", "404", "leaky-400", "error-event")]

    async def main() -> None:
        async with gate_here(tmp_path, snapshot(vendor.base_url, faults), **QUICK) as gate:
            replies = await asyncio.gather(*(gate.chat(fault, stream=streamed) for fault in faults))
            failures = 0
            for reply in replies:
                code = gate.record(reply.call_id).error
                if code is None:
                    continue
                failures += 1
                if reply.status != 200:
                    told(reply, code)
                    continue
                *_, last = reply.body.removesuffix(b"\n\n").split(b"\n\n")
                error = json.loads(last.removeprefix(b"data: "))["error"]
                assert (error["code"], error["call_id"]) == (code, reply.call_id)
                assert set(error) == {"message", "type", "param", "code", "call_id"}
            assert failures > 12

    uvloop.run(main())


def test_limits_and_unreachable_vendors_have_the_form(tmp_path: Path, vendor: Vendor) -> None:
    async def main() -> None:
        limits = {"chat": (limit("chat", 1, 3600),), "fault:hang": (limit("hang", 1),)}
        models = ["chat", "fault:hang"]
        async with gate_here(tmp_path, snapshot(vendor.base_url, models, limits), **QUICK) as gate:
            assert (await gate.chat("chat")).status == 200
            refused = await gate.chat("chat")
            told(refused, "rate_limit_exceeded")
            assert 0 < int(refused.headers["retry-after"]) <= 3661
            hanging = begin(gate.chat("fault:hang"))
            await gate.until(lambda: gate.gate.listener.active)
            told(await gate.chat("fault:hang"), "concurrency_limit_exceeded")
            told(await hanging, "upstream_first_byte_timeout")
            gate.publish(snapshot("http://127.0.0.1:1/v1", ["chat"], version=2))
            told(await gate.chat("chat"), "upstream_connect_failed")
            gate.publish(snapshot("https://127.0.0.1:%d/v1" % vendor.port, ["chat"], version=3))
            reply = await gate.chat("chat")
            told(reply, reply.error["code"])
            assert reply.error["code"].startswith("upstream_")

    uvloop.run(main())


def test_before_anything_is_published_a_call_is_told_so(tmp_path: Path) -> None:
    async def main() -> None:
        async with gate_here(tmp_path, None) as gate:
            told(parse(await gate.exchange(request(chat_body("chat")))), "not_ready")

    uvloop.run(main())
