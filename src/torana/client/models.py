"""Generated from the OpenAPI document of the admin API by `make client`; not to be changed by hand."""

from typing import Any, Literal

from torana.client.transport import Model


class AccountShown(Model):
    """A service account."""

    id: str
    name: str
    team_id: str
    state: str
    roles: list[str]
    created_us: int


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
    made: list["MadeKeyShown"]


class ApprovalAsked(Model):
    """Who has to agree before a release is published; nobody where that is null or empty."""

    releases: "list[StageAsked] | None" = None


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
    release: str | None


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
    release: str | None
    request: str | None = None
    request_cut: bool | None = None
    response: str | None = None
    response_cut: bool | None = None
    bodies_problem: str | None = None


class CalledShown(Model):
    """What came of a test call."""

    provider_id: str
    model: str
    ok: bool
    says: str
    cause: str | None
    status: int | None


class CallsListed(Model):
    """A page of calls."""

    items: list["CallShown"]
    next: str | None
    newest_seq: int


class CanaryAsked(Model):
    """How a new release is watched, and when its calls go back by themselves."""

    more_errors: float = 0.02
    slower: float = 0.5
    min_calls: int = 100
    window_minutes: int = 30


class CanaryShown(Model):
    """How a release is watched as a canary, or was."""

    more_errors: float
    slower: float
    min_calls: int
    window_minutes: int
    since_us: int
    outcome: str | None
    reason: str | None
    ended_us: int | None


class CanaryWeightAsked(Model):
    """A canary, and its share."""

    more_errors: float = 0.02
    slower: float = 0.5
    min_calls: int = 100
    window_minutes: int = 30
    weight: int = 10


class ChangePlanned(Model):
    """One thing that is made, changed or removed."""

    action: Literal["create", "change", "remove"]
    kind: str
    name: str
    fields: list["FieldPlanned"]


class ComparedShown(Model):
    """What is different from the release that it came after."""

    after: str | None
    fields: list[dict[str, Any]]
    breaking: list[str]


class ContractAsked(Model):
    """A contract."""

    input: dict[str, Any] | bool | None = None
    output: dict[str, Any] | bool | None = None


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


class DeploymentAsked(Model):
    """A model at a provider account."""

    provider: str
    model: str = ""
    weight: int = 1


class DeploymentShown(Model):
    """A model at a provider account."""

    id: str
    provider_id: str
    provider: str | None
    vendor: str | None
    model: str
    weight: int


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


class GroupRoleShown(Model):
    """A role that whoever is in a group has."""

    id: str
    source: str
    group: str
    team_id: str | None
    role: str
    created_us: int


class GroupShown(Model):
    """A group that a SCIM client made, or that a token named."""

    id: str
    source: str
    name: str
    created_us: int


class Health(Model):
    """That control answers."""

    status: Literal["ok"]
    version: int


class HeldShown(Model):
    """A role that somebody has."""

    role: str
    source: str
    created_us: int


class IdentityProviderShown(Model):
    """An identity provider, without its secret."""

    id: str
    name: str
    issuer: str
    client_id: str
    has_secret: bool
    scopes: list[str]
    groups_claim: str | None
    create_users: bool
    email_domains: list[str]
    trust_unverified_emails: bool
    hosts: list[str]
    ca: str | None
    public_url: str | None
    enabled: bool
    callback_path: str
    reach: list[str]
    created_us: int


class InvitationMade(Model):
    """How whoever is invited comes in."""

    id: str
    expires_us: int
    emailed: bool
    token: str | None


class InvitationShown(Model):
    """An invitation, without its token."""

    id: str
    email: str
    state: Literal["open", "accepted", "revoked", "expired"]
    team_id: str | None
    role: str | None
    platform_role: str
    user_id: str | None
    invited_by: str | None
    created_us: int
    expires_us: int


class InvitationWithToken(Model):
    """An invitation just made."""

    id: str
    email: str
    state: Literal["open", "accepted", "revoked", "expired"]
    team_id: str | None
    role: str | None
    platform_role: str
    user_id: str | None
    invited_by: str | None
    created_us: int
    expires_us: int
    emailed: bool
    token: str | None


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


