"""`torana audit` against a folder that nothing runs on, through a running control, and at an address."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.cli.test_commands import Operator, operator
from torana.cli import audit
from torana.control.audit.anchor import FILE_NAME

__all__ = ["operator"]


@pytest.fixture
def types(operator: Operator) -> Callable[..., str]:
    app = typer.Typer()
    audit.register(app)

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["audit", *words, "--data", str(operator.data)])
        assert result.exit_code == code, result.output
        return result.output

    return run


def edit(operator: Operator, *statements: str) -> None:
    connection = sqlite3.connect(operator.data / "torana.db")
    for trigger in ("audit_no_update", "audit_no_delete"):
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_the_first_start_is_exported_and_verifies(operator: Operator, types: Callable[..., str]) -> None:
    entries = [json.loads(line) for line in types("export").splitlines()]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[0]["action"] == "user.create"
    told = types("verify")
    assert told.startswith(f"{len(entries)} entries: the trail is what was written\n")
    assert f"anchor to keep elsewhere: {len(entries)}:{entries[-1]['hash']}" in told
    named = types("export", "--noun", "key", "--since", "1h", "--actor", "system").splitlines()
    assert [json.loads(line)["action"] for line in named] == ["key.create"]
    assert types("export", "--until", "2000-01-01") == ""


def test_what_was_done_to_it_is_told_with_an_exit_status(operator: Operator, types: Callable[..., str]) -> None:
    edit(operator, "UPDATE audit SET actor_name = 'eve' WHERE seq = 2", "DELETE FROM audit WHERE seq = 4")
    told = types("verify", code=3)
    assert "entry 2 is not what was written: it was changed, or put in\n" in told
    assert "entry 4 is missing\n" in told
    found = json.loads(types("verify", "--json", code=3))
    assert [(one["kind"], one["seq"]) for one in found["findings"]] == [("changed", 2), ("missing", 4)]


def test_an_anchor_noted_elsewhere_is_compared(operator: Operator, types: Callable[..., str]) -> None:
    newest = types("verify").rpartition(": ")[2].strip()
    edit(operator, f"DELETE FROM audit WHERE seq = {newest.partition(':')[0]}")
    (operator.data / FILE_NAME).unlink()
    assert "note: this node has no anchor yet" in types("verify")
    assert "missing at the end" in types("verify", "--anchor", newest, code=3)
    assert "expected SEQ:HASH" in types("verify", "--anchor", "17", code=1)


def test_an_export_goes_to_a_file_in_parts(
    operator: Operator, types: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_AT_ONCE", 3)
    whole = types("export")
    assert len(whole.splitlines()) > 3
    types("export", "-o", str(tmp_path / "trail.jsonl"))
    assert (tmp_path / "trail.jsonl").read_text() == whole
    assert "cannot be written" in types("export", "-o", str(tmp_path / "no" / "trail"), code=1)
