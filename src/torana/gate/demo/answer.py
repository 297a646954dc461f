"""The demo's front: which endpoint answers."""

from collections.abc import Callable, Mapping

from torana.gate.demo import chat, completions, embeddings
from torana.gate.demo.wire import DemoError, DemoReply

_ENDPOINTS: Mapping[str, Callable[[bytes, str], DemoReply]] = {
    "/v1/chat/completions": chat.answer,
    "/v1/completions": completions.answer,
    "/v1/embeddings": embeddings.answer,
}


def answer(endpoint: str, body: bytes, model: str) -> DemoReply:
    """Answer one request body as OpenAI's API would; the same arguments always give the same bytes.

    `model` is what the reply names. Never raises for what a caller sends: faults become OpenAI's error form with
    status 400, an endpoint that the demo does not have one with status 404.
    """
    try:
        if (endpoint_answer := _ENDPOINTS.get(endpoint)) is None:
            raise DemoError(f"The demo does not offer {endpoint}.", None, "unknown_url", 404)
        return endpoint_answer(body, model)
    except DemoError as error:
        return error.reply()
