"""The design of a service: what a release keeps unchangeably, and what an approval policy asks for.

Of a service with lifecycle `direct` (made by torana.yaml or at the first start) gates serve what stands in its tables. Of one with
lifecycle `released` (made by the API) the tables hold the draft, and gates serve the designs of its releases.

Not part of the design is what governs a service now, whatever release serves: its name, aliases, visibility, state, limits, whether
bodies are kept, and its approval policy.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from torana.control.approvals.service import Stage
from torana.control.services.repository import Deployment, Service

__all__ = [
    "ApprovalPolicy",
    "Design",
    "DesignedDeployment",
    "Stage",
    "approval_of",
    "approval_written",
    "designed",
    "plain",
    "read",
    "written",
]

_NOTHING = msgspec.Raw(b"null")


class DesignedDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """One place a release sends calls to. Its row in `deployments` stays as long as a release has it."""

    id: str
    provider_id: str
    model: str
    weight: int


class Design(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a release is. Stored as JSON: new fields only ever come with a default."""

    kind: str
    deployments: tuple[DesignedDeployment, ...] = ()
    drop_unsupported: bool = False
    try_unsupported: bool = False
    custom: msgspec.Raw = _NOTHING
    """Of kind `custom`: the description of the model, a JSON object."""
    description: str | None = None
    contract: msgspec.Raw = _NOTHING
    """A JSON object with the JSON Schemas `input` and `output`, either of them null."""


class ApprovalPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Who has to agree. Stored as JSON in `services.approval`; null there is this with nothing in it."""

    releases: tuple[Stage, ...] = ()
    """Before a release may be published; none: at once."""
    subscriptions: tuple[Stage, ...] = ()
    """Before a subscription is approved; none: at once."""


_encode = msgspec.json.Encoder(order="deterministic").encode
_design = msgspec.json.Decoder(Design).decode
_approval = msgspec.json.Decoder(ApprovalPolicy).decode


def designed(service: Service, deployments: Sequence[Deployment]) -> Design:
    """The design that stands in the tables."""
    return Design(
        kind=service.kind,
        deployments=tuple(
            DesignedDeployment(id=one.id, provider_id=one.provider_id, model=one.model, weight=one.weight)
            for one in deployments
        ),
        drop_unsupported=service.drop_unsupported,
        try_unsupported=service.try_unsupported,
        custom=_raw(service.custom),
        description=service.description,
        contract=_raw(service.contract),
    )


def written(design: Design) -> str:
    """The design as it is stored."""
    return _encode(design).decode()


def read(text: str) -> Design:
    """A stored design. Raises msgspec.MsgspecError for what was not written by `written`."""
    return _design(text)


def plain(design: Design) -> dict[str, Any]:
    """The design as plain JSON data, deployments by what tells them apart: provider id and model."""
    data: dict[str, Any] = msgspec.json.decode(_encode(design))
    data.setdefault("description", None)
    for name in ("drop_unsupported", "try_unsupported"):
        data.setdefault(name, False)
    for name in ("custom", "contract"):
        data.setdefault(name, None)
    data["deployments"] = {
        f"{one.provider_id}/{one.model}": {"weight": one.weight, "position": position}
        for position, one in enumerate(design.deployments)
    }
    return data


def approval_of(stored: str | None) -> ApprovalPolicy:
    """The approval policy of a service, from its column."""
    return ApprovalPolicy() if stored is None else _approval(stored)


def approval_written(policy: ApprovalPolicy) -> str | None:
    """The policy as it is stored; None where it asks for nothing."""
    return None if policy == ApprovalPolicy() else _encode(policy).decode()


def _raw(stored: str | None) -> msgspec.Raw:
    return _NOTHING if stored is None else msgspec.Raw(stored.encode())