class JsonValue(Model):
    """JsonValue."""


class KeyMade(Model):
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


class ListedAccountShown(Model):
    """Listed_AccountShown_."""

    items: list["AccountShown"]
    next: str | None = None


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


class ListedGroupRoleShown(Model):
    """Listed_GroupRoleShown_."""

    items: list["GroupRoleShown"]
    next: str | None = None


class ListedGroupShown(Model):
    """Listed_GroupShown_."""

    items: list["GroupShown"]
    next: str | None = None


class ListedIdentityProviderShown(Model):
    """Listed_IdentityProviderShown_."""

    items: list["IdentityProviderShown"]
    next: str | None = None


class ListedInvitationShown(Model):
    """Listed_InvitationShown_."""

    items: list["InvitationShown"]
    next: str | None = None


class ListedIssuerShown(Model):
    """Listed_IssuerShown_."""

    items: list["IssuerShown"]
    next: str | None = None


class ListedKeyShown(Model):
    """Listed_KeyShown_."""

    items: list["KeyShown"]
    next: str | None = None


class ListedMemberShown(Model):
    """Listed_MemberShown_."""

    items: list["MemberShown"]
    next: str | None = None


class ListedNoticeShown(Model):
    """Listed_NoticeShown_."""

    items: list["NoticeShown"]
    next: str | None = None


class ListedOfferedShown(Model):
    """Listed_OfferedShown_."""

    items: list["OfferedShown"]
    next: str | None = None


class ListedPermissionShown(Model):
    """Listed_PermissionShown_."""

    items: list["PermissionShown"]
    next: str | None = None


class ListedPlanShown(Model):
    """Listed_PlanShown_."""

    items: list["PlanShown"]
    next: str | None = None


class ListedPriceShown(Model):
    """Listed_PriceShown_."""

    items: list["PriceShown"]
    next: str | None = None


class ListedProviderShown(Model):
    """Listed_ProviderShown_."""

    items: list["ProviderShown"]
    next: str | None = None


class ListedPublicShown(Model):
    """Listed_PublicShown_."""

    items: list["PublicShown"]
    next: str | None = None


class ListedReleaseListed(Model):
    """Listed_ReleaseListed_."""

    items: list["ReleaseListed"]
    next: str | None = None


class ListedRoleShown(Model):
    """Listed_RoleShown_."""

    items: list["RoleShown"]
    next: str | None = None


class ListedServiceListed(Model):
    """Listed_ServiceListed_."""

    items: list["ServiceListed"]
    next: str | None = None


class ListedSessionShown(Model):
    """Listed_SessionShown_."""

    items: list["SessionShown"]
    next: str | None = None


class ListedSubscriptionShown(Model):
    """Listed_SubscriptionShown_."""

    items: list["SubscriptionShown"]
    next: str | None = None


class ListedTeamShown(Model):
    """Listed_TeamShown_."""

    items: list["TeamShown"]
    next: str | None = None


class ListedTokenShown(Model):
    """Listed_TokenShown_."""

    items: list["TokenShown"]
    next: str | None = None


class ListedUserShown(Model):
    """Listed_UserShown_."""

    items: list["UserShown"]
    next: str | None = None


class ListedWebhookShown(Model):
    """Listed_WebhookShown_."""

    items: list["WebhookShown"]
    next: str | None = None


class MadeKeyShown(Model):
    """A key whose value is shown only here."""

    name: str
    value: str


class MemberShown(Model):
    """Somebody in a team."""

    user_id: str
    email: str
    name: str | None
    state: str
    roles: list["HeldShown"]


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


class OfferedShown(Model):
    """A service that a team may subscribe to."""

    id: str
    name: str
    kind: str
    description: str | None
    contract: "JsonValue"
    plans: list["PlanShown"]
    team: str | None
    visibility: str
    approval: bool
    subscriptions: dict[str, int]
    subscription: "OwnSubscription | None"


class OwnSubscription(Model):
    """The app's subscription."""

    id: str
    state: Literal["requested", "approved", "rejected", "suspended", "cancelled", "expired"]


