"""The built-in roles. Custom ones are rows of `roles`, made from the same permissions."""

from torana.control.access.permissions import PERMISSIONS, PLATFORM_ONLY, READING

_ALL = frozenset(PERMISSIONS)
_TEAM = _ALL - PLATFORM_ONLY
_LOOKING = READING - PLATFORM_ONLY - {"bodies:read", "audit:read"}

PLATFORM_ROLES: dict[str, frozenset[str]] = {
    "owner": _ALL,
    "admin": _ALL - {"owners:write"},
    "provider_admin": frozenset(
        {"providers:read", "providers:write", "services:read", "policies:read", "policies:write", "teams:read"}
    ),
    "auditor": READING,
    "reviewer": frozenset(
        {
            "teams:read",
            "services:read",
            "providers:read",
            "subscriptions:read",
            "policies:read",
            "releases:approve",
            "subscriptions:approve",
        }
    ),
    "member": frozenset(),
}
"""They count in every team, and for what belongs to no team."""

TEAM_ROLES: dict[str, frozenset[str]] = {
    "team_admin": _TEAM,
    "service_owner": _LOOKING
    | {
        "services:write",
        "services:publish",
        "releases:approve",
        "subscriptions:approve",
        "providers:write",
        "policies:write",
        "webhooks:write",
    },
    "developer": _LOOKING | {"apps:write", "keys:write", "subscriptions:request"},
    "viewer": _LOOKING,
}
"""They count in the team that they were given in."""
