"""Whether the description of a custom model can be served: it compiles, and its credential goes nowhere else than it may."""

import urllib.parse
from collections.abc import Iterable

from torana.custom.describe import CustomModel
from torana.custom.jobs import Evaluate
from torana.custom.read import expression_problems

_ELSEWHERE = (
    "request.url: it leads to another server than the provider's base_url, to which the credential belongs; "
    "change one of them, or leave out auth"
)
_PORTS = {"http": 80, "https": 443}


async def problems_of(evaluate: Evaluate, model: CustomModel, base_urls: Iterable[str]) -> list[str]:
    """What is wrong, each as `field: reason`; `base_urls` are its provider accounts'. Raises CustomError without a sandbox."""
    said = await expression_problems(evaluate, model)
    for base_url in base_urls:
        said += _address_problems(model, base_url)
    return said


def _address_problems(model: CustomModel, base_url: str) -> list[str]:
    """A gate sends the account's credential nowhere else than to the account's server, and says so at every call."""
    url = model.request.url
    if url is None or model.auth.style == "none" or _origin(url) == _origin(base_url):
        return []
    return [_ELSEWHERE]


def _origin(url: str) -> tuple[str, str | None, int | None]:
    # The host ends at the first slash; what follows may be a template.
    scheme, _, rest = url.partition("://")
    parts = urllib.parse.urlsplit(f"{scheme}://{rest.partition('/')[0]}")
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
