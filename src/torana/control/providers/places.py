"""Where a provider account speaks which dialect, worked out from its vendor and from what its operator gave. Pure."""

import re
from collections.abc import Mapping
from functools import cache

import msgspec

from torana.catalog.vendors import DIALECTS, VENDORS, Vendor
from torana.core.snapshot import Auth

_OPTION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?")
"""An option stands in addresses: nothing that could end a host or a path segment."""
_URL = re.compile(r"(?:https|api)://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]{0,300})?")
_URLS = frozenset({"authority", "scope", "token_url"})
"""Options that are addresses themselves; a scope may begin with `api://`."""

_PLACE = re.compile(r"\{([a-z_]+)\}")
_NEEDED: Mapping[str, tuple[str, ...]] = {"sigv4": ("region",), "entra": ("tenant", "client_id")}
"""What a way of sending a credential cannot do without."""
_TAKEN: Mapping[str, tuple[str, ...]] = {
    "sigv4": ("service",),
    "google-service-account": ("scope",),
    "entra": ("scope", "authority"),
    "ibm-iam": ("token_url",),
}
_QUIRK_TAKES: Mapping[str, tuple[str, ...]] = {"api_version_query": ("api_version",)}
_MADE_TOKENS = frozenset({"sigv4", "google-service-account", "entra", "ibm-iam"})
"""Credentials without which a vendor's own address answers nobody."""


def places_in(address: str) -> tuple[str, ...]:
    """The names of the places of a vendor's address, in its order: `region` for `https://{region}.example.com`."""
    return tuple(dict.fromkeys(_PLACE.findall(address)))


def filled(address: str, options: Mapping[str, str]) -> str | None:
    """A vendor's address with its places filled in; None when an option for one of them is missing or unfit for an address."""
    if "{" not in address:
        return address
    for place in places_in(address):
        if not _OPTION.fullmatch(options.get(place, "")):
            return None
    return _PLACE.sub(lambda match: options[match[1]], address)


@cache
def options_of(vendor_id: str) -> tuple[str, ...]:
    """The names of the options that an account of this vendor may have: places of its addresses, and what its credential needs."""
    vendor = VENDORS[vendor_id]
    names = [*places_in(vendor.base_url), *(name for base in vendor.also.values() for name in places_in(base))]
    names += [*_NEEDED.get(vendor.auth, ()), *_TAKEN.get(vendor.auth, ())]
    names += [name for quirk in sorted(vendor.quirks) for name in _QUIRK_TAKES.get(quirk, ())]
    return tuple(dict.fromkeys(names))


def options_needed(vendor: Vendor) -> tuple[str, ...]:
    """The options that the vendor's credential cannot do without."""
    return _NEEDED.get(vendor.auth, ())


def needs_credential(vendor: Vendor) -> bool:
    """Whether an account at the vendor's own address is of no use without a credential."""
    return vendor.auth in _MADE_TOKENS


def value_problem(name: str, value: str) -> str | None:
    """Why this cannot be the value of that option; None when it can."""
    if name in _URLS:
        return None if _URL.fullmatch(value) else "has to be an https:// address without user, query or fragment"
    if _OPTION.fullmatch(value):
        return None
    return "has to be 1 to 200 letters, digits and . _ - that begin and end with a letter or digit"


def option_problem(vendor: Vendor, options: Mapping[str, str]) -> str | None:
    """Why these options cannot be an account's; None when they can."""
    known = options_of(vendor.id)
    for name, value in options.items():
        if name not in known:
            return f"{vendor.id} has no option {name}; it has {', '.join(known) or 'none'}"
        if problem := value_problem(name, value):
            return f"{name} {problem}"
    missing = [name for name in options_needed(vendor) if name not in options]
    return f"{missing[0]} is missing; the credential of {vendor.id} needs it" if missing else None


def doors(
    vendor: Vendor, base_url: str, bases: Mapping[str, str], dialect: str | None, options: Mapping[str, str]
) -> dict[str, str]:
    """The dialects that an account speaks, each with its base URL, the one to prefer first.

    A `base_url` of the operator's takes the place of the vendor's main one in every dialect that is spoken there; what the vendor
    speaks at other addresses is then gone, unless `bases` names it. A `dialect` that the vendor is not known to speak is the only
    one at such a `base_url`. Of a vendor without a dialect nothing is known but what `bases` and `dialect` say.
    """
    moved = base_url != filled(vendor.base_url, options)
    found: dict[str, str] = {}
    if not (moved and dialect is not None and vendor.base_for(dialect) is None and dialect not in bases):
        if vendor.dialect:
            found[vendor.dialect] = base_url
        for other, address in vendor.also.items():
            if address == vendor.base_url:
                found[other] = base_url
            elif not moved and (own := filled(address, options)) is not None:
                found[other] = own
    found.update(bases)
    if dialect is None:
        return found
    return {dialect: found.get(dialect, base_url), **found}


def token_places(options: Mapping[str, str]) -> list[str]:
    """Addresses of an operator's that a credential is sent to, to buy a token with it."""
    return [options[name] for name in ("authority", "token_url") if name in options]


def auth_of(vendor: Vendor, dialect: str, *, credential: bool) -> Auth:
    """How an account's credential is sent where it speaks `dialect`."""
    if not credential:
        # A local server often needs none, whatever its kind usually takes.
        return "none"
    auth = vendor.auth_for(dialect)
    # One that was given is always sent.
    return "bearer" if auth == "none" else auth


def dialect_problem(dialect: str) -> str | None:
    """Why this is no dialect; None when it is."""
    return (
        None if dialect in DIALECTS else f"there is no dialect {dialect[:80]}; there is {', '.join(sorted(DIALECTS))}"
    )


def stored(mapping: Mapping[str, str]) -> str | None:
    """Bases or options as their column holds them: JSON, equal for equal content; None for an empty one."""
    return msgspec.json.encode(dict(mapping), order="sorted").decode() if mapping else None


def opened(text: str | None) -> dict[str, str]:
    """What `stored` was given."""
    return {} if text is None else msgspec.json.decode(text, type=dict[str, str])
