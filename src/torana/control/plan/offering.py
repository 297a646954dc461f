"""Writes what of services stands in their rows and in other tables: deployments, further names, who sees them, who approves."""

from collections import defaultdict
from typing import Any

from torana.control.plan import repository, terms
from torana.control.plan.current import Existing
from torana.control.plan.things import Kind
from torana.control.plan.wanted import Wanted
from torana.control.subscriptions import repository as subscriptions
from torana.control.subscriptions.policy import Policy, policy_of, review_us, with_policy
from torana.core.ids import epoch_us, new_id
from torana.stores.sql.engine import Connection


class ServiceWriter:
    """The part of `Writer` that knows services."""

    def __init__(self, connection: Connection, before: Existing, after: Wanted) -> None:
        self.connection = connection
        self.before = before
        self.after = after
        self.now_us = epoch_us()
        self.ids: dict[tuple[Kind, str], str] = {key: thing.id for key, thing in before.things.items()}
        self.service_rows = {row["id"]: row for row in before.stored.services}

    def policy(self, service: str) -> Policy | None:
        """Who approves subscriptions of a service, and how often they are confirmed."""
        offer = self.after.services.get(service)
        return policy_of(self.service_rows[self.ids["service", service]]["approval"]) if offer is None else offer.policy

    def service_columns(self, name: str) -> dict[str, Any]:
        """What stands in a service's own row."""
        offer = self.after.services[name]
        declared = offer.declared
        there = self.before.things.get(("service", name))
        approval = None if there is None else self.service_rows[there.id]["approval"]
        return {
            "kind": declared.kind,
            "visibility": offer.visibility,
            "keep_bodies": declared.keep_bodies,
            "drop_unsupported": declared.drop_unsupported,
            "try_unsupported": declared.try_unsupported,
            "custom": offer.custom,
            "description": declared.description,
            "contract": declared.contract,
            # Who approves releases stands there too, and is not the file's.
            "approval": with_policy(approval, offer.policy),
        }

    async def set_parts(self, names: list[str]) -> None:
        """What of services stands in other tables."""
        await self.set_deployments(names)
        await self.set_aliases(names)
        await self.set_shared(names)
        await self.set_marks(names)
        for name in names:
            there, offer = self.before.things.get(("service", name)), self.after.services[name]
            if there is not None and there.fields["subscription_policy"] != terms.policy_text(offer.policy):
                at_us = review_us(offer.policy, self.now_us)
                await subscriptions.set_review(self.connection, there.id, at_us)

    async def set_shared(self, names: list[str]) -> None:
        """The lists of teams that services are shared with."""
        ids = [self.ids["service", name] for name in names]
        await repository.remove(self.connection, "sharing", ids, "service_id")
        rows = [
            {
                "id": new_id("sharing"),
                "team_id": self.service_team(name),
                "service_id": self.ids["service", name],
                "shared_with": self.ids["team", team],
            }
            for name in names
            for team in self.after.services[name].shared_with
        ]
        await repository.add(self.connection, "sharing", rows)

    async def set_marks(self, names: list[str]) -> None:
        """Which fields of services the file gives that could be set by hand too."""
        ids = {name: self.ids["service", name] for name in names}
        await repository.remove(
            self.connection, "declared", [mark for one in ids.values() for mark in terms.marks(one)]
        )
        rows = [
            {"id": terms.mark(ids[name], field), "kind": field}
            for name in names
            for field in sorted(self.after.services[name].marks)
        ]
        await repository.add(self.connection, "declared", rows)

    async def set_deployments(self, names: list[str]) -> None:
        """Bring deployments to what is declared. One that stays keeps its id, and with it what is known of its health."""
        there: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
        for row in self.before.stored.deployments:
            there[row["service_id"]][row["provider_id"], row["model"]] = row["id"]
        new: list[dict[str, Any]] = []
        kept: list[dict[str, Any]] = []
        gone: list[str] = []
        for name in names:
            service_id = self.ids["service", name]
            left = dict(there[service_id])
            for position, declared in enumerate(self.after.services[name].declared.deployments):
                provider_id = self.ids["provider", declared.provider.name]
                place = {"position": position, "weight": declared.weight}
                known = left.pop((provider_id, declared.model), None)
                if known is not None:
                    kept.append({"id": known, **place})
                    continue
                identity = {"team_id": self.service_team(name), "service_id": service_id, "provider_id": provider_id}
                new.append({"id": new_id("deployment"), **identity, "model": declared.model, **place})
            gone.extend(left.values())
        await repository.remove(self.connection, "deployment", gone)
        await repository.change(self.connection, "deployment", kept)
        await repository.add(self.connection, "deployment", new)

    async def set_aliases(self, names: list[str]) -> None:
        """Give services their declared further names; `write` has taken off what was there."""
        rows = [
            {
                "id": new_id("alias"),
                "team_id": self.service_team(name),
                "service_id": self.ids["service", name],
                "name": alias.name,
            }
            for name in names
            for alias in self.after.services[name].declared.aliases
        ]
        await repository.add(self.connection, "alias", rows)

    def service_team(self, name: str) -> str | None:
        """The id of the team that owns a service; None for the platform's."""
        offer = self.after.services.get(name)
        if offer is None:
            # Not of the file: only subscribed to.
            team_id: str | None = self.service_rows[self.ids["service", name]]["team_id"]
            return team_id
        team = offer.declared.team
        return self.ids["team", team.name] if team is not None else None
