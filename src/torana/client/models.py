"""Generated from the OpenAPI document of the admin API by `make client`; not to be changed by hand."""

from typing import Any, Literal

from torana.client.transport import Model


class AnchorShown(Model):
    """Number and hash of an entry. Kept elsewhere, it says later that this entry is still there."""

    seq: int
    hash: str


class AppShown(Model):
    """An app."""

    id: str
    name: str
    team: str
    team_id: str
    keep_bodies: bool
    created_us: int


class Applied(Model):
    """What an apply has done."""

    changes: list["ChangePlanned"]
    notes: list[str]
    made: list["ToranaControlPlanEndpointsKeyMade"]


class ApprovalShown(Model):
    """Something that is to be decided, or was."""

    id: str
    team_id: str | None
    noun: Literal["release", "subscription"]
    noun_id: str
    state: Literal["open", "approved", "rejected", "withdrawn"]
    stages: list["StageShown"]
    stage: int
    asked_by: str | None
    asked_by_name: str
    reason: str | None
    created_us: int
    decided_us: int | None
    decisions: list["DecisionShown"]
    may_decide: bool


class CallShown(Model):
    """One call: the fields of its record, and what it cost."""

    seq: int
    cost_picos: int | None
    price_source: str | None
    id: str
    started_us: int
    total_us: int
    first_byte_us: int | None
    status: int
    error: str | None
    endpoint: str
    streamed: bool
    team_id: str | None
    app_id: str | None
    key_id: str | None
    service_id: str | None
    service: str | None
    deployment_id: str | None
    provider: str | None
    vendor: str | None
    model_asked: str | None
    model_sent: str | None
    model_served: str | None
    input_tokens: int | None
    cached_input_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    usage_estimated: bool
    request_bytes: int
    response_bytes: int
    retries: int
    upstream_status: int | None
    upstream_id: str | None
    caller_ip: str | None
    user: str | None
    tags: str | None
    bodies_kept: bool
    cache_write_tokens: int | None
    audio_input_tokens: int | None
    audio_output_tokens: int | None
    units: str | None
    unit_count: float | None
    dialect: str | None
    target_dialect: str | None
    dropped: str | None


class CallWithBodies(Model):
    """A call with its bodies, where they were kept."""

    seq: int
    cost_picos: int | None
    price_source: str | None
    id: str
    started_us: int
    total_us: int
    first_byte_us: int | None
    status: int
    error: str | None
    endpoint: str
    streamed: bool
    team_id: str | None
    app_id: str | None
    key_id: str | None
    service_id: str | None
    service: str | None
    deployment_id: str | None
    provider: str | None
    vendor: str | None
    model_asked: str | None
    model_sent: str | None
    model_served: str | None
    input_tokens: int | None
    cached_input_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    usage_estimated: bool
    request_bytes: int
    response_bytes: int
    retries: int
    upstream_status: int | None
    upstream_id: str | None
    caller_ip: str | None
    user: str | None
    tags: str | None
    bodies_kept: bool
    cache_write_tokens: int | None
    audio_input_tokens: int | None
    audio_output_tokens: int | None
    units: str | None
    unit_count: float | None
    dialect: str | None
    target_dialect: str | None
    dropped: str | None
    request: str | None = None
    request_cut: bool | None = None
    response: str | None = None
    response_cut: bool | None = None
    bodies_problem: str | None = None


class CallsListed(Model):
    """A page of calls."""

    items: list["CallShown"]
    next: str | None
    newest_seq: int


class ChangePlanned(Model):
    """One thing that is made, changed or removed."""

    action: Literal["create", "change", "remove"]
    kind: str
    name: str
    fields: list["FieldPlanned"]


class Counted(Model):
    """How many."""

    count: int


class DecisionShown(Model):
    """What one person decided."""

    stage: int
    user_id: str | None
    user_name: str
    verdict: Literal["approve", "reject"]
    reason: str | None
    created_us: int


class DeliveryShown(Model):
    """What was, or is to be, told to a webhook."""

    id: str
    event: str
    state: Literal["waiting", "delivered", "failed"]
    attempts: int
    error: str | None
    created_us: int
    next_us: int | None
    done_us: int | None
    content: str


