"""What became of each field of an imported file."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from torana.control.export.service import applicable
from torana.control.export.text import document
from torana.control.export.variables import Variables

Outcome = Literal["carried", "changed", "left"]
SIGNS: dict[Outcome, str] = {"carried": "=", "changed": "~", "left": "!"}
MOST_TEXT = 200


class NotReadable(Exception):
    """The file is not what it was said to be; the message says why, in one line without a full stop."""


class Line(msgspec.Struct, frozen=True):
    """What became of one field. It never repeats a value that may be a secret."""

    field: str
    """Such as `model_list[0].litellm_params.rpm`."""
    outcome: Outcome
    what: str
    """What it became, or why it did not, and what to do."""

    def text(self) -> str:
        """As a person reads it."""
        return f"{SIGNS[self.outcome]} {self.field}: {self.what}"


class Imported(msgspec.Struct, frozen=True):
    """A torana.yaml, and the report."""

    text: str
    variables: dict[str, str]
    """Environment variables to set before it is planned, and what each is for."""
    report: list[Line]

    def counts(self) -> dict[Outcome, int]:
        """How many fields came across, came across changed, and did not."""
        found = Counter(line.outcome for line in self.report)
        return {outcome: found[outcome] for outcome in SIGNS}


class Draft:
    """A torana.yaml in the making."""

    def __init__(self) -> None:
        self.report: list[Line] = []
        self.variables = Variables()
        self.sections: dict[str, list[dict[str, Any]]] = {"providers": [], "services": [], "teams": [], "prices": []}

    def carried(self, field: str, what: str) -> None:
        """The field means the same as before."""
        self.report.append(Line(field, "carried", what))

    def changed(self, field: str, what: str) -> None:
        """It means something else now, which `what` says."""
        self.report.append(Line(field, "changed", what))

    def left(self, field: str, why: str) -> None:
        """It did not come across: why, and what to do."""
        self.report.append(Line(field, "left", why))

    def done(self, source: str) -> Imported:
        """The file, without whatever `torana plan` would not take."""
        refused: list[str] = []
        applicable(self.sections, refused)
        for reason in refused:
            name, _, why = reason.partition(": ")
            self.left(name, f"a torana.yaml cannot say it: {why}")
        text = document(self.sections)
        named = {name: what for name, what in sorted(self.variables.named.items()) if f"env: {name}}}" in text}
        comments = [f"Made from {source} by `torana import`. Look at it, set the variables, then `torana plan`."]
        comments += [f"  {name}  {what}" for name, what in named.items()]
        return Imported(document(self.sections, comments), named, self.report)


def fitting(name: str, taken: Callable[[str], bool], *, most: int = 100, slashes: bool = False) -> str:
    """A name that Torana takes, as near to this one as can be, and not taken."""
    marks = "._@+-:/" if slashes else "._@+-"
    made = "".join(c if c.isascii() and (c.isalnum() or c in marks) else "-" for c in name.strip()).strip("-")
    made = made.lstrip(marks)[: most - 4] or "unnamed"
    number, found = 1, made
    while taken(found):
        number += 1
        found = f"{made}-{number}"
    return found
