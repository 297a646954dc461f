"""In-house services as models, through the whole process tree: the examples called by three SDKs, and what is hostile."""

import base64
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import anthropic
import openai
import psutil
import pytest
import yaml
from google import genai
from google.genai import types

from tests.support import journey
from tests.support.instance import Instance, run_instance
from tests.support.polling import eventually
from tests.support.vendor_process import ROOT

EXAMPLES = ROOT / "examples" / "custom"
PIXEL = json.loads((EXAMPLES / "vision" / "sample.json").read_text())["messages"][0]["content"][1]["image_url"]["url"]
ROW = '{"income": 41000, "debt": 12500.5, "age": 37, "employed": true}'
LABELS = "Bicycle wheel 98%, Bicycle 96%"
VECTORS = [[0.0384, -0.00077, -0.0204], [0.045, -0.0391, -0.0224]]
BUSY = "$reduce([1..100000], function($sum, $a) { $sum + $count($filter([1..10000], function($b) { $b > $a })) })"


class Asked(NamedTuple):
    """One request as a service got it."""

    target: str
    headers: dict[str, str]
    body: Any


class Services:
    """The four services of the examples behind one address."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[Asked] = []

    def last(self) -> Asked:
        return self.asked[-1]


@contextmanager
def running_services() -> Iterator[Services]:
    """They answer with the examples' own replies, and remember what they were asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.asked.append(Asked(self.path, headers, body))
            status, answer = _answer(self.path, body)
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Nothing is written."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Services(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(target: str, body: Any) -> tuple[int, bytes]:
    path, _, query = target.partition("?")
    if path == "/classify":
        if body["text"] == "too long":
            return 422, (EXAMPLES / "sentiment" / "error.json").read_bytes()
        return 200, (EXAMPLES / "sentiment" / ("reply.ndjson" if query == "stream=true" else "reply.json")).read_bytes()
    if path.startswith("/v2/models/"):
        return 200, (EXAMPLES / "risk" / "reply.json").read_bytes()
    if path == "/v1/images:annotate":
        return 200, (EXAMPLES / "vision" / "reply.json").read_bytes()
    assert path == "/embed", target
    return 200, json.dumps(json.loads((EXAMPLES / "tei" / "reply.json").read_bytes())[: len(body["inputs"])]).encode()


def hostile(**request: Any) -> dict[str, Any]:
    return {"request": {"path": "/classify", **request}, "response": "'never'"}


HOSTILE = {
    "loops": hostile(body="{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"),
    "explodes": hostile(body="{{ (['a' * 1000] * 200000)|join|tojson }}"),
    "calls-itself": hostile(body="{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}"),
    "reads-a-file": hostile(body="{% include '/etc/passwd' %}"),
    "reads-a-class": hostile(body="{{ prompt.__class__.__mro__ }}"),
    "is-busy": hostile(body_map=BUSY),
    "leaves-the-path": hostile(path="/{{ '..' }}/classify"),
}


def configuration(services: Services, greeting: str = "first") -> dict[str, Any]:
    """The examples as services, the vision one at our own address; hostile ones; and one whose description changes."""
    provider = {
        "name": "house",
        "vendor": "openai-compatible",
        "base_url": services.url,
        "api_key": {"env": "PROVIDER_KEY"},
    }
    vision = yaml.safe_load((EXAMPLES / "vision" / "model.yaml").read_text())
    vision["request"]["url"] = vision["request"]["url"].replace("https://vision.googleapis.com", services.url)
    described: dict[str, dict[str, Any]] = {
        "sentiment": {"model_file": str(EXAMPLES / "sentiment" / "model.yaml")},
        "risk": {"model_file": str(EXAMPLES / "risk" / "model.yaml")},
        "tei": {"model_file": str(EXAMPLES / "tei" / "model.yaml")},
        "vision": {"model": vision},
        "greeting": {"model": {"request": {"path": "/classify", "body": '{"text": "x"}'}, "response": f"'{greeting}'"}},
        **{name: {"model": description} for name, description in HOSTILE.items()},
    }
    deployment = {"provider": "house"}
    all_services = [
        {"name": name, "kind": "custom", "deployments": [deployment], **fields} for name, fields in described.items()
    ]
    return {
        "providers": [provider],
        "services": all_services,
        "teams": [{"name": "default", "apps": [journey.app("main", list(described))]}],
    }


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with running_services() as running:
        yield running


@pytest.fixture(scope="module")
def instance(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("custom")
    env = {**journey.environment(), "TORANA_CUSTOM_WORKERS": "2"}
    with run_instance(folder, configuration(services), key=journey.KEY, env=env, workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def openai_client(instance: Instance) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=instance.base_url, api_key=instance.key, max_retries=0, timeout=60) as made:
        yield made


@pytest.fixture(scope="module")
def anthropic_client(instance: Instance) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=instance.url, api_key=instance.key, max_retries=0, timeout=60) as made:
        yield made


