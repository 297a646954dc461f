"""export and import as an operator types them."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.cli.test_commands import CANARY, FILE, _set_up
from tests.control.importers.samples import CANARY as SECRET
from tests.control.importers.samples import LITELLM
from torana.cli import exporting, importing, keys, plan_apply
from torana.stores.snapshots.file import current_version
from torana.supervisor.lock import InstanceLock


class Operator:
    """Somebody at a terminal."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._app = typer.Typer()
        for commands in (plan_apply, keys, exporting, importing):
            commands.register(self._app)

    def types(self, *words: str, code: int = 0, **environment: str) -> tuple[str, str]:
        """Run a command; what it printed on standard output and on standard error."""
        result = CliRunner().invoke(self._app, [*words], env=environment)
        assert result.exit_code == code, result.output
        return result.stdout, result.stderr


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    monkeypatch.delenv("TORANA_TOKEN", raising=False)
    monkeypatch.delenv("TORANA_MASTER_KEY", raising=False)
    data = tmp_path / "data"
    data.mkdir()
    asyncio.run(_set_up(data))
    someone = Operator(data)
    file = tmp_path / "first.yaml"
    file.write_text(FILE)
    someone.types("apply", "-y", "-f", str(file), "--data", str(data), LOCAL_KEY=CANARY)
    return someone


def test_an_export_is_planned_and_nothing_changes(operator: Operator, tmp_path: Path) -> None:
    at = ("--data", str(operator.data))
    shown, _ = operator.types("export", *at)
    assert "api_key: {env: LOCAL_API_KEY}" in shown
    assert CANARY not in shown
    file = tmp_path / "again.yaml"
    said, _ = operator.types("export", *at, "-o", str(file))
    assert said.startswith(f"Wrote {file}.\n  set LOCAL_API_KEY: the credential of provider local\n")
    assert file.read_text() == shown
    assert operator.types("plan", *at, "-f", str(file), LOCAL_API_KEY=CANARY)[0] == "Nothing to change.\n"
    found = json.loads(operator.types("export", *at, "--json", "--key-variables")[0])
    assert "RED_BENCH_FIRST_KEY" in found["variables"]


def test_a_backup_is_restored_with_the_master_key_and_not_without(operator: Operator, tmp_path: Path) -> None:
    backup, other = tmp_path / "all.backup", tmp_path / "other"
    with InstanceLock(operator.data):
        # While an instance runs.
        said, _ = operator.types("export", "--backup", str(backup), "--data", str(operator.data))
    assert said.startswith(f"Wrote {backup}: schema ")
    assert "of no use without the master key" in said
    into = ("import", "--backup", str(backup), "--data", str(other))
    _, why = operator.types(*into, code=1)
    assert f"put that master.key into {other}" in why
    shutil.copy(operator.data / "master.key", other)
    said, _ = operator.types(*into)
    assert said.startswith(f"Restored {backup} into {other}: schema ")
    assert current_version(other / "snapshot") == current_version(operator.data / "snapshot")
    listed = [operator.types("keys", "list", "--json", "--data", str(data))[0] for data in (operator.data, other)]
    assert listed[0] == listed[1]
    _, why = operator.types(*into, code=1)
    assert "nothing was restored" in why
    assert "not empty" in why
    _, why = operator.types("export", "--backup", str(backup), "--data", str(operator.data), code=1)
    assert "is there already" in why


def test_a_running_instance_is_not_restored_into(operator: Operator, tmp_path: Path) -> None:
    backup = tmp_path / "all.backup"
    operator.types("export", "--backup", str(backup), "--data", str(operator.data), "--json", "--records")
    with InstanceLock(operator.data):
        _, why = operator.types("import", "--backup", str(backup), "--data", str(operator.data), code=1)
    assert "running" in why or "in use" in why


def test_another_gateways_file_becomes_a_torana_yaml_and_a_report(operator: Operator, tmp_path: Path) -> None:
    file, made = tmp_path / "config.yaml", tmp_path / "torana.yaml"
    file.write_text(LITELLM)
    said, _ = operator.types("import", str(file), "--from", "litellm", "-o", str(made))
    assert "~ model_list.gpt-4o.rpm: limit of service gpt-4o: 16 requests per minute" in said
    assert "set AZURE_API_KEY_EU: the credential of provider azure-deployments" in said
    shown, report = operator.types("import", str(file), "--from", "litellm")
    assert shown == made.read_text()
    assert "! router_settings.routing_strategy:" in report
    found = json.loads(operator.types("import", str(file), "--from", "litellm", "--json")[0])
    assert {line["outcome"] for line in found["report"]} == {"carried", "changed", "left"}
    assert SECRET not in said + shown + report + json.dumps(found)
    _, why = operator.types("import", str(file), "--from", "litellm", "-o", str(made), code=1)
    assert "File exists" in why


def test_what_cannot_be_read_or_does_not_go_together_is_said_in_a_line(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("a: [")
    for words, reason in (
        (("import", str(file), "--from", "litellm"), "cannot be imported: it is not a YAML document (line "),
        (("import", str(file), "--from", "one-api"), "it is not a JSON document"),
        (("import", str(file), "--from", "kong"), "there is no --from kong; there is litellm, one-api, apipark"),
        (("import", str(tmp_path / "none"), "--from", "litellm"), "No such file"),
        (("import", str(file)), "give a file and --from"),
        (("import", str(file), "--backup", "x"), "--backup stands alone"),
        (("import", "--backup", str(file), "--data", str(operator.data)), "cannot be unpacked"),
        (("export", "--backup", "x", "-o", "y"), "--backup stands alone"),
        (("export", "--records"), "belong to --backup"),
    ):
        _, why = operator.types(*words, code=1)
        assert reason in why
        assert why.count("\n") == 1
