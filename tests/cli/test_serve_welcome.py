"""What a start shows on the terminal, and the commands that look without starting."""

import ast
import json
import os
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.supervisor.instance import Instance

MADE = {"admin_email": "admin@localhost", "admin_password": "pass-word", "admin_token": "tok'en", "key": "sk-torana-1"}


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Instance]:
    made = Instance(tmp_path)
    yield made
    made.stop()


def _torana(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "torana", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_first_start_shows_sign_in_key_and_lines_to_paste(empty: Instance) -> None:
    empty.script(init={"result": json.dumps(MADE)})
    empty.start()
    host, port = empty.ready()
    shown = empty.stdout()
    for secret in MADE.values():
        assert secret in shown
        assert secret not in empty.stderr()
    (curl,) = re.findall(r"^curl .*$", shown, re.MULTILINE)
    words = shlex.split(curl)
    assert words[1] == f"http://{host}:{port}/v1/chat/completions"
    assert "Authorization: Bearer sk-torana-1" in words
    assert json.loads(words[words.index("-d") + 1])["model"] == "demo/chat"
    python = shown[shown.index("from openai") :]
    assert f'OpenAI(base_url="http://{host}:{port}/v1", api_key="sk-torana-1")' in python
    ast.parse(python)


def test_a_later_start_shows_only_the_address_and_the_folder(instance: Instance) -> None:
    instance.start()
    host, port = instance.ready()
    assert instance.stdout() == f"Torana is ready at http://{host}:{port}\nIts data lies in {instance.data}\n"
    assert instance.events(role="init") == []


def test_what_was_made_is_shown_even_if_the_start_then_fails(empty: Instance) -> None:
    empty.script(init={"result": json.dumps(MADE)}, gate={"fatal": "no"})
    empty.start()
    assert empty.wait() == 1
    assert MADE["admin_password"] in empty.stdout()


def test_a_set_up_that_fails_stops_the_start_with_its_line(empty: Instance) -> None:
    empty.script(init={"fatal": "the database server does not answer."})
    empty.start()
    assert empty.wait() == 1
    assert empty.stderr() == "torana: the database server does not answer.\n"
    assert empty.events() == []


def test_an_admin_address_of_its_own_is_shown(instance: Instance) -> None:
    instance.start("--admin-listen", "127.0.0.1:0")
    instance.ready()
    assert re.search(r"^Admin address  http://127\.0\.0\.1:[1-9]\d*$", instance.stdout(), re.MULTILINE)


def test_the_data_folder_is_for_its_owner_only(empty: Instance) -> None:
    empty.start()
    empty.ready()
    for folder in (empty.data, empty.data / "run"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_init_on_a_folder_with_data_says_so(instance: Instance) -> None:
    done = _torana("init", "--data", str(instance.data), "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"torana: the data folder {instance.data} already has data.")


def test_settings_lists_value_and_origin_and_masks_passwords() -> None:
    done = _torana("settings", "--json", TORANA_WORKERS="3", TORANA_DATABASE="postgresql://me:hidden@db/torana")
    rows: dict[str, dict[str, Any]] = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["workers"]["value"] == 3
    assert rows["workers"]["source"] == "TORANA_WORKERS"
    assert rows["listen"]["value"] == rows["listen"]["default"] == "127.0.0.1:8080"
    assert rows["listen"]["source"] == "default"
    assert rows["database"]["value"] == "postgresql://me:•••@db/torana"
    assert all(row["meaning"] for row in rows.values())
    assert "hidden" not in _torana("settings", TORANA_DATABASE="postgresql://me:hidden@db/torana").stdout


def test_doctor_finds_nothing_wrong_with_a_new_folder(tmp_path: Path) -> None:
    done = _torana("doctor", "--data", str(tmp_path / "new"), "--listen", "127.0.0.1:0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ok"] * 8
    assert not (tmp_path / "new").exists()


def test_doctor_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_text("short")
    done = _torana("doctor", "--data", str(tmp_path), "--listen", "127.0.0.1:0")
    assert done.returncode == 1
    assert re.search(r"^WRONG  master key: .*master\.key", done.stdout, re.MULTILINE)


def test_doctor_names_a_mistyped_variable_but_not_those_of_the_platform(tmp_path: Path) -> None:
    options = ("doctor", "--data", str(tmp_path / "new"), "--listen", "127.0.0.1:0")
    mistyped = _torana(*options, TORANA_MAX_BODY="1")
    assert mistyped.returncode == 1
    wanted = "WRONG  environment: TORANA_MAX_BODY is no setting and has no effect. Did you mean TORANA_MAX_BODY_BYTES?"
    assert wanted in mistyped.stdout.splitlines()
    usual = _torana(
        *options, TORANA_PORT_8080_TCP="tcp://10.0.0.1:8080", TORANA_SERVICE_HOST="10.0.0.1", TORANA_TOKEN="x"
    )
    assert usual.returncode == 0, usual.stdout


def test_doctor_sees_a_running_instance(instance: Instance) -> None:
    instance.start()
    host, port = instance.ready()
    done = _torana("doctor", "--data", str(instance.data), "--listen", f"{host}:{port}")
    assert f"ok     instance: running as process {instance.pid} at {host}:{port}" in done.stdout


def test_the_supervisor_imports_neither_sql_nor_a_web_framework() -> None:
    program = "import sys, torana.cli.run, torana.cli.serve_options, torana.cli.serve; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(ast.literal_eval(done.stdout))
    assert not loaded & {"sqlalchemy", "fastapi", "pydantic", "starlette", "asyncio", "cryptography", "typer", "rich"}


def test_a_child_entry_imports_neither_the_command_line_nor_engines() -> None:
    program = "import sys, torana.cli.process; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(ast.literal_eval(done.stdout))
    assert not loaded & {"typer", "sqlalchemy", "fastapi", "pydantic", "starlette", "subprocess", "structlog"}
