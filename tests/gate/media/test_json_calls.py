"""Moderations, images, speech and rerank: governed, counted in their own units, passed as they are."""

import json
from pathlib import Path
from typing import Any

import pytest
import uvloop
from msgspec.structs import replace

from tests.support.gate_here import Here, Reply, gate_here, limit, snapshot
from tests.support.media_vendor import PICTURE, SOUND, MediaVendor
from torana.core.snapshot import Deployment, Door, Snapshot


def run(story: Any) -> None:
    uvloop.run(story)


def renamed(content: Snapshot, name: str, model: str) -> Snapshot:
    """The service with another model behind it."""
    service = content.services[name]
    (one,) = service.deployments
    services = {**content.services, name: replace(service, deployments=(replace(one, model=model),))}
    return replace(content, services=services)


async def post(here: Here, path: str, headers: str = "", **fields: Any) -> Reply:
    reply = await here.post(json.dumps(fields).encode(), path, "content-type: application/json\r\n" + headers)
    assert here.in_use() == {}
    return reply


def test_images_are_counted_and_the_model_alone_is_changed(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        content = renamed(snapshot(media.base_url, ["painter"]), "painter", "gpt-image-1")
        async with gate_here(tmp_path, content) as here:
            body = b'{"prompt" : "A cat", "model":"painter",  "x_scale": 1.10, "n":2}'
            reply = await here.post(body, "/v1/images/generations")
            assert reply.status == 200
            assert len(json.loads(reply.body)["data"]) == 2
            assert media.last().body == body.replace(b'"painter"', b'"gpt-image-1"')
            assert media.last().target == "/v1/images/generations"
            record = here.record(reply.call_id)
            assert (record.endpoint, record.service, record.model_sent) == (
                "/v1/images/generations",
                "painter",
                "gpt-image-1",
            )
            assert (record.input_tokens, record.output_tokens) == (7, 272)
            assert (record.units, record.unit_count) == ("images", 2)
            assert record.upstream_id == "req_media"
            assert here.in_use() == {}

    run(story())


def test_a_stream_of_images_passes_byte_for_byte_and_its_usage_is_read_from_a_huge_event(
    media: MediaVendor, tmp_path: Path
) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot(media.base_url, ["painter"])) as here:
            reply = await post(here, "/v1/images/generations", model="painter", prompt="A cat", stream=True)
            assert reply.headers["content-type"] == "text/event-stream"
            assert reply.body.count(PICTURE.encode()) == 2
            record = here.record(reply.call_id)
            assert record.streamed
            assert (record.units, record.unit_count) == ("images", 1)
            assert (record.input_tokens, record.output_tokens) == (7, 272)

    run(story())


def test_speech_streams_through_with_its_type(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot(media.base_url, ["voice"])) as here:
            reply = await post(here, "/v1/audio/speech", model="voice", input="Hello", voice="alloy")
            assert reply.body == SOUND
            assert reply.headers["content-type"] == "audio/mpeg"
            record = here.record(reply.call_id)
            assert record.response_bytes == len(SOUND)
            assert record.output_tokens is None
            assert (record.units, record.unit_count) == ("characters", 5)
            assert not record.streamed

    run(story())


def test_a_page_among_replies_cannot_run_as_one_of_the_gates_own(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot(media.base_url, ["voice"])) as here:
            reply = await post(here, "/v1/audio/speech", model="voice", input="fault:html", voice="alloy")
            assert reply.headers["content-security-policy"] == "sandbox"
            assert reply.headers["x-content-type-options"] == "nosniff"

    run(story())


def test_moderations_without_a_model_go_to_the_only_service_that_could_be_meant(
    media: MediaVendor, tmp_path: Path
) -> None:
    async def story() -> None:
        content = renamed(snapshot(media.base_url, ["guard"]), "guard", "omni-moderation-latest")
        async with gate_here(tmp_path, content) as here:
            reply = await post(here, "/v1/moderations", input="Hello")
            assert reply.status == 200
            assert media.last().body == b'{"model":"omni-moderation-latest","input": "Hello"}'
            assert here.record(reply.call_id).service == "guard"
            assert (await here.post(b"{}", "/v1/moderations")).status == 200
            assert media.last().body == b'{"model":"omni-moderation-latest"}'

    run(story())


def test_where_several_services_could_be_meant_the_refusal_says_what_to_do(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot(media.base_url, ["guard", "other"])) as here:
            reply = await post(here, "/v1/moderations", input="Hello")
            assert (reply.status, reply.error["code"]) == (400, "service_not_named")
            assert "x-torana-service" in reply.error["message"]
            assert "guard, other" in reply.error["message"]
            assert here.record(reply.call_id).error == "service_not_named"
            named = await post(here, "/v1/moderations", "x-torana-service: other\r\n", input="Hello")
            assert named.headers["x-torana-service"] == "other"
            asked = await post(here, "/v1/moderations?service=guard", input="Hello")
            assert asked.headers["x-torana-service"] == "guard"
            assert media.last().target == "/v1/moderations"
            both = await post(here, "/v1/moderations?service=guard", "x-torana-service: other\r\n", input="Hello")
            assert both.error["code"] == "service_not_named"
            foreign = await post(here, "/v1/moderations?service=nobody", input="Hello")
            assert (foreign.status, foreign.error["code"]) == (404, "model_not_found")

    run(story())


