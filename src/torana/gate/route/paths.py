"""The gate's public paths as a table."""

from typing import Literal, NamedTuple

from torana.core.errors import Refusal

Handling = Literal["model", "models", "health", "ready", "metrics", "control"]


class Path(NamedTuple):
    """What happens at a path."""

    label: str
    """For records and metrics; never taken from the caller."""
    handling: Handling
    methods: frozenset[bytes]
    upstream: bytes = b""
    """The path behind a provider's base URL."""


_READ = frozenset((b"GET", b"HEAD"))
_POST = frozenset((b"POST",))
_ANY = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE"))

PATHS: dict[str, Path] = {
    "/v1/chat/completions": Path("/v1/chat/completions", "model", _POST, b"/chat/completions"),
    "/v1/completions": Path("/v1/completions", "model", _POST, b"/completions"),
    "/v1/embeddings": Path("/v1/embeddings", "model", _POST, b"/embeddings"),
    "/v1/models": Path("/v1/models", "models", _READ),
    "/healthz": Path("/healthz", "health", _READ),
    "/readyz": Path("/readyz", "ready", _READ),
    "/metrics": Path("/metrics", "metrics", _READ),
}
MODEL = Path("/v1/models/{model}", "models", _READ)
CONTROL = Path("control", "control", _ANY)
_MODEL_PREFIX = "/v1/models/"
_CONTROL_ROOTS = ("/api", "/console", "/portal", "/docs")
OTHER = "other"


def find_path(path: str, method: bytes) -> Path:
    """The table's entry. Raises Refusal: unknown_path or method_not_allowed."""
    found = PATHS.get(path)
    if found is None:
        if path.startswith(_MODEL_PREFIX) and len(path) > len(_MODEL_PREFIX):
            found = MODEL
        elif path.startswith(_CONTROL_ROOTS) and any(
            path == root or path.startswith(root + "/") for root in _CONTROL_ROOTS
        ):
            found = CONTROL
        else:
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
