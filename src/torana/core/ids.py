"""Identifiers: random ones for things, time-ordered ones for calls."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# Two letters at a time: an apply makes a hundred thousand ids.
_PAIRS = [one + other for one in _ALPHABET for other in _ALPHABET]
_MASK40 = (1 << 40) - 1


def new_id(prefix: str) -> str:
    """A random id such as `team_7k2m…`: 100 random bits behind the noun's prefix."""
    bits = secrets.randbits(100)
    return f"{prefix}_" + "".join([_PAIRS[(bits >> shift) & 1023] for shift in range(90, -1, -10)])


class CallIds:
    """Makes call ids: 12 hex digits of epoch milliseconds, 10 random for the process, 10 counting.

    They sort by time, so that a time range of calls is a range of ids, and are unique across processes and restarts.
    """

    __slots__ = ("_count", "_millisecond", "_prefix", "_process")

    def __init__(self) -> None:
        self._process = "%010x" % secrets.randbits(40)
        self._count = 0
        self._millisecond = -1
        self._prefix = ""

    def next(self, epoch_us: int) -> str:
        """The next id, for a call that began at `epoch_us` microseconds since 1970."""
        self._count = count = (self._count + 1) & _MASK40
        millisecond = epoch_us // 1000
        if millisecond != self._millisecond:
            self._millisecond = millisecond
            self._prefix = "%012x%s" % (millisecond, self._process)
        return "%s%010x" % (self._prefix, count)


def call_id_floor(epoch_us: int) -> str:
    """The smallest id a call beginning at `epoch_us` could have: turns a time into a bound on ids."""
    return "%012x" % (max(epoch_us, 0) // 1000)


def is_call_id(text: str) -> bool:
    """Whether `text` has the form of a call id."""
    return len(text) == 32 and all(c in "0123456789abcdef" for c in text)


def epoch_us() -> int:
    """Now, in microseconds since 1970."""
    return time.time_ns() // 1000
