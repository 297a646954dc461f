"""The gate's public paths as a table: which dialect is spoken there, and what is wanted."""

import re
import urllib.parse
from typing import Literal

from torana.core.errors import Refusal
from torana.dialects.registry import DIALECTS, GEMINI_ARRAY, Dialect

Handling = Literal["model", "realtime", "models", "health", "ready", "metrics", "control"]
Operation = Literal["chat", "embed", "count", "rerank", "media", ""]
Form = Literal["", "json", "form", "account"]

_OPENAI = DIALECTS["openai_chat"]
_ANTHROPIC = DIALECTS["anthropic_messages"]
_GEMINI = DIALECTS["gemini"]
_CONVERSE = DIALECTS["bedrock_converse"]


class Path:
    """What happens at a path. Compared by identity: there are a few dozen, all made here."""

    __slots__ = (
        "capability", "dialect", "form", "handling", "label", "method", "methods", "operation", "streams", "upstream",
    )  # fmt: skip

    def __init__(
        self,
        label: str,
        handling: Handling,
        methods: frozenset[bytes],
        upstream: str = "",
        dialect: Dialect = _OPENAI,
        operation: Operation = "",
        method: str = "",
        streams: bool = False,
        form: Form = "",
        capability: str = "",
    ) -> None:
        self.label = label
        """For records and metrics; never taken from the caller."""
        self.handling = handling
        self.methods = methods
        self.upstream = upstream
        """Behind a provider's base URL, where the target speaks the same dialect."""
        self.dialect = dialect
        """Spoken to the caller, errors included."""
        self.operation = operation
        self.method = method
        """Gemini's or Bedrock's, which follows the model in the path: the body then names no model."""
        self.streams = streams
        """With `method`: whether it streams."""
        self.form = form
        """Of what is not about text: where the request names its model, if it does (gate/media)."""
        self.capability = capability
        """With `form`: what a vendor has to offer, in the catalogue's words."""


_READ = frozenset((b"GET", b"HEAD"))
_POST = frozenset((b"POST",))
_ANY = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE"))


def _calls(label: str, operation: Operation, dialect: Dialect = _OPENAI) -> Path:
    return Path(label, "model", _POST, label.removeprefix("/v1"), dialect, operation)


def _media(label: str, capability: str, form: Form = "json", operation: Operation = "media") -> Path:
    return Path(label, "model", _POST, label.removeprefix("/v1"), _OPENAI, operation, form=form, capability=capability)


_COHERES_RERANK = Path("/v2/rerank", "model", _POST, "/rerank", operation="rerank", form="json", capability="rerank")
"""As Cohere's own SDK asks for it."""


def _account(label: str, capability: str, *methods: bytes) -> Path:
    upstream = label.removeprefix("/v1")
    return Path(label, "model", frozenset(methods), upstream, operation="media", form="account", capability=capability)


_ALL = (
    _calls("/v1/chat/completions", "chat"),
    _calls("/v1/completions", "chat", DIALECTS["openai_completions"]),
    _calls("/v1/responses", "chat", DIALECTS["openai_responses"]),
    _calls("/v1/embeddings", "embed"),
    _calls("/v1/messages", "chat", _ANTHROPIC),
    _calls("/v1/messages/count_tokens", "count", _ANTHROPIC),
    Path("/v1/realtime", "realtime", frozenset((b"GET",)), "/realtime"),
    _media("/v1/rerank", "rerank", operation="rerank"),
    _COHERES_RERANK,
    _media("/v1/moderations", "moderations"),
    _media("/v1/images/generations", "images"),
    _media("/v1/audio/speech", "speech"),
    _media("/v1/images/edits", "images", "form"),
    _media("/v1/images/variations", "images", "form"),
    _media("/v1/audio/transcriptions", "transcriptions", "form"),
    _media("/v1/audio/translations", "transcriptions", "form"),
    Path("/v1/models", "models", _READ),
    Path("/v1beta/models", "models", _READ, dialect=_GEMINI),
    Path("/healthz", "health", _READ),
    Path("/readyz", "ready", _READ),
    Path("/metrics", "metrics", _READ),
)
PATHS: dict[str, Path] = {path.label: path for path in _ALL}
_JOBS = "/v1/fine_tuning/jobs"
_GRANTS = "/v1/fine_tuning/checkpoints/{checkpoint}/permissions"
_ACCOUNT = (
    _account("/v1/files", "files", b"GET", b"POST"),
    _account("/v1/files/{file}", "files", b"GET", b"DELETE"),
    _account("/v1/files/{file}/content", "files", b"GET"),
    _account("/v1/batches", "batches", b"GET", b"POST"),
    _account("/v1/batches/{batch}", "batches", b"GET"),
    _account("/v1/batches/{batch}/cancel", "batches", b"POST"),
    _account(_JOBS, "files", b"GET", b"POST"),
    _account(_JOBS + "/{job}", "files", b"GET"),
    _account(_JOBS + "/{job}/cancel", "files", b"POST"),
    _account(_JOBS + "/{job}/pause", "files", b"POST"),
    _account(_JOBS + "/{job}/resume", "files", b"POST"),
    _account(_JOBS + "/{job}/events", "files", b"GET"),
    _account(_JOBS + "/{job}/checkpoints", "files", b"GET"),
    _account(_GRANTS, "files", b"GET", b"POST"),
    _account(_GRANTS + "/{permission}", "files", b"DELETE"),
    _account("/v1/fine_tuning/alpha/graders/run", "files", b"POST"),
    _account("/v1/fine_tuning/alpha/graders/validate", "files", b"POST"),
)
"""What belongs to an account at a vendor. The catalogue has no word for fine-tuning, which needs `files`."""
UPLOADS = frozenset(("/v1/files", *[path.label for path in _ALL if path.form == "form"]))
"""Where forms are taken that hold files."""
_ACCOUNT_ROOTS = ("/v1/files", "/v1/batches", "/v1/fine_tuning/")
_ACCOUNT_PATTERNS = [(re.compile(re.sub(r"\{\w+\}", "[^/]{1,256}", path.label)), path) for path in _ACCOUNT]
MODEL = Path("/v1/models/{model}", "models", _READ)
GEMINI_MODEL = Path("/v1beta/models/{model}", "models", _READ, dialect=_GEMINI)
CONTROL = Path("control", "control", _ANY)
_CONTROL_ROOTS = ("/api", "/scim", "/console", "/portal", "/docs")
OTHER = "other"


