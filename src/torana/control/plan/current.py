"""What exists, as things to compare."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from torana.control.keys.scopes import Scopes, opened_networks, opened_scopes
from torana.control.plan import signing_in, terms
from torana.control.plan.apart import owned_name, standing
from torana.control.plan.repository import Row, Stored
from torana.control.plan.things import FieldValue, Kind, Thing, flag_text, limit_text, listed
from torana.control.providers import places
from torana.control.subscriptions.policy import policy_of
from torana.control.subscriptions.states import OVER
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey, MasterKeyError

_PLAIN = re.compile(r"[A-Za-z0-9._:/@+-]+")


class Existing(msgspec.Struct, frozen=True):
    """What exists, with the look-ups that making the wanted things needs."""

    stored: Stored
    things: Mapping[tuple[Kind, str], Thing]
    revoked: Mapping[bytes, Row]
    """Keys that were revoked, by digest."""
    revoked_names: frozenset[str]
    """Names, with those of their owners, of revoked keys that an apply had made."""
    holders: Mapping[bytes, str]
    """Keys in use: digest to the key's name with its owners."""
    rotated: Mapping[bytes, str]
    """The same for what their values were before the last rotation."""


def existing(stored: Stored, master: MasterKey) -> Existing:
    """Put rows together. A credential that cannot be opened counts as none, so that a file can give it anew."""
    reader = _Rows(stored, master)
    things = [*reader.providers(), *reader.teams(), *reader.services(), *reader.plans(), *reader.apps()]
    things += [*reader.subscriptions(), *reader.keys(), *reader.prices(), *standing(stored, master)]
    things += signing_in.standing(stored, master)
    return Existing(
        stored=stored,
        things={(thing.kind, thing.name): thing for thing in things},
        revoked={row["digest"]: row for row in stored.keys if row["revoked_us"] is not None},
        revoked_names=frozenset(
            reader.key_name(row)
            for row in stored.keys
            if row["revoked_us"] is not None and row["id"] in stored.declared
        ),
        holders={row["digest"]: reader.key_name(row) for row in stored.keys if row["revoked_us"] is None},
        rotated={row["previous_digest"]: reader.key_name(row) for row in stored.keys if row["previous_digest"]},
    )


def certificate_text(pem: str | None) -> str | None:
    """Certificates as a fingerprint."""
    return None if pem is None else "sha256 " + hashlib.sha256(pem.encode()).hexdigest()[:32]


def deployment_text(provider: str, model: str, weight: int) -> str:
    """`local/gpt-4.1 weight 2`; a model with unusual characters is quoted, so that no two lists read the same."""
    if not model:
        return f"{provider} weight {weight}"
    shown = model if _PLAIN.fullmatch(model) else json.dumps(model)
    return f"{provider}/{shown} weight {weight}"


def expiry_text(expires_us: int | None) -> str | None:
    """A time as ISO 8601 in UTC; None for never."""
    return datetime.fromtimestamp(expires_us / 1_000_000, UTC).isoformat() if expires_us else None


def seconds_text(seconds: float | None) -> str | None:
    """`2.5 s`; None for the setting's default."""
    return None if seconds is None else f"{seconds:g} s"


def mapping_text(mapping: Mapping[str, str]) -> str | None:
    """`region: eu-west-1, tenant: x` of texts without spaces; None for an empty mapping."""
    return listed(f"{name}: {value}" for name, value in sorted(mapping.items()))


def scopes_text(scopes: Scopes | None) -> str | None:
    """`models: gpt-4.1*, o3; endpoints: /v1/responses`: entries hold no spaces. None for no restriction."""
    if scopes is None:
        return None
    parts = {"services": scopes.services, "endpoints": scopes.endpoints, "models": scopes.models}
    return "; ".join(f"{name}: {', '.join(entries)}" for name, entries in parts.items() if entries is not None)


