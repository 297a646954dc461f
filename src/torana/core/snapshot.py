"""Everything a gate may know: what publishing compiles and gates look up. Immutable; swapped whole.

Every struct is array-like msgpack on disk; new fields are only ever added at the end, with a default.
"""

from typing import Literal

import msgspec

LimitKind = Literal["requests", "concurrency"]


class Limit(msgspec.Struct, array_like=True, frozen=True):
    """One limit of one thing. The counters of a limit survive a snapshot swap, because its id does."""

    id: str
    """Stable: `<owner id>:<kind>:<period>`, such as `app_7k2m:requests:60`."""
    kind: LimitKind
    amount: int
    period_seconds: int
    """0 for concurrency."""
    owner: str
    """Whose limit it is, for the refusal: `app bench`, `key first`, `service gpt-4.1`."""


class Key(msgspec.Struct, array_like=True, frozen=True):
    """A key of an app. Found by the keyed hash of the secret; the secret itself is nowhere."""

    id: str
    name: str
    app_id: str
    expires_us: int
    """Microseconds since 1970; 0 is never."""
    limits: tuple[Limit, ...] = ()
    services: tuple[str, ...] | None = None
    """Names or ids of the services that it may call, of those of its app; None is all, here and below."""
    endpoints: tuple[str, ...] | None = None
    """Of core/endpoints.py, or the beginning of some with `*` at the end."""
    models: tuple[str, ...] | None = None
    """As vendors call them, or the beginning of some with `*` at the end."""
    networks: tuple[str, ...] | None = None
    """Where it may be used from."""


class App(msgspec.Struct, array_like=True, frozen=True):
    """A consumer with what it may call."""

    id: str
    name: str
    team_id: str
    grants: dict[str, str]
    """Every name that works as `model` for this app (service names, aliases, `vendor/model`) to a service id."""
    limits: tuple[Limit, ...] = ()
    """The app's own and its team's."""
    keep_bodies: bool = False
    plans: dict[str, tuple[Limit, ...]] = {}
    """By service id: the limits of its subscription to that service."""
    ends: dict[str, tuple[int, str]] = {}
    """By service id: microseconds since 1970 from when a grant no longer counts, and the state that it is in then."""
    states: dict[str, str] = {}
    """By service id: the state of a subscription that gives nothing, such as `requested` or `suspended`."""


class Facts(msgspec.Struct, array_like=True, frozen=True):
    """What the catalogue knows of a deployment's model; None is unknown. A request it cannot serve is refused before it is sent."""

    context_window: int | None = None
    """Tokens it reads at most."""
    max_output_tokens: int | None = None
    inputs: tuple[str, ...] | None = None
    """Of `text`, `image`, `audio`, `video`, `pdf`."""
    outputs: tuple[str, ...] | None = None
    kind: str | None = None
    """`chat`, `embedding`, `rerank`, `image`, `speech`, `transcription`, `moderation`."""
    capabilities: tuple[str, ...] = ()
    name: str | None = None
    """Of the model, for people."""


class Deployment(msgspec.Struct, array_like=True, frozen=True):
    """One place a call can be sent."""

    id: str
    name: str
    """Shown in `x-torana-target`: `<provider>/<model>`."""
    account_id: str
    model: str
    weight: int = 1
    facts: Facts | None = None


class Release(msgspec.Struct, array_like=True, frozen=True):
    """One design of a service, and which calls it gets."""

    id: str
    major: int
    minor: int
    deployments: tuple[Deployment, ...] = ()
    weight: int = 0
    """Its share of the calls that pin no version."""
    major_weight: int = 0
    """Its share of those that pin its major version only."""
    drop_unsupported: bool = False
    try_unsupported: bool = False
    custom: bytes | None = None
    deprecated: int = 0
    """Seconds since 1970; 0 is not deprecated."""
    sunset: int = 0
    """Seconds since 1970, from when it answers no more; 0 is never."""
    successor: str = ""
    """What to call instead."""
    retired: bool = False


