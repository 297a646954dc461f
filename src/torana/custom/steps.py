"""The steps of a call to a custom model. Each is a coroutine over an `Evaluate` and does nothing else but evaluate.

All raise CustomError where a template or mapping fails.
"""

import base64
import re
from urllib.parse import quote, unquote

import msgspec

from torana.core.exchange import EmbedReply, ModelReply
from torana.core.secret import Secret
from torana.custom.describe import Auth, CustomModel, render_steps, reply_steps
from torana.custom.errors import CustomError, failed
from torana.custom.inputs import Inputs, encoded
from torana.custom.jobs import Evaluate, Job, Step
from torana.custom.replies import Fault, Problem, chat_reply, embed_reply, problem, read_form

_HEADER = re.compile(r"[\x20-\x7e\t]*")
_PATH = re.compile(r"/[A-Za-z0-9/%:@!$&'()*+,;=._~-]*")
_ORIGIN = re.compile(r"https?://[^/]+")
_KEPT_IN_PATH = "/%:@!$&'()*+,;=-._~"
_MOST_PATH_CHARS = 8_000
_MOST_ERROR_TEXT = 4_096


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to send. `target` is path and query behind the provider's base URL, or with `origin` of that server."""

    method: str
    target: str
    origin: str | None = None
    """Scheme, host and port, where the description has an address of its own."""
    headers: tuple[tuple[str, str], ...] = ()
    """Without credentials, host and length."""
    body: bytes = b""


async def render(evaluate: Evaluate, model: CustomModel, inputs: Inputs) -> HttpRequest:
    """The request that the description makes of the inputs."""
    form = model.request
    steps = render_steps(model)
    values = await evaluate(Job(steps, (encoded(inputs),)))
    # Values are percent-encoded, so white space is that between the template's own tags.
    origin, path = _address(steps[0].name, "".join(values[0].decode().split()))
    headers: list[tuple[str, str]] = []
    query: list[str] = []
    body = b""
    for step, value in zip(steps[1:], values[1:], strict=True):
        if step.name in ("request.body", "request.body_map"):
            body = value
            headers.append(("content-type", form.content_type))
        elif step.name.startswith("request.headers."):
            if text := _header(step, value):
                headers.append((step.name.removeprefix("request.headers."), text))
        elif text := value.decode().strip("\r\n"):
            name = step.name.removeprefix("request.query.")
            query.append(f"{quote(name, safe='')}={quote(text, safe='')}")
    if body == b"null" and form.body_map is not None:
        raise failed("request.body_map", "it gives nothing: its paths match none of the inputs")
    target = path + ("?" + "&".join(query) if query else "")
    return HttpRequest(method=form.method, target=target, origin=origin, headers=tuple(headers), body=body)


def credential(auth: Auth, secret: Secret | None) -> tuple[str, str] | None:
    """The header that carries the provider account's secret; None where none is sent."""
    if auth.style == "none" or secret is None:
        return None
    value = secret.reveal()
    if auth.style == "bearer":
        return "authorization", f"Bearer {value}"
    if auth.style == "basic":
        return "authorization", "Basic " + base64.b64encode(value.encode()).decode()
    assert auth.header is not None
    return auth.header, auth.prefix + value


async def map_reply(evaluate: Evaluate, model: CustomModel, body: bytes, name: str) -> ModelReply | Problem:
    """The service's whole reply as a neutral one; `name` is the model's, where the reply says none."""
    values = await evaluate(Job(reply_steps(model), (body,)))
    return chat_reply(values[0], values[1] if len(values) > 1 else None, name)


async def map_embed_reply(
    evaluate: Evaluate, model: CustomModel, body: bytes, name: str, count: int
) -> EmbedReply | Problem:
    """The service's vectors for `count` inputs."""
    values = await evaluate(Job(reply_steps(model), (body,)))
    return embed_reply(values[0], values[1] if len(values) > 1 else None, name, count)


async def map_error(evaluate: Evaluate, model: CustomModel, status: int, body: bytes) -> Problem:
    """What the service says with a bad status. A mapping that fails does not hide that: the problem carries a note of it."""
    note = None
    seen = error_input(status, body)
    if model.error is not None:
        try:
            (value,) = await evaluate(Job((Step("error", "mapping", model.error),), (seen,)))
            fault = read_form(value, Fault | str | None, "error")  # type: ignore[arg-type]
        except CustomError as error:
            note = str(error)
        else:
            if fault is not None:
                return problem(fault, status)
    return problem(_usual_fault(seen), status, note)


def error_input(status: int, body: bytes) -> bytes:
    """What an `error` mapping sees: `status`, `body` (its JSON, or null), `text` (its beginning)."""
    try:
        body_json = msgspec.json.decode(body, type=msgspec.Raw, strict=True) if body else msgspec.Raw(b"null")
        body.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body_json = msgspec.Raw(b"null")
    text = body[:_MOST_ERROR_TEXT].decode(errors="replace")
    return msgspec.json.encode({"status": status, "body": body_json, "text": text})


class _Message(msgspec.Struct):
    message: str | None = None


class _UsualBody(msgspec.Struct):
    error: str | _Message | None = None
    message: str | None = None
    detail: str | None = None


class _Usual(msgspec.Struct):
    status: int
    text: str
    body: _UsualBody | None = None


_usual = msgspec.json.Decoder(_Usual).decode


def _usual_fault(seen: bytes) -> Fault:
    """The places where most services have their message; else the beginning of the text."""
    try:
        found = _usual(seen).body
    except (msgspec.DecodeError, RecursionError):
        found = None
    if found is None:
        return Fault()
    inner = found.error.message if isinstance(found.error, _Message) else found.error
    return Fault(message=inner or found.message or found.detail)


def _address(step: str, text: str) -> tuple[str | None, str]:
    origin = None
    if step == "request.url":
        found = _ORIGIN.match(text)
        assert found is not None
        origin, text = found[0], text[found.end() :]
    path = quote(text or "/", safe=_KEPT_IN_PATH)
    if len(path) > _MOST_PATH_CHARS or not _PATH.fullmatch(path):
        raise failed(step, "it does not give a path that begins with / and is not too long")
    if any(unquote(segment) in (".", "..") for segment in path.split("/")):
        raise failed(step, "the path it gives has a segment . or ..")
    return origin, path


def _header(step: Step, value: bytes) -> str:
    text = value.decode().strip()
    if not _HEADER.fullmatch(text):
        raise failed(step.name, "it gives characters that a header cannot hold")
    return text
