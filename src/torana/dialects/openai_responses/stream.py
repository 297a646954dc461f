"""The event stream, both ways."""

from torana.dialects.openai_responses.stream_in import Decoder
from torana.dialects.openai_responses.stream_out import Encoder

__all__ = ["Decoder", "Encoder"]
