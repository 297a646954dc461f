"""What a gate sees through one snapshot: principals, offers and targets, each made when it is first needed and kept until the swap.

Everything that does not change from call to call is worked out here: limits become counters, accounts become endpoints and
ready-made request heads, so that a call only looks things up.
"""

import urllib.parse
from collections.abc import Iterator
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from torana.core.snapshot import App, Deployment, Key, Limit, Offered, Release, Service
from torana.custom.describe import CustomModel
from torana.gate.address import parse_networks
from torana.gate.bounds import bounds_of
from torana.gate.identify import jwt
from torana.gate.remains import Remains
from torana.gate.route.releases import Standing, Standings, header_lines, pinned
from torana.gate.target import Target
from torana.kit.log import logger

if TYPE_CHECKING:
    from torana.settings import Settings
    from torana.stores.counters.shared import SharedCounters
    from torana.stores.secrets.master import MasterKey
    from torana.stores.snapshots.file import SnapshotFile

_encode = msgspec.msgpack.Encoder().encode
_NEVER = (0, "")
MOST_KEPT = 100_000
"""Principals kept in memory; then all are dropped and looked up anew."""


class Offer:
    """A service as one app may use it: where to send calls and which limits they count against."""

    __slots__ = (
        "custom",
        "ends_us",
        "gauges",
        "is_custom",
        "keep_bodies",
        "places",
        "rate_headers",
        "rates",
        "release",
        "retired",
        "service",
        "targets",
    )

    def __init__(
        self,
        made: "Made",
        limits: tuple[Limit, ...],
        counters: "SharedCounters",
        keep_bodies: bool,
        ends_us: int = 0,
    ) -> None:
        self.ends_us = ends_us
        """From when the subscription no longer counts, in microseconds since 1970; 0 is never."""
        self.service, self.targets, self.custom, release, is_over = made
        self.is_custom = made.service.kind == "custom"
        self.rates = tuple(counters.rate(limit) for limit in limits if limit.kind == "requests")
        self.gauges = tuple(counters.gauge(limit) for limit in limits if limit.kind == "concurrency")
        self.keep_bodies = keep_bodies
        self.places: dict[Any, tuple[bytes, bytes]] = {}
        """What records of calls by this offer share, encoded: before the key's id, and after it."""
        self.release = None if release is None else _encode(release.id)
        """As records have it; None for a service without releases."""
        self.retired = release if is_over else None
        """The release that it was, once its time is over: there are no targets then."""
        self.rate_headers = tuple(
            b"x-ratelimit-limit-requests: %d\r\nx-ratelimit-reset-requests: %ds\r\nx-ratelimit-remaining-requests: "
            % (limit.amount, limit.period_seconds)
            for limit in limits
            if limit.kind == "requests"
        )
        """Of each requests limit, up to the number that remains."""


class Made(NamedTuple):
    """A service, ready to be called."""

    service: Service
    targets: tuple[Target, ...]
    custom: CustomModel | None
    """Of kind `custom`: its description; None also where this version cannot read it."""
    release: Release | None = None
    """The one whose design this is."""
    is_over: bool = False
    """Whether that is retired, or its sunset has come."""


class _Known(NamedTuple):
    service: Service
    made: tuple[Made, ...]
    """One, or one for each release."""


class Principal:
    """Who calls: a key and its app. Keys of an app without limits or bounds of their own share what was worked out for the app."""

    __slots__ = ("app", "bounds", "by_name", "encoded_key_id", "expires_us", "key", "names", "offers")

    def __init__(self, key: Key, app: App, shared: tuple[dict[str, Offer | Standings], dict[str, Offer]]) -> None:
        self.key = key
        self.app = app
        self.expires_us = key.expires_us
        self.bounds = bounds_of(key)
        """What narrows the key; None for most."""
        self.offers, self.by_name = ({}, {}) if key.limits or self.bounds is not None else shared
        """By service id, and by what the caller wrote as `model` where that always means the same."""
        self.encoded_key_id = _encode(key.id)
        """As records have it."""
        self.names: list[str] | None = None
        """Every name that it may call, once somebody has asked for them (View.names)."""


