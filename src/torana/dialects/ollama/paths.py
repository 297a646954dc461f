"""Where Ollama takes what."""

_PATHS = {"chat": "/chat", "embed": "/embed"}


def upstream_path(operation: str, model: str, stream: bool) -> str:
    """The path behind http://127.0.0.1:11434/api. Raises KeyError for an operation it does not have."""
    return _PATHS[operation]