class PermissionShown(Model):
    """Something that one can be allowed to do."""

    name: str
    meaning: str
    platform_only: bool


class PlanLimit(Model):
    """At most so many `requests` `per` period, or so many calls at a time (`concurrency`)."""

    requests: int | None = None
    per: Literal["second", "minute", "hour", "day"] | None = None
    concurrency: int | None = None


class PlanMade(Model):
    """What an apply would do."""

    changes: list["ChangePlanned"]
    notes: list[str]
    fingerprint: str


class PlanPriceInput(Model):
    """What it costs, for people to read: nothing is charged here."""

    text: str
    amount: float | str | None = None
    currency: str | None = None


class PlanPriceOutput(Model):
    """What it costs, for people to read: nothing is charged here."""

    text: str
    amount: str | None = None
    currency: str | None = None


class PlanShown(Model):
    """A plan."""

    id: str
    name: str
    description: str | None
    limits: list[dict[str, "JsonValue"]]
    price: "PlanPriceOutput | None"
    created_us: int


class PolicyShown(Model):
    """What a service asks of its subscriptions."""

    mode: Literal["default", "automatic", "owner", "staged"]
    stages: list["StageShown"]
    review_days: int | None
    confirm_by: Literal["owner", "subscriber"]


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


class PublicShown(Model):
    """A service as everybody may see it."""

    id: str
    name: str
    kind: str
    description: str | None
    contract: "JsonValue"
    plans: list["PlanShown"]


class ReferredTo(Model):
    """Something that is referred to."""

    id: str
    name: str


class RegistrationShown(Model):
    """That an e-mail was sent there, if it can have an account and has none."""

    email: str


class ReleaseApprovalShown(Model):
    """Who has to agree before a release is published, in this order; nobody where there is none."""

    releases: list["StageShown"]


class ReleaseListed(Model):
    """A release in a list."""

    id: str
    service_id: str
    team_id: str | None
    version: str
    major: int
    minor: int
    state: Literal["review", "approved", "rejected", "withdrawn", "published", "deprecated", "retired"]
    weight: int
    breaking: bool
    note: str | None
    author_id: str | None
    author_name: str
    created_us: int
    published_us: int | None
    deprecated_us: int | None
    sunset_us: int | None
    retired_us: int | None
    successor: str | None
    canary: "CanaryShown | None"
    approval_id: str | None = None


class ReleaseShown(Model):
    """A release."""

    id: str
    service_id: str
    team_id: str | None
    version: str
    major: int
    minor: int
    state: Literal["review", "approved", "rejected", "withdrawn", "published", "deprecated", "retired"]
    weight: int
    breaking: bool
    note: str | None
    author_id: str | None
    author_name: str
    created_us: int
    published_us: int | None
    deprecated_us: int | None
    sunset_us: int | None
    retired_us: int | None
    successor: str | None
    canary: "CanaryShown | None"
    difference: "ComparedShown"
    design: dict[str, Any]
    approval_id: str | None = None


class RoleShown(Model):
    """A role."""

    id: str | None
    name: str
    built_in: bool
    given: Literal["on_platform", "in_team", "anywhere"]
    team_id: str | None
    description: str | None
    permissions: list[str]
    created_us: int | None


class RolledBackShown(Model):
    """What a rollback did."""

    rolled_back: "ReleaseListed"
    serving: "ReleaseListed"


class ServiceListed(Model):
    """A service in a list."""

    id: str
    name: str
    team_id: str | None
    kind: str
    lifecycle: str
    declared: bool
    description: str | None
    visibility: str
    state: str
    keep_bodies: bool
    drop_unsupported: bool
    try_unsupported: bool
    aliases: list[str]
    deployments: list["DeploymentShown"]
    created_us: int


class ServiceShown(Model):
    """A service."""

    id: str
    name: str
    team_id: str | None
    kind: str
    lifecycle: str
    declared: bool
    description: str | None
    visibility: str
    state: str
    keep_bodies: bool
    drop_unsupported: bool
    try_unsupported: bool
    aliases: list[str]
    deployments: list["DeploymentShown"]
    created_us: int
    custom: dict[str, Any] | None
    contract: dict[str, Any] | None
    approval: "ReleaseApprovalShown"


