"""How a failure that an operator can do something about is said."""

from torana.settings import SettingError
from torana.supervisor.handover import CannotStart
from torana.supervisor.lock import InstanceRunning


def reason_of(error: Exception) -> str | None:
    """The one line for the operator; None for a fault of the program."""
    if isinstance(error, CannotStart | InstanceRunning | SettingError):
        return str(error)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror or error}."
    return None
