"""Claude Code and Codex complete a turn with a tool through the gate, at a vendor that speaks another dialect than they do."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.node import packages
from tests.journeys.node.conftest import KEY, NOTE, Stage
from tests.support.polling import eventually

_QUIET = {
    "CI": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
}
"""Nothing of these tests leaves this machine."""
_PROVIDER = """
model = "{model}"
model_provider = "torana"
check_for_update_on_startup = false
web_search = "disabled"

[analytics]
enabled = false

[otel]
exporter = "none"

{more}
[model_providers.torana]
name = "Torana"
base_url = "{url}/v1"
env_key = "KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""


def test_claude_code_reads_a_file_with_a_model_of_openais_dialect(stage: Stage) -> None:
    before = len(stage.chat.requests)
    said = packages.run(
        [
            "claude",
            "-p",
            "What does note.txt say?",
            "--model",
            "chat-model",
            "--allowedTools",
            "Read",
            "--max-turns",
            "4",
        ],
        stage.work,
        stage.environment(
            ANTHROPIC_BASE_URL=stage.instance.url,
            ANTHROPIC_API_KEY=KEY,
            ANTHROPIC_SMALL_FAST_MODEL="chat-model",
            ANTHROPIC_DEFAULT_HAIKU_MODEL="chat-model",
            **_QUIET,
        ),
    )
    assert "The tool says:" in said
    assert NOTE in said
    asked = stage.chat.requests[before:]
    assert all(request.startswith(b"POST /v1/chat/completions ") for request in asked)
    assert any(b'"role":"tool"' in request.replace(b'": "', b'":"') for request in asked)


@pytest.mark.parametrize(
    ("model", "more", "dropped"),
    [("messages-model", "[features]\nmulti_agent = false\n", False), ("lenient-model", "", True)],
    ids=["without Codex's namespace of tools", "with a service that drops what cannot be carried"],
)
def test_codex_runs_a_command_with_a_model_of_anthropics_dialect(
    stage: Stage, tmp_path: Path, model: str, more: str, dropped: bool
) -> None:
    before = len(stage.messages.requests)
    (tmp_path / "config.toml").write_text(_PROVIDER.format(model=model, url=stage.instance.url, more=more))
    printed = packages.run(
        [
            "codex",
            "exec",
            "--json",
            "--skip-git-repo-check",
            "--dangerously-bypass-approvals-and-sandbox",
            "Read note.txt",
        ],
        stage.work,
        stage.environment(CODEX_HOME=str(tmp_path), **_QUIET),
    )
    events = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    said = [event["item"]["text"] for event in events if event.get("item", {}).get("type") == "agent_message"]
    assert "The tool says:" in said[-1]
    assert NOTE in said[-1]
    asked = stage.messages.requests[before:]
    assert all(request.startswith(b"POST /v1/messages ") for request in asked)
    assert any(b'"tool_result"' in request for request in asked)
    assert not [request for request in asked if b"spawn_agent" in request]
    rows = eventually(lambda: _recorded(stage, model, len(asked)), "every call is recorded")
    assert any("tools[" in str(row["dropped"]) for row in rows) == dropped


def _recorded(stage: Stage, service: str, wanted: int) -> list[dict[str, Any]]:
    rows = [row for row in stage.instance.calls() if row["service"] == service]
    return rows if len(rows) >= wanted else []
