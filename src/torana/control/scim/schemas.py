"""What SCIM says of itself here: features, kinds of resources, and their attributes (RFC 7643, sections 5 to 8)."""

from typing import Any

from torana.control.scim.read import MOST
from torana.control.scim.resources import GROUP, USER

_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
_KIND = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"


def config(base: str) -> dict[str, Any]:
    """Which parts of the protocol are there."""
    return {
        "schemas": [_CONFIG],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MOST},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": False},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A token of the admin API with the permission scim:write.",
                "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }


def kinds(base: str) -> list[dict[str, Any]]:
    """The kinds of resources."""
    return [
        {
            "schemas": [_KIND],
            "id": name,
            "name": name,
            "endpoint": f"/{name}s",
            "description": description,
            "schema": schema,
            "schemaExtensions": [],
            "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{name}"},
        }
        for name, schema, description in (("User", USER, "People"), ("Group", GROUP, "Groups of people"))
    ]


def schemas(base: str) -> list[dict[str, Any]]:
    """The attributes of each kind."""
    return [
        {
            "schemas": [_SCHEMA],
            "id": schema,
            "name": name,
            "description": description,
            "attributes": attributes,
            "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{schema}"},
        }
        for schema, name, description, attributes in (
            (USER, "User", "People", _USER_ATTRIBUTES),
            (GROUP, "Group", "Groups of people", _GROUP_ATTRIBUTES),
        )
    ]


def _attribute(name: str, kind: str, description: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "multiValued": False,
        "description": description,
        "required": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
        **({"caseExact": False} if kind == "string" else {}),
        **more,
    }


def _several(name: str, description: str, parts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return _attribute(name, "complex", description, multiValued=True, subAttributes=parts, **more)


_EXTERNAL = _attribute("externalId", "string", "The client's own id.", caseExact=True)
_USER_ATTRIBUTES = [
    _attribute("userName", "string", "The e-mail address.", required=True, uniqueness="server"),
    _EXTERNAL,
    _attribute("displayName", "string", "What the person is called."),
    _attribute(
        "name",
        "complex",
        "What the person is called, where there is no displayName.",
        subAttributes=[
            _attribute("formatted", "string", "The whole name."),
            _attribute("givenName", "string", "With familyName, where there is no formatted name."),
            _attribute("familyName", "string", "With givenName, where there is no formatted name."),
        ],
    ),
    _attribute("active", "boolean", "Whether the person may act; their sessions and tokens count only then."),
    _several(
        "emails",
        "The address that userName is.",
        [
            _attribute("value", "string", "The address.", mutability="readOnly"),
            _attribute("type", "string", "Always work.", mutability="readOnly"),
            _attribute("primary", "boolean", "Always true.", mutability="readOnly"),
        ],
        mutability="readOnly",
    ),
    _several(
        "groups",
        "The groups that the person is in.",
        [
            _attribute("value", "string", "Id of the group.", mutability="readOnly"),
            _attribute("display", "string", "Its name.", mutability="readOnly"),
            _attribute("$ref", "reference", "Its address.", mutability="readOnly", referenceTypes=["Group"]),
            _attribute("type", "string", "Always direct.", mutability="readOnly"),
        ],
        mutability="readOnly",
    ),
]
_GROUP_ATTRIBUTES = [
    _attribute(
        "displayName", "string", "The name, by which the group gives roles.", required=True, uniqueness="server"
    ),
    _EXTERNAL,
    _several(
        "members",
        "Who is in the group.",
        [
            _attribute("value", "string", "Id of the user.", mutability="immutable"),
            _attribute("display", "string", "Their address.", mutability="readOnly"),
            _attribute("$ref", "reference", "Their resource.", mutability="immutable", referenceTypes=["User"]),
            _attribute("type", "string", "Always User.", mutability="immutable"),
        ],
    ),
]
