"""What a key is narrowed to: which services, endpoints and models it may call, and from where.

Made once for each key of a view that has scopes or networks. Scopes only take away: what the key's app may not call is not here.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TYPE_CHECKING

from torana.core.endpoints import plain
from torana.core.errors import Refusal
from torana.gate.address import caller_address, parse_address

if TYPE_CHECKING:
    from torana.core.snapshot import Key, Service
    from torana.gate.call import Call
    from torana.gate.view import Made

_MOST_ADDRESSES = 10_000
_MOST_NAMED = 10


class Names:
    """A list of names, of which those that end with `*` are beginnings."""

    __slots__ = ("_beginnings", "_exact")

    def __init__(self, names: Iterable[str]) -> None:
        listed = tuple(names)
        self._exact = frozenset(listed)
        self._beginnings = tuple(name[:-1] for name in listed if name.endswith("*"))

    def __contains__(self, name: str) -> bool:
        return name in self._exact or (name != "" and name.startswith(self._beginnings))


class Bounds:
    """Of one key."""

    __slots__ = ("_addresses", "_endpoints", "_key", "_models", "_networks", "_services")

    def __init__(self, key: "Key") -> None:
        self._key = key
        self._services = None if key.services is None else frozenset(key.services)
        self._endpoints = None if key.endpoints is None else Names(key.endpoints)
        self._models = None if key.models is None else Names(key.models)
        self._networks = None if key.networks is None else tuple(_networks(key.networks))
        self._addresses: dict[str, bool] = {}
        """Those judged lately."""

    def check(self, call: "Call") -> None:
        """What can be said before the model is known. Raises Refusal: address_not_allowed or key_scope."""
        path = call.path
        assert path is not None
        if self._networks is not None:
            address = caller_address(call)
            if not self._from(address):
                raise Refusal("address_not_allowed", address=address[:100] or "unknown")
        if path.handling == "models":
            return
        label = plain(path.label)
        if self._endpoints is not None and label not in self._endpoints:
            raise Refusal("key_scope", what=label, may=_may(endpoints=self._key.endpoints))
        if self._models is not None and path.form == "account":
            # Its requests name models in files and in fields that are not read here.
            raise Refusal("key_scope", what=f"{label}, where nobody can check for which model", may="")

    def narrowed(self, made: "Made") -> "Made | None":
        """The service, or its release, with the deployments that this key may be answered by; None where there are none."""
        if not self._names(made.service):
            return None
        models = self._models
        if models is None or made.is_over:
            return made
        if not any(deployment.model in models for deployment in made.service.deployments):
            return None
        return made._replace(targets=tuple([one for one in made.targets if one.deployment.model in models]))

    def allows(self, service: "Service") -> bool:
        """Whether this key may call the service, and a deployment of it or of one of its releases."""
        if not self._names(service):
            return False
        models = self._models
        if models is None:
            return True
        released = [deployment for release in service.releases for deployment in release.deployments]
        return any(deployment.model in models for deployment in (*service.deployments, *released))

    def serves(self, model: str) -> bool:
        """Whether this key may be answered by this model of a vendor."""
        return self._models is None or model in self._models

    def withheld(self, name: str) -> Refusal:
        """Why a name that the key's app may call is not for this key."""
        return Refusal(
            "key_scope", param="model", what=name[:200], may=_may(services=self._key.services, models=self._key.models)
        )

    def _names(self, service: "Service") -> bool:
        services = self._services
        return services is None or service.id in services or service.name in services

    def _from(self, address: str) -> bool:
        known = self._addresses.get(address)
        if known is None:
            if len(self._addresses) >= _MOST_ADDRESSES:
                self._addresses.clear()
            known = self._addresses[address] = self._judged(parse_address(address))
        return known

    def _judged(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks or ())


def bounds_of(key: "Key") -> Bounds | None:
    """The bounds of a key; None where it has none, so that a call costs one look."""
    if key.services is None and key.endpoints is None and key.models is None and key.networks is None:
        return None
    return Bounds(key)


def _networks(texts: Iterable[str]) -> Iterable[IPv4Network | IPv6Network]:
    for text in texts:
        try:
            yield ip_network(text, strict=False)
        except ValueError:
            # Nobody comes from there: a list that cannot be read must not be a wider one.
            continue


def _may(**scopes: tuple[str, ...] | None) -> str:
    """The scopes at fault, for people: `Its models: gpt-4.1*. `."""
    said = ""
    for part, listed in scopes.items():
        if listed is not None:
            more = f" and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
            said += f"Its {part}: {', '.join(listed[:_MOST_NAMED])}{more}. "
    return said
