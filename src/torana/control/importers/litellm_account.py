"""Where an entry of LiteLLM's model_list is sent: vendor, address and credential. Sources: https://docs.litellm.ai/docs/providers"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from torana.catalog.vendors import VENDORS, Vendor, vendor_named
from torana.control.importers.accounts import (
    Accounts,
    Credential,
    address,
    at_home,
    compatible,
    is_variable,
    usual_variable,
)
from torana.control.importers.data import number, shown, words
from torana.control.importers.litellm_words import BARE, ELSEWHERE, PREFIXES
from torana.control.importers.report import Draft

_ENVIRONMENT = "os.environ/"
_AZURE = ".openai.azure.com"
_BEDROCK_ROUTES = ("converse/", "invoke/", "converse_like/", "bedrock/")


class Asked(NamedTuple):
    """One entry's litellm_params."""

    field: str
    params: Mapping[str, Any]
    span: float | None
    """Seconds for all calls, where the entry says nothing itself."""


class _Place(NamedTuple):
    vendor: Vendor
    model: str
    base_url: str = ""
    options: Mapping[str, str] = {}
    credential: Credential | None = None
    dialect: str = ""


def secret_of(value: Any) -> Credential | None:
    """A reference to a variable, or a value that is told apart from others and written nowhere; None where there is neither."""
    text = words(value)
    if not text:
        return None
    if text.startswith(_ENVIRONMENT):
        name = text.removeprefix(_ENVIRONMENT).strip()
        return Credential(variable=name) if is_variable(name) else None
    return Credential(literal=text)


def account_of(asked: Asked, draft: Draft, accounts: Accounts) -> tuple[str, str] | None:
    """The account's name and the model's; None, with the report saying why, where there can be none."""
    model = words(asked.params.get("model"))
    vendor, model = _vendor(asked, model)
    if vendor is None:
        why = f"there is no vendor {shown(model.partition('/')[0])}, and no api_base that would say where it is"
        draft.left(f"{asked.field}.model", why)
        return None
    place = _placed(asked, vendor, model, draft)
    if place is None:
        return None
    credential = place.credential or _credential(asked, place.vendor, draft)
    spans = _spans(asked, draft)
    name = accounts.account(
        place.vendor,
        place.vendor.id,
        credential,
        base_url=place.base_url,
        options=place.options,
        timeouts=spans,
        dialect=place.dialect,
    )
    draft.carried(f"{asked.field}.model", f"model {shown(place.model)} at provider {name} (vendor {place.vendor.id})")
    return name, place.model


def _vendor(asked: Asked, model: str) -> tuple[Vendor | None, str]:
    """The vendor by the prefix of the model, and what is behind the prefix."""
    prefix, slash, rest = model.partition("/")
    said = words(asked.params.get("custom_llm_provider"))
    if said and not (slash and prefix == said):
        prefix, rest = said, model
    elif not slash:
        begins = next((vendor for begin, vendor in BARE if model.lower().startswith(begin)), "openai")
        return VENDORS[begins], model
    name = PREFIXES.get(prefix, prefix)
    vendor = vendor_named(name) if name else None
    if vendor is not None and vendor.id != "demo":
        return vendor, rest
    return (compatible(), rest) if words(asked.params.get("api_base")) else (None, model)


def _placed(asked: Asked, vendor: Vendor, model: str, draft: Draft) -> _Place | None:
    given = words(asked.params.get("api_base")) or words(asked.params.get("base_url"))
    if given.startswith(_ENVIRONMENT):
        draft.left(f"{asked.field}.api_base", ELSEWHERE)
        return None
    if vendor.id == "azure":
        return _azure(asked, model, given, draft)
    if vendor.id == "aws":
        return _bedrock(asked, model, draft)
    if vendor.id == "google-vertex":
        return _vertex(asked, model, draft)
    if not given:
        if not vendor.fixed_base_url:
            draft.left(f"{asked.field}.api_base", f"it is missing, and {vendor.id} has no address of its own")
            return None
        return _Place(vendor, model)
    base_url = address(given)
    if base_url is None:
        draft.left(f"{asked.field}.api_base", "it is no plain http:// or https:// address, or it holds a secret")
        return None
    if at_home(vendor, base_url):
        draft.carried(f"{asked.field}.api_base", f"the address of vendor {vendor.id}")
        return _Place(vendor, model)
    if vendor.id == "openai":
        vendor = compatible()
    draft.carried(f"{asked.field}.api_base", f"base_url {base_url}")
    return _Place(vendor, model, base_url)