class SessionShown(Model):
    """Somebody's being signed in."""

    id: str
    created_us: int
    seen_us: int
    expires_us: int
    ends_us: int
    address: str | None
    agent: str | None
    method: str
    current: bool


class SharingShown(Model):
    """Who sees a service."""

    visibility: Literal["team", "teams", "organisation", "public"]
    teams: list["TeamNamed"]


class StageAsked(Model):
    """One stage of an approval."""

    permission: str
    count: int = 1
    not_author: bool = True


class StageGiven(Model):
    """One stage of an approval: so many people with this permission in the service's team."""

    permission: str
    count: int = 1
    not_author: bool = True


class StageShown(Model):
    """One stage."""

    permission: str
    count: int
    not_author: bool


class SubscriptionShown(Model):
    """That an app may, or wants to, call a service."""

    id: str
    app: "ReferredTo"
    team: "ReferredTo"
    service: "ReferredTo"
    service_team_id: str | None
    plan: "ReferredTo | None"
    state: Literal["requested", "approved", "rejected", "suspended", "cancelled", "expired"]
    reason: str | None
    requested_by: str | None
    created_us: int
    changed_us: int | None
    expires_us: int | None
    review_us: int | None
    wanted: "WantedShown | None"
    approval_id: str | None


class TeamNamed(Model):
    """A team that sees the service."""

    id: str
    name: str


class TeamPermissions(Model):
    """What one may do in a team."""

    id: str
    name: str
    permissions: list[str]


class TeamShown(Model):
    """A team."""

    id: str
    name: str
    created_us: int


class TokenMade(Model):
    """A token just made."""

    id: str
    name: str
    hint: str
    scopes: list[str] | None
    team_id: str | None
    created_us: int
    expires_us: int | None
    last_used_us: int | None
    revoked: bool
    value: str


class TokenShown(Model):
    """A token, without its value."""

    id: str
    name: str
    hint: str
    scopes: list[str] | None
    team_id: str | None
    created_us: int
    expires_us: int | None
    last_used_us: int | None
    revoked: bool


class Tried(Model):
    """What a trial call met."""

    taken: bool
    status: int | None
    error: str | None
    milliseconds: int


class UserMade(Model):
    """A new user, and their invitation."""

    user: "UserShown"
    invitation: "InvitationMade"


class UserShown(Model):
    """A person, or a service account."""

    id: str
    email: str
    name: str | None
    kind: Literal["person", "service"]
    state: Literal["invited", "active", "suspended"]
    platform_role: str
    external_id: str | None
    team_id: str | None
    has_password: bool
    created_us: int
    last_sign_in_us: int | None


class ValidationShown(Model):
    """Whether the draft can be released."""

    ok: bool
    problems: list[str]
    calls: list["CalledShown"]


class VerifiedShown(Model):
    """What was found."""

    holds: bool
    entries: int
    newest: "AnchorShown"
    anchor: "AnchorShown | None"
    found: int
    findings: list["FindingShown"]
    notes: list[str]


class WantedShown(Model):
    """What is true once it is approved."""

    plan: str | None
    expires_us: int | None


class WayShown(Model):
    """An identity provider that one may sign in through."""

    name: str
    path: str


class WaysShown(Model):
    """How one may sign in besides by password."""

    providers: list["WayShown"]


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


class WhoShown(Model):
    """Who asks, and what they may do."""

    user_id: str | None
    name: str
    kind: Literal["person", "service", "owner", "system", "nobody"]
    by: Literal["session", "token", "socket"]
    via: str | None
    permissions: list[str]
    teams: list["TeamPermissions"]