def test_rerank_passes_in_the_form_of_jina(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot(media.base_url, ["order"])) as here:
            reply = await post(here, "/v1/rerank", model="order", query="q", documents=["a", "b"], top_n=2)
            assert b'"x_own": 1.1' in reply.body
            record = here.record(reply.call_id)
            assert (record.input_tokens, record.model_served) == (15, "jina-reranker-v3")

    run(story())


def cohere(media: MediaVendor) -> Snapshot:
    """A service of Cohere, which is also compatible with OpenAI."""
    content = snapshot(media.base_url, ["order"])
    doors = (
        Door("cohere", media.base_url.replace("/v1", "/v2"), "bearer"),
        Door("openai_chat", media.base_url, "bearer"),
    )
    account = replace(content.accounts["vendor"], vendor="cohere", doors=doors)
    return replace(content, accounts={**content.accounts, "vendor": account})


def test_rerank_is_translated_for_cohere_and_counted_in_searches(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, cohere(media)) as here:
            fields: dict[str, Any] = {"query": "q", "documents": ["a", {"text": "b"}], "return_documents": True}
            reply = await post(here, "/v1/rerank", model="order", **fields)
            assert media.last().target == "/v2/rerank"
            assert media.last().json == {"model": "order", "query": "q", "documents": ["a", "b"]}
            said = json.loads(reply.body)
            assert said["results"][0] == {"index": 1, "relevance_score": 0.98, "document": {"text": "b"}}
            assert said["meta"]["billed_units"] == {"search_units": 1}
            record = here.record(reply.call_id)
            assert (record.units, record.unit_count) == ("searches", 1)
            assert (record.dialect, record.target_dialect) == ("openai_chat", "cohere")

    run(story())


def test_rerank_in_coheres_own_form_passes_to_cohere(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        content = renamed(cohere(media), "order", "rerank-v5.0-pro")
        async with gate_here(tmp_path, content) as here:
            body = (
                b'{"model":"order","query":"q", "documents":["a","b"],"relevant_spans":{"mode":"enabled"},"own":1.10}'
            )
            reply = await here.post(body, "/v2/rerank")
            assert media.last().target == "/v2/rerank"
            assert media.last().body == body.replace(b'"order"', b'"rerank-v5.0-pro"')
            assert json.loads(reply.body)["results"][0] == {"index": 1, "relevance_score": 0.98}
            record = here.record(reply.call_id)
            assert (record.units, record.unit_count, record.target_dialect) == ("searches", 1, "cohere")

    run(story())


@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/audio/speech", "/v1/moderations"])
def test_what_a_vendor_of_another_dialect_does_not_have_is_refused(
    media: MediaVendor, tmp_path: Path, path: str
) -> None:
    async def story() -> None:
        content = cohere(media)
        doors = (Door("cohere", media.base_url, "bearer"),)
        account = replace(content.accounts["vendor"], doors=doors)
        async with gate_here(tmp_path, replace(content, accounts={"vendor": account})) as here:
            reply = await post(here, path, model="order", input="x")
            assert (reply.status, reply.error["code"]) == (400, "endpoint_not_supported")

    run(story())


def test_the_built_in_demo_says_that_it_has_no_such_endpoint(tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot("", ["demo/chat"])) as here:
            reply = await post(here, "/v1/audio/speech", model="demo/chat", input="x")
            assert (reply.status, reply.error["code"]) == (400, "endpoint_not_supported")

    run(story())


def test_limits_keys_and_failover_hold_as_for_chat(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        content = snapshot(media.base_url, ["guard"], {"guard": (limit("service guard", 2, 3600),)})
        guard = content.services["guard"]
        dead = replace(content.accounts["vendor"], id="dead", base_url="http://127.0.0.1:1/v1", sealed_key=None)
        deployments = (Deployment("d0", "dead/guard", "dead", "guard", 100), replace(guard.deployments[0], weight=0))
        services = {"guard": replace(guard, deployments=deployments)}
        content = replace(content, services=services, accounts={**content.accounts, "dead": dead})
        async with gate_here(tmp_path, content) as here:
            reply = await post(here, "/v1/moderations", model="guard", input="x")
            assert (reply.status, reply.headers["x-torana-target"]) == (200, "vendor/guard")
            assert here.record(reply.call_id).retries == 1
            failed = await post(here, "/v1/moderations", model="guard", input="fault:500")
            assert (failed.status, failed.error["code"]) == (502, "upstream_failed")
            over = await post(here, "/v1/moderations", model="guard", input="x")
            assert (over.status, over.error["code"]) == (429, "rate_limit_exceeded")
            assert (await here.post(b"{}", "/v1/moderations", key="wrong")).status == 401

    run(story())


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"model":1}', b'{"model":"guard","model":"other"}'])
def test_a_body_that_is_not_right_is_refused_once(media: MediaVendor, tmp_path: Path, body: bytes) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot(media.base_url, ["guard"])) as here:
            for path in ("/v1/moderations", "/v1/rerank", "/v1/images/generations", "/v1/audio/speech"):
                reply = await here.post(body, path)
                assert reply.status == 400
                assert here.record(reply.call_id).error == reply.error["code"]
                assert here.in_use() == {}
            assert media.seen == []

    run(story())


def test_a_wrong_method_and_an_unknown_sub_path_are_refused(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot(media.base_url, ["guard"])) as here:
            assert (await here.post(b"{}", "/v1/images/unknown")).status == 404
            head = b"GET /v1/audio/speech HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n"
            answer = await here.exchange(head)
            assert answer.startswith(b"HTTP/1.1 405")
            assert b"allow: POST" in answer

    run(story())
