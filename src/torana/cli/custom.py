"""`torana custom try`: a description of a custom model, step by step, against a sample."""

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated, Any

import httpx2
import msgspec
import typer

from torana.cli.app import fail
from torana.core.errors import Refusal
from torana.core.exchange import EmbedReply, EmbedRequest, ModelReply, ModelRequest
from torana.core.losses import Losses
from torana.core.secret import MASK, Secret
from torana.core.stream import Failed
from torana.custom.describe import CustomModel
from torana.custom.errors import CustomError, DescriptionError
from torana.custom.inputs import chat_inputs, embed_inputs
from torana.custom.read import expression_problems, read_model
from torana.custom.replies import Problem
from torana.custom.sample import read_sample, shown_reply
from torana.custom.sandbox import Sandbox
from torana.custom.steps import HttpRequest, credential, map_embed_reply, map_error, map_reply, render
from torana.custom.stream import StreamMapper

_SECRET = "TORANA_CUSTOM_SECRET"  # noqa: S105 - a name
_MOST_SHOWN = 4_000
_TIMEOUT = httpx2.Timeout(60.0, connect=5.0)

File = Annotated[Path, typer.Argument(help="The description: YAML or JSON.")]
Sample = Annotated[Path, typer.Option("--sample", help="A request in OpenAI's form, as JSON.")]
Reply = Annotated[Path | None, typer.Option("--reply", help="What the service answered.", show_default=False)]
Status = Annotated[int, typer.Option("--status", min=100, max=599, help="The status of --reply.")]
Send = Annotated[bool, typer.Option("--send", help=f"Call the service; its secret is in ${_SECRET}.")]
Base = Annotated[
    str | None, typer.Option("--base-url", help="The provider's base URL, for --send.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands = typer.Typer(no_args_is_help=True, help="Custom models: in-house services described by data.")

    @commands.callback()
    def _only_below() -> None:
        """Keeps `try` a command below `custom`, though it is the only one."""

    commands.command("try", help="Show each step of a call to a custom model.")(try_model)
    app.add_typer(commands, name="custom")


def try_model(
    file: File, sample: Sample, reply: Reply = None, status: Status = 200, send: Send = False, base_url: Base = None
) -> None:
    """Read the description, render the request, and map the reply that was given or that the service sends."""
    if send and reply is not None:
        raise fail("give --reply or --send, not both")
    try:
        model = read_model(_read(file))
        request = read_sample(_read(sample), model.content)
        given = None if reply is None else (status, _read(reply))
        failed = asyncio.run(_try(model, request, given, base_url if send else None, send))
    except DescriptionError as error:
        raise fail(f"{file}: " + "; ".join(error.problems)) from None
    except (CustomError, Refusal) as error:
        raise fail(error) from None
    except httpx2.HTTPError as error:
        raise fail(f"the service does not answer: {str(error) or type(error).__name__}") from None
    if failed:
        raise typer.Exit(1)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise fail(f"{path}: {error.strerror}") from None


async def _try(
    model: CustomModel,
    request: ModelRequest | EmbedRequest,
    given: tuple[int, bytes] | None,
    base_url: str | None,
    send: bool,
) -> bool:
    """Whether the service failed. Raises CustomError and Refusal."""
    sandbox = Sandbox(workers=1)
    try:
        if problems := await expression_problems(sandbox.evaluate, model):
            raise DescriptionError(problems)
        losses = Losses()
        if isinstance(request, EmbedRequest):
            inputs = embed_inputs(request, losses)
        else:
            inputs = chat_inputs(request, model, losses)
        _show("inputs", inputs)
        if losses.dropped:
            _show("dropped", losses.dropped)
        rendered = await render(sandbox.evaluate, model, inputs)
        secret = Secret(os.environ[_SECRET]) if os.environ.get(_SECRET) else None
        _show_request(model, rendered)
        answer = await _send(model, rendered, secret, base_url) if send else given
        if answer is None:
            return False
        _show(f"service's reply, status {answer[0]}", answer[1].decode(errors="replace"))
        return await _show_mapped(sandbox, model, request, *answer)
    finally:
        await sandbox.close()


async def _show_mapped(
    sandbox: Sandbox, model: CustomModel, request: ModelRequest | EmbedRequest, status: int, body: bytes
) -> bool:
    evaluate = sandbox.evaluate
    reply: ModelReply | EmbedReply | Problem
    if status >= 300:
        reply = await map_error(evaluate, model, status, body)
    elif isinstance(request, EmbedRequest):
        reply = await map_embed_reply(evaluate, model, body, request.model, len(request.inputs))
    elif request.stream and model.stream is not None:
        mapper = StreamMapper(evaluate, model.stream, request.model)
        events = [*await mapper.feed(body), *await mapper.end()]
        _show("events", "\n".join(str(event) for event in events))
        return isinstance(events[-1], Failed)
    else:
        reply = await map_reply(evaluate, model, body, request.model)
    if isinstance(reply, Problem):
        _show("mapped error", _without_empty(msgspec.to_builtins(reply)))
        return True
    _show("mapped reply", _without_empty(msgspec.to_builtins(reply) | {"usage": reply.usage._asdict()}))
    _show("as the caller sees it", shown_reply(reply))
    return False


async def _send(
    model: CustomModel, rendered: HttpRequest, secret: Secret | None, base_url: str | None
) -> tuple[int, bytes]:
    origin = rendered.origin or (base_url or "").rstrip("/")
    if not origin:
        raise fail("--send needs --base-url, because the description has only a path")
    if secret is None and model.auth.style != "none":
        raise fail(f"--send needs the service's secret in ${_SECRET}")
    headers = dict(rendered.headers)
    if (carried := credential(model.auth, secret)) is not None:
        headers[carried[0]] = carried[1]
    async with httpx2.AsyncClient(timeout=_TIMEOUT) as client:
        answer = await client.request(rendered.method, origin + rendered.target, headers=headers, content=rendered.body)
        return answer.status_code, answer.content


def _show_request(model: CustomModel, rendered: HttpRequest) -> None:
    lines = [f"{rendered.method} {rendered.origin or ''}{rendered.target}"]
    lines += [f"{name}: {value}" for name, value in rendered.headers]
    if (carried := credential(model.auth, Secret("-"))) is not None:
        lines.append(f"{carried[0]}: {MASK}")
    _show("request", "\n".join(lines) + "\n\n" + rendered.body.decode(errors="replace"))


def _show(step: str, value: Any) -> None:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    if len(text) > _MOST_SHOWN:
        text = f"{text[:_MOST_SHOWN]}… ({len(text)} characters)"
    typer.echo(f"── {step}\n{text.rstrip()}\n")


def _without_empty(value: Any) -> Any:
    """A neutral reply without what is not said in it."""
    if isinstance(value, dict):
        slim = {name: _without_empty(inner) for name, inner in value.items()}
        return {
            name: inner
            for name, inner in slim.items()
            if inner is not None and inner is not False and inner not in ("", [], {})
        }
    return [_without_empty(inner) for inner in value] if isinstance(value, list | tuple) else value
