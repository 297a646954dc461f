"""The test vendor itself: what it answers, records, and how it fails."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.support import vendor_replies
from tests.support.polling import eventually
from tests.support.vendor_faults import FAULTS
from tests.support.vendor_process import ROOT, Vendor, run_vendor


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with run_vendor() as running:
        yield running


def post(vendor: Vendor, **fields: Any) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", vendor.port, timeout=30)
    try:
        body = {"messages": [{"role": "user", "content": "hi"}], **fields}
        connection.request("POST", "/v1/chat/completions", json.dumps(body))
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def test_the_official_sdk_can_use_the_vendor(vendor: Vendor) -> None:
    with openai.OpenAI(base_url=vendor.base_url, api_key="k", max_retries=0) as client:
        said = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
        assert said.choices[0].message.content == vendor_replies.TEXT
        chunks = list(
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}], stream=True)
        )
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == vendor_replies.TEXT
        assert client.embeddings.create(model="m", input="x").data[0].embedding == list(vendor_replies.VECTOR)


def test_what_it_got_can_be_read(vendor: Vendor) -> None:
    post(vendor, model="m", user="seen-here")
    seen = vendor.only(b"seen-here")
    assert seen.json["model"] == "m"
    assert seen.ended
    assert not seen.closed_early


def test_it_notices_that_its_peer_left(vendor: Vendor) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", vendor.port, timeout=30)
    connection.request("POST", "/v1/chat/completions", json.dumps({"model": "fault:hang", "user": "left-early"}))
    eventually(lambda: vendor.seen(b"left-early"), "the request arrived")
    connection.close()
    vendor.await_close(b"left-early")


@pytest.mark.parametrize("fault", ["one-byte-chunks", "half-emoji", "slow-events"])
def test_a_stream_in_other_pieces_is_the_same_stream(vendor: Vendor, fault: str) -> None:
    model = f"fault:{fault}"
    status, body = post(vendor, model=model, stream=True)
    assert status == 200
    assert body == b"".join(vendor_replies.chat_events({"model": model}, include_usage=False))


@pytest.mark.parametrize(
    "fault", ["no-reply", "reset", "reset-mid-stream", "cut-mid-event", "lie-length-long", "garbage"]
)
def test_a_broken_reply_breaks_an_ordinary_client(vendor: Vendor, fault: str) -> None:
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        post(vendor, model=f"fault:{fault}", stream="stream" in fault or "event" in fault)


def test_every_fault_stands_in_the_table() -> None:
    table = Path(ROOT, "tests/support/vendor.py").read_text().split('"""')[1]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| fault:")]
    listed = [name for row in rows for name in row.removeprefix("fault:").split()]
    assert sorted(listed) == sorted(FAULTS)
