"""Where Cohere takes what."""

_PATHS = {"chat": "/v2/chat", "embed": "/v2/embed", "rerank": "/v2/rerank"}


def upstream_path(operation: str, model: str, stream: bool) -> str:
    """The path behind https://api.cohere.com. Raises KeyError for an operation it does not have."""
    return _PATHS[operation]
