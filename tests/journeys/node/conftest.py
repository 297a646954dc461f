"""One instance in front of two vendors that call tools, for all journeys with Node."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.journeys.node import packages, tool_vendors
from tests.support.instance import Instance, run_instance
from tests.support.loopback import Loopback, answering

KEY = "torana-node-" + secrets.token_hex(16)
NOTE = "The harbour opens at 4711."
_COMMAND = "cat note.txt"


class Stage(NamedTuple):
    """A running instance and what is behind it: service `chat-model` speaks OpenAI's chat, `messages-model` Anthropic's.

    `lenient-model` too, and leaves out what that cannot carry.
    """

    instance: Instance
    chat: Loopback
    messages: Loopback
    work: Path
    """A folder with `note.txt`, for command lines to work in."""

    def environment(self, **more: str) -> dict[str, str]:
        """Of a program that has nothing of this machine's user, and finds the gate."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.work.parent / "home"),
            "GATE": self.instance.url,
            "KEY": KEY,
            **more,
        }

    def script(self, name: str) -> list[str]:
        """The lines that a script beside this file prints."""
        return packages.run(["node", str(packages.HERE / name)], packages.HERE, self.environment()).splitlines()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    packages.install()
    folder = tmp_path_factory.mktemp("node")
    work = folder / "work"
    work.mkdir()
    (folder / "home").mkdir()
    (work / "note.txt").write_text(NOTE + "\n")
    wanted: tool_vendors.Wanted = {
        "get_weather": lambda _: {"city": "Bern"},
        "Read": lambda _: {"file_path": str(work / "note.txt")},
        "exec_command": lambda _: {"cmd": _COMMAND},
        "shell_command": lambda _: {"command": _COMMAND},
        "shell": lambda _: {"command": ["bash", "-c", _COMMAND]},
    }
    with answering(tool_vendors.chat(wanted)) as chat, answering(tool_vendors.messages(wanted)) as messages:
        names = ("chat-model", "messages-model", "lenient-model")
        config = {
            "providers": [
                {"name": "of-chat", "vendor": "openai-compatible", "base_url": f"http://127.0.0.1:{chat.port}/v1"},
                {
                    "name": "of-messages",
                    "vendor": "openai-compatible",
                    "dialect": "anthropic_messages",
                    "base_url": f"http://127.0.0.1:{messages.port}/v1",
                },
            ],
            "services": [
                {"name": names[0], "deployments": [{"provider": "of-chat", "model": "tool-model"}]},
                {"name": names[1], "deployments": [{"provider": "of-messages", "model": "tool-model"}]},
                {
                    "name": names[2],
                    "deployments": [{"provider": "of-messages", "model": "tool-model"}],
                    "drop_unsupported": True,
                },
            ],
            "teams": [
                {
                    "name": "default",
                    "apps": [
                        {
                            "name": "node",
                            "subscriptions": [*names, "demo/chat"],
                            "keys": [{"name": "first", "value": {"env": "NODE_KEY"}}],
                        }
                    ],
                }
            ],
        }
        with run_instance(folder, config, key=KEY, workers=1, env={"NODE_KEY": KEY}) as instance:
            yield Stage(instance, chat, messages, work)
