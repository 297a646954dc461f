"""What a publisher keeps of its last publication, compared with what compiling everything gives."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from torana.control.publish.compile import Compiled, compile_snapshot
from torana.control.publish.publish import Publisher
from torana.control.publish.read import Truth
from torana.control.publish.sections import Published
from torana.stores.secrets.master import MasterKey


@contextmanager
def compilations(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Every compilation of the whole truth within the block."""
    noted: list[object] = []

    def note(truth: Truth, master: MasterKey, *, version: int, compiled_us: int) -> Compiled:
        noted.append(version)
        return compile_snapshot(truth, master, version=version, compiled_us=compiled_us)

    with monkeypatch.context() as patched:
        patched.setattr("torana.control.publish.publish.compile_snapshot", note)
        yield noted


def state(publisher: Publisher) -> Published:
    """What it published last."""
    published = publisher._published
    assert published is not None
    return published


async def same_as_compiled(publisher: Publisher) -> None:
    """A process that begins anew publishes the same, and therefore nothing."""
    fast = state(publisher)
    restarted = Publisher(publisher.engine, publisher.master, publisher._folder)
    version = await restarted.publish()
    slow = state(restarted)
    for name, section in slow.sections.items():
        assert dict(fast.sections[name].things) == dict(section.things), name
        assert fast.sections[name].sum == section.sum, name
    assert fast.reach == slow.reach
    assert fast.surroundings.offers.keys() == slow.surroundings.offers.keys()
    assert (fast.digest, fast.version) == (slow.digest, version)
