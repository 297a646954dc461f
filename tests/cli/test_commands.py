"""plan, apply, keys and models as an operator types them, against a folder that nothing runs on and against a running control."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from torana.cli import keys, models, plan_apply
from torana.control import init
from torana.control.app import create_app
from torana.control.publish.publish import Publisher
from torana.settings import Settings
from torana.stores.secrets import master
from torana.stores.snapshots.file import current_version, open_current
from torana.stores.sql import engine as sql
from torana.stores.sql.migrate import upgrade
from torana.supervisor.lock import InstanceLock

CANARY = "sk-canary-77c2d1e0aa55"
FILE = """
providers:
  - {name: local, vendor: openai-compatible, base_url: "http://127.0.0.1:9001/v1", api_key: {env: LOCAL_KEY}}
services:
  - {name: gpt-4.1, aliases: [best], deployments: [{provider: local, model: gpt-4.1}]}
teams:
  - {name: red, apps: [{name: bench, subscriptions: [gpt-4.1], keys: [{name: first}]}]}
"""


class Operator:
    """Somebody at a terminal with one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.file = data / "torana.yaml"
        self._app = typer.Typer()
        for commands in (plan_apply, keys, models):
            commands.register(self._app)

    def types(self, *words: str, code: int = 0, **environment: str) -> str:
        """Run a command; returns what it printed on standard output, or for a failure on standard error."""
        result = CliRunner().invoke(self._app, [*words, "--data", str(self.data)], env=environment)
        assert result.exit_code == code, result.output
        return result.stderr if code else result.stdout


async def _set_up(data: Path) -> str:
    engine = sql.create(Settings(data=str(data)))
    await upgrade(engine)
    made = await init.first_start(Publisher(engine, master.load_or_create(data), data / "snapshot"), {})
    await engine.dispose()
    assert made is not None
    return made.admin_token.reveal()


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    monkeypatch.delenv("TORANA_TOKEN", raising=False)
    asyncio.run(_set_up(tmp_path))
    someone = Operator(tmp_path)
    someone.file.write_text(FILE)
    return someone


def test_a_plan_is_shown_then_applied_then_empty(operator: Operator) -> None:
    named = ("-f", str(operator.file))
    shown = operator.types("plan", *named, LOCAL_KEY=CANARY)
    assert "+ provider local\n    vendor: openai-compatible\n" in shown
    assert "    api_key: •••\n" in shown
    done = operator.types("apply", *named, "--yes", LOCAL_KEY=CANARY)
    assert "Applied 6 changes.\n" in done
    value = done.partition("key red/bench/first: ")[2].split()[0]
    digest = master.load(operator.data).key_digest(value.encode())
    assert open_current(operator.data / "snapshot").key(digest) is not None
    assert operator.types("plan", *named, LOCAL_KEY=CANARY) == "Nothing to change.\n"
    assert CANARY not in shown + done


def test_nothing_is_applied_where_nobody_can_be_asked(operator: Operator) -> None:
    version = current_version(operator.data / "snapshot")
    said = operator.types("apply", "-f", str(operator.file), code=1, LOCAL_KEY=CANARY)
    assert "give --yes to apply where nobody can be asked" in said
    assert current_version(operator.data / "snapshot") == version


def test_a_missing_variable_is_named_with_its_place(operator: Operator) -> None:
    said = operator.types("apply", "-f", str(operator.file), "--yes", code=1)
    assert f"{operator.file}:3:93: providers[0].api_key: the environment variable LOCAL_KEY is not set\n" in said


def test_a_file_that_is_not_there_is_named(operator: Operator) -> None:
    said = operator.types("plan", "-f", str(operator.data / "nope.yaml"), code=1)
    assert said == f"torana: {operator.data / 'nope.yaml'}: cannot be read: No such file or directory\n"


def test_a_key_is_made_shown_once_listed_and_revoked(operator: Operator) -> None:
    value = operator.types("keys", "create", "--app", "default", "--name", "ci", "--expires", "30d").strip()
    assert value.startswith("tor_")
    listed = operator.types("keys", "list")
    assert "default/default/ci" in listed
    assert value not in listed
    assert operator.types("keys", "revoke", "ci").startswith("Revoked default/default/ci (key_")
    states = {key["name"]: key["revoked"] for key in json.loads(operator.types("keys", "list", "--json"))}
    assert states == {"first": False, "ci": True}
    digest = master.load(operator.data).key_digest(value.encode())
    assert open_current(operator.data / "snapshot").key(digest) is None


