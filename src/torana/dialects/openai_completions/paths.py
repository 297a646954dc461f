"""Where requests go, behind a provider's base URL such as `https://api.openai.com/v1`."""

_PATHS = {"chat": "/completions", "models": "/models"}


def upstream_path(operation: str, model: str, stream: bool) -> str:
    """The path of `chat` or `models`; model and stream stand in the body. Raises KeyError for any other operation."""
    return _PATHS[operation]
