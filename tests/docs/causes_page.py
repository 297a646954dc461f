"""Writes the table of what `torana vendors test` finds into docs/guide/commands.md: `python -m tests.docs.causes_page`."""

from tests.docs.pages import GUIDE
from torana.gate.probe import CAUSES

PAGE = GUIDE / "commands.md"
BEGIN, END = "<!-- causes: begin -->\n", "<!-- causes: end -->\n"


def with_table(text: str) -> str:
    """A page with the table between its marks."""
    rows = ["| cause | exit status | to do |", "|---|---|---|"]
    rows += [f"| `{name}` | {cause.status} | {cause.advice} |" for name, cause in CAUSES.items()]
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n".join(rows) + "\n" + END + after


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