class EntryShown(Model):
    """What was done, by whom."""

    seq: int
    at_us: int
    actor_kind: str
    actor_id: str | None
    actor_name: str
    via: str | None
    action: str
    noun: str
    noun_id: str | None
    noun_name: str | None
    team_id: str | None
    reason: str | None
    address: str | None
    agent: str | None
    previous: str
    hash: str
    before: Any = None
    after: Any = None


class Exported(Model):
    """What there is, as a torana.yaml. It holds no secret."""

    text: str
    variables: dict[str, str]
    files: dict[str, str]
    left_out: list[str]


class FieldPlanned(Model):
    """One field; secrets are masked."""

    field: str
    before: str | None
    after: str | None


class FindingShown(Model):
    """One thing that is wrong."""

    kind: Literal["changed", "moved", "missing", "inserted", "forked", "cut_off", "replaced"]
    seq: int
    until: int
    sentence: str


class Health(Model):
    """That control answers."""

    status: Literal["ok"]
    version: int


class IssuerKey(Model):
    """A public key."""

    kid: str
    alg: str


class IssuerShown(Model):
    """An issuer."""

    id: str
    name: str
    team: str | None
    team_id: str | None
    issuer: str
    audiences: list[str]
    claim: str
    apps: dict[str, str]
    jwks_uri: str | None
    keys: list["IssuerKey"]
    fetched_us: int | None
    problem: str | None
    last_used_us: int | None
    created_us: int


class KeyScopes(Model):
    """What the key may call, of what its app may; null is no restriction."""

    services: list[str] | None = None
    endpoints: list[str] | None = None
    models: list[str] | None = None


class KeyShown(Model):
    """A key, without its value."""

    id: str
    name: str
    team: str
    team_id: str
    app: str
    app_id: str
    hint: str
    state: Literal["in_use", "expired", "revoked"]
    created_us: int
    expires_us: int | None
    revoked_us: int | None
    previous_until_us: int | None
    last_used_us: int | None
    scopes: "KeyScopes | None"
    networks: list[str] | None


class LimitForm(Model):
    """At most `amount` requests in `period_seconds`, or at most `amount` calls at a time."""

    kind: Literal["requests", "concurrency"]
    amount: int
    period_seconds: int = 0


class LimitsShown(Model):
    """All limits of a thing. Its team's and its app's count as well: every limit on the way holds."""

    owner_kind: Literal["team", "app", "key", "service"]
    owner_id: str
    limits: list["LimitForm"]


class ListedAppShown(Model):
    """Listed_AppShown_."""

    items: list["AppShown"]
    next: str | None = None


class ListedApprovalShown(Model):
    """Listed_ApprovalShown_."""

    items: list["ApprovalShown"]
    next: str | None = None


class ListedDeliveryShown(Model):
    """Listed_DeliveryShown_."""

    items: list["DeliveryShown"]
    next: str | None = None


class ListedEntryShown(Model):
    """Listed_EntryShown_."""

    items: list["EntryShown"]
    next: str | None = None


class ListedIssuerShown(Model):
    """Listed_IssuerShown_."""

    items: list["IssuerShown"]
    next: str | None = None


class ListedKeyShown(Model):
    """Listed_KeyShown_."""

    items: list["KeyShown"]
    next: str | None = None


class ListedNoticeShown(Model):
    """Listed_NoticeShown_."""

    items: list["NoticeShown"]
    next: str | None = None


class ListedPriceShown(Model):
    """Listed_PriceShown_."""

    items: list["PriceShown"]
    next: str | None = None


class ListedProviderShown(Model):
    """Listed_ProviderShown_."""

    items: list["ProviderShown"]
    next: str | None = None


class ListedTeamShown(Model):
    """Listed_TeamShown_."""

    items: list["TeamShown"]
    next: str | None = None


class ListedWebhookShown(Model):
    """Listed_WebhookShown_."""

    items: list["WebhookShown"]
    next: str | None = None


class NoticeShown(Model):
    """Something you are told."""

    id: str
    team_id: str | None
    event: str
    subject: str
    body: str
    link: str | None
    created_us: int
    read_us: int | None


class PlanMade(Model):
    """What an apply would do."""

    changes: list["ChangePlanned"]
    notes: list[str]
    fingerprint: str


