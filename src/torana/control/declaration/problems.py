"""What is wrong with a file and where. All problems are reported at once, in the order of the file."""

import difflib
from collections.abc import Iterable
from typing import NamedTuple

SHOWN = 50
"""Problems told at once; a file with more gets the number of the others."""
_SUGGESTIONS = 20
"""Close names are looked for this often in one file: comparing against 10,000 names is slow."""


class Place:
    """Where a value stands: line and column from 1, and the way to it from the top of the file."""

    __slots__ = ("column", "line", "parent", "part")

    def __init__(self, line: int, column: int, parent: "Place | None" = None, part: str | int = "") -> None:
        self.line = line
        self.column = column
        self.parent = parent
        self.part = part

    @property
    def path(self) -> str:
        """Such as `services[0].deployments[2].provider`; empty at the top."""
        parts: list[str] = []
        place: Place | None = self
        while place is not None and place.part != "":
            parts.append(f"[{place.part}]" if isinstance(place.part, int) else f".{place.part}")
            place = place.parent
        return "".join(reversed(parts)).removeprefix(".")


class Problem(NamedTuple):
    """One thing that is wrong. `message` never repeats the value of a field that may hold a secret."""

    line: int
    column: int
    path: str
    message: str

    def text(self, source: str) -> str:
        """`torana.yaml:12:7: services[0].name: …`, as compilers write it."""
        where = f"{source}:{self.line}:{self.column}: " if self.line else f"{source}: "
        return where + (f"{self.path}: {self.message}" if self.path else self.message)


class DeclarationError(ValueError):
    """A file that cannot be used. `problems` has at least one entry."""

    def __init__(self, problems: Iterable[Problem], source: str = "torana.yaml") -> None:
        self.problems = tuple(sorted(problems))
        self.source = source
        lines = [problem.text(source) for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"{source}: … and {len(self.problems) - SHOWN} more problems")
        super().__init__("\n".join(lines))


class Problems:
    """Collects problems while a file is read."""

    __slots__ = ("_suggested", "found", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self.found: list[Problem] = []
        self._suggested = 0

    def add(self, place: Place, message: str) -> None:
        """Note one problem at a place."""
        self.found.append(Problem(place.line, place.column, place.path, message))

    def raise_if_any(self) -> None:
        """Raise DeclarationError with everything noted so far."""
        if self.found:
            raise DeclarationError(self.found, self.source)

    def suggestion(self, word: str, known: Iterable[str]) -> str:
        """`; did you mean "local"?`, or nothing when no known word is close."""
        self._suggested += 1
        if self._suggested > _SUGGESTIONS:
            return ""
        near = (name for name in known if abs(len(name) - len(word)) <= 3 and name != word)
        close = difflib.get_close_matches(word[:200], list(near), n=1, cutoff=0.6)
        return f'; did you mean "{close[0]}"?' if close else ""


def quoted(word: str) -> str:
    """A name from the file, cut and made printable, for a message."""
    shown = word if len(word) <= 80 else word[:80] + "…"
    return '"' + "".join(c if c.isprintable() and c != '"' else "�" for c in shown) + '"'