@pytest.fixture(scope="module")
def google_client(instance: Instance) -> Iterator[genai.Client]:
    made = genai.Client(api_key=instance.key, http_options=types.HttpOptions(base_url=instance.url))
    yield made
    made.close()


def test_openai_s_sdk_calls_every_example(openai_client: openai.OpenAI, instance: Instance, services: Services) -> None:
    raw = openai_client.chat.completions.with_raw_response.create(
        model="sentiment", messages=[{"role": "user", "content": "Wonderful."}], user="shop-42"
    )
    reply = raw.parse()
    assert reply.choices[0].message.content == "positive (0.96)"
    assert services.last().target == "/classify"
    assert services.last().body == {"text": "Wonderful.", "language": "en"}
    assert services.last().headers["x-caller"] == "shop-42"
    assert services.last().headers["authorization"] == f"Bearer {journey.PROVIDER_KEY}"
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (9, 0)

    scored = openai_client.chat.completions.create(model="risk", messages=[{"role": "user", "content": ROW}])
    assert json.loads(scored.choices[0].message.content or "") == {
        "probability": 0.34,
        "band": "medium",
        "because": ["debt", "income"],
    }
    assert services.last().target == "/v2/models/risk/score?explain=true"
    assert services.last().headers["x-api-token"] == journey.PROVIDER_KEY

    content: Any = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    seen = openai_client.chat.completions.create(model="vision", messages=[{"role": "user", "content": content}])
    assert seen.choices[0].message.content == LABELS
    assert services.last().body["requests"][0]["image"] == {"content": PIXEL.partition(",")[2]}
    assert services.last().headers["x-goog-api-key"] == journey.PROVIDER_KEY

    vectors = openai_client.embeddings.create(model="tei", input=["The gate is open.", "The door is closed."])
    assert [one.embedding for one in vectors.data] == [pytest.approx(vector, rel=1e-6) for vector in VECTORS]

    record = instance.record(raw.headers["x-torana-call-id"])
    assert (record["service"], record["dialect"], record["target_dialect"]) == ("sentiment", "openai_chat", "custom")
    assert (record["input_tokens"], record["output_tokens"], record["status"]) == (9, 0, 200)


def test_openai_s_sdk_streams_from_a_service_that_streams_and_from_one_that_does_not(
    openai_client: openai.OpenAI,
) -> None:
    for model, text, expected in (("sentiment", "Wonderful.", "positive (0.96)"), ("risk", ROW, '"band":"medium"')):
        with openai_client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": text}],
            stream=True,
            stream_options={"include_usage": True},
        ) as stream:
            chunks = list(stream)
        assert expected in "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    with openai_client.responses.create(model="sentiment", input="Wonderful.", store=False, stream=True) as events:
        assert list(events)[-1].type == "response.completed"


def test_anthropic_s_sdk_calls_and_streams(anthropic_client: anthropic.Anthropic, services: Services) -> None:
    mood = anthropic_client.messages.create(
        model="sentiment", max_tokens=50, messages=[{"role": "user", "content": "Wonderful."}]
    )
    assert mood.content[0].type == "text"
    assert mood.content[0].text == "positive (0.96)"
    assert (mood.usage.input_tokens, mood.stop_reason) == (9, "end_turn")
    image: Any = {"type": "base64", "media_type": "image/png", "data": PIXEL.partition(",")[2]}
    seen = anthropic_client.messages.create(
        model="vision", max_tokens=50, messages=[{"role": "user", "content": [{"type": "image", "source": image}]}]
    )
    assert seen.content[0].type == "text"
    assert seen.content[0].text == LABELS
    for model, text, expected in (("sentiment", "Wonderful.", "positive"), ("risk", ROW, "medium")):
        with anthropic_client.messages.stream(
            model=model, max_tokens=50, messages=[{"role": "user", "content": text}]
        ) as stream:
            assert expected in stream.get_final_text()
    assert services.last().target == "/v2/models/risk/score?explain=true"


def test_google_s_sdk_calls_streams_and_embeds(google_client: genai.Client) -> None:
    mood = google_client.models.generate_content(model="sentiment", contents="Wonderful.")
    assert mood.text == "positive (0.96)"
    assert mood.usage_metadata is not None
    assert mood.usage_metadata.prompt_token_count == 9
    image = types.Part.from_bytes(data=base64.b64decode(PIXEL.partition(",")[2]), mime_type="image/png")
    seen = google_client.models.generate_content(model="vision", contents=[image])
    assert seen.text == LABELS
    for model, text, expected in (("sentiment", "Wonderful.", "positive"), ("risk", ROW, "medium")):
        parts = google_client.models.generate_content_stream(model=model, contents=text)
        assert expected in "".join(part.text or "" for part in parts)
    vectors = google_client.models.embed_content(model="tei", contents=["The gate is open.", "The door is closed."])
    assert vectors.embeddings is not None
    assert [one.values for one in vectors.embeddings] == [pytest.approx(vector) for vector in VECTORS]


