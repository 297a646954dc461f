"""Who acts: users, how they sign in, and what they may do."""

from sqlalchemy import Column, Index, LargeBinary, Table, UniqueConstraint

from torana.stores.sql.columns import belongs, created, identity, one_of, text, time, unique_where_null
from torana.stores.sql.metadata import metadata

users = Table(
    "users",
    metadata,
    identity(),
    text("email", 320),
    # Null for whoever signs in elsewhere, and for service accounts.
    text("password_hash", nullable=True),
    # A built-in platform role (control/access/roles.py) or the name of a custom one.
    text("platform_role", 100),
    created(),
    text("name", 200, nullable=True),
    Column("kind", text("kind", 20).type, nullable=False, server_default="person"),
    Column("state", text("state", 20).type, nullable=False, server_default="active"),
    # The id that a SCIM client knows the user by; what identity providers call them stands in `identities`.
    text("external_id", 300, nullable=True),
    time("last_sign_in_us", nullable=True),
    # Whose service account it is; null for a person.
    belongs("team_id", "teams", nullable=True),
    UniqueConstraint("email"),
    Index(None, "external_id"),
    Index(None, "team_id"),
    one_of("kind", "person", "service"),
    one_of("state", "invited", "active", "suspended"),
)

tokens = Table(
    "tokens",
    metadata,
    identity(),
    belongs("user_id", "users"),
    text("name", 100),
    Column("digest", LargeBinary(16), nullable=False),
    text("hint", 8),
    created(),
    time("expires_us", nullable=True),
    time("revoked_us", nullable=True),
    # A JSON array of permissions; null is all that the user has.
    text("scopes", nullable=True),
    # Where set, the token counts in this team only.
    belongs("team_id", "teams", nullable=True),
    time("last_used_us", nullable=True),
    UniqueConstraint("digest"),
    Index(None, "user_id"),
)

sessions = Table(
    "sessions",
    metadata,
    identity(),
    belongs("user_id", "users"),
    Column("digest", LargeBinary(16), nullable=False),
    created(),
    # When it ends unless it is used; use moves it, up to `ends_us`.
    time("expires_us"),
    time("ends_us"),
    time("seen_us"),
    time("revoked_us", nullable=True),
    text("address", 64, nullable=True),
    text("agent", 300, nullable=True),
    # `password`, or the name of the identity provider.
    text("method", 100),
    UniqueConstraint("digest"),
    Index(None, "user_id"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    # A keyed hash of what is throttled: an address, or an account.
    Column("subject", LargeBinary(16), primary_key=True),
    Column("count", time("count").type, nullable=False),
    time("last_us"),
    Index(None, "last_us"),
)

invitations = Table(
    "invitations",
    metadata,
    identity(),
    text("email", 320),
    text("platform_role", 100),
    # Whom it lets in, where there is a user already.
    belongs("user_id", "users", nullable=True),
    belongs("team_id", "teams", nullable=True),
    # Of the team, where there is one.
    text("role", 100, nullable=True),
    Column("digest", LargeBinary(16), nullable=False),
    belongs("invited_by", "users", nullable=True, ondelete="SET NULL"),
    created(),
    time("expires_us"),
    time("accepted_us", nullable=True),
    time("revoked_us", nullable=True),
    UniqueConstraint("digest"),
    Index(None, "team_id"),
    Index(None, "email"),
)

memberships = Table(
    "memberships",
    metadata,
    identity(),
    belongs("team_id", "teams"),
    belongs("user_id", "users"),
    # A built-in team role or the name of a custom one.
    text("role", 100),
    # `manual`, or the name of the identity provider or `scim`, whose groups gave it.
    Column("source", text("source", 100).type, nullable=False, server_default="manual"),
    created(),
    UniqueConstraint("team_id", "user_id", "role", "source"),
    Index(None, "user_id"),
)

roles = Table(
    "roles",
    metadata,
    identity(),
    # Null is the platform's: usable in every team, or as a platform role.
    belongs("team_id", "teams", nullable=True),
    text("name", 100),
    text("description", 500, nullable=True),
    # A JSON array of names in control/access/permissions.py.
    text("permissions"),
    created(),
    UniqueConstraint("team_id", "name"),
    unique_where_null("uq_roles_platform", "team_id", "name"),
)

identity_providers = Table(
    "identity_providers",
    metadata,
    identity(),
    text("name", 100),
    text("issuer", 500),
    text("client_id", 300),
    Column("sealed_secret", LargeBinary),
    # JSON: control/identity/repository.py `Options`.
    text("options"),
    created(),
    time("disabled_us", nullable=True),
    UniqueConstraint("name"),
)

# Whom an issuer means by a subject. Not by its e-mail address, which it may give to somebody else some day.
identities = Table(
    "identities",
    metadata,
    identity(),
    belongs("user_id", "users"),
    text("issuer", 500),
    text("subject", 255),
    created(),
    UniqueConstraint("issuer", "subject"),
    Index(None, "user_id"),
)

groups = Table(
    "groups",
    metadata,
    identity(),
    # `scim`, or the name of the identity provider whose tokens name it.
    text("source", 100),
    text("name", 300),
    text("external_id", 300, nullable=True),
    created(),
    UniqueConstraint("source", "name"),
)

group_members = Table(
    "group_members",
    metadata,
    identity(),
    belongs("group_id", "groups"),
    belongs("user_id", "users"),
    UniqueConstraint("group_id", "user_id"),
    Index(None, "user_id"),
)

group_roles = Table(
    "group_roles",
    metadata,
    identity(),
    # As in `groups`, whether or not there is such a group yet.
    text("source", 100),
    text("group_name", 300),
    # Null gives a platform role.
    belongs("team_id", "teams", nullable=True),
    text("role", 100),
    created(),
    UniqueConstraint("source", "group_name", "team_id", "role"),
    unique_where_null("uq_group_roles_platform", "team_id", "source", "group_name", "role"),
)

# The platform role that groups gave a user. Where users.platform_role is another one, somebody has set it by hand since.
group_platform_roles = Table(
    "group_platform_roles",
    metadata,
    identity(),
    belongs("user_id", "users"),
    text("role", 100),
    UniqueConstraint("user_id"),
)
