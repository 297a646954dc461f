"""What operations of the admin API take, from its OpenAPI document, and which of it names something that a team has."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.support.issuing import jwk
from tests.support.tenants import Had
from torana.control.access.permissions import PLATFORM_ONLY
from torana.control.api.guard import PERMISSION
from torana.control.app import routed
from torana.core.ids import epoch_us

_NOUNS = (
    *("account", "app", "approval", "delivery", "group_role", "invitation", "issuer", "key", "notice", "plan", "price"),
    *("provider", "release", "role", "service", "subscription", "team", "token", "user", "webhook"),
)
_OTHERWISE = (
    *(
        ("actor", "user"),
        ("app_id", "app"),
        ("apps", "app"),
        ("before", "call"),
        ("call_id", "call"),
        ("key_id", "key"),
    ),
    *(("noun", "app"), ("noun_id", "app"), ("owner_id", "app"), ("provider_id", "provider"), ("roles", "role")),
    *(("team_id", "team"), ("teams", "team")),
)
NAMING = {**{noun: noun for noun in _NOUNS}, **dict(_OTHERWISE)}
"""Fields and parameters whose text names a thing, with its noun."""

NAMING_NOTHING = frozenset(
    {
        *("name", "description", "note", "reason", "model", "models", "url", "base_url", "proxy", "ca_pem", "search"),
        *("vendor", "dialect", "bases", "options", "api_key", "custom", "contract", "input", "output", "aliases"),
        *("permission", "permissions", "scopes", "events", "networks", "endpoints", "audiences", "claim", "jwks"),
        *("jwks_uri", "email", "platform_role", "password", "old", "new", "text", "values", "missing", "fingerprint"),
        *("kind", "lifecycle", "action", "error", "anchor", "source", "group", "next", "code", "iss", "state"),
        *("client_id", "client_secret", "groups_claim", "email_domains", "hosts", "ca", "public_url"),
        *(
            "input_usd",
            "cached_input_usd",
            "output_usd",
            "reasoning_usd",
            "amount",
            "currency",
            "cursor",
            "sort",
            "elsewhere",
        ),
        # What a key may call is compared with names as gates meet them, and looked up nowhere.
        "services",
        # Free text that callers are told; whether there is such a service is not looked at.
        "successor",
    }
)
"""Fields and parameters that hold other text."""

EXCEPTIONS = {
    ("add_member", "user"): "people are the organisation's: who has an account can be taken into any team",
    ("set_sharing", "teams"): "who shares with a team has to name it, and is told where there is none",
    ("delete_my_session", "session"): "a session is a person's and not a team's: tests/control/sessions",
    ("create_issuer", "issuer"): "what `iss` of its tokens is, and no issuer that there is",
    ("create_identity_provider", "issuer"): "what `iss` of its tokens is, and no issuer that there is",
    ("get_limits", "owner_kind"): "one of a few words",
    ("set_limits", "owner_kind"): "one of a few words",
    ("begin_sign_in", "provider"): "an identity provider is the organisation's, and public",
    ("end_sign_in", "provider"): "an identity provider is the organisation's, and public",
}
"""Places that do tell, or have nothing of a team's to tell, by operation and field."""

Body = dict[str, Any]


