"""Which release of a service a call gets: by the version that it pins, by weight, and by the time.

Deprecated releases say so in each reply: `Deprecation` (RFC 9745), `Sunset` (RFC 8594), `Link` with `successor-version` (RFC 5829).
"""

import math
import random
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from itertools import accumulate
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


class Draw(NamedTuple):
    """What calls that pin the same get, until a time."""

    offers: tuple["Offer", ...]
    cumulative: tuple[int, ...]
    """Weights of the offers, each with those before it."""
    until: float
    """Seconds since 1970: when the next of them is over."""


class Chosen(NamedTuple):
    """The release for one call."""

    offer: "Offer"
    lasts: bool
    """Whether every call that says the same gets the same until the next snapshot."""


class Standings:
    """The releases of a service, newest first, as one app may call them."""

    __slots__ = ("_draws", "all")

    def __init__(self, standings: Sequence[Standing]) -> None:
        self.all = tuple(standings)
        self._draws: dict[Pin | None, Draw] = {}
        """Of pins that mean something: no more than there are releases, twice, and none."""

    def choose(self, pin: Pin | None, now: int) -> Chosen | None:
        """For a call with this pin at `now` (seconds since 1970); None for a version that there never was.

        Of releases that are all retired, or whose sunset has come, it is the newest, without targets.
        """
        draw = self._draws.get(pin)
        if draw is None or draw.until <= now:
            draw = self._drawn(pin, now)
            if draw is None:
                return None
            self._draws[pin] = draw
        if len(draw.offers) == 1:
            return Chosen(draw.offers[0], draw.until == math.inf)
        return Chosen(random.choices(draw.offers, cum_weights=draw.cumulative)[0], False)  # noqa: S311 - spreads load, guards nothing

    def _drawn(self, pin: Pin | None, now: int) -> Draw | None:
        meant = [one for one in self.all if pin is None or _fits(one.release, pin)]
        if not meant:
            return None
        living = [one for one in meant if not _is_over(one.release, now)]
        until = min((one.release.sunset for one in living if one.release.sunset), default=math.inf)
        if not living:
            return Draw((meant[0].over,), (), until)
        weighed = [(one, one.release.weight if pin is None else one.release.major_weight) for one in living]
        taking = [(one, weight) for one, weight in weighed if weight > 0] or [(living[0], 1)]
        return Draw(tuple(one.offer for one, _ in taking), tuple(accumulate(weight for _, weight in taking)), until)


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
