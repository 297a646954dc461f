"""Where a vendor of this dialect is called. A provider's base URL ends in the version, as `https://api.anthropic.com/v1` does."""

VERSION = "2023-06-01"
"""The `anthropic-version` header that every request has to have; a caller's own goes before it."""
_PATHS = {"chat": "/messages", "count": "/messages/count_tokens", "models": "/models"}


def upstream_path(operation: str, model: str, stream: bool) -> str:
    """The path behind a provider's base URL. `operation` is `chat`, `count` or `models`; model and stream stand in the body."""
    return _PATHS[operation]
