"""Makes a difference true: rows in bulk, in an order that no constraint minds."""

import secrets
from collections import defaultdict
from typing import Any

import msgspec

from torana.control.access.actor import Actor
from torana.control.declaration.shape import LimitDeclared
from torana.control.keys.scopes import stored_networks, stored_scopes
from torana.control.keys.service import PREFIX
from torana.control.plan import apart, repository, signing_in, terms
from torana.control.plan.apart import Apart
from torana.control.plan.current import PRICE_PARTS, Existing
from torana.control.plan.diff import Change
from torana.control.plan.offering import ServiceWriter
from torana.control.plan.signing_in import SignInWriter
from torana.control.plan.things import KINDS, Kind, Thing
from torana.control.plan.wanted import Wanted
from torana.control.roles import repository as roles
from torana.control.roles.repository import Role
from torana.control.subscriptions.policy import review_us
from torana.control.webhooks import service as webhooks
from torana.core.errors import Refusal
from torana.core.ids import new_id
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

_FETCHED = ("fetched_us", "tried_us", "problem")
_VALUE_COLUMNS = ("digest", "hint", "previous_digest", "previous_until_us")


class MadeKey(msgspec.Struct, frozen=True):
    """A key whose value was made here, with the only sight of it."""

    name: str
    secret: Secret


