"""Streamed replies, both ways: `Decoder` reads a vendor's, `Encoder` writes a caller's."""

from torana.dialects.gemini.decoder import Decoder
from torana.dialects.gemini.encoder import Encoder

__all__ = ["Decoder", "Encoder"]
