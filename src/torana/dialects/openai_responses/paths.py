"""Where requests go, behind a provider's base URL such as `https://api.openai.com/v1`."""


def upstream_path(operation: str, model: str, stream: bool) -> str:
    """The path of an operation; this dialect has one, and says neither model nor stream in it."""
    if operation != "chat":
        raise ValueError(f"the Responses API has no {operation}")
    return "/responses"
