"""Where Ollama takes what."""

_PATHS = {"chat": "/chat", "embed": "/embed"}


def upstream_path(operation: str, model: str, stream: bool) -> str:
    """The path behind http://127.0.0.1:11434/api. Raises ValueError for an operation it does not have."""
    path = _PATHS.get(operation)
    if path is None:
        raise ValueError(f"Ollama has no {operation}")
    return path
