"""What describes a custom model. Read from YAML or JSON by read.py, which names what is wrong; carried in snapshots as it is."""

from typing import Any, Literal

import msgspec

from torana.custom.jobs import Step

Subject = Literal["images", "documents", "audio", "video", "tools", "format"]
"""What a chat request may hold beyond text, if the description accepts it."""

MOST_SOURCE_CHARS = 65_536
"""Of one template or mapping."""


class RequestForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the service is called. Strings are templates (minijinja) over the inputs, but for `body_map` (JSONata over them)."""

    method: Literal["POST", "PUT", "GET"] = "POST"
    path: str | None = None
    """Behind the provider's base URL, from its `/` on. What `{{ value }}` writes is percent-encoded, slashes too."""
    url: str | None = None
    """Instead of `path`: the whole address. Scheme, host and port are plain text, never a template."""
    headers: dict[str, str] = {}
    """One whose value renders to nothing is not sent."""
    query: dict[str, str] = {}
    """Percent-encoded when sent; one whose value renders to nothing is left out."""
    body: str | None = None
    body_map: str | None = None
    content_type: str = "application/json"
    """With a JSON type, `{{ value }}` in `body` writes JSON and the result has to be JSON."""


class StreamForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a streamed reply is read. Without it, a caller who streams gets the whole reply as a stream."""

    framing: Literal["sse", "ndjson", "json-array"]
    event: str
    """JSONata over one event's JSON: text, or an object (see replies.Delta), or nothing."""
    done: str = "[DONE]"
    """The data of the server-sent event that ends the stream. An event may say `done: true` instead."""
    until_close: bool = False
    """Whether the end of the body is a proper end although nothing said that the reply is done."""


class Auth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the provider account's secret is sent. Templates never see it."""

    style: Literal["bearer", "header", "basic", "none"] = "none"
    """`basic`: the secret is `user:password`."""
    header: str | None = None
    """With `header`: its name."""
    prefix: str = ""
    """With `header`: what stands before the secret, such as `Token `."""


class CustomModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A custom model. Mappings are JSONata."""

    request: RequestForm
    response: str
    """Over the service's JSON: see replies.Whole and replies.Vectors."""
    content: Literal["chat", "embeddings"] = "chat"
    description: str | None = None
    accepts: tuple[Subject, ...] = ()
    stream: StreamForm | None = None
    error: str | None = None
    """Over `{status, body, text}`: see replies.Fault."""
    usage: str | None = None
    """Over the service's JSON: see replies.Counts. Wins over what `response` says of usage."""
    auth: Auth = Auth()
    inputs_schema: dict[str, Any] | None = None
    """JSON Schema of the last user message, which then has to be JSON: the input `data`."""

    @property
    def json_body(self) -> bool:
        """Whether the request's body is JSON."""
        kind = self.request.content_type.partition(";")[0].strip().lower()
        return kind == "application/json" or kind.endswith("+json")


def render_steps(model: CustomModel) -> tuple[Step, ...]:
    """The templates and mappings that make a request: its address first, then headers, query, and the body where there is one."""
    form = model.request
    address = (
        Step("request.path", "path", form.path or "/") if form.url is None else Step("request.url", "path", form.url)
    )
    steps = [address]
    steps += [Step(f"request.headers.{name}", "text", value) for name, value in form.headers.items()]
    steps += [Step(f"request.query.{name}", "text", value) for name, value in form.query.items()]
    if form.body is not None:
        steps.append(Step("request.body", "body" if model.json_body else "text", form.body))
    elif form.body_map is not None:
        steps.append(Step("request.body_map", "mapping", form.body_map))
    return tuple(steps)


def reply_steps(model: CustomModel) -> tuple[Step, ...]:
    """The mappings of a whole reply: `response`, and `usage` where it is described."""
    steps = (Step("response", "mapping", model.response),)
    return steps if model.usage is None else (*steps, Step("usage", "mapping", model.usage))


def all_steps(model: CustomModel) -> tuple[Step, ...]:
    """Every template and mapping of a description."""
    steps = [*render_steps(model), *reply_steps(model)]
    if model.stream is not None:
        steps.append(Step("stream.event", "mapping", model.stream.event))
    if model.error is not None:
        steps.append(Step("error", "mapping", model.error))
    return tuple(steps)
