"""Where Gemini does what, behind a base URL that ends in its version (`https://generativelanguage.googleapis.com/v1beta`)."""

import urllib.parse

from torana.dialects.gemini.look import resource

_METHODS = {
    "chat": "generateContent",
    "embed": "batchEmbedContents",
    "count": "countTokens",
}
"""Embeddings always go as a batch, whatever form the caller used: it takes one text as well as many."""


def upstream_path(operation: str, model: str, stream: bool) -> str:
    """The path with its query. `operation`: chat, embed, count or models. Raises ValueError for any other."""
    if operation == "models":
        return "/models"
    if operation not in _METHODS:
        raise ValueError(f"Gemini has no {operation}")
    name = urllib.parse.quote(resource(model), safe="/")
    if operation == "chat" and stream:
        return f"/{name}:streamGenerateContent?alt=sse"
    return f"/{name}:{_METHODS[operation]}"
