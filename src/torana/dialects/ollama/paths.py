"""Where Ollama takes what."""

_PATHS = {"chat": "/api/chat", "embed": "/api/embed"}


def upstream_path(operation: str, model: str, stream: bool) -> str:
    """The path behind http://127.0.0.1:11434. Raises KeyError for an operation it does not have."""
    return _PATHS[operation]
