"""The first start of a stranger: what the terminal shows works when pasted, and a second start is as good."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.instance import Instance, run_instance


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with run_instance(tmp_path_factory.mktemp("first"), workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def terminal(instance: Instance) -> str:
    return (instance.folder / "stdout").read_text()


def test_the_curl_line_works_when_pasted(instance: Instance, terminal: str) -> None:
    (line,) = [line for line in terminal.splitlines() if line.strip().startswith("curl ")]
    done = subprocess.run(["bash", "-c", line.strip()], capture_output=True, timeout=60)
    assert done.returncode == 0, done
    said = json.loads(done.stdout)
    assert said["object"] == "chat.completion"
    assert "demo" in said["choices"][0]["message"]["content"]


def test_the_python_lines_work_when_pasted(instance: Instance, terminal: str) -> None:
    lines = terminal.splitlines()
    begin = next(n for n, line in enumerate(lines) if line.strip().startswith("from openai import"))
    end = next(n for n in range(begin, len(lines)) if "print(" in lines[n])
    code = "\n".join(line.strip() for line in lines[begin : end + 1])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "demo" in done.stdout


def first_key(instance: Instance, terminal: str) -> str:
    found = re.search(r"Authorization: Bearer ([A-Za-z0-9_.-]+)", terminal)
    assert found is not None, terminal
    return found[1]


def test_the_demo_answers_in_every_way_with_the_first_key(instance: Instance, terminal: str) -> None:
    key = first_key(instance, terminal)
    assert instance.chat("demo/chat", key).status == 200
    assert instance.chat("demo/chat", key, stream=True).body.endswith(b"data: [DONE]\n\n")
    assert instance.post("/v1/embeddings", key, model="demo/embed", input="x").status == 200
    refused = instance.chat("demo/chat", key, max_tokens="many")
    assert refused.status == 400
    assert refused.error["param"] == "max_tokens"
    names = {model["id"] for model in instance.request("GET", "/v1/models", key=key).json["data"]}
    assert {"demo/chat", "demo/embed"} <= names


def test_a_demo_call_is_recorded_like_any_other(instance: Instance, terminal: str) -> None:
    reply = instance.chat("demo/chat", first_key(instance, terminal), stream=True)
    record = instance.record(reply.call_id)
    assert record["vendor"] == "demo"
    assert record["output_tokens"] > 0
    assert record["error"] is None


def test_the_admins_password_is_shown_once_and_not_logged(instance: Instance, terminal: str) -> None:
    assert "admin" in terminal
    assert first_key(instance, terminal) not in (instance.folder / "stderr").read_text()


def test_health_and_metrics_need_no_key(instance: Instance) -> None:
    assert instance.request("GET", "/healthz", key="").status == 200
    assert instance.request("GET", "/readyz", key="").status == 200
    metrics = instance.request("GET", "/metrics", key="")
    assert metrics.status == 200
    assert b"torana_" in metrics.body


def test_a_second_instance_on_the_same_folder_is_refused_in_one_line(instance: Instance) -> None:
    command = [sys.executable, "-m", "torana", "serve", "--data", str(instance.data), "--listen", "127.0.0.1:0"]
    done = subprocess.run(command, env=instance.env, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_refused_in_one_line(instance: Instance) -> None:
    data = instance.folder / "another"
    command = [sys.executable, "-m", "torana", "serve", "--data", str(data), "--listen", f"127.0.0.1:{instance.port}"]
    done = subprocess.run(command, env=instance.env, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert str(instance.port) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_setting_is_refused_by_its_name(instance: Instance) -> None:
    env = {**instance.env, "TORANA_WORKERS": "many"}
    command = [sys.executable, "-m", "torana", "serve", "--data", str(instance.folder / "third")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "TORANA_WORKERS" in done.stderr
    assert "Traceback" not in done.stderr
