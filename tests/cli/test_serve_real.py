"""Starts of the real thing: what it waits for, what it says when it cannot, and what it answers about itself."""

import base64
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.instance import run_instance


def _clean(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TORANA_")} | more


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that was set up and runs nowhere."""
    folder = tmp_path_factory.mktemp("real") / "data"
    command = [sys.executable, "-m", "torana", "init", "--data", str(folder)]
    subprocess.run(command, env=_clean(), capture_output=True, timeout=60, check=True)
    return folder


def _refusal(*arguments: str, **environment: str) -> str:
    command = [sys.executable, "-m", "torana", *arguments]
    done = subprocess.run(command, env=_clean(**environment), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done
    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(said) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return said[0]


def _serve(data: Path, **environment: str) -> str:
    return _refusal("serve", "--data", str(data), "--listen", "127.0.0.1:0", "--workers", "1", **environment)


def test_another_installations_master_key_is_told_in_one_line(data: Path) -> None:
    other = base64.b64encode(secrets.token_bytes(32)).decode()
    line = _serve(data, TORANA_MASTER_KEY=other)
    assert line.startswith(f"torana: the master key is not the one that {data} was set up with: ")
    assert other not in line
    assert "master key" in _refusal("keys", "list", "--data", str(data), TORANA_MASTER_KEY=other)


def test_a_setting_that_only_a_gate_uses_is_told_in_one_line(data: Path) -> None:
    line = _serve(data, TORANA_EGRESS_DENY="10.0.0.0/8,everything")
    assert line.startswith("torana: egress_deny cannot be used: expected networks such as 10.0.0.0/8. It means: ")


def test_a_spool_that_cannot_be_written_is_told_in_one_line(data: Path) -> None:
    spool = data / "spool"
    if spool.exists():
        spool.rename(data / "spool.away")
    spool.write_text("in the way")
    try:
        assert str(spool) in _serve(data)
    finally:
        spool.unlink()
        if (data / "spool.away").exists():
            (data / "spool.away").rename(spool)


def test_a_configuration_that_cannot_be_published_is_told_in_one_line(tmp_path: Path, data: Path) -> None:
    file = tmp_path / "torana.yaml"
    file.write_text("services:\n  - name: x\n    kind: nonsense\n")
    command = ["serve", "--data", str(data), "--listen", "127.0.0.1:0", "--workers", "1", "--config", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "torana", *command], env=_clean(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "nonsense" in done.stderr
    assert "Traceback" not in done.stderr


def test_ready_means_that_every_gate_serves_the_configuration_and_control_reads_the_calls(tmp_path: Path) -> None:
    config = {
        "teams": [{"name": "default", "apps": [{"name": "mine", "keys": [{"name": "k", "value": {"env": "MY_KEY"}}]}]}]
    }
    key = "torana-mine-" + secrets.token_hex(16)
    # Without `key` nobody waits for the key to be known: that is what being ready has to mean.
    with run_instance(tmp_path, config, env={"MY_KEY": key}) as instance:
        replies = [instance.request("GET", "/v1/models", key=key) for _ in range(20)]
        assert {reply.status for reply in replies} == {200}
        instance.key = key
        instance.record(replies[0].call_id)
        found = json.loads(instance.cli("calls", "show", replies[0].call_id, "--json"))
        assert found["id"] == replies[0].call_id
        listed = _admin(instance.data, "/api/v1/calls?limit=5&status=200")
        assert len(listed["items"]) == 5
        assert listed["newest_seq"] >= 20
        assert _admin(instance.data, f"/api/v1/calls/{replies[0].call_id}")["status"] == 200
        assert _admin(instance.data, "/api/v1/calls/" + "0" * len(replies[0].call_id))["code"] == "not_found"


def _admin(data: Path, path: str) -> dict[str, Any]:
    """What control answers to the owner, at its own socket."""
    import httpx2

    with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(data / "run" / "control.sock"))) as client:
        found = client.get(f"http://torana{path}").json()
    assert isinstance(found, dict)
    return found
