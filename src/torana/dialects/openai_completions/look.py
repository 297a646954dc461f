"""A completion's body is looked into as a chat completion's is."""

from torana.dialects.openai_chat.look import for_upstream, peek

__all__ = ["for_upstream", "peek"]