class Writer(ServiceWriter):
    """Writes the changes of one apply."""

    def __init__(
        self, connection: Connection, master: MasterKey, before: Existing, after: Wanted, actor: Actor
    ) -> None:
        super().__init__(connection, before, after)
        self.master = master
        self.sign_in = SignInWriter(connection, master, actor, before.stored, after.sign_in)
        self.made: list[MadeKey] = []
        self.key_rows = {row["id"]: row for row in before.stored.keys}
        self.issuer_rows = {row["id"]: row for row in before.stored.issuers}
        self.webhook_rows = {row["id"]: row for row in before.stored.webhooks}
        self.subscription_rows = {row["id"]: row for row in before.stored.subscriptions}

    async def write(self, changes: tuple[Change, ...]) -> None:
        """All changes."""
        by_kind: dict[tuple[str, Kind], list[str]] = defaultdict(list)
        for change in changes:
            by_kind[change.action, change.kind].append(change.name)
        # Removed keys go first: another key may be given the value of one of them.
        await self.remove("key", by_kind["remove", "key"])
        # And further names may move from one service to another: all are taken off before any is given.
        renamed = [self.ids["service", name] for name in (*by_kind["change", "service"], *by_kind["remove", "service"])]
        await repository.remove(self.connection, "alias", renamed, "service_id")
        for kind in KINDS:
            await self.create(kind, by_kind["create", kind])
            await self.change(kind, by_kind["change", kind])
        for kind in reversed(KINDS):
            if kind != "key":
                await self.remove(kind, by_kind["remove", kind])

    async def create(self, kind: Kind, names: list[str]) -> None:
        """New rows of one kind, marked as made by an apply."""
        if kind in signing_in.KINDS:
            teams = {name: made for (of, name), made in self.ids.items() if of == "team"}
            for name in names:
                self.ids[kind, name] = await self.sign_in.create(kind, name, teams)
            marks = [{"id": self.ids[kind, name], "kind": kind} for name in names]
            await repository.add(self.connection, "declared", marks)
            return
        for name in names:
            self.ids[kind, name] = new_id(kind)
        rows = [{"id": self.ids[kind, name], "created_us": self.now_us, **self.identity(kind, name)} for name in names]
        for row, name in zip(rows, names, strict=True):
            row.update(self.columns(kind, name, row["id"]))
        await repository.add(self.connection, kind, rows)
        await repository.add(self.connection, "declared", [{"id": row["id"], "kind": kind} for row in rows])
        await self.set_limits(kind, names)
        if kind == "service":
            await self.set_parts(names)

    async def change(self, kind: Kind, names: list[str]) -> None:
        """Existing rows of one kind, brought to what is declared."""
        if kind in signing_in.KINDS:
            for name in names:
                await self.sign_in.change(name, self.ids[kind, name])
            return
        rows = [{"id": self.ids[kind, name], **self.columns(kind, name, self.ids[kind, name])} for name in names]
        if kind == "key":
            # Two keys may swap their values: no two may be equal on the way.
            await repository.change(
                self.connection, kind, [{"id": row["id"], "digest": secrets.token_bytes(16)} for row in rows]
            )
        await repository.change(self.connection, kind, [row for row in rows if len(row) > 1])
        await self.set_limits(kind, names)
        if kind == "service":
            await self.set_parts(names)

    async def remove(self, kind: Kind, names: list[str]) -> None:
        """Rows that the file no longer names."""
        ids = [self.ids[kind, name] for name in names]
        if kind == "role":
            await self.check_unused(names)
        if kind == "webhook":
            # What was to be told to it.
            await repository.remove(self.connection, "delivery", ids, "target")
        if kind == "app":
            # Revoked keys go with their app; their limits hang on no foreign key.
            gone = set(ids)
            keys = [row["id"] for row in self.before.stored.keys if row["app_id"] in gone]
            await repository.remove(self.connection, "limit", keys, "owner_id")
            await repository.remove(self.connection, "declared", keys)
        if kind in ("team", "app", "key", "service"):
            await repository.remove(self.connection, "limit", ids, "owner_id")
        if kind == "service":
            await repository.remove(self.connection, "declared", [mark for one in ids for mark in terms.marks(one)])
        if kind == "plan":
            # Of subscriptions that are over: all others have been changed, or keep it from going.
            await repository.clear(self.connection, "subscription", "plan_id", ids)
        if kind in signing_in.KINDS:
            await self.sign_in.remove(kind, ids)
        else:
            await repository.remove(self.connection, kind, ids)
        await repository.remove(self.connection, "declared", ids)

    async def check_unused(self, names: list[str]) -> None:
        """Raises Refusal `in_use` for a role that somebody has."""
        rows = {row["id"]: Role(**row) for row in self.before.stored.roles}
        for name in names:
            role = rows[self.ids["role", name]]
            if used := await roles.used_by(self.connection, role):
                raise Refusal("in_use", noun="role", name=role.name, users=", ".join(used))

    def identity(self, kind: Kind, name: str) -> dict[str, Any]:
        """Columns that say which thing it is and whose, and never change."""
        if kind == "provider":
            return {"team_id": None, "name": name}
        if kind == "team":
            return {"name": name}
        if kind == "service":
            own = self.after.services[name].declared.name
            return {"team_id": self.service_team(name), "name": own, "state": "active"}
        if kind == "plan":
            service, plan = self.after.plans[name]
            return {
                "team_id": self.service_team(service),
                "service_id": self.ids["service", service],
                "name": plan.name,
            }
        if kind == "subscription":
            wanted = self.after.subscriptions[name]
            return {
                "team_id": self.team_of(wanted.app),
                "app_id": self.ids["app", wanted.app],
                "service_id": self.ids["service", wanted.service],
                "service_team_id": self.service_team(wanted.service),
            }
        if kind == "price":
            price = self.after.prices[name]
            provider = self.ids["provider", price.provider.name] if price.provider else None
            vendor = price.vendor.name if price.vendor else None
            return {
                "team_id": None,
                "vendor": vendor,
                "provider_id": provider,
                "model": price.model,
                "valid_from_us": 0,
            }
        if kind in apart.KINDS:
            one = self.after.apart[kind, name]
            return {"team_id": self.ids["team", one.team] if one.team else None, "name": one.name}
        owner, _, own = name.rpartition("/")
        if kind == "app":
            return {"team_id": self.ids["team", owner], "name": own}
        return {"team_id": self.team_of(owner), "app_id": self.ids["app", owner], "name": own, "revoked_us": None}

    def columns(self, kind: Kind, name: str, row_id: str) -> dict[str, Any]:
        """Columns that the file sets."""
        if kind == "provider":
            secret = self.after.things[kind, name].fields["api_key"]
            sealed = self.master.seal(secret, row_id) if isinstance(secret, Secret) else None
            return {**self.after.providers[name], "sealed_key": sealed}
        if kind == "service":
            return self.service_columns(name)
        if kind == "plan":
            return terms.plan_columns(self.after.plans[name][1])
        if kind == "app":
            return {"keep_bodies": self.after.apps[name].keep_bodies}
        if kind == "key":
            return self.key_columns(name)
        if kind == "price":
            price = self.after.prices[name]
            return {f"{part}_usd": getattr(price, f"{part}_usd") for part in PRICE_PARTS}
        if kind == "subscription":
            return self.subscription_columns(name)
        if kind in apart.KINDS:
            return self.apart_columns(kind, name, row_id)
        return {}

    def apart_columns(self, kind: Kind, name: str, row_id: str) -> dict[str, Any]:
        """Columns of a role, a webhook or an issuer."""
        one = self.after.apart[kind, name]
        columns = dict(one.columns)
        if kind == "issuer":
            apps = {value: self.ids["app", app] for value, app in one.apps.items()}
            columns["apps"] = msgspec.json.encode(apps).decode()
            columns.update(self.issuer_keys(name, one))
        if one.secret is not None:
            there = self.before.things.get((kind, name))
            same = there is not None and there.fields["secret"] == one.secret
            # As it is stored, the one before may still sign beside it.
            columns["sealed_secret"] = (
                self.webhook_rows[row_id]["sealed_secret"] if same else webhooks.sealed(self.master, row_id, one.secret)
            )
        return columns

    def issuer_keys(self, name: str, one: Apart) -> dict[str, Any]:
        """Its keys: those that were fetched stay while they would be fetched from the same place for the same issuer."""
        there = self.before.things.get(("issuer", name))
        same = ("issuer", "jwks_uri", "jwks")
        if there is not None and all(there.fields[field] == one.fields[field] for field in same):
            row = self.issuer_rows[there.id]
            return {column: row[column] for column in ("jwks_uri", "jwks", *_FETCHED)}
        return {**one.keys, **dict.fromkeys(_FETCHED)}

    def subscription_columns(self, name: str) -> dict[str, Any]:
        """Whoever may apply the file approves. What comes in is confirmed after the service's time, as by the admin API."""
        wanted = self.after.subscriptions[name]
        fields = self.after.things["subscription", name].fields
        there = self.before.things.get(("subscription", name))
        row = {} if there is None else self.subscription_rows[there.id]
        expires_us = wanted.declared.expires_us or None
        at_us = row.get("review_us")
        if fields["state"] == "approved" and row.get("state") != "approved":
            at_us = review_us(self.policy(wanted.service), self.now_us)
        return {
            "state": fields["state"],
            "plan_id": None if wanted.plan is None else self.ids["plan", wanted.plan],
            "expires_us": expires_us,
            "reason": wanted.declared.reason,
            "review_us": at_us,
            "warned_us": row.get("warned_us") if row.get("expires_us") == expires_us else None,
            "asked": None,
            "changed_us": self.now_us,
        }

    def key_columns(self, name: str) -> dict[str, Any]:
        """A key's digest, expiry, scopes and networks; makes its value when it is new and none was brought.

        A value that takes the place of another ends it at once, and what was before a rotation too.
        """
        declared, value = self.after.keys[name]
        there = self.before.things.get(("key", name))
        columns = {
            "expires_us": declared.expires_us or None,
            "scopes": stored_scopes(declared.scopes),
            "networks": stored_networks(declared.networks),
        }
        row = None if there is None else self.key_rows[there.id]
        if row is not None and (
            value is None or self.after.things["key", name].fields["value"] == Secret(row["digest"].hex())
        ):
            return {**columns, **{column: row[column] for column in _VALUE_COLUMNS}}
        if value is None:
            value = Secret(PREFIX + secrets.token_urlsafe(32))
            self.made.append(MadeKey(name, value))
        digest = self.master.key_digest(value.reveal().encode())
        value_columns = {
            "digest": digest,
            "hint": value.reveal()[-4:],
            "previous_digest": None,
            "previous_until_us": None,
        }
        return {**columns, **value_columns}

    async def set_limits(self, kind: Kind, names: list[str]) -> None:
        """Put the declared limits in the place of those there are."""
        if kind not in ("team", "app", "key", "service"):
            return
        changed = [name for name in names if self.limits_differ(self.before.things.get((kind, name)), kind, name)]
        await repository.remove(self.connection, "limit", [self.ids[kind, name] for name in changed], "owner_id")
        rows = [
            self.limit_row(kind, name, limit) for name in changed for limit in self.after.limits.get((kind, name), ())
        ]
        await repository.add(self.connection, "limit", rows)

    def limits_differ(self, there: Thing | None, kind: Kind, name: str) -> bool:
        before = there.fields.get("limits") if there is not None else None
        return before != self.after.things[kind, name].fields.get("limits")

    def limit_row(self, kind: Kind, name: str, limit: LimitDeclared) -> dict[str, Any]:
        """One row of `limits`."""
        return {
            "id": new_id("limit"),
            "team_id": self.owner_team(kind, name),
            "owner_kind": kind,
            "owner_id": self.ids[kind, name],
            "kind": limit.kind,
            "amount": limit.amount,
            "period_seconds": limit.period_seconds,
        }

    def team_of(self, app: str) -> str:
        """The id of the team whose app this is."""
        return self.ids["team", app.partition("/")[0]]

    def owner_team(self, kind: Kind, name: str) -> str | None:
        """The team whose row a limit is."""
        if kind == "service":
            return self.service_team(name)
        return self.ids["team", name.partition("/")[0]]