class Service(msgspec.Struct, array_like=True, frozen=True):
    """What is offered and governed."""

    id: str
    name: str
    team_id: str
    kind: str
    deployments: tuple[Deployment, ...]
    limits: tuple[Limit, ...] = ()
    keep_bodies: bool = False
    created: int = 0
    """Seconds since 1970, for the models list."""
    drop_unsupported: bool = False
    """Whether what a target cannot carry is left out and named in `x-torana-dropped`, instead of refusing the call."""
    try_unsupported: bool = False
    """Whether a request is sent although the catalogue says that the model cannot serve it."""
    custom: bytes | None = None
    """Of kind `custom`: the description of the model (torana.custom), as JSON."""
    releases: tuple[Release, ...] = ()
    """Newest first; none where what stands above is served. Otherwise that is of the release with the most calls, for lists."""


class Offered(msgspec.Struct, array_like=True, frozen=True):
    """A service under one of its names, so that who sees it and may not call it can be told how to ask."""

    service_id: str
    name: str
    """The service's own."""
    team_id: str
    """Whose it is; empty is the platform."""
    teams: tuple[str, ...] | None
    """Who sees it; None is everybody."""


Auth = Literal[
    "bearer", "x-api-key", "api-key", "x-goog-api-key", "sigv4", "google-service-account", "entra", "ibm-iam", "none"
]
"""How a credential is sent: catalog/vendors/shape.py says what each means."""


class Door(msgspec.Struct, array_like=True, frozen=True):
    """Where and how an account speaks one dialect."""

    dialect: str
    base_url: str
    """Up to and including the version segment, without a slash at the end."""
    auth: Auth


class Account(msgspec.Struct, array_like=True, frozen=True):
    """A provider account: where and how to reach a vendor."""

    id: str
    name: str
    vendor: str
    base_url: str
    """Of the first door: up to and including the version segment, such as `https://api.openai.com/v1`; empty for vendor `demo`."""
    auth: Auth
    """Of the first door."""
    sealed_key: bytes | None
    """The credential under the master key (stores/secrets), None where none is needed."""
    ca_pem: str | None = None
    """Certificates to trust instead of the system's."""
    proxy: str | None = None
    """`http://host:port` of a forward proxy; None is direct."""
    connect_timeout_seconds: float | None = None
    first_byte_timeout_seconds: float | None = None
    idle_timeout_seconds: float | None = None
    total_timeout_seconds: float | None = None
    """None takes the setting's default."""
    stream_usage: bool = True
    """Whether the vendor understands `stream_options.include_usage`."""
    doors: tuple[Door, ...] = ()
    """The dialects it speaks, the one to prefer first; empty is OpenAI's at base_url."""
    headers: dict[str, str] = {}
    """What every request carries, such as `anthropic-version`."""
    quirks: tuple[str, ...] = ()
    """Names in catalog's QUIRKS."""
    options: dict[str, str] = {}
    """What a credential or an address needs besides: `region`, `project`, `tenant`, …"""


class IssuerKey(msgspec.Struct, array_like=True, frozen=True):
    """A public key that an issuer signs tokens with."""

    kid: str
    """Empty where it has no name."""
    alg: str
    """`RS256`, `ES256` or `EdDSA`: the only one that counts with this key."""
    der: bytes
    """SubjectPublicKeyInfo."""


class Issuer(msgspec.Struct, array_like=True, frozen=True):
    """Somebody whose tokens stand for apps."""

    id: str
    """In records it stands where a key's id does."""
    name: str
    audiences: tuple[str, ...]
    """One of them has to be in `aud`."""
    claim: str
    apps: dict[str, str]
    """The claim's value to an app's id."""
    keys: tuple[IssuerKey, ...]


class Snapshot(msgspec.Struct, frozen=True):
    """The whole content, as publishing hands it to stores/snapshots for writing."""

    version: int
    compiled_us: int
    keys: dict[bytes, Key]
    """By the 16-byte keyed hash of the secret."""
    apps: dict[str, App]
    services: dict[str, Service]
    accounts: dict[str, Account]
    issuers: dict[str, tuple[Issuer, ...]] = {}
    """By what tokens name as `iss`."""
    offered: dict[str, tuple[Offered, ...]] = {}
    """By name or alias. One entry a name, however many apps there are."""
