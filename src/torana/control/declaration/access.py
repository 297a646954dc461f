"""Who may what and who is told of what, in torana.yaml: custom roles and webhooks. In the words of the admin API."""

from collections.abc import Callable

from torana.control.access.permissions import PERMISSIONS, PLATFORM_ONLY
from torana.control.access.roles import PLATFORM_ROLES, TEAM_ROLES
from torana.control.declaration import words
from torana.control.declaration.document import Node
from torana.control.declaration.fields import Fields
from torana.control.declaration.problems import Place, Problems, quoted
from torana.control.declaration.shape import Outside, RoleDeclared, WebhookDeclared
from torana.control.notices.events import EVENTS

BUILT_IN = PLATFORM_ROLES.keys() | TEAM_ROLES.keys()


def role_of(problems: Problems, node: Node, place: Place) -> RoleDeclared:
    """An entry of `roles`."""
    fields = Fields(node, place, problems, words.ROLE)
    role = RoleDeclared(
        name=fields.name("name"),
        team=fields.named("team"),
        description=fields.prose("description", 500),
        permissions=fields.names("permissions"),
        place=place,
    )
    if isinstance(node.value, dict) and "permissions" not in fields:
        fields.say("permissions", "is missing")
    if role.name in BUILT_IN:
        fields.say("name", f"{quoted(role.name)} is a role that is built in")
    for one in role.permissions:
        if one.name not in PERMISSIONS:
            hint = problems.suggestion(one.name, PERMISSIONS)
            problems.add(one.place, f"there is no permission {quoted(one.name)}{hint}")
        elif role.team is not None and one.name in PLATFORM_ONLY:
            problems.add(one.place, f"no role of a team can give {one.name}")
    return role


def webhook_of(
    problems: Problems, reference: Callable[[Outside | None], Outside | None], node: Node, place: Place
) -> WebhookDeclared:
    """An entry of `webhooks`. `reference` remembers a value outside the file."""
    fields = Fields(node, place, problems, words.WEBHOOK)
    found = fields.node("url")
    url: str | Outside = ""
    if found is not None and isinstance(found[0].value, dict):
        url = reference(fields.outside("url", "an address with a secret in it")) or ""
    else:
        url = fields.text("url", required=True) or ""
        if "?" in url:
            fields.say("url", "an address with a query may hold a secret; give {env: NAME} or {file: PATH}")
    events = fields.names("events")
    for one in events:
        if one.name not in EVENTS:
            problems.add(one.place, f"there is no event {quoted(one.name)}{problems.suggestion(one.name, EVENTS)}")
    if isinstance(node.value, dict) and "secret" not in fields:
        fields.say("secret", "is missing; give {env: NAME} or {file: PATH}")
    return WebhookDeclared(
        name=fields.name("name"),
        team=fields.named("team"),
        url=url,
        url_place=found[1] if found else place,
        events=events,
        secret=reference(fields.outside("secret", "a secret")),
        place=place,
    )
