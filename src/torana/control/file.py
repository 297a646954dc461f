"""Reads a torana.yaml from disk, with the values that stand outside it, on the side that has them."""

from collections.abc import Mapping
from pathlib import Path

from torana.control.bulk import without_collecting
from torana.control.declaration.document import MOST_BYTES, check_text
from torana.control.declaration.outside import resolve_outside
from torana.control.declaration.problems import DeclarationError, Problem, Problems
from torana.control.declaration.read import outside_references
from torana.control.plan.source import Source


def read_source(path: Path, environment: Mapping[str, str]) -> Source:
    """The file at `path`. Raises DeclarationError when it cannot be read; what is wrong inside is found by plan and apply."""
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or type(error).__name__}"
        raise DeclarationError([Problem(0, 0, "", reason)], str(path)) from None
    problems = Problems(str(path))
    check_text(text, problems)
    with without_collecting():
        values = resolve_outside(outside_references(text), environment, path.absolute().parent)
    return Source(text, values, str(path))
