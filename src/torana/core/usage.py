"""What a call used, in the vendor's own count."""

from typing import NamedTuple


class Usage(NamedTuple):
    """Tokens; None is unknown. `cached_input`, `cache_write` and `audio_input` are parts of `input`, the others of `output`."""

    input: int | None
    cached_input: int | None
    """Read from the vendor's prompt cache."""
    output: int | None
    reasoning: int | None
    estimated: bool = False
    """Counted by the gate from what passed, because the vendor said nothing."""
    cache_write: int | None = None
    """Written to the vendor's prompt cache."""
    audio_input: int | None = None
    audio_output: int | None = None


UNKNOWN = Usage(None, None, None, None)
