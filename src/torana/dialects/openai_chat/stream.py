"""Streams of chat completions, both ways."""

from torana.dialects.openai_chat.decoder import Decoder
from torana.dialects.openai_chat.encoder import Encoder

__all__ = ["Decoder", "Encoder"]
