"""A thousand publications while views are made and looked into: nobody meets an error, or a mixture of two snapshots."""

import threading
from pathlib import Path

from tests.support.gate_here import KEY, MASTER
from torana.core.snapshot import Account, App, Deployment, Key, Service, Snapshot
from torana.gate.refresh import Refresher
from torana.settings import Settings
from torana.stores.counters.shared import SharedCounters
from torana.stores.snapshots.file import write

PUBLICATIONS = 1_000


def numbered(version: int) -> Snapshot:
    """A snapshot of which everything says what version it is of."""
    mark = str(version)
    service = Service(
        f"service_{mark}", f"s{mark}", "model", "", (Deployment("d", f"m{mark}", f"account_{mark}", mark, 1),)
    )
    return Snapshot(
        version,
        0,
        {MASTER.key_digest(KEY.encode()): Key("key", mark, f"app_{mark}", 0)},
        {f"app_{mark}": App(f"app_{mark}", mark, "team", {"chat": service.id})},
        {service.id: service},
        {f"account_{mark}": Account(f"account_{mark}", mark, "demo", f"http://127.0.0.1/{mark}", "none", None)},
    )


def test_a_thousand_publications_give_no_error_and_no_mixed_view(tmp_path: Path) -> None:
    folder = tmp_path / "snapshot"
    write(folder, numbered(1))
    counters = SharedCounters(tmp_path / "counters.bin", 0)
    refresher = Refresher(folder, Settings(data=str(tmp_path)), MASTER, counters)
    before = refresher.refresh()
    assert before is not None

    def publish() -> None:
        for version in range(2, PUBLICATIONS + 2):
            write(folder, numbered(version))

    publishing = threading.Thread(target=publish)
    publishing.start()
    seen: list[int] = []
    try:
        while not seen or seen[-1] <= PUBLICATIONS:
            ended = not publishing.is_alive()
            view = refresher.refresh()
            assert view is not None
            assert refresher.problem is None
            # A call that began before the swap goes on with the view it had.
            for one in (before, view):
                principal = one.principal(KEY.encode())
                assert principal is not None
                offer = one.offer(principal, "chat")
                assert offer is not None
                (target,) = offer.targets
                marks = {
                    principal.key.name,
                    principal.app.name,
                    offer.service.name[1:],
                    target.name.rpartition("/")[2][1:],
                }
                assert marks == {str(one.snapshot.version)}
            if not seen or seen[-1] != view.snapshot.version:
                seen.append(view.snapshot.version)
            before = view
            assert not ended or seen[-1] == PUBLICATIONS + 1
    finally:
        publishing.join()
        counters.close()
    assert seen == sorted(seen)
