"""What one can be allowed to do: the published list, from which roles and token scopes are made."""

PERMISSIONS: dict[str, str] = {
    "teams:read": "See the team.",
    "teams:write": "Change the team's name and settings; on the platform also make and delete teams.",
    "members:read": "See who is in the team, with which roles.",
    "members:write": "Invite and remove members, and give and take their roles.",
    "roles:read": "See custom roles.",
    "roles:write": "Make, change and delete custom roles.",
    "apps:read": "See apps.",
    "apps:write": "Make, change and delete apps.",
    "keys:read": "See keys, without their values.",
    "keys:write": "Make, rotate and revoke keys.",
    "providers:read": "See provider accounts, without their credentials.",
    "providers:write": "Make, change and delete provider accounts.",
    "services:read": "See services and their releases.",
    "services:write": "Design services.",
    "services:publish": "Hand releases in, publish approved ones, shift their weights, deprecate and retire them.",
    "releases:approve": "Decide on releases that others handed in.",
    "subscriptions:read": "See subscriptions.",
    "subscriptions:request": "Ask for subscriptions of the team's apps, and cancel them.",
    "subscriptions:approve": "Decide on subscriptions of the team's services, and suspend them.",
    "policies:read": "See limits and prices.",
    "policies:write": "Set limits and prices.",
    "calls:read": "See records of calls.",
    "bodies:read": "See kept bodies of calls.",
    "webhooks:read": "See webhooks, without their secrets.",
    "webhooks:write": "Make, change and delete webhooks.",
    "audit:read": "Read the audit trail.",
    "users:read": "See users of the whole platform.",
    "users:write": "Make, suspend and delete users, and give platform roles below one's own.",
    "identity:read": "See identity providers, issuers and group mappings.",
    "identity:write": "Set up identity providers, issuers and group mappings.",
    "scim:write": "Provision users and groups by SCIM.",
    "declaration:write": "Plan and apply torana.yaml, export and import.",
    "owners:write": "Give and take the role of owner.",
}
"""Each permission with what it allows."""

PLATFORM_ONLY = frozenset(
    {"users:read", "users:write", "identity:read", "identity:write", "scim:write", "declaration:write", "owners:write"}
)
"""What no team role can give."""

READING = frozenset(name for name in PERMISSIONS if name.endswith(":read"))
"""What changes nothing."""