def provider_fields(row: Row, secret: Secret | None) -> dict[str, FieldValue]:
    """Fields of a provider from its columns and its opened credential."""
    return {
        "vendor": row["vendor"],
        "base_url": row["base_url"] or None,
        "dialect": row["dialect"],
        "bases": mapping_text(places.opened(row["bases"])),
        "options": mapping_text(places.opened(row["options"])),
        "api_key": secret,
        "ca": certificate_text(row["ca_pem"]),
        "proxy": row["proxy"],
        **{f"timeouts.{name}": seconds_text(row[f"{name}_timeout_seconds"]) for name in TIMEOUTS},
    }


def subscription_fields(
    state: str, plan: str | None, expires_us: int | None, reason: str | None
) -> dict[str, FieldValue]:
    """Fields of a subscription."""
    return {"state": state, "plan": plan, "expires": expiry_text(expires_us), "reason": terms.prose_text(reason)}


TIMEOUTS = ("connect", "first_byte", "idle", "total")
PRICE_PARTS = ("input", "cached_input", "output", "reasoning")


def price_name(vendor: str | None, provider: str | None, model: str) -> str:
    """A price's name in a plan."""
    return f"vendor {vendor}: {model}" if vendor is not None else f"provider {provider}: {model}"


def dollars_text(dollars: str | None) -> str | None:
    """Dollars as a file's fields spell them, however the admin API was given them: `1.50` is `1.5`."""
    return dollars.rstrip("0").rstrip(".") if dollars is not None and "." in dollars else dollars


