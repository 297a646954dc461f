"""What a probe found out: one cause, a sentence, the vendor's own words, and what to do."""

import re
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from torana.core.secret import MASK, without_keys

MOST_WORDS = 600
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


class Cause(NamedTuple):
    """A kind of trouble."""

    status: int
    """The exit status of the command."""
    advice: str
    """What to do about it."""


CAUSES: dict[str, Cause] = {
    "dns": Cause(10, "Correct the host in base_url, or this machine's name resolution."),
    "connect": Cause(11, "Check host and port of base_url, that the server runs, and that no firewall is between."),
    "timeout": Cause(12, "Check that the vendor is up, or raise the provider's timeouts."),
    "egress": Cause(13, "Give an address that may be called, or ask the operator about egress_deny."),
    "tls": Cause(
        14, "Check the host in base_url, and set the provider's `ca` where the certificate is of a private CA."
    ),
    "proxy": Cause(15, "Check the provider's `proxy` (or upstream_proxy) and its user and password."),
    "credential": Cause(20, "Give the provider another api_key, or mend its options."),
    "key": Cause(21, "Check the provider's api_key, and what the vendor's console allows it."),
    "quota": Cause(22, "Look at plan, credit and billing in the vendor's console."),
    "rate": Cause(23, "Wait and try again, or have the vendor raise the limit."),
    "model": Cause(24, "Check the model's name; `torana models --catalogue --vendor VENDOR` lists known ones."),
    "address": Cause(25, "Correct base_url: it ends in the version segment, such as https://api.example.com/v1."),
    "dialect": Cause(26, "Set the provider's `dialect` to what is spoken at base_url, or correct base_url."),
    "request": Cause(27, "Try another model by --model; the vendor's words say what it does not take."),
    "vendor": Cause(28, "Try again later, and look at the vendor's status page."),
}
"""By name; docs/guide/commands.md has the same table."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one call."""

    cause: str | None = None
    """None is: all is well. Else one of CAUSES."""
    says: str
    """What happened, in a sentence."""
    words: str | None = None
    """The vendor's own."""
    status: int | None = None
    """Of its reply."""
    request_id: str | None = None
    """The vendor's, for its support."""

    @property
    def exit_status(self) -> int:
        """0 where all is well."""
        return 0 if self.cause is None else CAUSES[self.cause].status


def shown(text: str, secrets: Iterable[str]) -> str:
    """What a vendor said, fit for a terminal: without secrets and control characters, and not too long."""
    for secret in secrets:
        if len(secret) > 3:
            text = text.replace(secret, MASK)
    text = " ".join(_CONTROLS.sub(" ", without_keys(text)).split())
    return text if len(text) <= MOST_WORDS else f"{text[:MOST_WORDS]}…"
