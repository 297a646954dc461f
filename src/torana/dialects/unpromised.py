"""Whole replies that pass and are not as their vendor promises: fields of other types, and half characters (halves.py)."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from torana.dialects import NotAReplyError
from torana.dialects.halves import mending

Promised = TypeVar("Promised")
Odd = TypeVar("Odd")

UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
"""What a decoder raises for bytes that are not what it expects."""


def read_again(promised: Callable[[bytes], Promised], odd: Callable[[bytes], Odd], body: bytes) -> Promised | Odd:
    """What `promised` could not read, read by whichever decoder can. Raises NotAReplyError for what is no JSON object."""
    try:
        try:
            return mending(promised)(body)
        except msgspec.ValidationError:
            return mending(odd)(body)
    except UNREADABLE as error:
        raise NotAReplyError(str(error)) from None