def _azure(asked: Asked, model: str, given: str, draft: Draft) -> _Place | None:
    base_url = address(given, "")
    if base_url is None:
        draft.left(f"{asked.field}.api_base", "it is missing or no address: https://RESOURCE.openai.azure.com")
        return None
    host = base_url.partition("://")[2].partition("/")[0]
    options = {"resource": host.removesuffix(_AZURE)} if host.endswith(_AZURE) else {}
    version = words(asked.params.get("api_version"))
    if version and not version.startswith(_ENVIRONMENT):
        draft.carried(f"{asked.field}.api_version", f"option api_version {shown(version)}")
        more = {**options, "deployment": model, "api_version": version}
        place = "" if options else f"{base_url}/openai/deployments/{model}"
        return _Place(VENDORS["azure-deployments"], model, place, more)
    if version:
        draft.changed(f"{asked.field}.api_version", "left out: the address is that of the API without versions")
    draft.carried(f"{asked.field}.api_base", "the resource's address")
    return _Place(VENDORS["azure"], model, "" if options else f"{base_url}/openai/v1", options)


def _bedrock(asked: Asked, model: str, draft: Draft) -> _Place | None:
    region = words(asked.params.get("aws_region_name")) or words(asked.params.get("region_name"))
    if not region or region.startswith(_ENVIRONMENT):
        why = ELSEWHERE if region else "it is missing: write the region there and import again"
        draft.left(f"{asked.field}.aws_region_name", why)
        return None
    for route in _BEDROCK_ROUTES:
        model = model.removeprefix(route)
    draft.carried(f"{asked.field}.aws_region_name", f"option region {shown(region)}")
    variable = draft.variables.take(
        "AWS_CREDENTIAL", "the AWS access key as ACCESS_KEY_ID:SECRET_ACCESS_KEY, of the account that has the models"
    )
    draft.changed(
        f"{asked.field}.aws_access_key_id", f"id and secret stand in one variable, {variable}, with a colon between"
    )
    return _Place(VENDORS["aws"], model, "", {"region": region}, Credential(variable=variable))


def _vertex(asked: Asked, model: str, draft: Draft) -> _Place | None:
    project, region = words(asked.params.get("vertex_project")), words(asked.params.get("vertex_location"))
    for name, value in (("vertex_project", project), ("vertex_location", region)):
        if not value or value.startswith(_ENVIRONMENT):
            why = ELSEWHERE if value else "it is missing: write it there and import again"
            draft.left(f"{asked.field}.{name}", why)
            return None
        draft.carried(f"{asked.field}.{name}", f"option {shown(value)}")
    variable = draft.variables.take("VERTEX_CREDENTIALS", "the JSON of the service account's key file")
    draft.changed(f"{asked.field}.vertex_credentials", f"the content of the key file stands in {variable}")
    dialect = "anthropic_messages" if model.startswith("claude") else ""
    options = {"project": project, "region": region}
    return _Place(VENDORS["google-vertex"], model, "", options, Credential(variable=variable), dialect)


def _credential(asked: Asked, vendor: Vendor, draft: Draft) -> Credential:
    field = f"{asked.field}.api_key"
    found = secret_of(asked.params.get("api_key"))
    if found is None:
        usual = usual_variable(vendor)
        if usual:
            draft.changed(field, f"none is given: the vendor's usual variable, {usual}")
        return Credential(variable=usual)
    if found.variable:
        draft.carried(field, f"variable {found.variable}")
    else:
        draft.changed(field, "it stood in the file: set the variable that the torana.yaml names instead")
    return found


def _spans(asked: Asked, draft: Draft) -> dict[str, float]:
    spans: dict[str, float] = {}
    total = number(asked.params.get("timeout")) or number(asked.params.get("request_timeout"))
    if total is not None:
        draft.carried(f"{asked.field}.timeout", "timeouts.total of its provider")
    elif asked.span is not None:
        total = asked.span
    if total is not None:
        spans["total"] = _whole(total)
    if (first := number(asked.params.get("stream_timeout"))) is not None:
        spans["first_byte"] = _whole(first)
        draft.changed(f"{asked.field}.stream_timeout", "timeouts.first_byte of its provider")
    return spans


def _whole(seconds: float) -> float:
    return int(seconds) if seconds == int(seconds) else round(seconds, 3)
