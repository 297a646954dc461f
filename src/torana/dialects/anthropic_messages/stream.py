"""A message as a stream. Source: https://platform.claude.com/docs/en/build-with-claude/streaming"""

from torana.dialects.anthropic_messages.stream_in import Decoder
from torana.dialects.anthropic_messages.stream_out import Encoder

__all__ = ["Decoder", "Encoder"]
