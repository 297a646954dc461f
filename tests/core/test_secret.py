"""A Secret shows itself nowhere but in `reveal`."""

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from torana.core.secret import MASK, Secret

CANARY = "sk-canary-9d2f"
ONE = Secret(CANARY)

SHOWN: dict[str, Callable[[], str]] = {
    "repr": lambda: repr(ONE),
    "str": lambda: str(ONE),
    "format": lambda: f"{ONE} {ONE!r} {ONE!s} {ONE:>20}",
    "percent": lambda: "%s %r" % (ONE, ONE),
    "inside a list": lambda: str([ONE, {"a": ONE}]),
    "ascii": lambda: ascii(ONE),
    "an exception": lambda: "".join(traceback.format_exception(ValueError(ONE))),
    "a log line": lambda: logging.LogRecord("n", 0, "p", 1, "%s", (ONE,), None).getMessage(),
}


@pytest.mark.parametrize("way", SHOWN)
def test_it_is_masked_in(way: str) -> None:
    shown = SHOWN[way]()
    assert CANARY not in shown
    assert MASK in shown or way == "ascii"


@pytest.mark.parametrize(
    "encode",
    [
        json.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
    ],
)
def test_it_cannot_be_encoded_or_copied(encode: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError) as refusal:
        encode(ONE if encode is copy.copy else {"key": ONE})
    assert CANARY not in str(refusal.value)


def test_it_cannot_be_a_key_of_a_dictionary_and_has_no_attributes_to_look_into() -> None:
    with pytest.raises(TypeError):
        hash(ONE)
    with pytest.raises(TypeError):
        vars(ONE)


def test_it_is_equal_to_the_same_secret_only() -> None:
    assert Secret(CANARY) == ONE
    assert Secret("other") != ONE
    assert ONE != CANARY
    assert bool(ONE)
    assert not Secret("")
    assert ONE.reveal() == CANARY
