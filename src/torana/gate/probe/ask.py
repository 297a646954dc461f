"""Sends the one call: as a gate would send it, so that addresses are checked and credentials made in the same way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from time import monotonic_ns

import msgspec

from torana.core.errors import Refusal
from torana.core.exchange import EmbedRequest, Message, ModelRequest, Text
from torana.core.losses import Losses
from torana.core.secret import Secret
from torana.core.snapshot import Account, Deployment
from torana.dialects import NotAReplyError
from torana.dialects.registry import DIALECTS, OUTBOUND, Dialect
from torana.gate.credentials.made import Shop
from torana.gate.probe.failed import of_failure, of_status
from torana.gate.probe.finding import Finding, shown
from torana.gate.target import Target, Way
from torana.gate.upstream.client import Client
from torana.gate.upstream.failure import Failure
from torana.kit.tasks import spawn
from torana.settings import Settings

_FIRST_BYTE_SECONDS = 30.0
_TOTAL_SECONDS = 60.0
_SWEEP_SECONDS = 0.05
_MOST_BYTES = 8_388_608
"""A list of models can be long."""
_MOST_SHOWN = 4096
_LEAST_TOKENS = {"openai_responses": 16}
"""What an API takes at the least, where that is more than one."""
_MODELS = {"openai_responses": "/models"}
"""Where models are listed, beside what the dialect's own paths say."""
_IDS = frozenset((b"x-request-id", b"request-id", b"x-amzn-requestid"))


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask of which account."""

    account: Account
    key: Secret | None = None
    model: str | None = None
    """None asks for the list of models, which costs nothing and says less."""
    embeds: bool = False
    """Whether the model makes vectors, not answers."""


class _Told:
    """The sink of one exchange, and the waiter for its credential."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.cut = False
        self.failure: Failure | None = None
        self.over = asyncio.Event()
        self.woken = asyncio.Event()

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status, self.headers = status, headers

    def upstream_body(self, data: bytes, end: bool) -> None:
        if len(self.body) <= _MOST_BYTES:
            self.body += data
        else:
            self.cut = True
        if end or self.cut:
            self.over.set()

    def upstream_failed(self, failure: Failure) -> None:
        self.failure = failure
        self.over.set()

    def wake(self) -> None:
        self.woken.set()

    def header(self, wanted: bytes) -> str:
        return next((value.decode("latin-1") for name, value in self.headers if name == wanted), "")


async def probe(asked: Probe, settings: Settings) -> Finding:
    """Send the call and say what came of it. Raises ValueError for settings that cannot be used."""
    if asked.account.vendor == "demo":
        return Finding(says="The demo answers in the gate itself; nothing is called.")
    account = _impatient(asked.account, settings)
    target = Target(Deployment("", account.name, account.id, asked.model or ""), account, asked.key, settings)
    door = target.doors[0]
    if door.dialect not in DIALECTS:
        return Finding(cause="dialect", says="Nothing is known of what it speaks: it is called as a custom model only.")
    dialect = DIALECTS[door.dialect]
    try:
        path, body = _request(asked, dialect, target)
    except Refusal as refusal:
        return Finding(cause="request", says=refusal.sentence)
    except (KeyError, ValueError):
        return Finding(
            cause="request", says=f"{door.dialect} has no list of models to ask for. Name a model by --model."
        )
    async with _client(settings) as client:
        return await _send(client, target, Way(target, door, dialect, False, path), body, asked)


async def call_account(settings: Settings, account: Account, key: Secret | None, model: str, embeds: bool) -> Finding:
    """`probe` of one model, which makes vectors or not. Raises ValueError for settings that cannot be used."""
    return await probe(Probe(account=account, key=key, model=model, embeds=embeds), settings)


def _impatient(account: Account, settings: Settings) -> Account:
    """Somebody is waiting at a terminal."""
    first = account.first_byte_timeout_seconds or settings.upstream_first_byte_timeout_seconds
    total = account.total_timeout_seconds or settings.upstream_total_timeout_seconds
    return msgspec.structs.replace(
        account,
        first_byte_timeout_seconds=min(first, _FIRST_BYTE_SECONDS),
        total_timeout_seconds=min(total, _TOTAL_SECONDS),
    )


def _request(asked: Probe, dialect: Dialect, target: Target) -> tuple[str, bytes]:
    """Path and body; a body of nothing is asked for by GET. Raises KeyError, ValueError or Refusal."""
    model, losses = asked.model, Losses(drop=True)
    if model is None:
        return _MODELS.get(dialect.name) or dialect.upstream_path("models", "", False), b""
    if asked.embeds:
        path = dialect.upstream_path("embed", model, False)
        return path, dialect.encode_embed(
            EmbedRequest(dialect=dialect.name, model=model, inputs=("Hi",)), model, losses, target.quirks
        )
    request = ModelRequest(
        dialect=dialect.name,
        model=model,
        messages=(Message(role="user", parts=(Text(text="Hi"),)),),
        max_tokens=_LEAST_TOKENS.get(dialect.name, 1),
    )
    path = dialect.upstream_path("chat", model, False)
    return path, dialect.encode_request(request, model, losses, target.quirks)


