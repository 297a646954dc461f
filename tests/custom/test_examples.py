"""The worked examples, step by step over a real connection: what the service is asked and what the caller gets."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.custom.conftest import Evaluator
from tests.custom.service import Service, running_service
from tests.support.vendor_process import ROOT
from torana.core.errors import Refusal
from torana.core.exchange import EmbedReply, EmbedRequest, ModelReply, ModelRequest, Text
from torana.core.losses import Losses
from torana.core.secret import Secret
from torana.core.stream import Finished, TextDelta, UsageSeen
from torana.core.usage import Usage
from torana.custom.describe import CustomModel
from torana.custom.inputs import chat_inputs, embed_inputs
from torana.custom.read import expression_problems, read_model
from torana.custom.replies import Problem
from torana.custom.sample import read_sample
from torana.custom.steps import credential, map_embed_reply, map_error, map_reply, render
from torana.custom.stream import StreamMapper

EXAMPLES = ROOT / "examples" / "custom"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service() as one:
        yield one


class Example:
    """A folder of the examples, and a way to call what it describes."""

    def __init__(self, name: str, evaluator: Evaluator, service: Service) -> None:
        self.folder: Path = EXAMPLES / name
        self.model: CustomModel = read_model((self.folder / "model.yaml").read_bytes())
        self.service = service
        self.evaluator = evaluator
        self.request = read_sample((self.folder / "sample.json").read_bytes(), self.model.content)

    def calls(self, file: str, status: int = 200) -> tuple[int, bytes]:
        """Render the sample, send it, and return what the service answered with: a file of the folder."""
        self.service.answer = (status, (self.folder / file).read_bytes())
        made = self.evaluator.run(render(self.evaluator.evaluate, self.model, self.inputs()))
        headers = dict(made.headers)
        carried = credential(self.model.auth, Secret("canary-secret"))
        assert carried is not None
        headers[carried[0]] = carried[1]
        reply = httpx2.request(made.method, self.service.address + made.target, headers=headers, content=made.body)
        return reply.status_code, reply.content

    def inputs(self) -> dict[str, Any]:
        """What the templates see."""
        if isinstance(self.request, EmbedRequest):
            return embed_inputs(self.request, Losses())
        return chat_inputs(self.request, self.model, Losses())

    def reply(self, file: str) -> ModelReply | Problem:
        """The mapped reply."""
        _, body = self.calls(file)
        return self.evaluator.run(map_reply(self.evaluator.evaluate, self.model, body, self.request.model))

    def problem(self, status: int) -> Problem:
        """The mapped error."""
        status, body = self.calls("error.json", status)
        return self.evaluator.run(map_error(self.evaluator.evaluate, self.model, status, body))

    def sent(self) -> Any:
        """The body that the service got."""
        return json.loads(self.service.asked[-1].body)


@pytest.mark.parametrize("name", NAMES)
def test_every_expression_of_an_example_compiles(name: str, evaluator: Evaluator) -> None:
    model = read_model((EXAMPLES / name / "model.yaml").read_bytes())
    assert evaluator.run(expression_problems(evaluator.evaluate, model)) == []


def _text(reply: ModelReply | Problem) -> str:
    assert isinstance(reply, ModelReply)
    (part,) = reply.choices[0].parts
    assert isinstance(part, Text)
    return part.text


def test_the_sentiment_classifier(evaluator: Evaluator, service: Service) -> None:
    example = Example("sentiment", evaluator, service)
    reply = example.reply("reply.json")
    assert _text(reply) == "positive (0.96)"
    assert isinstance(reply, ModelReply)
    assert reply.usage == Usage(9, None, 0, None)
    asked = service.asked[0]
    assert (asked.method, asked.target) == ("POST", "/classify")
    assert asked.headers["authorization"] == "Bearer canary-secret"
    assert asked.headers["x-caller"] == "shop-42"
    assert example.sent() == {"text": 'The "new" release is wonderful.\nTruly.', "language": "en"}
    problem = example.problem(503)
    assert (problem.error.message, problem.error.code, problem.retryable) == (
        "a text may have 512 tokens",
        "too_long",
        True,
    )


def test_the_sentiment_classifier_as_a_stream(evaluator: Evaluator, service: Service) -> None:
    example = Example("sentiment", evaluator, service)
    _, body = example.calls("reply.ndjson")
    assert example.model.stream is not None
    mapper = StreamMapper(evaluator.evaluate, example.model.stream, "sample")
    events = evaluator.run(mapper.feed(body))
    assert TextDelta(0, 0, "positive (0.96)") in events
    assert UsageSeen(Usage(9, None, 0, None)) in events
    assert events[-1] == Finished()
    assert mapper.done


def test_the_tabular_risk_scorer(evaluator: Evaluator, service: Service) -> None:
    example = Example("risk", evaluator, service)
    assert json.loads(_text(example.reply("reply.json"))) == {
        "probability": 0.34,
        "band": "medium",
        "because": ["debt", "income"],
    }
    assert service.asked[0].target == "/v2/models/loan-3/score?explain=true"
    assert service.asked[0].headers["x-api-token"] == "canary-secret"
    assert example.sent()["rows"] == [[41000, 12500.5, 37, 1]]
    assert example.problem(422).error.message == "four numbers are needed; unknown column"


def test_the_risk_scorer_is_not_called_with_a_row_that_does_not_fit(evaluator: Evaluator, service: Service) -> None:
    example = Example("risk", evaluator, service)
    example.request = read_sample(
        b'{"messages": [{"role": "user", "content": "{\\"income\\": 1, \\"debt\\": 2, \\"age\\": 7}"}]}', "chat"
    )
    with pytest.raises(Refusal, match="age is not valid: it has to be at least 18"):
        example.calls("reply.json")
    assert service.asked == []


def test_google_vision_labels_the_image_of_a_chat_message(evaluator: Evaluator, service: Service) -> None:
    example = Example("vision", evaluator, service)
    assert _text(example.reply("reply.json")) == "Bicycle wheel 98%, Bicycle 96%"
    asked = service.asked[0]
    assert asked.target == "/v1/images:annotate"
    assert asked.headers["x-goog-api-key"] == "canary-secret"
    (one,) = example.sent()["requests"]
    assert one["image"]["content"].startswith("iVBOR")
    assert one["features"] == [{"type": "LABEL_DETECTION", "maxResults": 10}]
    problem = example.problem(403)
    assert (problem.error.code, problem.retryable) == ("PERMISSION_DENIED", False)


def test_google_vision_takes_several_images_by_url_and_tells_of_one_that_failed(
    evaluator: Evaluator, service: Service
) -> None:
    example = Example("vision", evaluator, service)
    image = {"type": "image_url", "image_url": {"url": "https://images.example/a.png"}}
    example.request = read_sample(
        json.dumps({"messages": [{"role": "user", "content": [image, image]}]}).encode(), "chat"
    )
    found = example.reply("failed.json")
    assert isinstance(found, Problem)
    assert found.error.message == "Bad image data."
    assert [one["image"] for one in example.sent()["requests"]] == [
        {"source": {"imageUri": "https://images.example/a.png"}}
    ] * 2


def test_a_tei_embedding_server(evaluator: Evaluator, service: Service) -> None:
    example = Example("tei", evaluator, service)
    _, body = example.calls("reply.json")
    reply = evaluator.run(map_embed_reply(evaluator.evaluate, example.model, body, "tei", 2))
    assert isinstance(reply, EmbedReply)
    assert reply.vectors == ((0.0384, -0.00077, -0.0204), (0.045, -0.0391, -0.0224))
    assert service.asked[0].target == "/embed"
    assert example.sent() == {
        "inputs": ["The gate is open.", "The door is closed."],
        "normalize": True,
        "truncate": True,
    }
    problem = example.problem(429)
    assert (problem.error.code, problem.retryable) == ("validation", True)


def test_templates_never_see_the_secret(evaluator: Evaluator, service: Service) -> None:
    for name in NAMES:
        example = Example(name, evaluator, service)
        example.calls("reply.json")
        assert b"canary-secret" not in service.asked[-1].body
        assert "canary-secret" not in service.asked[-1].target
        assert "canary-secret" not in json.dumps(example.inputs())
        assert isinstance(example.request, ModelRequest | EmbedRequest)
