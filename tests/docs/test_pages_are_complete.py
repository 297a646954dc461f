"""What the program has and what the pages say are the same."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.docs import causes_page, dialects_page, events_page, vendors_page
from tests.docs.pages import GUIDE, anchors, blocks, links, pages, prose
from tests.docs.settings_page import PAGE, with_table
from tests.support.vendor_process import ROOT
from torana.catalog.merge import ORDER
from torana.catalog.models import CAPABILITIES, KINDS
from torana.cli import audit, calls, custom, exporting, importing, keys, models, plan_apply, vendors
from torana.cli.app import app
from torana.control.declaration import words
from torana.core.errors import ERRORS
from torana.core.record import CallRecord
from torana.dialects.registry import DIALECTS
from torana.gate.route.paths import PATHS
from torana.settings import MEANINGS, Settings

FAILURES = ROOT / "docs" / "failure-modes.md"
_ROW = re.compile(r"^\| `([a-z_]+)` \| ([0-9]{3}) \|", re.MULTILINE)


def test_every_metric_that_a_page_names_is_in_the_guide_of_metrics() -> None:
    guide = (GUIDE / "metrics.md").read_text()
    named = {name for page in pages() for name in re.findall(r"`(torana_[a-z_]+)", page.read_text())}
    assert [name for name in sorted(named) if f"| `{name}` |" not in guide] == []


def test_the_page_of_failures_has_every_error_code_once_with_its_status() -> None:
    rows = _ROW.findall(prose(FAILURES))
    assert len(rows) == len({code for code, _ in rows})
    assert {code: int(status) for code, status in rows} == {code: kind.status for code, kind in ERRORS.items()}


def test_every_row_of_a_failure_says_what_happened_and_what_to_check() -> None:
    for line in prose(FAILURES).splitlines():
        if _ROW.match(line):
            assert len([cell for cell in line.strip("|").split("|") if cell.strip()]) == 4, line


def test_the_table_of_settings_is_that_of_the_program() -> None:
    assert PAGE.read_text() == with_table(PAGE.read_text()), "run: python -m tests.docs.settings_page"
    assert set(MEANINGS) == set(Settings.__struct_fields__)


def test_the_tables_of_vendors_are_those_of_the_program() -> None:
    page = vendors_page.PAGE.read_text()
    assert page == vendors_page.with_tables(page), "run: python -m tests.docs.vendors_page"


def test_the_table_of_what_a_test_of_a_vendor_finds_is_that_of_the_program() -> None:
    page = causes_page.PAGE.read_text()
    assert page == causes_page.with_table(page), "run: python -m tests.docs.causes_page"


def test_the_table_of_events_is_that_of_the_program() -> None:
    page = events_page.PAGE.read_text()
    assert page == events_page.with_table(page), "run: python -m tests.docs.events_page"


def test_the_tables_of_dialects_are_those_of_the_program() -> None:
    page = dialects_page.PAGE.read_text()
    assert page == dialects_page.with_tables(page), "run: python -m tests.docs.dialects_page"


def test_every_dialect_says_of_the_same_subjects_whether_it_carries_them() -> None:
    subjects = list(dialects_page.carried("openai_chat"))
    for dialect in dialects_page.NAMES:
        assert list(dialects_page.carried(dialect)) == subjects, dialect


def test_every_path_where_a_dialect_is_spoken_is_on_the_page_of_dialects() -> None:
    page = dialects_page.PAGE.read_text()
    for path in PATHS.values():
        if path.handling == "model" and path.operation and not path.form:
            assert f"`{path.label}`" in page, path.label
    assert {name for name in DIALECTS if f"`{name}`" not in page} == set()


def test_every_kind_and_capability_of_the_catalogue_is_on_the_page_of_models() -> None:
    page = (GUIDE / "models.md").read_text()
    assert {name for name in (*KINDS, *CAPABILITIES, *ORDER) if f"`{name}`" not in page} == set()


def test_every_command_and_option_is_on_the_page_of_commands() -> None:
    page = (GUIDE / "commands.md").read_text()
    for path, command in _commands():
        assert f"`torana {path}" in page, path
        section = page.split(f"`torana {path}", 1)[1].split("\n#", 1)[0]
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else ():
                if option.startswith("--") and option != "--help":
                    assert option in section, f"torana {path} {option}"


def test_every_field_of_a_declaration_is_on_the_page_of_configuration() -> None:
    page = (GUIDE / "configuration.md").read_text()
    fields = {name for table in _tables() for name in table}
    assert {name for name in fields if f"`{name}`" not in page} == set()


def test_every_field_of_a_record_is_on_the_page_of_records() -> None:
    page = (GUIDE / "records-and-cost.md").read_text()
    missing = {name for name in (*CallRecord.__struct_fields__, "cost_usd", "price_source") if f"`{name}`" not in page}
    assert missing == set()


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        file, _, fragment = target.partition("#")
        aim = (page.parent / file).resolve() if file else page
        assert aim.exists(), f"{page.name}: {target}"
        if fragment and aim.suffix == ".md":
            assert fragment in anchors(aim), f"{page.name}: {target}"


def test_files_that_pages_name_exist() -> None:
    later = {"src/torana/stores/sql/migrations/versions/NNNN_name.py"}
    named = re.compile(r"`((?:src/torana|tests|docs|bench|requirements)/[\w./-]+)`")
    missing = {
        f"{page.name}: {name}"
        for page in pages()
        for name in set(named.findall(page.read_text())) - later
        if not (ROOT / name).exists()
    }
    assert missing == set()


def test_every_page_of_the_guide_is_linked_from_the_readme() -> None:
    linked = {target.partition("#")[0] for target in links(ROOT / "README.md")}
    assert {page for page in GUIDE.glob("*.md") if f"docs/guide/{page.name}" not in linked} == set()


def test_blocks_are_closed_and_named() -> None:
    for page in pages():
        assert page.read_text().count("\n```") % 2 == 0 or blocks(page), page.name
        for block in blocks(page):
            assert block.language or block.text.strip(), f"{page.name}:{block.line}"


def _tables() -> Iterator[tuple[str, ...]]:
    return (table for name, table in vars(words).items() if name.isupper())


def _commands() -> Iterator[tuple[str, Any]]:
    whole = typer.Typer()
    whole.registered_commands = list(app.registered_commands)
    for module in (plan_apply, keys, models, vendors, custom, calls, audit, exporting, importing):
        module.register(whole)
    root = typer.main.get_command(whole)
    yield from _walk(root, "")


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", {})
    if path and (not below or getattr(command, "invoke_without_command", False)):
        yield path, command
    for name, inner in below.items():
        yield from _walk(inner, f"{path} {name}".strip())
