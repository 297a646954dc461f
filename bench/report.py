"""Figures, whether they were reached, and bench/RESULTS.md."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """One line of the table: something that has a target."""

    name: str
    target: float
    measured: float | None
    """None when it could not be measured; the note says why."""
    unit: str = ""
    at_least: bool = False
    """The target is a floor, not a ceiling."""
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the target holds; None when there is no measurement."""
        if self.measured is None:
            return None
        return self.measured >= self.target if self.at_least else self.measured <= self.target


class Detail(NamedTuple):
    """A table of what was measured on the way to the figures."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Findings(NamedTuple):
    """What one scenario found."""

    figures: list[Figure]
    details: list[Detail]
    complete: bool = True
    """False when the scenario could not be measured."""


def number(value: float) -> str:
    """A measured number with as many digits as mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


GOVERNANCE = "# How fast governance is"
"""The heading of the part of RESULTS.md that `make bench-governance` writes; the part before it is `make bench`'s."""


def kept(whole: str, *, governance: bool) -> str:
    """The part of RESULTS.md that is the other run's."""
    before, mark, behind = whole.partition(f"\n{GOVERNANCE}\n")
    return before if not governance else mark + behind


def render_governance(findings: Sequence[Findings], machine: Mapping[str, str], how: str) -> str:
    """The other part of RESULTS.md."""
    parts = [
        f"\n{GOVERNANCE}\n",
        f"Written by `make bench-governance`. {how}\n",
        _table(("", ""), list(machine.items())),
        *_body(findings),
    ]
    return "\n".join(parts)


def render(findings: Sequence[Findings], machine: Mapping[str, str], how: str) -> str:
    """The whole of RESULTS.md: `how` is the sentence that says with what rounds and when."""
    parts = [
        "# What Torana costs\n",
        f"Written by `make bench`. {how} README.md beside this page says what the figures mean and why ratios count.\n",
        "## The machine\n",
        _table(("", ""), list(machine.items())),
        "## Figures\n",
        *_body(findings),
    ]
    return "\n".join(parts)


def _body(findings: Sequence[Findings]) -> list[str]:
    figures = [_line(figure) for one in findings for figure in one.figures]
    parts = [_table(("figure", "target", "measured", "reached", ""), figures)]
    for detail in (detail for one in findings for detail in one.details):
        parts += [f"## {detail.title}\n", _table(detail.columns, detail.rows)]
    return parts


def _line(figure: Figure) -> tuple[str, ...]:
    sign = "≥" if figure.at_least else "≤"
    measured = "not measured" if figure.measured is None else _with_unit(figure.measured, figure.unit)
    reached = {True: "yes", False: "**no**", None: "-"}[figure.reached]
    return figure.name, f"{sign} {_with_unit(figure.target, figure.unit)}", measured, reached, figure.note


def _with_unit(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".strip()


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return (
        "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
        )
        + "\n"
    )
