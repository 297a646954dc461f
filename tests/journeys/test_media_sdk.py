"""The official OpenAI SDK for everything that is not about text, through the whole process tree."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from tests.support import journey
from tests.support.instance import Instance, run_instance
from tests.support.media_vendor import LINES, PICTURE, SOUND, MediaVendor, run_media_vendor

WAV = b"RIFF" + bytes(range(256)) * 2_000
SERVICES = {
    "ear": "gpt-4o-transcribe",
    "voice": "gpt-4o-mini-tts",
    "painter": "gpt-image-1",
    "guard": "omni-moderation-latest",
}


@pytest.fixture(scope="module")
def media() -> Iterator[MediaVendor]:
    with run_media_vendor() as vendor:
        yield vendor


@pytest.fixture(scope="module")
def instance(media: MediaVendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    services = [journey.service(name, model) for name, model in SERVICES.items()]
    services += [journey.service("order", "rerank-v3.5"), journey.service("cohere-order", "rerank-v3.5", "cohere")]
    cohere = {
        "name": "cohere",
        "vendor": "cohere",
        "base_url": media.base_url.replace("/v1", "/v2"),
        "api_key": {"env": "PROVIDER_KEY"},
    }
    config = journey.configuration(media, services, providers=[cohere])  # type: ignore[arg-type]
    with run_instance(tmp_path_factory.mktemp("media"), config, key=journey.KEY, env=journey.environment()) as running:
        yield running


@pytest.fixture(scope="module")
def client(instance: Instance) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=instance.base_url,
        api_key=instance.key,
        max_retries=0,
        timeout=30,
        default_headers={"x-torana-service": "guard"},
    ) as made:
        yield made


def record_of(instance: Instance, headers: Any) -> dict[str, Any]:
    return instance.record(headers["x-torana-call-id"])


def test_a_sound_is_transcribed_and_counted_in_seconds(
    client: openai.OpenAI, instance: Instance, media: MediaVendor
) -> None:
    raw = client.audio.transcriptions.with_raw_response.create(
        model="ear", file=("speech.wav", io.BytesIO(WAV), "audio/wav"), language="en"
    )
    assert raw.parse().text == "Hello."
    seen = media.last()
    assert seen.part("model") == b"gpt-4o-transcribe"
    assert seen.part("file") == WAV
    assert seen.headers["authorization"] == f"Bearer {journey.PROVIDER_KEY}"
    record = record_of(instance, raw.headers)
    assert record["endpoint"] == "/v1/audio/transcriptions"
    assert (record["service"], record["model_sent"]) == ("ear", "gpt-4o-transcribe")
    assert record["request_bytes"] > len(WAV)


def test_transcriptions_stream_and_translations_come_back(client: openai.OpenAI) -> None:
    stream = client.audio.transcriptions.create(model="ear", file=("a.wav", WAV), stream=True)
    events = list(stream)
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    with pytest.deprecated_call():  # by the SDK, not by us
        said = client.audio.translations.create(model="ear", file=("a.wav", WAV), response_format="verbose_json")
    assert said.duration == 8.47
    assert client.audio.transcriptions.create(model="ear", file=("a.wav", WAV), response_format="text") == "Hello.\n"


def test_speech_is_streamed_to_a_file(client: openai.OpenAI, instance: Instance) -> None:
    with client.audio.speech.with_streaming_response.create(model="voice", voice="alloy", input="Hi") as reply:
        assert b"".join(reply.iter_bytes()) == SOUND
        record = record_of(instance, reply.headers)
        assert reply.headers["content-type"] == "audio/mpeg"
    assert record["response_bytes"] == len(SOUND)


def test_images_are_made_and_edited(client: openai.OpenAI, instance: Instance, media: MediaVendor) -> None:
    raw = client.images.with_raw_response.generate(model="painter", prompt="A cat", n=2)
    made = raw.parse()
    assert made.data is not None
    assert [image.b64_json for image in made.data] == [PICTURE, PICTURE]
    assert record_of(instance, raw.headers)["output_tokens"] == 272
    streamed = client.images.generate(model="painter", prompt="A cat", stream=True, partial_images=1)
    assert [event.type for event in streamed] == ["image_generation.partial_image", "image_generation.completed"]
    picture = base64.b64decode(PICTURE)
    edited = client.images.edit(model="painter", image=[("a.png", picture), ("b.png", picture)], prompt="A dog")
    assert edited.data is not None
    assert media.last().part("model") == b"gpt-image-1"
    with pytest.deprecated_call():
        varied = client.images.create_variation(model="painter", image=("a.png", picture))
    assert varied.data is not None


def test_moderations_name_no_model(client: openai.OpenAI, media: MediaVendor) -> None:
    assert client.moderations.create(input="Hello").results[0].flagged is False
    assert media.last().json["model"] == "omni-moderation-latest"


def test_files_go_and_come_back(client: openai.OpenAI, instance: Instance, media: MediaVendor) -> None:
    big = LINES * 10
    raw = client.files.with_raw_response.create(file=("a.jsonl", io.BytesIO(big)), purpose="batch")
    assert raw.parse().id == "file-1"
    assert media.last().part("file") == big
    assert record_of(instance, raw.headers)["request_bytes"] > len(big)
    assert [one.id for one in client.files.list(purpose="batch")] == ["file-1"]
    assert client.files.retrieve("file-1").filename == "a.jsonl"
    assert client.files.content("file-1").content == LINES
    assert client.files.delete("file-1").deleted
    with pytest.raises(openai.NotFoundError, match="No such File object"):
        client.files.retrieve("missing")


def test_batches_and_fine_tuning_jobs_are_passed_through(client: openai.OpenAI, media: MediaVendor) -> None:
    made = client.batches.create(
        input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h", metadata={"a": "b"}
    )
    assert made.id == "batch_1"
    assert media.last().json["metadata"] == {"a": "b"}
    assert client.batches.retrieve("batch_1").status == "validating"
    assert client.batches.cancel("batch_1").id == "batch_1"
    assert [one.id for one in client.batches.list(limit=1)] == ["batch_1"]
    job = client.fine_tuning.jobs.create(model="gpt-4.1-mini", training_file="file-1")
    assert job.id == "ftjob-1"
    assert media.last().json["model"] == "gpt-4.1-mini"
    assert client.fine_tuning.jobs.retrieve("ftjob-1").status == "queued"
    assert client.fine_tuning.jobs.cancel("ftjob-1").id == "ftjob-1"
    assert [one.id for one in client.fine_tuning.jobs.list()] == ["ftjob-1"]


def test_rerank_in_both_forms(instance: Instance, media: MediaVendor) -> None:
    with httpx2.Client(base_url=instance.base_url, headers={"authorization": f"Bearer {instance.key}"}) as caller:
        for service, target in (("order", "/v1/rerank"), ("cohere-order", "/v2/rerank")):
            body = {"model": service, "query": "q", "documents": ["a", "b"], "top_n": 1}
            reply = caller.post("/rerank", json=body)
            assert reply.status_code == 200
            assert reply.json()["results"][0]["index"] == 1
            assert media.last().target == target
            assert media.last().json["model"] == "rerank-v3.5"
            assert record_of(instance, reply.headers)["service"] == service


def test_errors_are_those_that_the_sdk_knows(instance: Instance, client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as absent:
        client.audio.transcriptions.create(model="nobody", file=("a.wav", WAV))
    assert absent.value.code == "model_not_found"
    with openai.OpenAI(base_url=instance.base_url, api_key=instance.key, max_retries=0) as unnamed:
        with pytest.raises(openai.BadRequestError, match="x-torana-service") as unclear:
            unnamed.files.list()
        assert unclear.value.code == "service_not_named"
        assert unnamed.files.list(extra_query={"service": "ear"}).data[0].id == "file-1"
    with (
        openai.OpenAI(base_url=instance.base_url, api_key="wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.audio.transcriptions.create(model="ear", file=("a.wav", WAV))
