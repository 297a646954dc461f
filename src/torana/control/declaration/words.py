"""The words of torana.yaml: the fields that each of its mappings may have. The guide's page of configuration has them all."""

TOP = (
    *("providers", "services", "teams", "prices", "roles", "webhooks", "issuers"),
    *("identity_providers", "group_roles"),
)
PROVIDER = ("name", "vendor", "base_url", "dialect", "bases", "options", "api_key", "ca", "proxy", "timeouts")
TIMEOUTS = ("connect", "first_byte", "idle", "total")
SERVICE = (
    *(
        "name",
        "kind",
        "description",
        "visibility",
        "shared_with",
        "team",
        "aliases",
        "deployments",
        "model",
        "model_file",
    ),
    *("contract", "limits", "plans", "subscription_policy", "keep_bodies", "drop_unsupported", "try_unsupported"),
)
VISIBILITIES = ("team", "teams", "organisation", "public")
DEPLOYMENT = ("provider", "model", "weight")
CONTRACT = ("input", "output")
POLICY = ("mode", "stages", "review_days", "confirm_by")
MODES = ("default", "automatic", "owner", "staged")
STAGE = ("permission", "count", "not_author")
PLAN = ("name", "description", "limits", "price")
PLAN_PRICE = ("text", "amount", "currency")
TEAM = ("name", "apps", "limits")
APP = ("name", "subscriptions", "keys", "limits", "keep_bodies")
SUBSCRIPTION = ("service", "plan", "expires", "reason")
KEY = ("name", "value", "expires", "limits", "scopes", "networks")
SCOPES = ("services", "endpoints", "models")
LIMIT = ("requests", "per", "concurrency")
PRICE = ("vendor", "provider", "model", "input", "cached_input", "output", "reasoning")
ROLE = ("name", "team", "description", "permissions")
WEBHOOK = ("name", "team", "url", "events", "secret")
ISSUER = ("name", "team", "issuer", "audiences", "claim", "apps", "jwks", "jwks_uri")
IDENTITY_PROVIDER = (
    *("name", "issuer", "client_id", "client_secret", "scopes", "groups_claim", "create_users", "email_domains"),
    *("trust_unverified_emails", "hosts", "ca", "public_url"),
)
GROUP_ROLE = ("source", "group", "team", "role")
