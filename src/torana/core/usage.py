"""What a call used, in the vendor's own count."""

from typing import NamedTuple


class Usage(NamedTuple):
    """Tokens; None is unknown. `cached_input` is part of `input`, `reasoning` part of `output`."""

    input: int | None
    cached_input: int | None
    output: int | None
    reasoning: int | None
    estimated: bool = False
    """Counted by the gate from what passed, because the vendor said nothing."""


UNKNOWN = Usage(None, None, None, None)
