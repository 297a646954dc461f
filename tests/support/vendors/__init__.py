"""Small simulated vendors, one for each dialect that a target may speak: `VENDORS`.

Each judges whether a request is what its vendor's official client would send, and writes the same answers in its own form, from
what the vendor's pages and client's types say. `serving.py` puts one behind a port of the test's own process.
"""

from tests.support.vendors import (
    amazon,
    anthropic,
    cohere,
    google,
    ollama,
    openai_chat,
    openai_completions,
    openai_responses,
)
from tests.support.vendors.shape import Simulated

VENDORS: dict[str, Simulated] = {
    "openai_chat": openai_chat.VENDOR,
    "openai_completions": openai_completions.VENDOR,
    "openai_responses": openai_responses.VENDOR,
    "anthropic_messages": anthropic.VENDOR,
    "gemini": google.VENDOR,
    "bedrock_converse": amazon.VENDOR,
    "cohere": cohere.VENDOR,
    "ollama": ollama.VENDOR,
}