def bodies(had: Had) -> dict[str, Body]:
    """What each operation takes, with everything of this team's that it can name, by its name or its id."""
    app, service, provider = had["app"]["id"], had["service"]["name"], had["provider"]["name"]
    deployments = [{"provider": provider, "model": "some"}]
    empty: Body = {}
    return {
        "make_plan": {"text": "teams: []"},
        "make_true": {"text": "teams: []"},
        "create_key": {"app": had["app"]["name"], "team": "two", "name": "made"},
        "change_key": {"name": "changed"},
        "rotate_key": {"overlap_seconds": 0},
        "create_service": {"name": "made", "team": "two", "deployments": deployments},
        "change_service": {"deployments": deployments},
        "validate_service": empty,
        "create_team": {"name": "made"},
        "change_team": {"name": "changed"},
        "create_provider": {"name": "made", "vendor": "demo", "team": "two"},
        "change_provider": {"idle_timeout_seconds": 5},
        "set_limits": {"limits": []},
        "create_price": {"model": "some", "provider_id": had["provider"]["id"], "input_usd": "1"},
        "decide": {"verdict": "approve"},
        "read_all": empty,
        "create_webhook": {"name": "made", "url": "https://made.example/", "team": "two"},
        "change_webhook": {"name": "changed"},
        "create_app": {"name": "made", "team": "two"},
        "change_app": {"name": "changed"},
        "create_issuer": {
            "name": "made",
            "team": "two",
            "issuer": "https://made.example/",
            "audiences": ["a"],
            "claim": "azp",
            "apps": {"client": app},
            "jwks": {"keys": [jwk("ES256", "made")]},
        },
        "change_issuer": {"apps": {"client": app}},
        "ask_for_subscription": {"app": app, "service": service, "plan": had["plan"]["name"]},
        "suspend_subscription": empty,
        "resume_subscription": empty,
        "cancel_subscription": empty,
        "renew_subscription": {"plan": had["plan"]["name"]},
        "create_plan": {"name": "made"},
        "change_plan": {"name": "changed"},
        "set_sharing": {"visibility": "teams", "teams": ["third"]},
        "set_subscription_policy": {"mode": "automatic"},
        "create_session": {"email": "nobody@example.org", "password": "wrong"},
        "change_me": {"name": "changed"},
        "change_my_password": {"old": "wrong", "new": "wrong"},
        "create_user": {"email": "made@example.org"},
        "change_user": {"name": "changed"},
        "create_invitation": {"email": "made@example.org", "team": "two", "role": had["role"]["name"]},
        "accept_invitation": {"token": "unknown", "password": "correct horse battery"},
        "accept_my_invitation": {"token": "unknown"},
        "register": {"email": "made@example.org"},
        "add_member": {"user": "member@example.org", "roles": [had["role"]["name"]]},
        "change_member": {"roles": [had["role"]["name"]]},
        "create_role": {"name": "made", "team": "two", "permissions": ["apps:read"]},
        "change_role": {"description": "changed"},
        "create_my_token": {"name": "made", "team": "two"},
        "create_service_account": {"name": "made", "roles": [had["role"]["name"]]},
        "change_service_account": {"roles": [had["role"]["name"]]},
        "create_service_account_token": {"name": "made"},
        "create_identity_provider": {"name": "made", "issuer": "https://made.example/", "client_id": "x"},
        "change_identity_provider": {"client_id": "x"},
        "create_group_role": {"source": "scim", "group": "made", "team": "two", "role": had["role"]["name"]},
        "make_release": empty,
        "change_release": empty,
        "publish_release": empty,
        "deprecate_release": {"sunset_us": epoch_us() + 86_400_000_000},
        "retire_release": empty,
    }


class Operation(NamedTuple):
    """One of the document."""

    id: str
    method: str
    path: str
    permission: str
    query: dict[str, Any]
    """Schemas of the query's parameters."""
    body: Any
    """Schema of the body; None where there is none."""

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"{(\w+)", self.path)

    @property
    def platform(self) -> bool:
        return self.permission in PLATFORM_ONLY


DOCUMENT = routed().openapi()


def resolved(schema: Any) -> Any:
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def operations() -> list[Operation]:
    found = []
    for path, methods in DOCUMENT["paths"].items():
        for method, one in methods.items():
            query = {each["name"]: each["schema"] for each in one.get("parameters", ()) if each["in"] == "query"}
            content = one.get("requestBody", {}).get("content", {})
            body = next((each["schema"] for each in content.values()), None)
            short = path.removeprefix("/api/v1")
            found.append(Operation(one["operationId"], method.upper(), short, one[PERMISSION], query, body))
    return found


def texts(schema: Any, name: str = "") -> Iterator[str]:
    """Names of the fields, however deep, that take a text that is not one of a few."""
    schema = resolved(schema)
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from texts(part, name)
    if schema.get("type") == "string" and "enum" not in schema and "const" not in schema:
        yield name
    if isinstance(schema.get("items"), dict):
        yield from texts(schema["items"], name)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from texts(schema["additionalProperties"], name)
    for field, inner in schema.get("properties", {}).items():
        yield from texts(inner, field)


def named(value: Any, name: str = "") -> Iterator[str]:
    """Fields of a body, once for each text in them, that name something."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from named(inner, name if name in NAMING else key)
    elif isinstance(value, list):
        for inner in value:
            yield from named(inner, name)
    elif isinstance(value, str) and name in NAMING:
        yield name


def put(value: Any, wanted: str, text: str, name: str = "") -> Any:
    """The body with this text in the field that is meant."""
    if isinstance(value, dict):
        return {key: put(inner, wanted, text, name if name in NAMING else key) for key, inner in value.items()}
    if isinstance(value, list):
        return [put(inner, wanted, text, name) for inner in value]
    return text if isinstance(value, str) and name == wanted else value
