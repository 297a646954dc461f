"""A scripted child of the supervisor: it does what `script.json` in the scenario folder says of its role, and notes what it did.

The supervisor runs this file in place of a real gate, control or recorder. A gate answers each connection's line with its process
id and slot; the line `hold` is answered only when the file `release` is there.
"""

import json
import os
import selectors
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from torana.supervisor.handover import FATAL, Handover, enter, receive, say_fatal, say_ready


class Scenario:
    """The folder through which a test and its children speak."""

    def __init__(self, folder: Path, handover: Handover) -> None:
        self.folder = folder
        self.handover = handover
        self.stopping = False
        scripts = json.loads((folder / "script.json").read_text()) if (folder / "script.json").exists() else {}
        self.script: dict[str, Any] = scripts.get(handover.role, {})

    def note(self, event: str) -> None:
        line = f"{event} {self.handover.role} {self.handover.slot} {os.getpid()}\n"
        with (self.folder / "events").open("a") as file:
            file.write(line)

    def on_term(self, *_: object) -> None:
        if not self.stopping:
            self.note("term")
        self.stopping = True

    def released(self) -> bool:
        return (self.folder / "release").exists()


def gate(scenario: Scenario) -> None:
    listener = socket.socket(fileno=scenario.handover.listen_fd)
    listener.setblocking(False)
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        held: list[socket.socket] = []
        # A caller who was accepted is answered, even if the stop came before its line.
        while not scenario.stopping or held or len(selector.get_map()) > 0:
            for key, _ in selector.select(0.02):
                if key.fileobj is listener:
                    accept(listener, selector)
                elif (connection := answer(key.fileobj, selector, scenario)) is not None:
                    held.append(connection)
            if scenario.stopping and listener.fileno() >= 0:
                selector.unregister(listener)
                listener.close()
            if scenario.released():
                for connection in held:
                    connection.sendall(b"released\n")
                    connection.close()
                held.clear()


def accept(listener: socket.socket, selector: selectors.BaseSelector) -> None:
    try:
        connection, _ = listener.accept()
    except BlockingIOError:
        return
    connection.setblocking(True)
    selector.register(connection, selectors.EVENT_READ)


def answer(connection: Any, selector: selectors.BaseSelector, scenario: Scenario) -> socket.socket | None:
    selector.unregister(connection)
    line = connection.recv(100)
    if line == b"hold\n":
        return connection  # type: ignore[no-any-return]
    if line == b"die\n":
        os.kill(os.getpid(), signal.SIGKILL)
    connection.sendall(f"{os.getpid()} {scenario.handover.slot}\n".encode())
    connection.close()
    return None


def other(scenario: Scenario) -> None:
    while not scenario.stopping:
        time.sleep(0.02)


def main() -> int:
    handover = receive()
    enter(handover)
    scenario = Scenario(Path(os.environ["SCENARIO"]), handover)
    signal.signal(signal.SIGTERM, scenario.on_term)
    scenario.note("start")
    script = scenario.script
    if "fatal" in script:
        say_fatal(handover, script["fatal"])
        return FATAL
    if "exit" in script:
        return int(script["exit"])
    if handover.role in {"init", "apply"}:
        say_ready(handover, script.get("result", "null"))
        return 0
    say_ready(handover)
    (gate if handover.role == "gate" else other)(scenario)
    scenario.note("end")
    return 0


if __name__ == "__main__":
    sys.exit(main())
