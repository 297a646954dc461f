"""Where Cohere takes what."""

_PATHS = {"chat": "/chat", "embed": "/embed", "rerank": "/rerank"}


def upstream_path(operation: str, model: str, stream: bool) -> str:
    """The path behind https://api.cohere.com/v2. Raises ValueError for an operation it does not have."""
    path = _PATHS.get(operation)
    if path is None:
        raise ValueError(f"Cohere has no {operation}")
    return path
