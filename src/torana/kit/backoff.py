"""How long to wait before trying again."""

import random
from collections.abc import Iterator


def backoff(first_seconds: float, most_seconds: float) -> Iterator[float]:
    """Endless waits that double from `first_seconds` up to `most_seconds`, each shortened by up to a quarter at random."""
    wait = first_seconds
    while True:
        yield wait * random.uniform(0.75, 1.0)  # noqa: S311 - spreads retries, guards nothing
        wait = min(wait * 2, most_seconds)