AccountShown.model_rebuild()
AnchorShown.model_rebuild()
AppShown.model_rebuild()
Applied.model_rebuild()
ApprovalAsked.model_rebuild()
ApprovalShown.model_rebuild()
CallShown.model_rebuild()
CallWithBodies.model_rebuild()
CalledShown.model_rebuild()
CallsListed.model_rebuild()
CanaryAsked.model_rebuild()
CanaryShown.model_rebuild()
CanaryWeightAsked.model_rebuild()
ChangePlanned.model_rebuild()
ComparedShown.model_rebuild()
ContractAsked.model_rebuild()
Counted.model_rebuild()
DecisionShown.model_rebuild()
DeliveryShown.model_rebuild()
DeploymentAsked.model_rebuild()
DeploymentShown.model_rebuild()
EntryShown.model_rebuild()
Exported.model_rebuild()
FieldPlanned.model_rebuild()
FindingShown.model_rebuild()
GroupRoleShown.model_rebuild()
GroupShown.model_rebuild()
Health.model_rebuild()
HeldShown.model_rebuild()
IdentityProviderShown.model_rebuild()
InvitationMade.model_rebuild()
InvitationShown.model_rebuild()
InvitationWithToken.model_rebuild()
IssuerKey.model_rebuild()
IssuerShown.model_rebuild()
JsonValue.model_rebuild()
KeyMade.model_rebuild()
KeyScopes.model_rebuild()
KeyShown.model_rebuild()
LimitForm.model_rebuild()
LimitsShown.model_rebuild()
ListedAccountShown.model_rebuild()
ListedAppShown.model_rebuild()
ListedApprovalShown.model_rebuild()
ListedDeliveryShown.model_rebuild()
ListedEntryShown.model_rebuild()
ListedGroupRoleShown.model_rebuild()
ListedGroupShown.model_rebuild()
ListedIdentityProviderShown.model_rebuild()
ListedInvitationShown.model_rebuild()
ListedIssuerShown.model_rebuild()
ListedKeyShown.model_rebuild()
ListedMemberShown.model_rebuild()
ListedNoticeShown.model_rebuild()
ListedOfferedShown.model_rebuild()
ListedPermissionShown.model_rebuild()
ListedPlanShown.model_rebuild()
ListedPriceShown.model_rebuild()
ListedProviderShown.model_rebuild()
ListedPublicShown.model_rebuild()
ListedReleaseListed.model_rebuild()
ListedRoleShown.model_rebuild()
ListedServiceListed.model_rebuild()
ListedSessionShown.model_rebuild()
ListedSubscriptionShown.model_rebuild()
ListedTeamShown.model_rebuild()
ListedTokenShown.model_rebuild()
ListedUserShown.model_rebuild()
ListedWebhookShown.model_rebuild()
MadeKeyShown.model_rebuild()
MemberShown.model_rebuild()
NoticeShown.model_rebuild()
OfferedShown.model_rebuild()
OwnSubscription.model_rebuild()
PermissionShown.model_rebuild()
PlanLimit.model_rebuild()
PlanMade.model_rebuild()
PlanPriceInput.model_rebuild()
PlanPriceOutput.model_rebuild()
PlanShown.model_rebuild()
PolicyShown.model_rebuild()
PriceShown.model_rebuild()
ProviderShown.model_rebuild()
PublicShown.model_rebuild()
ReferredTo.model_rebuild()
RegistrationShown.model_rebuild()
ReleaseApprovalShown.model_rebuild()
ReleaseListed.model_rebuild()
ReleaseShown.model_rebuild()
RoleShown.model_rebuild()
RolledBackShown.model_rebuild()
ServiceListed.model_rebuild()
ServiceShown.model_rebuild()
SessionShown.model_rebuild()
SharingShown.model_rebuild()
StageAsked.model_rebuild()
StageGiven.model_rebuild()
StageShown.model_rebuild()
SubscriptionShown.model_rebuild()
TeamNamed.model_rebuild()
TeamPermissions.model_rebuild()
TeamShown.model_rebuild()
TokenMade.model_rebuild()
TokenShown.model_rebuild()
Tried.model_rebuild()
UserMade.model_rebuild()
UserShown.model_rebuild()
ValidationShown.model_rebuild()
VerifiedShown.model_rebuild()
WantedShown.model_rebuild()
WayShown.model_rebuild()
WaysShown.model_rebuild()
WebhookMade.model_rebuild()
WebhookShown.model_rebuild()
WhoShown.model_rebuild()
