"""The templates and mappings of custom models are compiled before anything is written: in a sandbox, where gates use them."""

import urllib.parse
from typing import TYPE_CHECKING

import msgspec

from torana.control.declaration.problems import Problems
from torana.core.errors import Refusal
from torana.custom.describe import CustomModel
from torana.custom.errors import CustomError
from torana.custom.read import expression_problems
from torana.custom.sandbox import Sandbox

if TYPE_CHECKING:
    from torana.control.plan.diff import Difference
    from torana.control.plan.wanted import Wanted

_MOST = 10_000
_ELSEWHERE = (
    "request.url: it leads to another server than the provider's base_url, to which the credential belongs; "
    "change one of them, or leave out auth"
)
_PORTS = {"http": 80, "https": 443}


async def check_descriptions(after: "Wanted", found: "Difference", source: str) -> None:
    """Check the custom models that would be made or changed. Raises DeclarationError, and Refusal custom_sandbox_unavailable."""
    names = [change.name for change in found.changes if change.kind == "service" and change.name in after.descriptions]
    if not names:
        return
    problems = Problems(source)
    sandbox = Sandbox(workers=1, waiting=_MOST)
    try:
        for name in names:
            declared = after.services[name]
            model = msgspec.json.decode(after.descriptions[name], type=CustomModel)
            place = declared.place if declared.description is None else declared.description.place
            said = await expression_problems(sandbox.evaluate, model)
            for deployment in declared.deployments:
                base_url = after.providers.get(deployment.provider.name, {}).get("base_url")
                said += _address_problems(model, base_url if isinstance(base_url, str) else None)
            for problem in said:
                problems.add(place, problem)
    except CustomError as error:
        raise Refusal("custom_sandbox_unavailable", reason=error.reason) from None
    finally:
        await sandbox.close()
    problems.raise_if_any()


def _address_problems(model: CustomModel, base_url: str | None) -> list[str]:
    """A gate sends the account's credential nowhere else than to the account's server, and says so at every call."""
    url = model.request.url
    if url is None or base_url is None or model.auth.style == "none" or _origin(url) == _origin(base_url):
        return []
    return [_ELSEWHERE]


def _origin(url: str) -> tuple[str, str | None, int | None]:
    # The host ends at the first slash; what follows may be a template.
    scheme, _, rest = url.partition("://")
    parts = urllib.parse.urlsplit(f"{scheme}://{rest.partition('/')[0]}")
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
