import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tests.recorder.records import record
from torana.cli import calls
from torana.core.record import CallRecord
from torana.recorder.price import UNKNOWN, Cost, Prices
from torana.recorder.store import RecordStore
from torana.recorder.tally import Places, Tally
from torana.settings import Settings
from torana.stores.sql import engine as sql
from torana.stores.sql import migrate

RECORDS = [
    record(1, started_us=1_763_900_000_000_000, user="\x1b[31mred"),
    record(
        2,
        started_us=1_763_900_001_000_000,
        status=429,
        error="rate_limit_exceeded",
        model_asked="\x1b]0;x\x07",
        service=None,
    ),
]


class PricedAt25(Prices):
    def price(self, record: CallRecord, place: object = None) -> Cost:
        return (2_500_000_000, None) if record.status == 200 else UNKNOWN


@pytest.fixture
def data(tmp_path: Path) -> Path:
    async def fill() -> None:
        engine = sql.create(Settings(data=str(tmp_path)))
        await migrate.upgrade(engine)
        tally = Tally(PricedAt25(), Places())
        for made in RECORDS:
            tally.add(made)
        await RecordStore(engine, "node").commit(tally, {"a.seg": (0, 100)})
        await engine.dispose()

    asyncio.run(fill())
    return tmp_path


def torana(*arguments: str) -> Result:
    app = typer.Typer()
    calls.register(app)
    app.command("other")(lambda: None)
    return CliRunner().invoke(app, ["calls", *arguments])


def test_calls_are_shown_as_a_table_that_cannot_steer_the_terminal(data: Path) -> None:
    result = torana("--data", str(data))
    assert result.exit_code == 0, result.output
    heading, second, first = result.output.splitlines()
    assert heading.split()[:3] == ["TIME", "ID", "STATUS"]
    assert "rate_limit_exceeded" in second
    assert RECORDS[0].id in first
    assert "0.0025" in first
    assert "\x1b" not in result.output


def test_calls_are_printed_as_json_and_filtered(data: Path) -> None:
    result = torana("--data", str(data), "--json", "--status", "200", "--since", "2025-11-23T00:00+00:00")
    (line,) = result.output.splitlines()
    shown = json.loads(line)
    assert (shown["id"], shown["cost_usd"], shown["status"]) == (RECORDS[0].id, "0.0025", 200)
    assert torana("--data", str(data), "--json", "--since", "1m").output == ""


def test_one_call_is_shown_with_an_unknown_cost_as_unknown(data: Path) -> None:
    result = torana("show", RECORDS[1].id, "--data", str(data), "--json")
    shown = json.loads(result.output)
    assert shown["cost_usd"] is None
    assert shown["error"] == "rate_limit_exceeded"
    assert RECORDS[1].id in torana("show", RECORDS[1].id, "--data", str(data)).output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "0" * 32], "there is no call"),
        (["show", "../x"], "there is no call"),
        (["--since", "yesterday"], "is not a time"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(data: Path, arguments: list[str], said: str) -> None:
    result = torana(*arguments, "--data", str(data))
    assert result.exit_code == 1
    assert said in result.output


def test_a_folder_without_an_instance_is_said_to_be_so(tmp_path: Path) -> None:
    result = torana("--data", str(tmp_path))
    assert result.exit_code == 1
    assert "there is no instance" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_had_enough_is_no_error(data: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "torana", "calls", "--data", str(data)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
