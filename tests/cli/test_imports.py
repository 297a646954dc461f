"""What each process carries: a gate with a web framework or SQL would be slower to start and larger for nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.instance import Instance, run_instance

HEAVY = {
    "typer",
    "rich",
    "sqlalchemy",
    "fastapi",
    "starlette",
    "pydantic",
    "uvicorn",
    "genai_prices",
    "alembic",
    "structlog",
}


def _loaded(program: str) -> set[str]:
    command = [sys.executable, "-c", f"import sys\n{program}\nprint(' '.join(sys.modules))"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("module", ["torana.gate.worker", "torana.cli.process", "torana.cli.serve", "torana.cli.run"])
def test_a_gate_and_the_supervisor_import_nothing_heavy(module: str) -> None:
    assert not _loaded(f"import {module}") & {*HEAVY, "prometheus_client", "httpx2", "yaml"}


def test_a_gate_that_serves_has_nothing_heavy_in_its_memory(tmp_path: Path) -> None:
    """Seen from outside: what a process has mapped tells which extension modules it carries."""
    with run_instance(tmp_path, workers=1) as instance:
        key = _first_key(instance)
        assert instance.chat("demo/chat", key).status == 200
        assert instance.request("GET", "/readyz", key="").status == 200
        (gate,) = instance.gates()
        mapped = " ".join(entry.path for entry in gate.memory_maps())
        assert gate.memory_info().rss <= 80 * 1024 * 1024
    assert "msgspec" in mapped
    assert not [name for name in (*HEAVY, "greenlet", "_sqlite3", "asyncpg") if f"/{name}" in mapped]


def _first_key(instance: Instance) -> str:
    shown = (instance.folder / "stdout").read_text()
    return shown.partition("Authorization: Bearer ")[2].partition("'")[0]
