"""The templates and mappings of custom models are compiled before anything is written: in a sandbox, where gates use them."""

from typing import TYPE_CHECKING

import msgspec

from torana.control.declaration.problems import Problems
from torana.control.services.custom import problems_of
from torana.core.errors import Refusal
from torana.custom.describe import CustomModel
from torana.custom.errors import CustomError
from torana.custom.sandbox import Sandbox

if TYPE_CHECKING:
    from torana.control.plan.diff import Difference
    from torana.control.plan.wanted import Wanted

_MOST = 10_000


async def check_descriptions(after: "Wanted", found: "Difference", source: str) -> None:
    """Check the custom models that would be made or changed. Raises DeclarationError, and Refusal custom_sandbox_unavailable."""
    changed = [after.services.get(change.name) for change in found.changes if change.kind == "service"]
    offers = [offer for offer in changed if offer is not None and offer.custom is not None]
    if not offers:
        return
    problems = Problems(source)
    sandbox = Sandbox(workers=1, waiting=_MOST)
    try:
        for offer in offers:
            declared = offer.declared
            model = msgspec.json.decode(offer.custom or "", type=CustomModel)
            place = declared.place if declared.model is None else declared.model.place
            given = [after.providers.get(one.provider.name, {}).get("base_url") for one in declared.deployments]
            base_urls = [url for url in given if isinstance(url, str)]
            for problem in await problems_of(sandbox.evaluate, model, base_urls):
                problems.add(place, problem)
    except CustomError as error:
        raise Refusal("custom_sandbox_unavailable", reason=error.reason) from None
    finally:
        await sandbox.close()
    problems.raise_if_any()