def _methods(version: str) -> dict[str, Path]:
    def path(method: str, operation: Operation, dialect: Dialect = _GEMINI, streams: bool = False) -> Path:
        label = f"/{version}/models/{{model}}:{method}"
        return Path(label, "model", _POST, "", dialect, operation, method, streams)

    return {
        "generateContent": path("generateContent", "chat"),
        "streamGenerateContent": path("streamGenerateContent", "chat", GEMINI_ARRAY, streams=True),
        "streamGenerateContent?alt=sse": path("streamGenerateContent?alt=sse", "chat", streams=True),
        "countTokens": path("countTokens", "count"),
        "embedContent": path("embedContent", "embed"),
        "batchEmbedContents": path("batchEmbedContents", "embed"),
    }


def _converses(action: str, streams: bool) -> Path:
    return Path(f"/model/{{model}}/{action}", "model", _POST, "", _CONVERSE, "chat", action, streams)


_BEDROCK_ROOT = "/model/"
_BEDROCK = {"converse": _converses("converse", False), "converse-stream": _converses("converse-stream", True)}
_MODELS = {"/v1/models/": (MODEL, _methods("v1")), "/v1beta/models/": (GEMINI_MODEL, _methods("v1beta"))}


def find_path(path: str, method: bytes, query: bytes = b"") -> Path:
    """The table's entry. Raises Refusal: unknown_path or method_not_allowed."""
    found = PATHS.get(path)
    if found is None:
        found = _find_model(path, query) or _find_bedrock(path) or _find_account(path) or _find_control(path)
        if found is None:
            raise Refusal("unknown_path", path=path[:200])
    if method not in found.methods and method != b"OPTIONS":
        allowed = ", ".join(sorted(name.decode() for name in found.methods))
        raise Refusal(
            "method_not_allowed",
            method=method.decode(),
            path=path[:200],
            allowed=allowed,
            headers=(("allow", allowed),),
        )
    return found


def spoken_at(path: str) -> Dialect:
    """The dialect in which to refuse a request to a path that is not in the table."""
    if path.startswith("/v1beta/") or (path.startswith("/v1/models/") and ":" in path):
        return _GEMINI
    if path.startswith(_BEDROCK_ROOT):
        return _CONVERSE
    return _ANTHROPIC if path.startswith("/v1/messages") else _OPENAI


def named_model(path: str) -> str:
    """The model that the path of a request of Gemini's or Bedrock's names; empty when it names none."""
    if path.startswith(_BEDROCK_ROOT):
        return urllib.parse.unquote(path.removeprefix(_BEDROCK_ROOT).rpartition("/")[0])
    name = path.partition("/models/")[2].rpartition(":")[0]
    return urllib.parse.unquote(name)


def _find_model(path: str, query: bytes) -> Path | None:
    for prefix, (model, methods) in _MODELS.items():
        if path.startswith(prefix) and len(path) > len(prefix):
            name, colon, method = path.removeprefix(prefix).rpartition(":")
            if not colon or not name:
                return model
            if method == "streamGenerateContent" and b"alt=sse" in query.split(b"&"):
                method = "streamGenerateContent?alt=sse"
            # A model's own name may hold a colon: `/v1/models/llama3:8b`.
            return methods.get(method) or model
    return None


def _find_bedrock(path: str) -> Path | None:
    if not path.startswith(_BEDROCK_ROOT):
        return None
    name, _, action = path.removeprefix(_BEDROCK_ROOT).rpartition("/")
    return _BEDROCK.get(action) if name else None


def _find_account(path: str) -> Path | None:
    if path.startswith(_ACCOUNT_ROOTS):
        for pattern, found in _ACCOUNT_PATTERNS:
            if pattern.fullmatch(path):
                return found
    return None


def _find_control(path: str) -> Path | None:
    if path.startswith(_CONTROL_ROOTS) and any(path == root or path.startswith(root + "/") for root in _CONTROL_ROOTS):
        return CONTROL
    return None
