"""Writes the tables of docs/guide/dialects.md from the program: `python -m tests.docs.dialects_page`."""

from collections.abc import Callable
from importlib import import_module

from tests.docs.pages import GUIDE
from torana.dialects.openai_chat.deviations import DEVIATIONS
from torana.dialects.registry import INBOUND, OUTBOUND

PAGE = GUIDE / "dialects.md"
NAMES = {
    "openai_chat": "Chat",
    "openai_completions": "Completions",
    "openai_responses": "Responses",
    "anthropic_messages": "Messages",
    "gemini": "Gemini",
    "bedrock_converse": "Converse",
    "cohere": "Cohere",
    "ollama": "Ollama",
}
"""For the heads of columns."""


def carried(dialect: str) -> dict[str, str]:
    """What a dialect's own table says."""
    table = import_module(f"torana.dialects.{dialect}.carries").CARRIES
    assert isinstance(table, dict)
    return table


def short(remark: str) -> str:
    """`yes`, `no` or `partly`; with a star where there is more to say."""
    word = remark.partition(";")[0].partition(",")[0].strip()
    if word not in ("yes", "no"):
        return "partly\\*"
    return word if remark == word else f"{word}\\*"


def carries() -> str:
    """One row a subject, one column a dialect."""
    tables = {dialect: carried(dialect) for dialect in OUTBOUND}
    rows = [f"| | {' | '.join(NAMES[dialect] for dialect in OUTBOUND)} |", "|---" * (len(OUTBOUND) + 1) + "|"]
    for subject in tables["openai_chat"]:
        cells = [short(tables[dialect][subject]) for dialect in OUTBOUND]
        rows += [f"| {subject} | {' | '.join(cells)} |"]
    return "\n".join(rows) + "\n"


def remarks() -> str:
    """One row a star of the table above, by dialect."""
    rows = ["| dialect | | |", "|---|---|---|"]
    for dialect in OUTBOUND:
        first = True
        for subject, remark in carried(dialect).items():
            if "*" in short(remark):
                rows.append(f"| {f'**{NAMES[dialect]}**' if first else ''} | {subject} | {remark} |")
                first = False
    return "\n".join(rows) + "\n"


def deviations() -> str:
    """One row a fault, in the order of the program."""
    rows = ["| what is sent | what is made of it | by whom | noted |", "|---|---|---|---|"]
    rows += [f"| {one.what} | {one.absorbed} | [{one.vendors}]({one.link}) | {one.seen} |" for one in DEVIATIONS]
    return "\n".join(rows) + "\n"


TABLES: dict[str, Callable[[], str]] = {"carries": carries, "remarks": remarks, "deviations": deviations}


def with_tables(text: str) -> str:
    """A page with the tables between their marks."""
    for name, table in TABLES.items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = before + begin + table() + end + after
    return text


if __name__ == "__main__":
    assert set(NAMES) == {*INBOUND, *OUTBOUND}
    PAGE.write_text(with_tables(PAGE.read_text()))
