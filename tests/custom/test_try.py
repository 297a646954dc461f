"""`torana custom try` as somebody at a terminal uses it."""

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.custom.service import running_service
from tests.custom.test_examples import EXAMPLES, NAMES
from torana.cli import custom

MODEL = "request:\n  path: /call\n  body: '{\"t\": {{ last_user }}}'\nresponse: label\nauth: {style: bearer}\n"
SAMPLE = '{"messages": [{"role": "user", "content": "hi"}]}'


def _types(*words: object, code: int = 0, **environment: str) -> str:
    app = typer.Typer()
    custom.register(app)
    result = CliRunner().invoke(app, ["custom", "try", *map(str, words)], env=environment)
    assert result.exit_code == code, result.output
    return result.stderr if code and result.stderr else result.stdout


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    model, sample, reply = tmp_path / "model.yaml", tmp_path / "sample.json", tmp_path / "reply.json"
    model.write_text(MODEL)
    sample.write_text(SAMPLE)
    reply.write_text('{"label": "good"}')
    return model, sample, reply


@pytest.mark.parametrize("name", NAMES)
def test_each_example_is_shown_step_by_step(name: str) -> None:
    folder = EXAMPLES / name
    shown = _types(folder / "model.yaml", "--sample", folder / "sample.json", "--reply", folder / "reply.json")
    steps = [line.removeprefix("── ") for line in shown.splitlines() if line.startswith("── ")]
    assert steps == ["inputs", "request", "service's reply, status 200", "mapped reply", "as the caller sees it"]


def test_an_error_of_the_service_is_mapped_and_exits_with_one() -> None:
    folder = EXAMPLES / "tei"
    words = (folder / "model.yaml", "--sample", folder / "sample.json", "--reply", folder / "error.json")
    shown = _types(*words, "--status", 429, code=1)
    assert "mapped error" in shown
    assert '"retryable": true' in shown


def test_a_stream_is_shown_as_events(tmp_path: Path) -> None:
    folder = EXAMPLES / "sentiment"
    sample = tmp_path / "sample.json"
    sample.write_text(json.dumps({**json.loads((folder / "sample.json").read_text()), "stream": True}))
    shown = _types(folder / "model.yaml", "--sample", sample, "--reply", folder / "reply.ndjson")
    assert "TextDelta" in shown
    assert "Finished(" in shown


def test_without_a_reply_it_ends_with_the_request(files: tuple[Path, Path, Path]) -> None:
    model, sample, _ = files
    shown = _types(model, "--sample", sample)
    assert "POST /call" in shown
    assert '{"t": "hi"}' in shown
    assert "mapped" not in shown


def test_a_real_call_carries_the_secret_and_never_shows_it(files: tuple[Path, Path, Path]) -> None:
    model, sample, _ = files
    with running_service() as service:
        service.answer = (200, b'{"label": "good"}')
        words = (model, "--sample", sample, "--send", "--base-url", service.address)
        shown = _types(*words, TORANA_CUSTOM_SECRET="canary-secret")
        assert service.asked[0].headers["authorization"] == "Bearer canary-secret"
    assert '"content": "good"' in shown
    assert "canary-secret" not in shown


WRONG = {
    "a field": (MODEL.replace("path", "pth"), SAMPLE, "request.pth: there is no such field"),
    "a template": (MODEL.replace("last_user }}", "last_user"), SAMPLE, "request.body: syntax error"),
    "a name": (MODEL.replace("last_user", "lastuser"), SAMPLE, "request.body: undefined value"),
    "a mapping": (MODEL.replace("label", "label("), SAMPLE, "response: it is no JSONata"),
    "a path": (MODEL.replace("label", "lable"), SAMPLE, "response: it gives nothing"),
    "a sample": (MODEL, '{"messages": [{"role": "user"}]}', r"sample: messages\[0\].content"),
    "a sample's field": (MODEL, SAMPLE[:-1] + ', "foo": 1}', "sample: foo"),
    "a sample's role": (MODEL, SAMPLE.replace('"user"', '"tool"'), r"messages\[0\].role"),
    "no JSON": (MODEL, "nope", "the sample is not JSON"),
}


@pytest.mark.parametrize(("model_text", "sample_text", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_in_one_line(
    files: tuple[Path, Path, Path], model_text: str, sample_text: str, message: str
) -> None:
    model, sample, reply = files
    model.write_text(model_text)
    sample.write_text(sample_text)
    said = _types(model, "--sample", sample, "--reply", reply, code=1)
    assert len(said.strip().splitlines()) == 1
    assert said.startswith("torana: ")
    assert re.search(message, said), said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--reply", "{reply}", "--send"), "not both"),
        (("--send",), "--base-url"),
        (("--send", "--base-url", "http://127.0.0.1:9"), "TORANA_CUSTOM_SECRET"),
        (("--reply", "/nowhere/reply.json"), "/nowhere/reply.json: No such file"),
    ],
)
def test_options_that_do_not_go_together_are_said(
    files: tuple[Path, Path, Path], words: tuple[str, ...], message: str
) -> None:
    model, sample, reply = files
    said = _types(model, "--sample", sample, *(word.format(reply=reply) for word in words), code=1)
    assert message in said


def test_a_service_that_does_not_answer_is_said(files: tuple[Path, Path, Path]) -> None:
    model, sample, _ = files
    words = (model, "--sample", sample, "--send", "--base-url", "http://127.0.0.1:9")
    assert "does not answer" in _types(*words, code=1, TORANA_CUSTOM_SECRET="x")
