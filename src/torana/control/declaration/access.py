"""Who may what, in torana.yaml: custom roles. In the words of the admin API."""

from torana.control.access.permissions import PERMISSIONS, PLATFORM_ONLY
from torana.control.access.roles import PLATFORM_ROLES, TEAM_ROLES
from torana.control.declaration import words
from torana.control.declaration.document import Node
from torana.control.declaration.fields import Fields
from torana.control.declaration.problems import Place, Problems, quoted
from torana.control.declaration.shape import RoleDeclared

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
