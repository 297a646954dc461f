"""The single, final account of a call, as a gate writes it and the recorder reads it."""

import msgspec


class CallRecord(msgspec.Struct, array_like=True, frozen=True, omit_defaults=False):
    """One call. Written once by the gate, in msgpack, as an array: new fields are only ever added at the end.

    Times are microseconds; sizes are bytes of the bodies; unknown is None, never 0.
    """

    id: str
    started_us: int
    """Since 1970: when the first byte of the request arrived."""
    total_us: int
    first_byte_us: int | None
    """From the start to the first body byte given to the caller."""
    status: int
    """HTTP status the caller got; 499 when the caller left before the end."""
    error: str | None
    """Stable error code (core/errors.py); None when the call succeeded."""
    endpoint: str
    """Path from the route table, such as `/v1/chat/completions`; `other` for anything else."""
    streamed: bool
    team_id: str | None
    app_id: str | None
    key_id: str | None
    service_id: str | None
    service: str | None
    deployment_id: str | None
    provider: str | None
    """Name of the provider account."""
    vendor: str | None
    model_asked: str | None
    """What the caller wrote in `model`, cut to 200 characters."""
    model_sent: str | None
    """The deployment's model: what was asked of the vendor."""
    model_served: str | None
    """What the vendor's reply says it served."""
    input_tokens: int | None
    cached_input_tokens: int | None
    """Part of input_tokens."""
    output_tokens: int | None
    reasoning_tokens: int | None
    """Part of output_tokens."""
    usage_estimated: bool
    """True when the vendor gave no usage and the gate counted what passed."""
    request_bytes: int
    response_bytes: int
    retries: int
    """Upstream attempts after the first."""
    upstream_status: int | None
    upstream_id: str | None
    """The vendor's own request id."""
    caller_ip: str | None
    user: str | None
    """The caller's `user` tag, cut to 256 characters."""
    tags: str | None
    """The caller's `metadata` object as JSON, at most 4 KiB; None when absent or larger."""
    bodies_kept: bool
    """True when a BodyRecord with the same id was written."""
    cache_write_tokens: int | None = None
    """Part of input_tokens, and none of cached_input_tokens: what the vendor put into its cache."""
    audio_input_tokens: int | None = None
    """Part of input_tokens."""
    audio_output_tokens: int | None = None
    """Part of output_tokens."""
    units: str | None = None
    """What is counted besides tokens: `images`, `seconds`, `characters`, `pages` or `searches`."""
    unit_count: float | None = None
    """How many of `units`."""
    dialect: str | None = None
    """The caller's."""
    target_dialect: str | None = None
    """The one in which the vendor was called."""
    dropped: str | None = None
    """What was left out because the target cannot carry it, as `x-torana-dropped` said."""
    release: str | None = None
    """Id of the release that served it; None for a service without releases."""


class BodyRecord(msgspec.Struct, array_like=True, frozen=True):
    """Bodies of one call, kept only where a policy says so."""

    id: str
    request: bytes
    response: bytes
    request_cut: bool
    """True when the body was longer than the policy keeps."""
    response_cut: bool
