"""Law 8 at the door: what the gateway has no reason to change arrives byte for byte, both ways; and curl works."""

import json
import subprocess
from collections.abc import Iterator

import openai
import pytest

from tests.support import journey, vendor_replies
from tests.support.instance import Instance, run_instance
from tests.support.vendor_process import Vendor

ODD = (
    b'{ "model" : "%s",\n\t"messages":[{"role":"user","content":"caf\\u00e9 \xf0\x9f\x98\x80","x":1.10}],'
    b'"seed":123456789012345678901234567890, "x_unknown":{"b":1,"a":[1e2,-0.0]}, "user":"%s" }'
)


@pytest.fixture(scope="module")
def instance(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("bytes")
    with run_instance(folder, journey.configuration(vendor), key=journey.KEY, env=journey.environment()) as running:
        yield running


def test_a_request_and_its_reply_pass_unchanged(instance: Instance, vendor: Vendor) -> None:
    body = ODD % (b"chat", b"unchanged")
    reply = instance.request("POST", "/v1/chat/completions", body)
    assert reply.status == 200
    assert reply.body == vendor_replies.chat(json.loads(body))
    assert vendor.only(b"unchanged").body == body


def test_only_the_model_changes_where_the_vendor_calls_it_otherwise(instance: Instance, vendor: Vendor) -> None:
    body = ODD % (b"house-chat", b"renamed")
    assert instance.request("POST", "/v1/chat/completions", body).status == 200
    assert vendor.only(b"renamed").body == body.replace(b'"house-chat"', b'"vendor-chat"')


def test_embeddings_pass_unchanged(instance: Instance, vendor: Vendor) -> None:
    body = b'{"input": ["a"], "model": "embed", "encoding_format": "base64", "user": "embedded", "x": 1.50}'
    reply = instance.request("POST", "/v1/embeddings", body)
    assert reply.body == vendor_replies.embeddings(json.loads(body))
    assert vendor.only(b"embedded").body == body


def test_a_stream_whose_usage_the_caller_asked_for_passes_unchanged(instance: Instance, vendor: Vendor) -> None:
    body = b'{"model":"chat","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"a"}]}'
    reply = instance.request("POST", "/v1/chat/completions", body)
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.body == b"".join(vendor_replies.chat_events(json.loads(body), include_usage=True))


def test_a_stream_is_asked_for_its_usage_and_hides_it_from_a_caller_who_did_not_ask(
    instance: Instance, vendor: Vendor
) -> None:
    body = b'{"model":"chat","stream":true,"user":"hidden-usage","messages":[{"role":"user","content":"a"}],"x":1.10}'
    reply = instance.request("POST", "/v1/chat/completions", body)
    got = vendor.only(b"hidden-usage")
    assert got.json["stream_options"]["include_usage"] is True
    assert {**got.json, "stream_options": None} == {**json.loads(body), "stream_options": None}
    assert b'"x":1.10' in got.body
    # The vendor marks every chunk with a null usage once it was asked; whether that null stays is of no matter.
    assert reply.body.replace(b', "usage": null', b"") == b"".join(
        vendor_replies.chat_events(json.loads(body), include_usage=False)
    )


def test_fields_that_no_one_knows_reach_both_sides_of_the_sdk(instance: Instance, vendor: Vendor) -> None:
    with openai.OpenAI(base_url=instance.base_url, api_key=instance.key, max_retries=0) as client:
        raw = client.chat.completions.with_raw_response.create(
            model="chat",
            messages=[{"role": "user", "content": "a"}],
            user="extra-body",
            extra_body={"x_top": {"deep": [1, None]}},
        )
    assert vendor.only(b"extra-body").json["x_top"] == {"deep": [1, None]}
    assert json.loads(raw.text)["x_vendor"]["exact"] == 1.1
    assert b'"exact": 1.10' in raw.content


def test_neither_the_callers_secrets_nor_hop_by_hop_headers_reach_the_vendor(
    instance: Instance, vendor: Vendor
) -> None:
    reply = instance.request(
        "POST",
        "/v1/chat/completions",
        b'{"model":"chat","user":"clean-headers","messages":[{"role":"user","content":"a"}]}',
        {
            "Cookie": "session=1",
            "Proxy-Authorization": "Basic eA==",
            "X-Forwarded-For": "203.0.113.9",
            "TE": "trailers",
        },
    )
    assert reply.status == 200
    got = vendor.only(b"clean-headers")
    assert got.header("authorization") == [f"Bearer {journey.PROVIDER_KEY}"]
    assert not any(instance.key in value for _, value in got.headers)
    for name in ("cookie", "proxy-authorization", "te", "x-api-key"):
        assert got.header(name) == []
    assert got.header("host") == [f"127.0.0.1:{vendor.port}"]


@pytest.mark.parametrize("header", ["Authorization: Bearer {key}", "x-api-key: {key}", "api-key: {key}"])
def test_curl_works_with_the_key_in_each_header(instance: Instance, header: str) -> None:
    body = '{"model": "chat", "messages": [{"role": "user", "content": "Hello"}]}'
    command = [
        "curl",
        "-sS",
        "--fail-with-body",
        f"{instance.base_url}/chat/completions",
        "-H",
        header.format(key=instance.key),
    ]
    done = subprocess.run(
        [*command, "-H", "Content-Type: application/json", "-d", body], capture_output=True, timeout=60
    )
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["choices"][0]["message"]["content"] == vendor_replies.TEXT


def test_curl_streams(instance: Instance) -> None:
    body = '{"model": "chat", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}'
    command = ["curl", "-sSN", f"{instance.base_url}/chat/completions", "-H", f"Authorization: Bearer {instance.key}"]
    done = subprocess.run([*command, "-d", body], capture_output=True, timeout=60)
    assert done.stdout.endswith(b"data: [DONE]\n\n"), done
