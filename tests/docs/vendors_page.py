"""Writes the tables of docs/guide/upstreams.md from the program: `python -m tests.docs.vendors_page`."""

from collections.abc import Callable

from tests.docs.pages import GUIDE
from torana.catalog.vendors import QUIRKS, VENDORS

PAGE = GUIDE / "upstreams.md"


def vendors() -> str:
    """One row a vendor, in the order of the program."""
    rows = ["| `vendor` | name | address | speaks | credential | variables |", "|---|---|---|---|---|---|"]
    for one in VENDORS.values():
        name = f"[{one.name}]({one.docs})" if one.docs else one.name
        address = (
            f"`{one.base_url}`"
            if one.base_url
            else ("in the gate itself" if one.id == "demo" else "yours, in `base_url`")
        )
        spoken = ", ".join(f"`{dialect}`" for dialect in (one.dialect, *one.also) if dialect) or "no dialect"
        variables = ", ".join(f"`{name}`" for name in (one.env, *one.more_env) if name)
        rows.append(f"| `{one.id}` | {name} | {address} | {spoken} | {one.auth} | {variables} |")
    return "\n".join(rows) + "\n"


def quirks() -> str:
    """One row a difference, in the order of the program."""
    rows = ["| difference | meaning | vendors |", "|---|---|---|"]
    for name, quirk in QUIRKS.items():
        who = ", ".join(f"[{vendor}]({seen.link}) ({seen.on})" for vendor, seen in quirk.vendors.items())
        rows.append(f"| `{name}` | {quirk.meaning} | {who} |")
    return "\n".join(rows) + "\n"


_TABLES: dict[str, Callable[[], str]] = {"vendors": vendors, "quirks": quirks}


def with_tables(text: str) -> str:
    """A page with the tables between their marks."""
    for name, table in _TABLES.items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = before + begin + table() + end + after
    return text


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