class View:
    """One snapshot with everything made from it. Calls keep the view they began with."""

    def __init__(
        self,
        snapshot: "SnapshotFile",
        settings: "Settings",
        master: "MasterKey",
        counters: "SharedCounters",
        remains: Remains | None = None,
    ) -> None:
        self.snapshot = snapshot
        self._remains = Remains() if remains is None else remains
        self._settings = settings
        self._master = master
        self._counters = counters
        self._principals: dict[bytes, Principal] = {}
        self._shared: dict[str, tuple[dict[str, Offer | Standings], dict[str, Offer]]] = {}
        self._apps: dict[str, App] = {}
        self._services: dict[str, _Known] = {}
        self._models: dict[tuple[str, str], Target] = {}
        """By account and model: a target of which all others of the two are made."""
        self.proxies = parse_networks(settings.trusted_proxies)
        """Whose `X-Forwarded-For` is believed."""

    def let_go(self) -> None:
        """Another view has taken its place. Calls that still hold this one find in it whatever they need, made anew."""
        self._remains.add(self._principals, self._shared, self._apps, self._services, self._models)

    def principal(self, token: bytes) -> Principal | None:
        """Who holds this API key; None when nobody does."""
        digest = self._master.key_digest(token)
        found = self._principals.get(digest)
        if found is None:
            key = self.snapshot.key(digest)
            app = None if key is None else self._app(key.app_id)
            if key is None or app is None:
                return None
            found = self._keep(digest, key, app)
        return found

    def bearer(self, token: bytes, now_us: int) -> Principal:
        """Whom a token stands for; `principal` has it from then on. Raises Refusal: invalid_api_key or expired_api_key."""
        read = jwt.read(token)
        issuer, app_id, expires_us = jwt.verify(read, self.snapshot.issuers(read.iss), now_us)
        app = self._app(app_id)
        if app is None:
            raise jwt.refusal("its app is not there any more")
        key = Key(issuer.id, issuer.name, app_id, expires_us)
        return self._keep(self._master.key_digest(token), key, app)

    def _keep(self, digest: bytes, key: Key, app: App) -> Principal:
        if len(self._principals) >= MOST_KEPT:
            self._remains.add(self._principals, self._shared)
            self._principals, self._shared = {}, {}
        shared = self._shared.get(app.id)
        if shared is None:
            shared = self._shared[app.id] = ({}, {})
        found = self._principals[digest] = Principal(key, app, shared)
        return found

    def offer(self, principal: Principal, name: str) -> Offer | None:
        """What `name` in `model` means to this principal; None when it may not call it or it does not exist.

        Without targets it is a service that has no deployment, or whose release is over.
        """
        service_id, pin = principal.app.grants.get(name), None
        if service_id is None:
            service_id, pin = pinned(principal.app.grants, name)
            if service_id is None:
                return None
        found = principal.offers.get(service_id)
        if found is None:
            found = self._offered(principal, service_id)
            if found is None:
                return None
            principal.offers[service_id] = found
        if isinstance(found, Standings):
            chosen = found.choose(pin, int(time()))
            if chosen is None:
                return None
            found, lasts = chosen
        elif pin is None:
            lasts = True
        else:
            return None
        if lasts and found.targets and not found.ends_us:
            # What ends is looked at in every call; nobody else has to ask what time it is.
            principal.by_name[name] = found
        return found

    def names(self, principal: Principal) -> list[str]:
        """Every name that this principal may call, sorted."""
        if principal.names is None:
            grants, bounds = principal.app.grants, principal.bounds
            if bounds is None:
                principal.names = sorted(grants)
            else:
                services = {service_id: self.snapshot.service(service_id) for service_id in set(grants.values())}
                allowed = {id_ for id_, service in services.items() if service is not None and bounds.allows(service)}
                principal.names = sorted(name for name, service_id in grants.items() if service_id in allowed)
        return principal.names

    def offered(self, principal: Principal, name: str) -> Offered | None:
        """The service of this name that the principal's team sees, though this app may not call it; None where there is none."""
        team_id, granted = principal.app.team_id, principal.app.grants.values()
        seen = [
            one
            for one in self.snapshot.offered(name)
            if (one.teams is None or team_id in one.teams) and one.service_id not in granted
        ]
        # As with grants: its own team's is meant before the platform's.
        return min(seen, key=lambda one: (one.team_id != team_id, one.team_id != "", one.service_id), default=None)

    def service(self, service_id: str) -> Service | None:
        """A service by its id."""
        known = self._service(service_id)
        return None if known is None else known.service

    def _offered(self, principal: Principal, service_id: str) -> Offer | Standings | None:
        known = self._service(service_id)
        if known is None:
            return None
        standings = []
        for every in known.made:
            made = every if principal.bounds is None else principal.bounds.narrowed(every)
            if made is None:
                continue
            offer = self._offer(principal, made)
            if made.release is None:
                return offer
            over = made._replace(targets=(), is_over=True)
            ends = made.is_over or made.release.sunset
            standings.append(Standing(made.release, offer, self._offer(principal, over) if ends else offer))
        return Standings(standings) if standings else None

    def _offer(self, principal: Principal, made: Made) -> Offer:
        service = made.service
        app = principal.app
        limits = (*principal.key.limits, *app.limits, *service.limits, *app.plans.get(service.id, ()))
        return Offer(
            made,
            limits,
            self._counters,
            app.keep_bodies or service.keep_bodies,
            app.ends.get(service.id, _NEVER)[0],
        )

    def _app(self, app_id: str) -> App | None:
        found = self._apps.get(app_id)
        if found is None:
            found = self.snapshot.app(app_id)
            if found is not None:
                if len(self._apps) >= MOST_KEPT:
                    self._remains.add(self._apps)
                    self._apps = {}
                self._apps[app_id] = found
        return found

    def _service(self, service_id: str) -> _Known | None:
        found = self._services.get(service_id)
        if found is None:
            service = self.snapshot.service(service_id)
            if service is None:
                return None
            found = self._services[service_id] = _Known(service, tuple(self._made(service)))
        return found

    def _made(self, service: Service) -> Iterator[Made]:
        if not service.releases:
            yield Made(service, self._targets(service), _described(service))
        for release in service.releases:
            released = msgspec.structs.replace(
                service,
                deployments=release.deployments,
                drop_unsupported=release.drop_unsupported,
                try_unsupported=release.try_unsupported,
                custom=release.custom,
            )
            targets = () if release.retired else self._targets(released, header_lines(release))
            yield Made(released, targets, _described(released), release, release.retired)

    def _targets(self, service: Service, lines: bytes = b"") -> tuple[Target, ...]:
        targets = []
        for deployment in service.deployments:
            found = self._model(deployment)
            if found is not None:
                names = (_field(service.name), _field(deployment.name))
                targets.append(
                    found.serving(deployment, b"x-torana-service: %b\r\nx-torana-target: %b\r\n%b" % (*names, lines))
                )
        return tuple(targets)

    def _model(self, deployment: Deployment) -> Target | None:
        found = self._models.get((deployment.account_id, deployment.model))
        if found is None:
            account = self.snapshot.account(deployment.account_id)
            if account is None:
                return None
            key = None if account.sealed_key is None else self._master.open(account.sealed_key, account.id)
            found = Target(deployment, account, key, self._settings)
            self._models[deployment.account_id, deployment.model] = found
        return found


def _described(service: Service) -> CustomModel | None:
    if service.custom is None:
        return None
    try:
        return msgspec.json.decode(service.custom, type=CustomModel)
    except (msgspec.DecodeError, RecursionError) as error:
        logger().error("description_unreadable", service=service.id, reason=str(error))
        return None


def _field(text: str) -> bytes:
    """Text that may stand in a header field."""
    return urllib.parse.quote(text, safe="/:@ -_.+()").encode()