class _Rows:
    def __init__(self, stored: Stored, master: MasterKey) -> None:
        self.stored = stored
        self.master = master
        self.team_names = {row["id"]: row["name"] for row in stored.teams}
        self.provider_names = {
            row["id"]: owned_name(row["name"], self.team_names.get(row["team_id"], "")) for row in stored.providers
        }
        self.app_names = {row["id"]: f"{self.team_names[row['team_id']]}/{row['name']}" for row in stored.apps}
        self.service_names = {
            row["id"]: owned_name(row["name"], self.team_names.get(row["team_id"], "")) for row in stored.services
        }
        self.own_plans = {row["id"]: row["name"] for row in stored.plans}
        self.plan_names = {
            row["id"]: terms.plan_name(self.service_names[row["service_id"]], row["name"]) for row in stored.plans
        }
        limits: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
        for row in stored.limits:
            limits[row["owner_id"]].append((row["kind"], row["period_seconds"], row["amount"]))
        self.limits = {
            owner: listed(limit_text(kind, amount, period) for kind, period, amount in sorted(entries))
            for owner, entries in limits.items()
        }

    def thing(
        self, kind: Kind, row: Row, name: str, fields: Mapping[str, FieldValue], *needs: tuple[Kind, str]
    ) -> Thing:
        return Thing(kind, name, fields, id=row["id"], managed=row["id"] in self.stored.declared, needs=needs)

    def providers(self) -> Iterable[Thing]:
        for row in self.stored.providers:
            secret = self.credential(row)
            needs: tuple[tuple[Kind, str], ...] = ()
            if row["team_id"] is not None:
                needs = (("team", self.team_names[row["team_id"]]),)
            yield self.thing("provider", row, self.provider_names[row["id"]], provider_fields(row, secret), *needs)

    def credential(self, row: Row) -> Secret | None:
        sealed = row["sealed_key"]
        try:
            return None if sealed is None else self.master.open(sealed, row["id"])
        except MasterKeyError:
            return None

    def teams(self) -> Iterable[Thing]:
        for row in self.stored.teams:
            yield self.thing("team", row, row["name"], {"limits": self.limits.get(row["id"])})

    def services(self) -> Iterable[Thing]:
        deployments: dict[str, list[Row]] = defaultdict(list)
        for row in self.stored.deployments:
            deployments[row["service_id"]].append(row)
        aliases: dict[str, list[str]] = defaultdict(list)
        for row in self.stored.aliases:
            aliases[row["service_id"]].append(row["name"])
        shared: dict[str, list[str]] = defaultdict(list)
        for row in self.stored.shared:
            shared[row["service_id"]].append(self.team_names[row["shared_with"]])
        for row in self.stored.services:
            mine = deployments[row["id"]]
            fields: dict[str, FieldValue] = {
                "kind": None if row["kind"] == "model" else row["kind"],
                "description": terms.prose_text(row["description"]),
                "visibility": row["visibility"],
                "shared_with": listed(sorted(shared[row["id"]])),
                "deployments": listed(
                    deployment_text(self.provider_names[d["provider_id"]], d["model"], d["weight"]) for d in mine
                ),
                "aliases": listed(sorted(aliases[row["id"]])),
                "limits": self.limits.get(row["id"]),
                "keep_bodies": flag_text(row["keep_bodies"]),
                "model": terms.fingerprint(row["custom"]),
                "contract": terms.fingerprint(terms.canonical(row["contract"])),
                "subscription_policy": terms.policy_text(policy_of(row["approval"])),
                "drop_unsupported": flag_text(row["drop_unsupported"]),
                "try_unsupported": flag_text(row["try_unsupported"]),
            }
            needs: list[tuple[Kind, str]] = [("provider", self.provider_names[d["provider_id"]]) for d in mine]
            if row["team_id"] is not None:
                needs.append(("team", self.team_names[row["team_id"]]))
            yield self.thing("service", row, self.service_names[row["id"]], fields, *needs)

    def plans(self) -> Iterable[Thing]:
        for row in self.stored.plans:
            # A service goes with its plans, whoever made them.
            yield self.thing("plan", row, self.plan_names[row["id"]], terms.plan_fields(row))

    def apps(self) -> Iterable[Thing]:
        for row in self.stored.apps:
            fields: dict[str, FieldValue] = {
                "limits": self.limits.get(row["id"]),
                "keep_bodies": flag_text(row["keep_bodies"]),
            }
            yield self.thing("app", row, self.app_names[row["id"]], fields, ("team", self.team_names[row["team_id"]]))

    def subscriptions(self) -> Iterable[Thing]:
        for row in self.stored.subscriptions:
            app, service = self.app_names[row["app_id"]], self.service_names[row["service_id"]]
            # One that is over keeps nothing from going.
            needs: list[tuple[Kind, str]] = [] if row["state"] in OVER else [("app", app), ("service", service)]
            if needs and row["plan_id"] is not None:
                needs.append(("plan", self.plan_names[row["plan_id"]]))
            fields = subscription_fields(
                row["state"], self.own_plans.get(row["plan_id"]), row["expires_us"], row["reason"]
            )
            yield self.thing("subscription", row, f"{app} → {service}", fields, *needs)

    def key_name(self, row: Row) -> str:
        return f"{self.app_names[row['app_id']]}/{row['name']}"

    def keys(self) -> Iterable[Thing]:
        for row in self.stored.keys:
            if row["revoked_us"] is None:
                fields: dict[str, FieldValue] = {
                    "value": Secret(row["digest"].hex()),
                    "expires": expiry_text(row["expires_us"]),
                    "limits": self.limits.get(row["id"]),
                    "scopes": scopes_text(opened_scopes(row["scopes"])),
                    "networks": listed(opened_networks(row["networks"]) or ()),
                }
                yield self.thing("key", row, self.key_name(row), fields, ("app", self.app_names[row["app_id"]]))

    def prices(self) -> Iterable[Thing]:
        for row in self.stored.prices:
            provider = self.provider_names.get(row["provider_id"])
            fields: dict[str, FieldValue] = {part: dollars_text(row[f"{part}_usd"]) for part in PRICE_PARTS}
            needs: tuple[tuple[Kind, str], ...] = (("provider", provider),) if provider is not None else ()
            yield self.thing("price", row, price_name(row["vendor"], provider, row["model"]), fields, *needs)
