"""Keeps the gate on the newest snapshot: looks at the file's stamp, swaps the whole view, and stays on the last good one."""

from pathlib import Path

from torana.gate.remains import Remains
from torana.gate.view import View
from torana.kit.log import logger
from torana.settings import Settings
from torana.stores.counters.shared import SharedCounters
from torana.stores.secrets.master import MasterKey
from torana.stores.snapshots.demanded import demanded
from torana.stores.snapshots.file import SnapshotError, open_current, stamp


class Refresher:
    """Publishes to its gate by setting `view`; calls in flight keep the one they began with."""

    def __init__(self, folder: Path, settings: Settings, master: MasterKey, counters: SharedCounters) -> None:
        self._folder = folder
        self._settings = settings
        self._master = master
        self._counters = counters
        self._remains = Remains()
        self._stamp: tuple[int, int] | None = None
        self.view: View | None = None
        self.problem: str | None = None
        """Why the newest snapshot could not be used; None when it could."""
        # Without a configuration file, what was published last is what is to be served.
        self._up_to_date = not settings.config

    def refresh(self) -> View | None:
        """The view to use from now on. Costs one `stat` when nothing changed."""
        found = stamp(self._folder)
        if found is None or found == self._stamp:
            return self.view
        self._stamp = found
        try:
            snapshot = open_current(self._folder)
        except (OSError, SnapshotError) as error:
            self.problem = str(error)
            logger().error("snapshot_refused", reason=str(error))
            return self.view
        self.problem = None
        before = self.view
        self.view = View(snapshot, self._settings, self._master, self._counters, self._remains)
        if before is not None:
            before.let_go()
        logger().info("snapshot_loaded", version=snapshot.version, **snapshot.counts())
        return self.view

    def up_to_date(self) -> bool:
        """Whether the configuration file, if there is one, was applied and is served. Once true it stays so (law 9)."""
        if not self._up_to_date and self.view is not None:
            wanted = demanded(Path(self._settings.data))
            self._up_to_date = wanted is not None and self.view.snapshot.version >= wanted
        return self._up_to_date
