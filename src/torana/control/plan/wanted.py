"""What is declared, as things to compare, with the values from outside put in."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from torana.catalog.vendors import VENDORS
from torana.control.declaration.custom import described_in_file
from torana.control.declaration.outside import OutsideValues
from torana.control.declaration.problems import Place, Problems, quoted
from torana.control.declaration.references import VendorFacts
from torana.control.declaration.shape import (
    AppDeclared,
    Declaration,
    KeyDeclared,
    LimitDeclared,
    PlanDeclared,
    PriceDeclared,
    ProviderDeclared,
    ServiceDeclared,
    SubscriptionDeclared,
)
from torana.control.plan import terms
from torana.control.plan.apart import Apart, declared_apart, owned_name
from torana.control.plan.current import (
    PRICE_PARTS,
    TIMEOUTS,
    Existing,
    deployment_text,
    expiry_text,
    price_name,
    provider_fields,
    scopes_text,
    subscription_fields,
)
from torana.control.plan.signing_in import SigningIn, declared_sign_in
from torana.control.plan.things import FieldValue, Kind, Thing, flag_text, limit_text, listed
from torana.control.providers import places
from torana.control.providers.credential import credential_problem
from torana.control.providers.service import ca_problem, hosts
from torana.control.subscriptions.policy import Policy, policy_of
from torana.core.ids import epoch_us
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey

LEAST_KEY_LENGTH = 16
MOST_KEY_LENGTH = 512


class Offer(msgspec.Struct, frozen=True):
    """A service as it is to be: what the file says, and where it says nothing what was set by hand."""

    declared: ServiceDeclared
    custom: str | None
    """Of a custom model its description, as JSON."""
    visibility: str
    shared_with: tuple[str, ...]
    """Names of teams."""
    policy: Policy | None
    marks: frozenset[str]
    """Fields that go when the file does not give them any more."""


class Subscribed(msgspec.Struct, frozen=True):
    """A subscription as it is to be. Names are those of a plan."""

    app: str
    service: str
    plan: str | None
    declared: SubscriptionDeclared


class Wanted(msgspec.Struct, frozen=True):
    """Declared things, and the columns that writing them needs."""

    things: Mapping[tuple[Kind, str], Thing]
    providers: Mapping[str, Mapping[str, object]]
    """Columns of each provider but for its credential."""
    services: Mapping[str, Offer]
    plans: Mapping[str, tuple[str, PlanDeclared]]
    """With the name of the service."""
    apps: Mapping[str, AppDeclared]
    keys: Mapping[str, tuple[KeyDeclared, Secret | None]]
    """With the brought value; None when one is made or stays."""
    prices: Mapping[str, PriceDeclared]
    apart: Mapping[tuple[Kind, str], Apart]
    sign_in: SigningIn
    limits: Mapping[tuple[Kind, str], tuple[LimitDeclared, ...]]
    subscriptions: Mapping[str, Subscribed]
    notes: tuple[str, ...]
    """What an operator should know though it is no mistake."""


def wanted(
    declaration: Declaration,
    values: OutsideValues,
    before: Existing,
    vendors: Mapping[str, VendorFacts],
    master: MasterKey,
    problems: Problems,
) -> Wanted:
    """Put a checked declaration into comparable form. Values that cannot be used are added to `problems`."""
    maker = _Maker(values, before, vendors, master, problems)
    maker.apart = declared_apart(declaration, values, problems, _apps(declaration, before))
    for provider in declaration.providers:
        maker.provider(provider)
    for team in declaration.teams:
        maker.add("team", team.name, {"limits": limits_text(team.limits)}, team.limits)
    for service in declaration.services:
        maker.service(service)
    subscribable = maker.subscribable(declaration)
    for team in declaration.teams:
        for app in team.apps:
            maker.app(team.name, app, subscribable)
    for price in declaration.prices:
        maker.price(price)
    for (kind, name), one in maker.apart.items():
        maker.add(kind, name, one.fields)
    maker.sign_in = declared_sign_in(declaration, values, before.stored, problems)
    for thing in maker.sign_in.things():
        maker.add(thing.kind, thing.name, thing.fields)
    return maker.done()


def _apps(declaration: Declaration, before: Existing) -> set[str]:
    """All apps that there will be."""
    kept = {name for (kind, name), thing in before.things.items() if kind == "app" and not thing.managed}
    return kept | {f"{team.name}/{app.name}" for team in declaration.teams for app in team.apps}


def limits_text(limits: Iterable[LimitDeclared]) -> str | None:
    """Limits in one line."""
    return listed(limit_text(limit.kind, limit.amount, limit.period_seconds) for limit in limits)


class _Maker:
    def __init__(
        self,
        values: OutsideValues,
        before: Existing,
        vendors: Mapping[str, VendorFacts],
        master: MasterKey,
        problems: Problems,
    ) -> None:
        self.values = values
        self.before = before
        self.vendors = vendors
        self.master = master
        self.problems = problems
        self.rows = {row["id"]: row for rows in (before.stored.providers, before.stored.services) for row in rows}
        self.things: dict[tuple[Kind, str], Thing] = {}
        self.limits: dict[tuple[Kind, str], tuple[LimitDeclared, ...]] = {}
        self.provider_columns: dict[str, Mapping[str, object]] = {}
        self.services: dict[str, Offer] = {}
        self.plans: dict[str, tuple[str, PlanDeclared]] = {}
        self.apps: dict[str, AppDeclared] = {}
        self.keys: dict[str, tuple[KeyDeclared, Secret | None]] = {}
        self.prices: dict[str, PriceDeclared] = {}
        self.apart: dict[tuple[Kind, str], Apart] = {}
        self.sign_in = SigningIn()
        self.subscriptions: dict[str, Subscribed] = {}
        self.now_us = epoch_us()
        self.digests: dict[bytes, str] = {}
        self.notes: list[str] = []

    def add(
        self, kind: Kind, name: str, fields: Mapping[str, FieldValue], limits: tuple[LimitDeclared, ...] = ()
    ) -> None:
        self.things[kind, name] = Thing(kind, name, fields)
        self.limits[kind, name] = limits

    def provider(self, declared: ProviderDeclared) -> None:
        facts = self.vendors.get(declared.vendor.name)
        options = {name: value.name for name, value in declared.options.items()}
        own = places.filled((facts.base_url if facts else None) or "", options)
        columns: dict[str, object] = {
            "vendor": declared.vendor.name,
            "base_url": declared.base_url or own or "",
            "dialect": declared.dialect,
            "bases": places.stored(declared.bases),
            "options": places.stored(options),
            "ca_pem": self.certificates(declared),
            "proxy": declared.proxy,
            **{f"{name}_timeout_seconds": getattr(declared.timeouts, name) for name in TIMEOUTS},
        }
        self.provider_columns[declared.name] = columns
        self.add("provider", declared.name, provider_fields(columns, self.credential(declared, columns)))

    def credential(self, declared: ProviderDeclared, columns: Mapping[str, Any]) -> Secret | None:
        """The credential given; without one, a credential not given by a file stays while vendor and hosts stay."""
        vendor = VENDORS.get(declared.vendor.name)
        if declared.api_key is not None:
            given = self.values.of(declared.api_key)
            if given is not None and (problem := credential_problem(vendor.auth if vendor else "bearer", given)):
                self.problems.add(declared.api_key.place, f"the credential cannot be used: {problem}")
            return given
        there = self.before.things.get(("provider", declared.name))
        if there is None or there.managed:
            return None
        stored = there.fields["api_key"]
        row = self.rows[there.id]
        # A credential belongs to the hosts it was given for: another one has to be given it anew (CVE-2026-41487).
        stays = row["vendor"] == declared.vendor.name and _hosts(columns) <= _hosts(row)
        return stored if stays and isinstance(stored, Secret) else None

    def certificates(self, declared: ProviderDeclared) -> str | None:
        given = self.values.of(declared.ca)
        if given is None or declared.ca is None:
            return None
        pem = given.reveal()
        if problem := "it holds a private key" if "PRIVATE KEY" in pem else ca_problem(pem):
            self.problems.add(declared.ca.place, f"the file cannot be used: {problem}")
        return pem

    def service(self, declared: ServiceDeclared) -> None:
        name = owned_name(declared.name, declared.team.name if declared.team else "")
        offer = self.offer(name, declared)
        self.services[name] = offer
        fields: dict[str, FieldValue] = {
            "kind": None if declared.kind == "model" else declared.kind,
            "description": terms.prose_text(declared.description),
            "visibility": offer.visibility,
            "shared_with": listed(offer.shared_with),
            "deployments": listed(deployment_text(d.provider.name, d.model, d.weight) for d in declared.deployments),
            "aliases": listed(sorted(alias.name for alias in declared.aliases)),
            "limits": limits_text(declared.limits),
            "keep_bodies": flag_text(declared.keep_bodies),
            "model": terms.fingerprint(offer.custom),
            "contract": terms.fingerprint(declared.contract),
            "subscription_policy": terms.policy_text(offer.policy),
            "drop_unsupported": flag_text(declared.drop_unsupported),
            "try_unsupported": flag_text(declared.try_unsupported),
        }
        self.add("service", name, fields, declared.limits)
        for plan in declared.plans:
            self.plans[terms.plan_name(name, plan.name)] = (name, plan)
            self.add("plan", terms.plan_name(name, plan.name), terms.plan_fields(terms.plan_columns(plan)))

    def offer(self, name: str, declared: ServiceDeclared) -> Offer:
        """What the file leaves out stays as it was set by hand; what a file gave, and does not any more, goes."""
        custom = self.description(declared)
        visibility: str = declared.visibility or "organisation"
        own = declared.team.name if declared.team else None
        shared = tuple(sorted(team.name for team in declared.shared_with if team.name != own))
        policy = None if declared.subscription_policy is None else terms.policy_declared(declared.subscription_policy)
        marks = {"subscription_policy"} if policy is not None else set()
        if declared.visibility not in (None, "organisation"):
            marks.add("visibility")
        there = self.before.things.get(("service", name))
        if there is not None and declared.visibility is None and self.by_hand(there, "visibility"):
            visibility = str(there.fields["visibility"])
            listed_there = there.fields["shared_with"]
            shared = tuple(str(listed_there).split(", ")) if listed_there else ()
            if visibility != "organisation":
                self.notes.append(f"service {name} was given the visibility {visibility} by hand, which stays")
        if there is not None and declared.subscription_policy is None and self.by_hand(there, "subscription_policy"):
            policy = policy_of(self.rows[there.id]["approval"])
            if policy is not None:
                self.notes.append(f"service {name} was given a subscription_policy by hand, which stays")
        return Offer(declared, custom, visibility, shared, policy, frozenset(marks))

    def by_hand(self, there: Thing, field: str) -> bool:
        """Whether no file gave this field of a service."""
        return terms.mark(there.id, field) not in self.before.stored.declared

    def description(self, declared: ServiceDeclared) -> str | None:
        """Of a custom model, as JSON."""
        found = declared.model
        if found is None:
            return None
        text = self.values.of(found.file)
        return found.written if text is None else described_in_file(text, found.place, self.problems)

    def subscribable(self, declaration: Declaration) -> dict[str, str]:
        """A service's name in the file to its name in a plan: the file's own first, else what exists."""
        team_names = {row["id"]: row["name"] for row in self.before.stored.teams}
        rows = sorted(self.before.stored.services, key=lambda row: row["team_id"] is None)
        found = {row["name"]: owned_name(row["name"], team_names.get(row["team_id"], "")) for row in rows}
        return found | {offer.declared.name: name for name, offer in self.services.items()}

    def app(self, team: str, declared: AppDeclared, services: Mapping[str, str]) -> None:
        name = f"{team}/{declared.name}"
        self.apps[name] = declared
        fields: dict[str, FieldValue] = {
            "limits": limits_text(declared.limits),
            "keep_bodies": flag_text(declared.keep_bodies),
        }
        self.add("app", name, fields, declared.limits)
        for subscription in declared.subscriptions:
            self.subscription(name, services[subscription.service.name], subscription)
        for key in declared.keys:
            self.key(f"{name}/{key.name}", key)

    def subscription(self, app: str, service: str, declared: SubscriptionDeclared) -> None:
        name = f"{app} → {service}"
        there = self.before.things.get(("subscription", name))
        state = "approved"
        if there is not None and there.fields["state"] == "suspended":
            state = "suspended"
            self.notes.append(f"subscription {name} was suspended by hand and stays so until it is resumed")
        elif 0 < declared.expires_us <= self.now_us:
            state = "expired"
            self.notes.append(f"subscription {name} is past the end that the file gives it")
        plan = None if declared.plan is None else terms.plan_name(service, declared.plan.name)
        if declared.plan is not None and plan not in self.plans:
            known = self.before.things.get(("plan", plan or ""))
            if known is None or known.managed:
                self.problems.add(declared.plan.place, f"there is no plan {quoted(declared.plan.name)} of this service")
        self.subscriptions[name] = Subscribed(app, service, plan, declared)
        own = None if declared.plan is None else declared.plan.name
        self.add("subscription", name, subscription_fields(state, own, declared.expires_us, declared.reason))

    def key(self, name: str, declared: KeyDeclared) -> None:
        value = self.values.of(declared.value)
        there = self.before.things.get(("key", name))
        digest: FieldValue = there.fields["value"] if there is not None else Secret("")
        if value is not None and declared.value is not None:
            raw = self.master.key_digest(value.reveal().encode())
            digest = Secret(raw.hex())
            self.check_value(name, value, raw, declared.value.place)
        if there is None and self.stays_revoked(name):
            self.notes.append(f"key {name} was revoked by hand and stays so; give it another name to have one again")
            return
        self.keys[name] = (declared, value)
        fields: dict[str, FieldValue] = {
            "value": digest,
            "expires": expiry_text(declared.expires_us),
            "limits": limits_text(declared.limits),
            "scopes": scopes_text(declared.scopes),
            "networks": listed(declared.networks or ()),
        }
        self.add("key", name, fields, declared.limits)

    def check_value(self, name: str, value: Secret, digest: bytes, place: Place) -> None:
        text = value.reveal()
        if not LEAST_KEY_LENGTH <= len(text) <= MOST_KEY_LENGTH or not _sendable(value):
            bounds = f"{LEAST_KEY_LENGTH} to {MOST_KEY_LENGTH}"
            self.problems.add(place, f"the value of a key has to be {bounds} visible ASCII characters without spaces")
        other = self.digests.setdefault(digest, name)
        if other != name:
            self.problems.add(place, f"the key {quoted(other)} of this file has the same value")
        if self.before.rotated.get(digest, name) != name:
            self.problems.add(place, "this value was that of another key before it was rotated; give another one")
        revoked = self.before.revoked.get(digest)
        if revoked is not None and revoked["id"] not in self.before.stored.declared:
            self.problems.add(place, "this value belongs to a key that was revoked; give another one")

    def stays_revoked(self, name: str) -> bool:
        """Whether a file made this key and somebody revoked it since."""
        return name in self.before.revoked_names

    def price(self, declared: PriceDeclared) -> None:
        vendor = declared.vendor.name if declared.vendor else None
        name = price_name(vendor, declared.provider.name if declared.provider else None, declared.model)
        self.prices[name] = declared
        self.add("price", name, {part: getattr(declared, f"{part}_usd") for part in PRICE_PARTS})

    def done(self) -> Wanted:
        return Wanted(
            things=self.things,
            providers=self.provider_columns,
            services=self.services,
            plans=self.plans,
            apps=self.apps,
            keys=self.keys,
            prices=self.prices,
            apart=self.apart,
            sign_in=self.sign_in,
            limits=self.limits,
            subscriptions=self.subscriptions,
            notes=tuple(self.notes),
        )


def _hosts(columns: Mapping[str, Any]) -> set[tuple[str, str, int | None]]:
    return hosts(columns["vendor"], columns["base_url"], columns["bases"], columns["dialect"], columns["options"])


def _sendable(secret: Secret) -> bool:
    text = secret.reveal()
    return text.isascii() and text.isprintable() and " " not in text
