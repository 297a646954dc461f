"""Which release of a service a call gets: by the version that it pins, by weight, and by the time.

Deprecated releases say so in each reply: `Deprecation` (RFC 9745), `Sunset` (RFC 8594), `Link` with `successor-version` (RFC 5829).
"""

import random
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from typing import TYPE_CHECKING, NamedTuple

from torana.core.errors import Refusal
from torana.core.snapshot import Release

if TYPE_CHECKING:
    from torana.gate.view import Offer

_PIN = re.compile(r"(?P<name>.+)@(?P<major>0|[1-9][0-9]{0,8})(?:\.(?P<minor>0|[1-9][0-9]{0,8}))?", re.DOTALL)


class Pin(NamedTuple):
    """The version that a call asks for: `name@2` any of major 2, `name@2.1` this one."""

    major: int
    minor: int | None = None


def pinned(grants: Mapping[str, str], name: str) -> tuple[str | None, Pin | None]:
    """The service id that a name with a version leads to, and the version."""
    found = _PIN.fullmatch(name)
    if found is None:
        return None, None
    minor = found["minor"]
    return grants.get(found["name"]), Pin(int(found["major"]), None if minor is None else int(minor))


def without_version(name: str) -> str:
    """A name as it is without the version that it pins."""
    found = _PIN.fullmatch(name)
    return name if found is None else found["name"]


class Standing(NamedTuple):
    """A release as one app may call it."""

    release: Release
    offer: "Offer"
    over: "Offer"
    """Of it once its time is over: without targets."""


class Chosen(NamedTuple):
    """The release for one call."""

    offer: "Offer"
    lasts: bool
    """Whether every call that says the same gets the same until the next snapshot."""


class Standings:
    """The releases of a service, newest first, as one app may call them."""

    __slots__ = ("all",)

    def __init__(self, standings: Sequence[Standing]) -> None:
        self.all = tuple(standings)

    def choose(self, pin: Pin | None, now: int) -> Chosen | None:
        """For a call with this pin at `now` (seconds since 1970); None for a version that there never was.

        Of releases that are all retired, or whose sunset has come, it is the newest, without targets.
        """
        meant = [one for one in self.all if pin is None or _fits(one.release, pin)]
        if not meant:
            return None
        living = [one for one in meant if not _is_over(one.release, now)]
        lasts = all(one.release.retired or not one.release.sunset for one in meant)
        if not living:
            return Chosen(meant[0].over, lasts)
        weights = [one.release.weight if pin is None else one.release.major_weight for one in living]
        several = sum(weight > 0 for weight in weights)
        if several == 0:
            return Chosen(living[0].offer, lasts)
        if several == 1:
            return Chosen(living[max(range(len(weights)), key=weights.__getitem__)].offer, lasts)
        return Chosen(random.choices(living, weights)[0].offer, False)  # noqa: S311 - spreads load, guards nothing


def retired(name: str, service: str, release: Release) -> Refusal:
    """What a caller is told whose release is over."""
    successor = f"Call {release.successor} instead." if release.successor else "There is no successor."
    version = f"{release.major}.{release.minor}"
    return Refusal(
        "service_retired",
        param="model",
        model=name[:200],
        service=service,
        version=version,
        successor=successor,
        headers=tuple(_lines(release)),
    )


def header_lines(release: Release | None) -> bytes:
    """The lines of a reply that name the release and say that it is deprecated."""
    if release is None:
        return b""
    lines = [("x-torana-release", f"{release.major}.{release.minor}"), *_lines(release)]
    return "".join(f"{name}: {value}\r\n" for name, value in lines).encode()


def _lines(release: Release) -> list[tuple[str, str]]:
    lines = []
    if release.deprecated:
        lines.append(("deprecation", f"@{release.deprecated}"))
    if release.sunset:
        lines.append(("sunset", formatdate(release.sunset, usegmt=True)))
    if release.successor:
        place = urllib.parse.quote(release.successor, safe="/:-_.")
        lines.append(("link", f'</v1/models/{place}>; rel="successor-version"'))
    return lines


def _fits(release: Release, pin: Pin) -> bool:
    return release.major == pin.major and (pin.minor is None or release.minor == pin.minor)


def _is_over(release: Release, now: int) -> bool:
    return release.retired or 0 < release.sunset <= now