class PriceShown(Model):
    """What a model costs, in dollars per million tokens as decimal text; null is unknown."""

    id: str
    team_id: str | None
    vendor: str | None
    provider_id: str | None
    model: str
    valid_from_us: int
    input_usd: str | None
    cached_input_usd: str | None
    output_usd: str | None
    reasoning_usd: str | None
    created_us: int


class ProviderShown(Model):
    """An account at a vendor, without its credential."""

    id: str
    team_id: str | None
    name: str
    vendor: str
    base_url: str
    dialect: str | None
    bases: dict[str, str]
    options: dict[str, str]
    has_credential: bool
    ca_pem: str | None
    proxy: str | None
    connect_timeout_seconds: float | None
    first_byte_timeout_seconds: float | None
    idle_timeout_seconds: float | None
    total_timeout_seconds: float | None
    stream_usage: bool | None
    created_us: int


class StageShown(Model):
    """One stage."""

    permission: str
    count: int
    not_author: bool


class TeamShown(Model):
    """A team."""

    id: str
    name: str
    created_us: int


class Tried(Model):
    """What a trial call met."""

    taken: bool
    status: int | None
    error: str | None
    milliseconds: int


class VerifiedShown(Model):
    """What was found."""

    holds: bool
    entries: int
    newest: "AnchorShown"
    anchor: "AnchorShown | None"
    found: int
    findings: list["FindingShown"]
    notes: list[str]


class WebhookMade(Model):
    """A webhook with its secret, which is shown only here."""

    id: str
    team_id: str | None
    name: str
    url: str
    events: list[str]
    created_us: int
    disabled_us: int | None
    secret: str


class WebhookShown(Model):
    """A webhook, without its secret."""

    id: str
    team_id: str | None
    name: str
    url: str
    events: list[str]
    created_us: int
    disabled_us: int | None


class ToranaControlKeysShapesKeyMade(Model):
    """A key just made or rotated, with the only sight of its value."""

    id: str
    name: str
    team: str
    team_id: str
    app: str
    app_id: str
    hint: str
    state: Literal["in_use", "expired", "revoked"]
    created_us: int
    expires_us: int | None
    revoked_us: int | None
    previous_until_us: int | None
    last_used_us: int | None
    scopes: "KeyScopes | None"
    networks: list[str] | None
    value: str


class ToranaControlPlanEndpointsKeyMade(Model):
    """A key whose value is shown only here."""

    name: str
    value: str


AnchorShown.model_rebuild()
AppShown.model_rebuild()
Applied.model_rebuild()
ApprovalShown.model_rebuild()
CallShown.model_rebuild()
CallWithBodies.model_rebuild()
CallsListed.model_rebuild()
ChangePlanned.model_rebuild()
Counted.model_rebuild()
DecisionShown.model_rebuild()
DeliveryShown.model_rebuild()
EntryShown.model_rebuild()
Exported.model_rebuild()
FieldPlanned.model_rebuild()
FindingShown.model_rebuild()
Health.model_rebuild()
IssuerKey.model_rebuild()
IssuerShown.model_rebuild()
KeyScopes.model_rebuild()
KeyShown.model_rebuild()
LimitForm.model_rebuild()
LimitsShown.model_rebuild()
ListedAppShown.model_rebuild()
ListedApprovalShown.model_rebuild()
ListedDeliveryShown.model_rebuild()
ListedEntryShown.model_rebuild()
ListedIssuerShown.model_rebuild()
ListedKeyShown.model_rebuild()
ListedNoticeShown.model_rebuild()
ListedPriceShown.model_rebuild()
ListedProviderShown.model_rebuild()
ListedTeamShown.model_rebuild()
ListedWebhookShown.model_rebuild()
NoticeShown.model_rebuild()
PlanMade.model_rebuild()
PriceShown.model_rebuild()
ProviderShown.model_rebuild()
StageShown.model_rebuild()
TeamShown.model_rebuild()
Tried.model_rebuild()
VerifiedShown.model_rebuild()
WebhookMade.model_rebuild()
WebhookShown.model_rebuild()
ToranaControlKeysShapesKeyMade.model_rebuild()
ToranaControlPlanEndpointsKeyMade.model_rebuild()