def test_what_the_service_refuses_and_what_it_does_not_take_is_said_in_each_sdk_s_error(
    openai_client: openai.OpenAI, anthropic_client: anthropic.Anthropic, instance: Instance
) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match=r"a text may have 512 tokens \(too_long\)") as refused:
        openai_client.chat.completions.create(model="sentiment", messages=[{"role": "user", "content": "too long"}])
    assert instance.record(refused.value.response.headers["x-torana-call-id"])["error"] == "upstream_refused"
    row = '{"income": 1, "debt": "much", "age": 20}'
    with pytest.raises(anthropic.BadRequestError, match="debt"):
        anthropic_client.messages.create(model="risk", max_tokens=9, messages=[{"role": "user", "content": row}])
    content: Any = [{"type": "image_url", "image_url": {"url": PIXEL}}]
    with pytest.raises(openai.BadRequestError, match="takes no images"):
        openai_client.chat.completions.create(model="sentiment", messages=[{"role": "user", "content": content}])
    with pytest.raises(openai.BadRequestError, match="does not offer /v1/embeddings"):
        openai_client.embeddings.create(model="sentiment", input="a")


def test_custom_models_are_listed_with_what_they_read(instance: Instance) -> None:
    listed = {one["id"]: one for one in instance.request("GET", "/v1/models").json["data"]}
    assert listed["vision"]["modalities"]["input"] == ["text", "image"]
    headers = {"x-goog-api-key": instance.key}
    gemini = instance.request("GET", "/v1beta/models/tei", headers=headers, key="").json
    assert gemini["supportedGenerationMethods"] == ["embedContent", "batchEmbedContents"]


def test_hostile_templates_are_stopped_with_a_clear_error_while_other_calls_go_on(
    instance: Instance, services: Services
) -> None:
    before = len(services.asked)
    with ThreadPoolExecutor(len(HOSTILE) + 4) as pool:
        stopped = {name: pool.submit(instance.chat, name) for name in HOSTILE}
        fine = list(pool.map(lambda _: instance.chat("greeting"), range(40)))
        replies = {name: one.result() for name, one in stopped.items()}
    assert [reply.status for reply in fine] == [200] * 40
    for name, reply in replies.items():
        assert (reply.status, reply.error["code"]) == (502, "custom_template_failed"), (name, reply.body)
        assert "at request" in reply.error["message"], name
        assert reply.headers["x-should-retry"] == "false"
    assert len(services.asked) == before + 40
    records = instance.records({reply.call_id for reply in [*replies.values(), *fine]})
    assert {len(rows) for rows in records.values()} == {1}
    assert {records[reply.call_id][0]["error"] for reply in replies.values()} == {"custom_template_failed"}


def test_a_sandbox_that_is_killed_fails_its_call_alone_and_is_replaced(instance: Instance) -> None:
    (gate,) = instance.gates()
    assert instance.chat("greeting").status == 200
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(instance.chat, "is-busy")
        eventually(lambda: [one for one in _sandboxes(gate) if one.cpu_percent(0.05) > 20], "an evaluation runs")
        for one in _sandboxes(gate):
            one.kill()
        reply = running.result()
    assert (reply.status, reply.error["code"]) == (502, "custom_template_failed")
    assert "its worker ended with status -9" in reply.error["message"]
    assert instance.chat("greeting").status == 200
    assert instance.record(reply.call_id)["error"] == "custom_template_failed"
    assert [one.pid for one in instance.gates()] == [gate.pid]


def _sandboxes(gate: psutil.Process) -> list[psutil.Process]:
    return gate.children()


def test_a_changed_description_is_applied_while_calls_go_on(instance: Instance, services: Services) -> None:
    assert instance.chat("greeting").json["choices"][0]["message"]["content"] == "first"
    file = instance.folder / "changed.yaml"
    file.write_text(json.dumps(configuration(services, "second")))
    instance.cli("apply", "-f", str(file), "--yes")
    eventually(
        lambda: instance.chat("greeting").json["choices"][0]["message"]["content"] == "second",
        "the changed description holds",
    )
    broken = configuration(services)
    broken["services"][0] = {**broken["services"][-1], "name": "sentiment", "model": hostile(body="{{ prompt")}
    file.write_text(json.dumps(broken))
    with pytest.raises(AssertionError, match=r"services\[0\].model: request.body: "):
        instance.cli("apply", "-f", str(file), "--yes")
    assert instance.chat("greeting").json["choices"][0]["message"]["content"] == "second"


def test_no_reply_and_no_log_holds_the_secret_and_every_process_ends_with_the_instance(instance: Instance) -> None:
    assert journey.PROVIDER_KEY not in instance.output()
    (gate,) = instance.gates()
    assert len(_sandboxes(gate)) <= 2
