"""What can be imported from, by name."""

from collections.abc import Callable

from torana.control.importers import apipark, litellm, one_api
from torana.control.importers.report import Imported, NotReadable

__all__ = ["SOURCES", "Imported", "NotReadable"]

SOURCES: dict[str, Callable[[bytes], Imported]] = {
    "litellm": litellm.read,
    "one-api": one_api.read,
    "apipark": apipark.read,
}
