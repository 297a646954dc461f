"""Errors of completions are those of chat completions."""

from torana.dialects.openai_chat.errors import decode_error, encode_error, encode_error_event

__all__ = ["decode_error", "encode_error", "encode_error_event"]