async def _send(client: Client, target: Target, way: Way, body: bytes, asked: Probe) -> Finding:
    told = _Told()
    head = way.head({})
    if not body:
        head = b"GET" + head.removeprefix(b"POST")
    secrets = _secrets(asked.key)
    try:
        lines = await _credential(Shop(client), told, way, body)
    except Refusal as refusal:
        return Finding(cause="credential", says=shown(refusal.sentence, secrets))
    secrets += [line.rpartition(" ")[2] for line in lines.decode("latin-1").splitlines() if line]
    endpoint = way.endpoint
    length = b"content-length: %d\r\n" % len(body) if body else b""
    deadline_ns = monotonic_ns() + endpoint.total_timeout_ns
    exchange = client.send(endpoint, b"%b%b%b\r\n" % (head, lines, length), body, told, deadline_ns)
    await told.over.wait()
    exchange.cancel()
    if told.failure is not None:
        proxy, https = endpoint.proxy is not None, endpoint.scheme == "https"
        return of_failure(told.failure, endpoint.host, endpoint.port, proxy, https)
    return msgspec.structs.replace(
        _read(told, way, asked, secrets),
        status=told.status,
        request_id=_request_id(told, secrets),
    )


async def _credential(shop: Shop, told: _Told, way: Way, body: bytes) -> bytes:
    """What the credential adds to the head; a token may have to be bought first. Raises Refusal."""
    while way.credential is not None:
        lines = way.credential.lines(shop, told, way.path, way.host, body)
        if lines is not None:
            return lines
        await told.woken.wait()
        told.woken.clear()
    return b""


def _read(told: _Told, way: Way, asked: Probe, secrets: list[str]) -> Finding:
    """What the reply means."""
    body, kind = bytes(told.body), told.header(b"content-type").partition(";")[0].strip().lower()
    if not 200 <= told.status < 300:
        try:
            error = way.dialect.decode_error(body)
        except NotAReplyError:
            error = None
        if error is not None:
            error = msgspec.structs.replace(error, message=shown(error.message, secrets))
        text = shown(body[:_MOST_SHOWN].decode("utf-8", "replace"), secrets)
        headers = {name: shown(told.header(name.encode()), secrets) for name in ("location", "retry-after")}
        return of_status(told.status, error, text, asked.model, {**headers, "content-type": kind})
    if kind != "application/json":
        says = f"The address answers {told.status} with {shown(kind, secrets) or 'no content type'} instead of JSON."
        return Finding(cause="address", says=says)
    if told.cut:
        return Finding(cause="dialect", says="The reply is larger than any answer to the test could be.")
    return _read_success(body, way.dialect, asked, secrets)


def _read_success(body: bytes, dialect: Dialect, asked: Probe, secrets: list[str]) -> Finding:
    if asked.model is None:
        return _read_list(body, dialect)
    try:
        if asked.embeds:
            served = dialect.decode_embed_reply(body).model
        else:
            served = dialect.decode_reply(body).model
    except NotAReplyError as problem:
        like = "" if asked.embeds else _alike(body, dialect)
        says = f"It answers, but not in the dialect {dialect.name}: {shown(str(problem), secrets)}.{like}"
        return Finding(cause="dialect", says=says)
    name = shown(served, secrets)
    other = f", as {name}" if name and name != asked.model else ""
    return Finding(says=f"{asked.model} answers{other}: address, key, quota and model are good.")


def _read_list(body: bytes, dialect: Dialect) -> Finding:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError):
        value = None
    found = value.get("models", value.get("data")) if isinstance(value, dict) else value
    if not isinstance(found, list):
        return Finding(
            cause="dialect", says=f"It answers, but not with a list of models in the dialect {dialect.name}."
        )
    says = f"It lists {len(found)} models: address and key are good. Quota and models are tested by --model."
    return Finding(says=says)


def _alike(body: bytes, dialect: Dialect) -> str:
    """What the reply looks like, where it is one of another dialect."""
    for name in OUTBOUND:
        if name != dialect.name:
            with contextlib.suppress(NotAReplyError):
                if DIALECTS[name].decode_reply(body).choices:
                    return f" It looks like {name}."
    return ""


def _secrets(key: Secret | None) -> list[str]:
    """What must not be shown, should the vendor repeat it: the credential, and its parts."""
    return [] if key is None else [key.reveal(), *key.reveal().split(":")]


def _request_id(told: _Told, secrets: list[str]) -> str | None:
    return next((shown(v[:100].decode("latin-1"), secrets) for name, v in told.headers if name in _IDS), None)


@contextlib.asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[Client]:
    """A gate's client, swept so that its time limits hold."""
    client = Client(settings)

    async def sweep() -> None:
        while True:
            client.sweep(monotonic_ns())
            await asyncio.sleep(_SWEEP_SECONDS)

    sweeping = spawn(sweep(), "probe-sweep")
    try:
        yield client
    finally:
        sweeping.cancel()
        client.close()
        await asyncio.sleep(0)
