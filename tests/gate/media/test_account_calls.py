"""Files, batches and fine-tuning jobs: they belong to an account, which a service stands for, and pass as they are."""

import json
from pathlib import Path
from typing import Any

import pytest
import uvloop
from msgspec.structs import replace

from tests.support.gate_here import KEY, Here, Reply, gate_here, parse, snapshot
from tests.support.media_vendor import LINES, MediaVendor
from torana.core.snapshot import Deployment


def run(story: Any) -> None:
    uvloop.run(story)


async def ask(here: Here, method: str, path: str, headers: str = "") -> Reply:
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer {KEY}\r\n{headers}connection: close\r\n\r\n"
    )
    reply = parse(await here.exchange(head.encode()))
    assert here.in_use() == {}
    return reply


CALLS = {
    ("GET", "/v1/files?limit=2&purpose=batch"): "/v1/files",
    ("GET", "/v1/files/file-1"): "/v1/files/{file}",
    ("DELETE", "/v1/files/file-1"): "/v1/files/{file}",
    ("GET", "/v1/batches?after=batch_0"): "/v1/batches",
    ("GET", "/v1/batches/batch_1"): "/v1/batches/{batch}",
    ("POST", "/v1/batches/batch_1/cancel"): "/v1/batches/{batch}/cancel",
    ("GET", "/v1/fine_tuning/jobs"): "/v1/fine_tuning/jobs",
    ("GET", "/v1/fine_tuning/jobs/ftjob-1"): "/v1/fine_tuning/jobs/{job}",
    ("POST", "/v1/fine_tuning/jobs/ftjob-1/cancel"): "/v1/fine_tuning/jobs/{job}/cancel",
    ("GET", "/v1/fine_tuning/jobs/ftjob-1/events"): "/v1/fine_tuning/jobs/{job}/events",
}


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_each_passes_with_its_method_path_and_query_and_has_a_record(
    media: MediaVendor, tmp_path: Path, method: str, path: str
) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot(media.base_url, ["house"])) as here:
            reply = await ask(here, method, path)
            assert reply.status == 200
            assert json.loads(reply.body)["object"]
            seen = media.last()
            assert (seen.method, seen.target) == (method, path)
            assert seen.headers["authorization"] == "Bearer sk-vendor-key"
            assert "content-type" not in seen.headers
            assert seen.headers.get("content-length") == ("0" if method == "POST" else None)
            record = here.record(reply.call_id)
            assert (record.endpoint, record.service) == (CALLS[method, path], "house")
            assert (record.input_tokens, record.output_tokens) == (None, None)

    run(story())


def test_a_file_comes_back_with_its_length_and_name(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot(media.base_url, ["house"])) as here:
            reply = await ask(here, "GET", "/v1/files/file-1/content?service=house&x=1")
            assert reply.body == LINES
            assert reply.headers["content-length"] == str(len(LINES))
            assert "transfer-encoding" not in reply.headers
            assert reply.headers["content-type"] == "application/octet-stream"
            assert reply.headers["content-disposition"] == 'attachment; filename="a.jsonl"'
            assert media.last().target == "/v1/files/file-1/content?x=1"
            assert here.record(reply.call_id).response_bytes == len(LINES)

    run(story())


def test_an_old_caller_gets_a_file_until_the_connection_closes(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot(media.base_url, ["house"])) as here:
            head = f"GET /v1/files/file-1/content HTTP/1.0\r\nauthorization: Bearer {KEY}\r\n\r\n"
            assert parse(await here.exchange(head.encode())).body == LINES

    run(story())


def test_what_the_vendor_refuses_passes(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot(media.base_url, ["house"])) as here:
            reply = await ask(here, "GET", "/v1/files/missing")
            assert reply.status == 404
            assert reply.error["message"] == "No such File object: missing"
            assert here.record(reply.call_id).error == "upstream_refused"

    run(story())


def test_all_calls_go_to_the_first_account_of_a_service(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        content = snapshot(media.base_url, ["house"])
        house = content.services["house"]
        spare = replace(content.accounts["vendor"], id="spare", base_url="http://127.0.0.1:1/v1", sealed_key=None)
        more = (*house.deployments, *(Deployment(f"d{n}", "spare/x", "spare", "x", 100) for n in range(5)))
        services = {"house": replace(house, deployments=more)}
        content = replace(content, services=services, accounts={**content.accounts, "spare": spare})
        async with gate_here(tmp_path, content) as here:
            for _ in range(10):
                assert (await ask(here, "GET", "/v1/files")).status == 200

    run(story())


def test_of_several_services_that_one_is_taken_whose_vendor_is_known_for_it(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        content = snapshot(media.base_url, ["a", "b", "demo/chat"])
        known = replace(content.accounts["vendor"], id="openai", vendor="openai", sealed_key=None)
        services = {
            **content.services,
            "b": replace(content.services["b"], deployments=(Deployment("d", "o", "openai", "m"),)),
        }
        content = replace(content, services=services, accounts={**content.accounts, "openai": known})
        async with gate_here(tmp_path, content) as here:
            assert (await ask(here, "GET", "/v1/files")).headers["x-torana-service"] == "b"
            named = await ask(here, "GET", "/v1/batches", "x-torana-service: a\r\n")
            assert named.headers["x-torana-service"] == "a"

    run(story())


def test_a_key_that_may_call_nothing_is_told_so(media: MediaVendor, tmp_path: Path) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot(media.base_url, ["demo/chat"])) as here:
            reply = await ask(here, "GET", "/v1/files")
            assert (reply.status, reply.error["code"]) == (400, "service_not_named")
            assert "none of the services" in reply.error["message"]

    run(story())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/files/a/b", 404),
        ("GET", "/v1/files/", 404),
        ("GET", "/v1/filesystem", 404),
        ("GET", "/v1/fine_tuning", 404),
        ("GET", "/v1/fine_tuning/jobs/a/unknown", 404),
        ("GET", "/v1/batches/a/cancel", 405),
        ("PUT", "/v1/files", 405),
        ("DELETE", "/v1/batches/a", 405),
        ("GET", "/v1/files/" + "a" * 300, 404),
        ("GET", "/v1/files/..", 400),
    ],
)
def test_unknown_sub_paths_and_wrong_methods_are_refused(
    media: MediaVendor, tmp_path: Path, method: str, path: str, status: int
) -> None:
    async def story() -> None:
        async with gate_here(tmp_path, snapshot(media.base_url, ["house"])) as here:
            assert (await ask(here, method, path)).status == status
            assert media.seen == []

    run(story())
