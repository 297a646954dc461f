"""Generated from the OpenAPI document of the admin API by `make client`; not to be changed by hand."""

from typing import Literal

from torana.client.transport import Model


class Applied(Model):
    """What an apply has done."""

    changes: list["ChangePlanned"]
    notes: list[str]
    made: list["KeyMade"]


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


class FieldPlanned(Model):
    """One field; secrets are masked."""

    field: str
    before: str | None
    after: str | None


class Health(Model):
    """That control answers."""

    status: Literal["ok"]
    version: int


class KeyMade(Model):
    """A key whose value is shown only here."""

    name: str
    value: str


class ListedTeamShown(Model):
    """Listed_TeamShown_."""

    items: list["TeamShown"]
    next: str | None = None


class PlanMade(Model):
    """What an apply would do."""

    changes: list["ChangePlanned"]
    notes: list[str]
    fingerprint: str


class TeamShown(Model):
    """A team."""

    id: str
    name: str
    created_us: int


Applied.model_rebuild()
CallShown.model_rebuild()
CallWithBodies.model_rebuild()
CallsListed.model_rebuild()
ChangePlanned.model_rebuild()
FieldPlanned.model_rebuild()
Health.model_rebuild()
KeyMade.model_rebuild()
ListedTeamShown.model_rebuild()
PlanMade.model_rebuild()
TeamShown.model_rebuild()
