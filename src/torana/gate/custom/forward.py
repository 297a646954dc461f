"""The middle of the journey of a call to a custom model: render the request, send it, map what comes back.

Everything that a description says is evaluated in the gate's sandbox (torana.custom); here is only what is sent where, and when.
"""

from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import EmbedReply, EmbedRequest, ModelReply, ModelRequest
from torana.core.usage import UNKNOWN, Usage
from torana.custom.errors import CustomError
from torana.custom.inputs import Inputs, chat_inputs, embed_inputs
from torana.custom.replies import Problem
from torana.custom.steps import map_embed_reply, map_error, map_reply, render
from torana.custom.stream import StreamMapper
from torana.dialects import NotAReplyError
from torana.gate.attempt import JSON_TYPE, read_head
from torana.gate.call import Call, Ending
from torana.gate.custom.failures import refusal_for, refusal_of, refused_at_once
from torana.gate.custom.request import addressed
from torana.gate.custom.waiting import Feed, evaluated
from torana.gate.forward import count, end_stream, forward, start
from torana.gate.translate.reply import CallerStream, replayed
from torana.gate.translate.request import Neutral, decode, losses_of

if TYPE_CHECKING:
    from torana.custom.describe import CustomModel
    from torana.custom.jobs import Evaluate
    from torana.gate.target import Target

_OPERATIONS = {"chat": ("chat", "count"), "embeddings": ("embed",)}
_WORDS = {"chat": "chat messages", "embeddings": "texts and gives embeddings"}


class _Way:
    """To every custom model: in no dialect of a vendor."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def spoken(self, caller: str) -> bytes:
        found = self._known.get(caller)
        if found is None:
            found = self._known[caller] = msgspec.msgpack.encode((caller, "custom"))[1:]
        return found


_WAY = _Way()


def forward_custom(call: Call) -> Awaitable[Ending]:
    """As `forward`, for a service of kind custom."""
    return forward(call, _send)


async def _send(call: Call, target: "Target") -> Ending:
    assert call.offer is not None
    model = call.offer.custom
    if model is None:
        reason = "this version of the gateway cannot read it; the operator has to publish it again"
        raise refusal_of(CustomError("custom_template_failed", "description", reason), target)
    _check_operation(call, model)
    call.way = _WAY
    assert call.path is not None
    if call.path.operation == "count":
        return count(call)
    try:
        return await _Sending(call, target, model).run()
    except CustomError as error:
        raise refusal_of(error, target) from None
    except NotAReplyError as error:
        raise Refusal("upstream_bad_reply", target=target.name, reason=str(error)[:500]) from None


def _check_operation(call: Call, model: "CustomModel") -> None:
    assert call.path is not None
    if call.path.operation not in _OPERATIONS[model.content]:
        name = "" if call.seen is None else call.seen.model or ""
        reason = f"It is a model that takes {_WORDS[model.content]}."
        raise Refusal("endpoint_not_supported", service=name[:200], endpoint=call.path.label, reason=reason)


class _Sending:
    """One attempt at one target."""

    def __init__(self, call: Call, target: "Target", model: "CustomModel") -> None:
        self.call = call
        self.target = target
        self.model = model
        self.evaluate: Evaluate = partial(evaluated, call)
        self.request: Neutral = decode(call)
        self.name = target.deployment.model or self.request.model
        """The model's, where the service's reply says none."""

    async def run(self) -> Ending:
        """Raises CustomError, NotAReplyError and Refusal."""
        call, target, model = self.call, self.target, self.model
        rendered = await render(self.evaluate, model, self._inputs())
        endpoint, head = addressed(call, target, model.auth, rendered)
        feed = Feed(call, target)
        deadline_ns = call.request.started_ns + endpoint.total_timeout_ns
        call.exchange = call.gate.client.send(endpoint, head, rendered.body, feed, deadline_ns)
        data, end = await feed.read()
        read_head(call)
        status = call.upstream_status or 0
        most = min(call.gate.settings.upstream_max_reply_bytes, call.gate.sandbox.limits.input_bytes)
        if 200 <= status < 300 and self._streams and model.stream is not None:
            return await self._relay(StreamMapper(self.evaluate, model.stream, self.name), feed, data, end)
        if (refusal := refused_at_once(call, target, status)) is not None:
            raise refusal
        body = data if end else await feed.rest(data, most)
        call.exchange = None
        if not 200 <= status < 300:
            raise refusal_for(call, target, await map_error(self.evaluate, model, status, body), status)
        return self._ending(await self._mapped(body))

    @property
    def _streams(self) -> bool:
        return self.call.seen is not None and self.call.seen.stream

    def _inputs(self) -> Inputs:
        losses, name = losses_of(self.call), self.target.deployment.model or None
        if isinstance(self.request, EmbedRequest):
            inputs = embed_inputs(self.request, losses, name)
        else:
            inputs = chat_inputs(self.request, self.model, losses, name)
        self.call.dropped = losses.dropped or None
        return inputs

    async def _mapped(self, body: bytes) -> ModelReply | EmbedReply:
        reply: ModelReply | EmbedReply | Problem
        if isinstance(self.request, EmbedRequest):
            reply = await map_embed_reply(self.evaluate, self.model, body, self.name, len(self.request.inputs))
        else:
            reply = await map_reply(self.evaluate, self.model, body, self.name)
        if isinstance(reply, Problem):
            raise refusal_for(self.call, self.target, reply, self.call.upstream_status or 200)
        return reply

    def _ending(self, reply: ModelReply | EmbedReply) -> Ending:
        """The reply in the caller's dialect, as a stream where the caller asked for one."""
        call, request = self.call, self.request
        assert call.path is not None
        dialect = call.path.dialect
        call.model_served, call.usage = reply.model, _known(reply.usage)
        if isinstance(reply, EmbedReply):
            assert isinstance(request, EmbedRequest)
            body = dialect.encode_embed_reply(reply, request)
        else:
            assert isinstance(request, ModelRequest)
            if self._streams:
                out = replayed(call, reply)
                start(call, self.target)
                return Ending(200, b"", out, begun=True)
            body = dialect.encode_reply(reply, request)
        call.answered_by = self.target
        return Ending(200, JSON_TYPE, body)

    async def _relay(self, mapper: StreamMapper, feed: Feed, data: bytes, end: bool) -> Ending:
        """The service's stream as the caller's, each read as it comes."""
        call = self.call
        stream = CallerStream(call, mapper)
        start(call, self.target)
        most = call.gate.settings.body_keep_bytes
        try:
            while True:
                out = stream.write(await mapper.feed(data))
                if end and not mapper.done:
                    out += stream.write(await mapper.end())
                if mapper.done:
                    break
                if out:
                    call.connection.send(out)
                    call.sent(len(out))
                    call.keep(out, most)
                data, end = await feed.read()
        finally:
            call.stream_events = stream.events
            call.model_served, call.usage = mapper.model, _known(mapper.usage)
        return end_stream(call, self.target, stream, out, end)


def _known(usage: Usage) -> Usage:
    """The one `UNKNOWN` where nothing is known, which is then estimated."""
    return UNKNOWN if usage == UNKNOWN else usage
