"""Model and usage of completions stand where those of chat completions do."""

from torana.dialects.openai_chat.watch import StreamReader, read_reply

__all__ = ["StreamReader", "read_reply"]