def test_a_key_is_narrowed_and_rotated(operator: Operator) -> None:
    narrow = ("--service", "gpt-4.1", "--model", "a*", "--model", "b", "--endpoint", "/v1/messages", "--network", "::1")
    made = json.loads(operator.types("keys", "create", "--app", "default", *narrow, "--json"))
    assert made["scopes"] == {"services": ["gpt-4.1"], "endpoints": ["/v1/messages"], "models": ["a*", "b"]}
    assert made["networks"] == ["::1/128"]
    rotated = json.loads(operator.types("keys", "rotate", "default/default/key", "--overlap", "7d", "--json"))
    assert (rotated["id"], rotated["value"] == made["value"]) == (made["id"], False)
    assert rotated["previous_until_us"] > made["created_us"] + 6 * 86_400_000_000
    again = operator.types("keys", "rotate", "key").strip()
    keys = open_current(operator.data / "snapshot")
    found = [
        keys.key(master.load(operator.data).key_digest(v.encode())) for v in (made["value"], rotated["value"], again)
    ]
    assert [key is not None for key in found] == [False, False, True]
    assert "--overlap" in operator.types("keys", "rotate", "key", "--overlap", "soon", code=2)


def test_a_key_that_is_not_there_is_refused_in_one_line(operator: Operator) -> None:
    assert operator.types("keys", "revoke", "nope", code=1) == "torana: There is no key nope. Check its name or id.\n"


def test_a_wrong_option_is_a_mistake_of_usage(operator: Operator) -> None:
    said = operator.types("keys", "create", "--app", "default", "--expires", "soon", code=2)
    assert "--expires" in said
    assert "soon" not in said


def test_models_are_listed_with_where_they_are_served(operator: Operator) -> None:
    operator.types("apply", "-f", str(operator.file), "--yes", LOCAL_KEY=CANARY)
    lines = operator.types("models").splitlines()
    assert [line.split()[0] for line in lines] == ["MODEL", "demo/chat", "demo/embed", "gpt-4.1"]
    assert lines[3].split()[1:] == ["all", "teams", "best", "local/gpt-4.1"]


def test_a_folder_without_an_instance_is_said_to_be_so(tmp_path: Path) -> None:
    assert "Set one up with `torana init" in Operator(tmp_path).types("models", code=1)


def test_a_folder_whose_instance_does_not_answer_is_not_opened_behind_its_back(operator: Operator) -> None:
    with InstanceLock(operator.data):
        assert f"the instance in {operator.data} does not answer" in operator.types("models", code=1)


def test_an_address_elsewhere_needs_a_token(operator: Operator) -> None:
    said = operator.types("models", "--url", "http://127.0.0.1:1", code=1)
    assert said == "torana: --url needs an admin token: give --token or set TORANA_TOKEN.\n"
    assert "does not answer" in operator.types("models", "--url", "http://127.0.0.1:1", "--token", CANARY, code=1)


@pytest.fixture
def running(operator: Operator) -> Iterator[Operator]:
    """The operator's instance, with a control that answers on its socket."""
    import uvicorn

    from torana.control.door import Door
    from torana.control.listening import open_socket

    started = threading.Event()
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        engine = sql.create(Settings(data=str(operator.data)))
        publisher = Publisher(engine, master.load(operator.data), operator.data / "snapshot")
        app = Door(create_app(publisher), owner_socket=True)
        servers.append(uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None)))
        listener = open_socket(operator.data)
        started.set()
        await servers[0].serve(sockets=[listener])
        await engine.dispose()

    with InstanceLock(operator.data):
        thread = threading.Thread(target=lambda: asyncio.run(serve()))
        thread.start()
        assert started.wait(30)
        yield operator
        servers[0].should_exit = True
        thread.join(30)


def test_a_running_instance_is_asked_through_its_socket(running: Operator) -> None:
    assert "Applied 6 changes." in running.types("apply", "-f", str(running.file), "--yes", LOCAL_KEY=CANARY)
    assert "gpt-4.1" in running.types("models")
    assert "red/bench/first" in running.types("keys", "list", "--app", "bench")
