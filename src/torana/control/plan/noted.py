"""What an apply has done, as entries of the audit trail: one for each thing."""

from collections.abc import Iterable, Mapping

from torana.control.audit.service import Noted
from torana.control.plan.diff import Action, Change
from torana.control.plan.things import Kind, shown
from torana.control.plan.write import Writer

_VERBS: dict[Action, str] = {"create": "create", "change": "change", "remove": "delete"}


def noted(changes: Iterable[Change], writer: Writer) -> list[Noted]:
    """Entries for changes that the writer has written. Secrets are masked, as in the plan."""
    stored = writer.before.stored
    owned = (
        stored.providers,
        stored.services,
        stored.plans,
        stored.roles,
        stored.webhooks,
        stored.issuers,
        stored.group_roles,
    )
    owners = {row["id"]: row["team_id"] for rows in owned for row in rows}
    return [_noted(change, writer, owners) for change in changes]


def _noted(change: Change, writer: Writer, owners: Mapping[str, str | None]) -> Noted:
    thing_id = writer.ids[change.kind, change.name]
    before: dict[str, str | None] | None = {one.field: one.before for one in change.fields}
    after: dict[str, str | None] | None = {one.field: one.after for one in change.fields}
    if change.action == "create":
        before = None
    elif change.action == "remove":
        # A plan does not show what goes; whoever asks later what there was wants to know.
        fields = writer.before.things[change.kind, change.name].fields
        before, after = {name: shown(value) for name, value in fields.items() if value is not None}, None
    return Noted(
        action=f"{change.kind}.{_VERBS[change.action]}",
        noun=change.kind,
        noun_id=thing_id,
        name=change.name,
        team_id=_team(change.kind, change.name, thing_id, writer, owners),
        before=before,
        after=after,
    )


def _team(kind: Kind, name: str, thing_id: str, writer: Writer, owners: Mapping[str, str | None]) -> str | None:
    if kind == "team":
        return thing_id
    if kind in ("app", "key", "subscription"):
        # `team/app`, `team/app/key` and `team/app → service`.
        return writer.ids["team", name.split("/", 1)[0]]
    if kind == "service" and name in writer.after.services:
        return writer.service_team(name)
    if kind == "plan" and name in writer.after.plans:
        return writer.service_team(writer.after.plans[name][0])
    if kind == "group_role" and name in writer.after.sign_in.group_roles:
        given = writer.after.sign_in.group_roles[name].team
        return None if given is None else writer.ids["team", given.name]
    if (kind, name) in writer.after.apart:
        team = writer.after.apart[kind, name].team
        return None if team is None else writer.ids["team", team]
    return owners.get(thing_id)
