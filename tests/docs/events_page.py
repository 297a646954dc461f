"""Writes the table of docs/guide/notifications.md from the program: `python -m tests.docs.events_page`."""

from tests.docs.pages import GUIDE
from torana.control.notices.events import EVENTS

PAGE = GUIDE / "notifications.md"
BEGIN, END = "<!-- events: begin -->\n", "<!-- events: end -->\n"


def table() -> str:
    """One row an event, in the order of the program."""
    rows = [
        "| event | what happened |",
        "|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in EVENTS.items()),
    ]
    return "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """A page with the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
