"""Every name that leads an app to a service."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torana.control.providers.service import Provider
from torana.control.publish.released import Designed
from torana.control.releases.design import DesignedDeployment
from torana.control.services.service import Alias, Deployment, Service

Place = Deployment | DesignedDeployment


class Offer(NamedTuple):
    """A service with all that belongs to it."""

    service: Service
    deployments: Sequence[Place]
    """Of all its live releases, where it has releases."""
    aliases: list[Alias]
    releases: Sequence[Designed] = ()
    """Newest first."""

    @property
    def is_served(self) -> bool:
        """Whether there is something to subscribe to: not where all its releases are over."""
        return not self.releases or any(one.design is not None for one in self.releases)

    @property
    def names(self) -> list[str]:
        """The service's name and aliases, each once."""
        return list(dict.fromkeys([self.service.name, *(alias.name for alias in self.aliases)]))


class Grants:
    """Every name that leads an app to a service, with equal sets of services worked out once.

    Of services with the same name an app means its own team's, else the platform's. A name that is still ambiguous leads nowhere.
    A service's own name comes before an alias, and an alias before `vendor/model`.
    """

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._vendors = {provider.id: provider.vendor for provider in providers.values()}
        self._known: dict[tuple[str, tuple[str, ...]], dict[str, str]] = {}

    def of(self, team_id: str, offers: list[Offer]) -> dict[str, str]:
        """The ids of services that a team's app which may call these means, by name."""
        ordered = sorted(offers, key=lambda offer: offer.service.id)
        key = (team_id, tuple(offer.service.id for offer in ordered))
        if key not in self._known:
            self._known[key] = self._worked_out(team_id, ordered)
        return self._known[key]

    def _worked_out(self, team_id: str, offers: list[Offer]) -> dict[str, str]:
        names: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for offer in offers:
            service = offer.service
            owner = 0 if service.team_id == team_id else 1 if service.team_id is None else 2
            _claim(names[service.name], service.id, owner)
            for alias in offer.aliases:
                _claim(names[alias.name], service.id, 3 + owner)
            # A custom model is no vendor's.
            for deployment in offer.deployments if service.kind == "model" else ():
                _claim(names[f"{self._vendors[deployment.provider_id]}/{deployment.model}"], service.id, 6)
        found: dict[str, str] = {}
        for name in sorted(names):
            best = min(names[name].values())
            claimants = [service_id for service_id, rank in names[name].items() if rank == best]
            if len(claimants) == 1:
                found[name] = claimants[0]
        return found


def _claim(claims: dict[str, int], service_id: str, rank: int) -> None:
    claims[service_id] = min(rank, claims.get(service_id, rank))
