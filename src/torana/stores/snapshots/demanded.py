"""The snapshot version that a gate has to serve before it calls itself ready: the one with the configuration file applied.

Without a configuration file nothing is demanded. What is demanded is said to gates that start; one that has been ready stays so,
whatever becomes of control and the database.
"""

import secrets
from pathlib import Path

_PLACE = Path("run") / "demanded"


def demand(data: Path, version: int) -> None:
    """From now on, gates that start have to serve this version or a later one. Raises OSError."""
    path = data / _PLACE
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    temporary.write_text(str(version))
    temporary.replace(path)


def demanded(data: Path) -> int | None:
    """The version that is asked for; None when nobody has said so since the instance started."""
    try:
        return int((data / _PLACE).read_text())
    except (OSError, ValueError):
        return None


def forget(data: Path) -> None:
    """What was demanded in an earlier life of the instance counts no more."""
    (data / _PLACE).unlink(missing_ok=True)
