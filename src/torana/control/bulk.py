"""Work on very many objects at once, none of which is garbage before its end."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside = 0


@contextmanager
def without_collecting() -> Iterator[None]:
    """Leave the cyclic collector off until the end of the block.

    It would go through all objects again and again while their number grows, and take half of the time that a file of a hundred
    thousand keys needs. Blocks may overlap in several threads: the last one to end turns it on again.
    """
    global _inside
    with _lock:
        _inside += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                gc.enable()
