"""What the endpoints of services and their releases take and show."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from torana.control.access.permissions import PERMISSIONS
from torana.control.api.shapes import Asked

TimeUs = Annotated[int, Field(description="Microseconds since 1970.")]
Visibility = Literal["team", "teams", "organisation", "public"]
Words = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""Text for people. PostgreSQL has no place for NUL."""
_CONTRACT = "JSON Schemas (2020-12) of what it takes and gives; nothing outside them may be referred to."
_DESCRIPTION = "Of kind custom: how requests and replies are mapped; see the guide on custom models."
_EXAMPLE: dict[str, Any] = {
    "name": "support-chat",
    "team": "payments",
    "deployments": [{"provider": "local", "model": "gpt-4.1"}],
    "approval": {"releases": [{"permission": "releases:approve"}]},
}


class DeploymentAsked(Asked):
    """A model at a provider account."""

    provider: Annotated[Words, Field(min_length=1, max_length=100, description="Id or name.", examples=["local"])]
    model: Annotated[str, Field(max_length=200, description="Of a custom model it may be empty.")] = ""
    weight: Annotated[int, Field(ge=0, le=1_000_000, description="Its share of the calls; 0 is a stand-in.")] = 1


class StageAsked(Asked):
    """One stage of an approval."""

    permission: Annotated[
        str, Field(max_length=60, description="What whoever decides needs.", examples=["releases:approve"])
    ]
    count: Annotated[int, Field(ge=1, le=10, description="How many people have to approve.")] = 1
    not_author: Annotated[bool, Field(description="Whether whoever asked may not decide.")] = True


class ApprovalAsked(Asked):
    """Who has to agree before a release is published, and before somebody subscribes; nobody where that is null or empty."""

    releases: Annotated[list[StageAsked], Field(max_length=5)] | None = None
    subscriptions: Annotated[list[StageAsked], Field(max_length=5)] | None = None

    def unknown(self) -> str | None:
        """A permission that there is not."""
        stages = (*(self.releases or ()), *(self.subscriptions or ()))
        return next((stage.permission for stage in stages if stage.permission not in PERMISSIONS), None)


class ContractAsked(Asked):
    """A contract."""

    input: dict[str, Any] | bool | None = None
    output: dict[str, Any] | bool | None = None


class _DraftAsked(Asked):
    description: Annotated[Words, Field(max_length=4000)] | None = None
    visibility: Annotated[Visibility, Field(description="Whose apps may subscribe.")] = "team"
    state: Annotated[Literal["active", "disabled"], Field(description="A disabled one is not served at all.")] = (
        "active"
    )
    deployments: list[DeploymentAsked] = Field(default_factory=list, max_length=100)
    aliases: list[str] = Field(default_factory=list, max_length=100, description="Further names, in force at once.")
    keep_bodies: bool = False
    drop_unsupported: bool = False
    try_unsupported: bool = False
    custom: Annotated[dict[str, Any] | None, Field(description=_DESCRIPTION)] = None
    contract: Annotated[ContractAsked | None, Field(description=_CONTRACT)] = None
    approval: ApprovalAsked | None = None


class ServiceAsked(_DraftAsked):
    """A service to be made, as a draft: nothing is served before it has a release."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Literal["model", "custom"] = "model"
    team: Annotated[
        Annotated[Words, Field(max_length=100)] | None,
        Field(description="Id or name of the owner; null is the platform."),
    ] = None


class ServicePatched(_DraftAsked):
    """What is to be different; fields that are left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"description": "Answers customers' questions."}]})


class DeploymentShown(BaseModel):
    """A model at a provider account."""

    id: str
    provider_id: str
    provider: str | None
    vendor: str | None
    model: str
    weight: int


class ServiceListed(BaseModel):
    """A service in a list."""

    id: str
    name: str
    team_id: Annotated[str | None, Field(description="Null is the platform.")]
    kind: str
    lifecycle: Annotated[
        str,
        Field(description="`released`: what stands here is a draft, and releases are served; `direct`: it is served."),
    ]
    declared: Annotated[bool, Field(description="Whether torana.yaml declares it: then it is changed there only.")]
    description: str | None
    visibility: str
    state: str
    keep_bodies: bool
    drop_unsupported: bool
    try_unsupported: bool
    aliases: list[str]
    deployments: list[DeploymentShown]
    created_us: TimeUs


class ServiceShown(ServiceListed):
    """A service."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "service_7k2m…",
                    "name": "support-chat",
                    "team_id": "team_7k2m…",
                    "kind": "model",
                    "lifecycle": "released",
                    "declared": False,
                    "description": None,
                    "visibility": "team",
                    "state": "active",
                    "keep_bodies": False,
                    "drop_unsupported": False,
                    "try_unsupported": False,
                    "aliases": [],
                    "deployments": [
                        {
                            "id": "deployment_7k2m…",
                            "provider_id": "provider_7k2m…",
                            "provider": "local",
                            "vendor": "openai-compatible",
                            "model": "gpt-4.1",
                            "weight": 1,
                        }
                    ],
                    "created_us": 1_790_000_000_000_000,
                    "custom": None,
                    "contract": None,
                    "approval": {
                        "releases": [{"permission": "releases:approve", "count": 1, "not_author": True}],
                        "subscriptions": [],
                    },
                }
            ]
        }
    )

    custom: dict[str, Any] | None
    contract: dict[str, Any] | None
    approval: dict[str, Any]


class ValidateAsked(Asked):
    """How far to look."""

    call: Annotated[bool, Field(description="Whether to make one cheap call to each deployment.")] = False


class CalledShown(BaseModel):
    """What came of a test call."""

    provider_id: str
    model: str
    ok: bool
    says: str
    cause: str | None
    status: int | None


class ValidationShown(BaseModel):
    """Whether the draft can be released."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"ok": False, "problems": ["deployments: at least one with a weight above 0 is needed"], "calls": []}
            ]
        }
    )

    ok: bool
    problems: Annotated[list[str], Field(description="Each as `field: reason`.")]
    calls: list[CalledShown]
