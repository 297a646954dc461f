"""What the cyclic collector need not look at: very many objects that are worked on at once, and those that are there for good."""

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


def set_aside() -> None:
    """Have the collector pass over everything that there is now, which lives as long as the process, and at the rest more rarely.

    To go through what the admin API is made of takes 0.15 s each time, in which nobody is answered; through the statements that
    SQLAlchemy keeps compiled, once there are hundreds, half as much.
    """
    gc.collect()
    gc.freeze()
    # As in gates: collections of the middle generation stay small too.
    gc.set_threshold(5_000, 5, 500)
