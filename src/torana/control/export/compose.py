"""What exists, as the entries of a torana.yaml. Pure: rows in, data out. What the file cannot say is left out and named.

Secrets are references: a credential to a variable named after its account. A key has no value, so that one which is there keeps its
own and one that is not there is made; or it refers to a variable, for whoever still has the values.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from torana.catalog.vendors import VENDORS
from torana.control.declaration.limits import PERIODS
from torana.control.export import apart, offers, signing_in
from torana.control.export.text import Data, Number
from torana.control.export.variables import Variables
from torana.control.keys.scopes import opened_networks, opened_scopes
from torana.control.plan.current import PRICE_PARTS, TIMEOUTS, dollars_text, expiry_text
from torana.control.plan.repository import Row, Stored
from torana.control.plan.things import limit_text
from torana.control.providers import places
from torana.control.releases.design import stages_of

Keys = Literal["made", "variables"]
Entry = dict[str, Any]
_PERIODS = {seconds: name for name, seconds in PERIODS.items()}
_KINDS = ("model", "custom")


class Composed(msgspec.Struct):
    """Entries of a file, with what they need besides."""

    sections: dict[str, list[Entry]]
    variables: Mapping[str, str]
    """Environment variables, and what each is for."""
    files: dict[str, str]
    """Content of files beside it, by name."""
    left_out: list[str]
    """What is there and not in the file, each with the reason."""


def compose(stored: Stored, keys: Keys, *, elsewhere: bool = False) -> Composed:
    """Everything that the file can say, ordered by name. `elsewhere`: not for where it was made, but for an empty instance."""
    composer = _Composer(stored, keys, elsewhere)
    sections: dict[str, list[Entry]] = {
        "providers": [entry for row in _by_name(stored.providers) if (entry := composer.provider(row))],
        "services": [entry for row in _by_name(stored.services) if (entry := composer.service(row))],
        "teams": [composer.team(row) for row in _by_name(stored.teams)],
        "prices": [entry for row in _by_price(stored.prices) if (entry := composer.price(row))],
        "roles": [apart.role(row, composer.teams) for row in _by_name(stored.roles)],
        "webhooks": [apart.webhook(row, composer.teams, composer.variables) for row in _by_name(stored.webhooks)],
    }
    apps = {row["id"]: f"{composer.teams[row['team_id']]}/{row['name']}" for row in stored.apps}
    sections["issuers"] = [apart.issuer(row, composer.teams, apps) for row in _by_name(stored.issuers)]
    sections["identity_providers"] = [
        signing_in.identity_provider(row, composer.variables, composer.files)
        for row in _by_name(stored.identity_providers)
    ]
    given = sorted(stored.group_roles, key=lambda row: (row["source"], row["group_name"], row["role"], row["id"]))
    sections["group_roles"] = [signing_in.group_role(row, composer.teams) for row in given]
    return Composed(sections, composer.variables.named, composer.files, composer.left_out)


def _by_name(rows: Iterable[Row]) -> list[Row]:
    # Of equal names the platform's first: it is the one that has the plain name in a file.
    return sorted(rows, key=lambda row: (row["name"], row.get("team_id") or ""))


def _by_price(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["vendor"] or "", row["model"], row["provider_id"] or ""))


class _Composer:
    def __init__(self, stored: Stored, keys: Keys, elsewhere: bool) -> None:
        self.stored = stored
        self.elsewhere = elsewhere
        self.keys_as = keys
        self.variables = Variables()
        self.files: dict[str, str] = {}
        self.left_out: list[str] = []
        self.teams = {row["id"]: row["name"] for row in stored.teams}
        self.all_providers = {row["id"]: row["name"] for row in stored.providers}
        self.all_services = {row["id"]: row["name"] for row in stored.services}
        self.providers: dict[str, str] = {}
        """Names by id, of those that are in the file; services below likewise."""
        self.named: set[str] = set()
        """Names of services in the file."""
        self.services: dict[str, str] = {}
        self.limits = _grouped(stored.limits, "owner_id")
        self.deployments = _grouped(stored.deployments, "service_id")
        self.aliases = _grouped(stored.aliases, "service_id")
        self.shared = _grouped(stored.shared, "service_id")
        self.plan_names = {row["id"]: row["name"] for row in stored.plans}
        self.plans = _grouped(stored.plans, "service_id")
        self.apps = _grouped(stored.apps, "team_id")
        self.keys = _grouped(stored.keys, "app_id")
        self.subscriptions = _grouped(stored.subscriptions, "app_id")

    def leave_out(self, what: str, why: str) -> None:
        self.left_out.append(f"{what}: {why}")

    def provider(self, row: Row) -> Entry | None:
        what = f"provider {row['name']}"
        vendor = VENDORS.get(row["vendor"])
        if row["team_id"] is not None:
            self.leave_out(f"{what} of team {self.teams[row['team_id']]}", "the file declares the platform's only")
            return None
        if vendor is None:
            self.leave_out(what, f"this program does not know the vendor {row['vendor']}")
            return None
        self.providers[row["id"]] = row["name"]
        entry: Entry = {"name": row["name"], "vendor": vendor.id}
        options = places.opened(row["options"])
        own = places.filled(vendor.base_url, options)
        unkeyed = row["sealed_key"] is None and places.needs_credential(vendor)
        if row["base_url"] and (row["base_url"] != own or unkeyed):
            entry["base_url"] = row["base_url"]
        if row["dialect"]:
            entry["dialect"] = row["dialect"]
        if bases := places.opened(row["bases"]):
            entry["bases"] = bases
        if options:
            entry["options"] = options
        if row["sealed_key"] is not None:
            entry["api_key"] = {"env": self.variables.make(f"{row['name']} api key", f"the credential of {what}")}
        if row["ca_pem"] is not None:
            file = f"{row['name']}.ca.pem"
            self.files[file] = row["ca_pem"]
            entry["ca"] = {"file": file}
        if row["proxy"]:
            entry["proxy"] = row["proxy"]
        timeouts = {name: row[f"{name}_timeout_seconds"] for name in TIMEOUTS}
        if given := {name: _number(seconds) for name, seconds in timeouts.items() if seconds is not None}:
            entry["timeouts"] = given
        return entry

    def service(self, row: Row) -> Entry | None:
        team = self.teams.get(row["team_id"])
        what = f"service {row['name']}" + (f" of team {team}" if team else "")
        if problem := self.service_problem(row):
            self.leave_out(what, problem)
            return None
        self.services[row["id"]] = row["name"]
        self.named.add(row["name"])
        entry: Entry = {"name": row["name"]}
        if row["kind"] != "model":
            entry["kind"] = row["kind"]
        if row["description"]:
            entry["description"] = row["description"]
        entry["visibility"] = row["visibility"]
        if row["visibility"] == "teams":
            entry["shared_with"] = sorted(self.teams[one["shared_with"]] for one in self.shared[row["id"]])
        if team:
            entry["team"] = team
        if aliases := sorted(alias["name"] for alias in self.aliases[row["id"]]):
            entry["aliases"] = aliases
        entry["deployments"] = [self.deployment(one) for one in self.deployments[row["id"]]]
        if row["kind"] == "custom":
            entry["model"] = msgspec.json.decode(row["custom"] or "{}")
        self.add_limits(entry, row["id"], what)
        entry.update(offers.terms(row, _by_name(self.plans[row["id"]])))
        for flag in ("keep_bodies", "drop_unsupported", "try_unsupported"):
            if row[flag]:
                entry[flag] = True
        if more := self.more_than_sayable(row):
            self.leave_out(f"{what}, of what is more than that it is there", "; ".join(more))
        return entry

    def more_than_sayable(self, row: Row) -> list[str]:
        """What of a service the file cannot say."""
        more: list[str] = []
        if others := row.get("others"):
            more.append(
                f"it is written as its release {row['release']} has it, without the live ones {', '.join(others)}"
            )
        if stages_of(row["approval"]):
            more.append("the file cannot say who approves its releases")
        return more

    def service_problem(self, row: Row) -> str | None:
        if row["kind"] not in _KINDS:
            return f"the file cannot declare services of kind {row['kind']}"
        if row["state"] != "active":
            return f"it is {row['state']}"
        if row.get("lifecycle", "direct") != "direct":
            if self.elsewhere:
                return "none of its releases is live"
            return "it is served by releases, which no apply here touches; an export for elsewhere has the one in force"
        if row["name"] in self.named:
            return "the file has another service of this name"
        for deployment in self.deployments[row["id"]]:
            if deployment["provider_id"] not in self.providers:
                return f"its provider {self.all_providers[deployment['provider_id']]} is left out"
        return None

    def deployment(self, row: Row) -> Entry:
        entry: Entry = {"provider": self.providers[row["provider_id"]]}
        if row["model"]:
            entry["model"] = row["model"]
        if row["weight"] != 1:
            entry["weight"] = row["weight"]
        return entry

    def team(self, row: Row) -> Entry:
        entry: Entry = {"name": row["name"]}
        self.add_limits(entry, row["id"], f"team {row['name']}")
        if apps := [self.app(app, row["name"]) for app in _by_name(self.apps[row["id"]])]:
            entry["apps"] = apps
        return entry

    def app(self, row: Row, team: str) -> Entry:
        entry: Entry = {"name": row["name"]}
        by_service = sorted(self.subscriptions[row["id"]], key=lambda one: self.all_services[one["service_id"]])
        listed = [self.subscription(one, f"{team}/{row['name']}") for one in by_service]
        if subscribed := [one for one in listed if one is not None]:
            entry["subscriptions"] = subscribed
        keys = [self.key(key, f"{team}/{row['name']}") for key in _by_name(self.keys[row["id"]])]
        if kept := [key for key in keys if key is not None]:
            entry["keys"] = kept
        self.add_limits(entry, row["id"], f"app {team}/{row['name']}")
        if row["keep_bodies"]:
            entry["keep_bodies"] = True
        return entry

    def subscription(self, row: Row, app: str) -> Data:
        """Its service, and what more there is to say; None where it is left out."""
        what = f"subscription of {app} to {self.all_services[row['service_id']]}"
        name = self.services.get(row["service_id"])
        why = None
        if name is None:
            why = "its service is left out"
            # An apply here finds it there.
            name = self.all_services[row["service_id"]]
            if not self.made_by_apply(row) or name in self.named:
                self.leave_out(what, why)
                return None
        over = row["state"] == "expired" and row["expires_us"]
        if row["state"] not in ("approved", "suspended") and not over:
            # In the file it would be approved.
            self.leave_out(what, f"it is {row['state']}")
            return None
        if row["state"] == "suspended":
            why = "it is suspended"
        # An apply would remove what an apply made and the file no longer names.
        if why is not None and not self.made_by_apply(row):
            self.leave_out(what, why)
            return None
        if why is not None:
            self.leave_out(f"{what}, of what is more than that it is there", why)
        return offers.subscription(row, name, self.plan_names.get(row["plan_id"]))

    def key(self, row: Row, app: str) -> Entry | None:
        what = f"key {app}/{row['name']}"
        if row["revoked_us"] is not None:
            return None
        entry: Entry = {"name": row["name"]}
        if self.keys_as == "variables":
            entry["value"] = {"env": self.variables.make(f"{app} {row['name']} key", f"the value of {what}")}
        if row["expires_us"]:
            entry["expires"] = expiry_text(row["expires_us"])
        self.add_limits(entry, row["id"], what)
        self.add_scopes(entry, row, what)
        return entry

    def add_scopes(self, entry: Entry, row: Row, what: str) -> None:
        if (scopes := opened_scopes(row["scopes"])) is not None:
            entry["scopes"] = msgspec.to_builtins(scopes)
            if any(one in self.all_services for one in scopes.services or ()):
                why = "it names services by id, and elsewhere they have others: name them by name before"
                self.leave_out(f"{what}, what its scope means", why)
        if (networks := opened_networks(row["networks"])) is not None:
            entry["networks"] = list(networks)

    def price(self, row: Row) -> Entry | None:
        entry: Entry = {"vendor": row["vendor"]}
        if row["provider_id"] is not None:
            if row["provider_id"] not in self.providers:
                self.leave_out(f"price of {row['model']}", "its provider is left out")
                return None
            entry = {"provider": self.providers[row["provider_id"]]}
        entry["model"] = row["model"]
        for part in PRICE_PARTS:
            if row[f"{part}_usd"] is not None:
                entry[part] = Number(dollars_text(row[f"{part}_usd"]))
        return entry

    def add_limits(self, entry: Entry, owner_id: str, owner: str) -> None:
        limits: list[Data] = []
        for row in sorted(self.limits[owner_id], key=lambda row: (row["kind"], row["period_seconds"])):
            amount, seconds = row["amount"], row["period_seconds"]
            if amount < 1 or (row["kind"] == "requests" and seconds not in _PERIODS):
                self.leave_out(
                    f"limit of {owner}, {limit_text(row['kind'], amount, seconds)}", "the file cannot say it"
                )
            elif row["kind"] == "requests":
                limits.append({"requests": amount, "per": _PERIODS[seconds]})
            else:
                limits.append({"concurrency": amount})
        if limits:
            entry["limits"] = limits

    def made_by_apply(self, row: Row) -> bool:
        """Whether an apply of a file here that does not name it would remove it."""
        return not self.elsewhere and row["id"] in self.stored.declared


def _number(seconds: float) -> Data:
    return int(seconds) if seconds == int(seconds) else Number(format(Decimal(repr(seconds)), "f"))


def _grouped(rows: Iterable[Row], column: str) -> defaultdict[str, list[Row]]:
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups
