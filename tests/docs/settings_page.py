"""Writes the table of docs/guide/settings.md from the program: `python -m tests.docs.settings_page`."""

from tests.docs.pages import GUIDE
from torana.settings import MEANINGS, defaults, variable

PAGE = GUIDE / "settings.md"
BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->\n"


def table() -> str:
    """One row a setting, in the order of the program."""
    rows = ["| setting | variable | default | meaning |", "|---|---|---|---|"]
    for name, default in defaults().items():
        shown = f"`{default}`" if default != "" else "empty"
        meaning = MEANINGS[name].replace("|", "\\|").replace("*", "\\*")
        rows.append(f"| `{name}` | `{variable(name)}` | {shown} | {meaning} |")
    return "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """A page with the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
