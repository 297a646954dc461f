"""`torana init`: sets up a data folder without starting anything."""

import json
import sys
from pathlib import Path

from msgspec.structs import replace

from torana import wiring
from torana.cli import checks
from torana.settings import Settings
from torana.supervisor.handover import CannotStart
from torana.supervisor.lock import InstanceLock


def init(settings: Settings, *, as_json: bool) -> None:
    """Set up an empty data folder and show what was made, once. Raises CannotStart, InstanceRunning or SettingError."""
    folder = Path(settings.data).absolute()
    checks.check_folder(folder)
    settings = replace(settings, data=str(folder))
    with InstanceLock(folder):
        checks.check_schema(settings)
        if wiring.is_initialised(settings):
            raise CannotStart(
                f"the data folder {folder} already has data. Start it with `torana serve --data {folder}`."
            )
        made = wiring.init_instance(settings)
    if made is None:
        raise CannotStart("the database was set up before. This folder is ready to use with it; nothing new was made.")
    if as_json:
        sys.stdout.write(json.dumps(made) + "\n")
        return
    width = max(map(len, made))
    lines = [f"  {name.replace('_', ' '):{width}}  {value}" for name, value in made.items()]
    sys.stdout.write("\n".join([f"Set up {folder}. Shown only now:", "", *lines, ""]) + "\n")
