"""JSONata for the worker: jsonata-python with its unbounded corners bounded.

Measured traps of jsonata-python 0.7.1 that are met here: its time limit counts wall time from the construction of an expression,
so bounds of our own count processor time of one evaluation; it keeps the last constructed expression as the current one, so a kept
one has to be made current; regular expressions go to re2, which never backtracks; a range becomes a real list of bounded length
(its lazy one is written as `[]`); `$pad` is bounded; `$eval` is taken away. What is left (a long list's `$sum` is not interrupted)
the worker's limits stop.
Language: https://docs.jsonata.org.
"""

from collections.abc import Callable
from functools import lru_cache
from time import process_time
from typing import Any

import msgspec
import re2  # type: ignore[import-untyped]
from jsonata import jexception, jsonata  # type: ignore[import-untyped]
from jsonata.functions import Functions  # type: ignore[import-untyped]

_MOST_KEPT = 256
_REGEX_BYTES = 4 * 1024 * 1024
_encode = msgspec.json.Encoder().encode


class MappingFailed(Exception):
    """The expression cannot be compiled or evaluated, or gives no JSON; the message says why."""


class _Bounds:
    """Counts the depth and the processor time of one evaluation; the library calls it at every node of the expression."""

    __slots__ = ("_calls", "_depth", "_most_depth", "_seconds", "_until")

    def __init__(self, seconds: float, depth: int) -> None:
        self._seconds = seconds
        self._most_depth = depth
        self.begin()

    def begin(self) -> None:
        """A new evaluation."""
        self._calls = 0
        self._depth = 0
        self._until = process_time() + self._seconds

    def enter(self, node: Any, value: Any, frame: Any) -> None:
        """A node begins. Raises MappingFailed."""
        self._depth += 1
        self._calls += 1
        if self._depth > self._most_depth:
            raise MappingFailed(f"nested more than {self._most_depth} deep: a function that calls itself without end?")
        if not self._calls & 63 and process_time() > self._until:
            raise MappingFailed(f"it used more processor time than {self._seconds:g} s: a loop without end?")

    def leave(self, node: Any, value: Any, frame: Any, result: Any) -> None:
        """A node has ended."""
        self._depth -= 1


class _Expression(jsonata.Jsonata):  # type: ignore[misc]
    """One compiled expression, with bounded ranges."""

    items = 0

    def evaluate_range_expression(self, lhs: Any, rhs: Any) -> list[int] | None:
        """`[lhs..rhs]`."""
        if lhs is None or rhs is None:
            return None
        for value, code in ((lhs, "T2003"), (rhs, "T2004")):
            if isinstance(value, bool) or not isinstance(value, int):
                raise jexception.JException(code, -1, value)
        if rhs - lhs >= self.items:
            raise MappingFailed(f"a range of {rhs - lhs + 1} numbers; at most {self.items} are allowed")
        return list(range(lhs, rhs + 1)) if lhs <= rhs else None


class Expressions:
    """Compiles and evaluates, and keeps what it compiled. One in a process: it changes the library's functions."""

    def __init__(self, cpu_seconds: float, depth: int, items: int) -> None:
        self._bounds = _Bounds(cpu_seconds, depth)
        self._items = items
        self._kept = lru_cache(_MOST_KEPT)(self._compile)
        bindings = jsonata.Jsonata.static_frame.bindings
        bindings.pop("eval", None)
        jsonata.Jsonata.static_frame.bind("pad", jsonata.Jsonata.function("pad", "<s-ns?:s>", _padding(items), "pad"))

    def check(self, source: str) -> None:
        """Raises MappingFailed when the source is no expression."""
        self._kept(source)

    def evaluate(self, source: str, value: Any) -> bytes:
        """The result as JSON; `null` when the expression matches nothing. Raises MappingFailed."""
        expression = self._kept(source)
        jsonata.Jsonata.CURRENT.jsonata = expression
        self._bounds.begin()
        try:
            return _encode(expression.evaluate(value, {}))
        except jexception.JException as error:
            raise MappingFailed(_said(error)) from None
        except UnicodeEncodeError:
            raise MappingFailed("the result holds half of a surrogate pair, which JSON cannot") from None
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RuntimeError) as error:
            # The library lets Python's own exceptions out where values do not fit: a function as a result, 1/0, endless recursion.
            reason = "nested too deeply" if isinstance(error, RecursionError) else f"{error}"
            raise MappingFailed(f"it cannot be evaluated: {reason}") from None

    def _compile(self, source: str) -> _Expression:
        try:
            expression = _Expression(source, _regex)
        except jexception.JException as error:
            raise MappingFailed(f"it is no JSONata: {_said(error)}") from None
        except re2.error as error:
            said = error.args[0] if error.args else error
            reason = said.decode(errors="replace") if isinstance(said, bytes) else said
            raise MappingFailed(f"a regular expression that re2 does not take: {reason}") from None
        except (TypeError, ValueError, LookupError, AttributeError, RuntimeError) as error:
            raise MappingFailed(f"it is no JSONata: {error}") from None
        if expression.errors:
            raise MappingFailed(f"it is no JSONata: {expression.errors[0]}")
        expression.items = self._items
        expression.environment.set_evaluate_entry_callback(self._bounds.enter)
        expression.environment.set_evaluate_exit_callback(self._bounds.leave)
        # Evaluating a name as JSON goes through `validate_input`, which walks all of it; ours comes from JSON and nowhere else.
        expression.set_validate_input(False)
        return expression


def _padding(most: int) -> type:
    class Padding:
        @staticmethod
        def pad(string: Any, width: Any, char: Any) -> Any:
            if isinstance(width, int | float) and abs(width) > most:
                raise MappingFailed(f"$pad to {width:g} characters; at most {most} are allowed")
            return Functions.pad(string, width, char)

    return Padding


def _regex(pattern: str, flags: Any) -> Any:
    options = re2.Options()
    options.case_sensitive = not flags.case_insensitive
    options.max_mem = _REGEX_BYTES
    options.log_errors = False
    return re2.compile(f"(?m){pattern}" if flags.multiline else pattern, options)


def _said(error: Any) -> str:
    place: Callable[[], int] = error.get_location
    return f"{error} (position {place()})" if isinstance(place(), int) and place() > 0 else str(error)
