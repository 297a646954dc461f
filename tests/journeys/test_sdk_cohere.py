"""Cohere's official SDK through the process tree: what it asks of a reranker, which may be Cohere's or another vendor's."""

from collections.abc import Iterator
from typing import Any

import cohere
import pytest
from cohere.core import ApiError
from cohere.types import RerankRelevantSpans

from tests.support.instance import Instance
from tests.support.simulated import mind
from tests.support.simulated.process import Simulated

DOCUMENTS = ["brief", "a much longer text", "naïve 😀 text"]
TARGETS = pytest.mark.parametrize("target", ["cohere", "jina"])


@pytest.fixture(scope="module")
def client(door: Instance) -> Iterator[cohere.ClientV2]:
    with cohere.ClientV2(api_key=door.key, base_url=door.url, timeout=30, max_retries=0) as made:
        yield made


def check_record(door: Instance, headers: dict[str, str], target: str, endpoint: str) -> None:
    record = door.record(headers["x-torana-call-id"])
    assert (record["status"], record["error"], record["endpoint"]) == (200, None, endpoint)
    assert (record["service"], record["provider"]) == (f"{target}-rerank", target)
    assert record["model_sent"] == "rerank-sim"
    if target == "cohere":
        assert (record["units"], record["unit_count"], record["target_dialect"]) == ("searches", 1, "cohere")
    else:
        assert (record["input_tokens"], record["model_served"]) == (mind.INPUT, "jina-sim-001")


@TARGETS
def test_documents_are_ranked_and_recorded(client: cohere.ClientV2, door: Instance, target: str) -> None:
    raw = client.v2.with_raw_response.rerank(model=f"{target}-rerank", query="q", documents=DOCUMENTS, top_n=2)
    assert [(row.index, row.relevance_score) for row in raw.data.results] == [(1, 0.18), (2, 0.12)]
    check_record(door, raw.headers, target, "/v2/rerank")


@TARGETS
def test_the_first_version_of_the_sdk_is_answered_with_the_documents(door: Instance, target: str) -> None:
    with cohere.Client(api_key=door.key, base_url=door.url, timeout=30, max_retries=0) as first:
        raw = first.with_raw_response.rerank(
            model=f"{target}-rerank", query="q", documents=DOCUMENTS, return_documents=target == "cohere"
        )
    assert [row.index for row in raw.data.results] == [1, 2, 0]
    if target == "cohere":
        texts = [row.document.text for row in raw.data.results if row.document is not None]
        assert texts == [DOCUMENTS[1], DOCUMENTS[2], DOCUMENTS[0]]
    check_record(door, raw.headers, target, "/v1/rerank")


def test_what_only_cohere_has_passes_to_it_and_back(client: cohere.ClientV2, simulated: Simulated) -> None:
    said = client.rerank(
        model="cohere-rerank",
        query="Which spans?",
        documents=DOCUMENTS,
        relevant_spans=RerankRelevantSpans(mode="enabled", max_spans=1),
        priority=3,
    )
    spans = said.results[0].relevant_spans
    assert spans is not None
    assert (spans[0].start, spans[0].end, spans[0].score) == (0, 3, 0.5)
    (sent,) = simulated.seen("Which spans?")
    assert sent.path == "/rerank"
    assert sent.json["relevant_spans"] == {"mode": "enabled", "max_spans": 1}
    assert sent.json["priority"] == 3


@pytest.mark.parametrize(
    ("model", "raised", "code"),
    [
        ("nobody", cohere.NotFoundError, "model_not_found"),
        ("anthropic", ApiError, "endpoint_not_supported"),
        ("cohere-fault-400", cohere.BadRequestError, "upstream_refused"),
        ("cohere-fault-429", cohere.TooManyRequestsError, "upstream_rate_limited"),
        ("cohere-fault-500", ApiError, "upstream_failed"),
    ],
)
def test_a_failure_is_the_sdks_own_class(
    client: cohere.ClientV2, door: Instance, model: str, raised: type[ApiError], code: str
) -> None:
    with pytest.raises(raised) as caught:
        client.rerank(model=model, query="q", documents=DOCUMENTS)
    headers, body = caught.value.headers, caught.value.body
    assert headers is not None
    assert door.record(headers["x-torana-call-id"])["error"] == code
    if model == "cohere-fault-400":
        assert body["message"] == "The vendor says 400."
    else:
        assert body["error"]["code"] == code


def test_a_stranger_is_told_so(door: Instance) -> None:
    with (
        cohere.ClientV2(api_key="nobody", base_url=door.url, max_retries=0) as stranger,
        pytest.raises(cohere.UnauthorizedError) as caught,
    ):
        stranger.rerank(model="cohere-rerank", query="q", documents=DOCUMENTS)
    body: Any = caught.value.body
    assert body["error"]["code"] == "invalid_api_key"
