"""The guide runs as it is pasted: every block that is marked as runnable, page by page, against a real instance.

A page's blocks share one folder and one environment, as a reader's would. `sh run` and `python run` are executed; `yaml run NAME`
is saved under that name; `text output` has the lines that the block before has to print, where … stands for anything.

A page gives the gate a second to take up a change, as Torana promises. A machine that is busy with a test suite may need more, so
`sleep` also waits here until the gate serves what was published.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.docs.pages import GUIDE, Block, blocks
from tests.support.instance import Instance, run_instance
from tests.support.polling import eventually
from tests.support.vendor_process import ROOT, Vendor, run_vendor

PAGES = [ROOT / "README.md", *sorted(GUIDE.glob("*.md"))]
RUNNABLE = [page for page in PAGES if any(block.mark.startswith("run") for block in blocks(page))]
SLEEP = """sleep() {{
  command sleep "$1"
  PYTHONPATH={root}:$PYTHONPATH {python} -m tests.docs.taken_up {gate} "$TORANA_DATA"
}}
"""
GATE, LOCAL = "127.0.0.1:8080", "127.0.0.1:9001"
"""What pages call the gate and a model server of one's own."""


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with run_vendor() as running:
        yield running


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with run_instance(tmp_path_factory.mktemp("guide"), workers=1) as running:
        # Gates serve before control and the recorder do, and a reader takes a moment to read.
        eventually(lambda: running.request("GET", "/api/v1/health", key="").status == 200, "control answers", 60)
        eventually((running.data / "run" / "metrics" / "recorder.json").exists, "the recorder runs", 60)
        yield running


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.stem)
def test_a_page_runs_as_it_is_pasted(page: Path, tmp_path: Path, instance: Instance, vendor: Vendor) -> None:
    places = {GATE: f"127.0.0.1:{instance.port}", LOCAL: f"127.0.0.1:{vendor.port}"}
    try:
        run_page(page, tmp_path, environment(instance), places)
    finally:
        # The next page begins with what a first start made.
        (tmp_path / "nothing.yaml").write_text("{}")
        instance.cli("apply", "--yes", "-f", str(tmp_path / "nothing.yaml"))


def test_every_marked_block_is_one_that_is_understood() -> None:
    for page in PAGES:
        for block in blocks(page):
            known = re.fullmatch(r"((sh|python) run|yaml run [\w.-]+|text output)?", f"{block.language} {block.mark}")
            assert not block.mark or known, f"{page.name}:{block.line}: {block.language} {block.mark}"


def environment(instance: Instance) -> dict[str, str]:
    """A shell in which the project's commands are found and the key of the first start is known."""
    shown = re.search(r"first key +(\S+)", instance.output())
    token = re.search(r"admin token +(\S+)", instance.output())
    assert shown is not None
    assert token is not None
    return {
        **instance.env,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{instance.env['PATH']}",
        "TORANA_DATA": str(instance.data),
        "KEY": shown[1],
        "ADMIN_TOKEN": token[1],
    }


def run_page(page: Path, folder: Path, env: Mapping[str, str], places: Mapping[str, str]) -> None:
    """Execute a page's blocks in order. AssertionError names the line of the one that fails."""
    every = blocks(page)
    for block, following in zip(every, [*every[1:], None], strict=True):
        text = block.text
        if block.language == "sh":
            text = SLEEP.format(root=ROOT, python=sys.executable, gate=GATE) + text
        for written, real in places.items():
            text = text.replace(written, real)
        if block.mark.startswith("run "):
            (folder / block.mark.removeprefix("run ")).write_text(text)
        elif block.mark == "run":
            wanted = following.text if following is not None and following.mark == "output" else ""
            run_block(block, text, folder, env, wanted, f"{page.name}:{block.line}")


def run_block(block: Block, text: str, folder: Path, env: Mapping[str, str], wanted: str, where: str) -> None:
    """A block has to succeed and print what is wanted of it."""
    command = ["bash", "-euo", "pipefail", "-c", text] if block.language == "sh" else [sys.executable, "-c", text]
    failures: list[str] = []

    def attempt() -> bool:
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)
        problem = f"exit status {done.returncode}" if done.returncode else missing(wanted, done.stdout)
        failures[:] = [f"{where}: {problem}\n{done.stdout}{done.stderr}"] if problem else []
        return not problem

    if "torana calls" in text:
        # A record reaches the database a moment after its call.
        try:
            eventually(attempt, f"{where} prints what it should")
        except AssertionError as error:
            raise AssertionError("".join(failures)) from error
    else:
        assert attempt(), failures[0]


def missing(wanted: str, printed: str) -> str:
    """The first wanted line that is not among the printed ones, in their order; empty when all are there."""
    rest = iter(printed.splitlines())
    for line in filter(None, (line.rstrip() for line in wanted.splitlines())):
        pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
        if not any(pattern.fullmatch(given.rstrip()) for given in rest):
            return f"{line!r} is not printed"
    return ""
