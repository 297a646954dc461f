"""An OpenAPI document, as far as it says that a language model is behind it. OpenAPI 3 and Swagger 2, with anything missing.

Source: https://spec.openapis.org/oas/latest.html
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urljoin

from torana.control.importers.accounts import address
from torana.control.importers.data import mapping, words

DIALECTS = {
    "/chat/completions": "openai_chat",
    "/responses": "openai_responses",
    "/messages": "anthropic_messages",
    "/completions": "openai_chat",
    "/embeddings": "openai_chat",
    "/rerank": "openai_chat",
}
"""How the path of an operation ends that a gate knows, in the order of preference, and the dialect that is spoken there."""
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_MOST_STEPS = 8
_MOST_MODELS = 200


class Model(NamedTuple):
    """What a document says of a model behind it."""

    base_url: str
    dialect: str
    models: tuple[str, ...]
    credential: bool
    """Whether a call of it needs one."""


def is_document(value: Any) -> bool:
    """Whether this is one."""
    return isinstance(value, dict) and ("openapi" in value or "swagger" in value) and "paths" in value


def operations(document: Mapping[str, Any]) -> list[str]:
    """Method and path of each."""
    return [
        f"{method.upper()} {path}"
        for path, item in mapping(document.get("paths")).items()
        for method in mapping(item)
        if method in _METHODS
    ]


def server(document: Mapping[str, Any], upstream: str) -> str:
    """Where it is: the first server that has a host, else where the gateway sent its calls; empty where nothing says so."""
    listed = document.get("servers")
    for entry in listed if isinstance(listed, list) else ():
        url = words(mapping(entry).get("url"))
        if "{" in url:
            for name, variable in mapping(mapping(entry).get("variables")).items():
                url = url.replace("{" + name + "}", words(mapping(variable).get("default")))
        if url.startswith(("http://", "https://")):
            return url
        if upstream:
            return urljoin(upstream.rstrip("/") + "/", url.lstrip("/"))
    if host := words(document.get("host")):
        schemes = document.get("schemes")
        scheme = "http" if isinstance(schemes, list) and "https" not in schemes and "http" in schemes else "https"
        return f"{scheme}://{host}{words(document.get('basePath'))}"
    return upstream


def model_of(document: Mapping[str, Any], upstream: str) -> Model | None:
    """What a gate could call of it; None where nothing is in a form that one knows, or nobody says where."""
    paths = mapping(document.get("paths"))
    for ending, dialect in DIALECTS.items():
        for path, item in paths.items():
            post = mapping(mapping(item).get("post"))
            if not post or not path.rstrip("/").endswith(ending):
                continue
            base = server(document, upstream).rstrip("/") + path.rstrip("/").removesuffix(ending)
            base_url = address(base, "")
            if base_url is None:
                return None
            return Model(base_url, dialect, tuple(_models(document, post)), _needs_credential(document, post))
    return None


def _models(document: Mapping[str, Any], operation: Mapping[str, Any]) -> list[str]:
    """What the field `model` of the body may be, as far as it is said."""
    found: list[str] = []
    for schema in _schemas(document, operation):
        field = mapping(_resolved(document, mapping(schema.get("properties")).get("model")))
        for said in (
            field.get("const"),
            field.get("enum"),
            field.get("default"),
            field.get("example"),
            field.get("examples"),
        ):
            for one in said if isinstance(said, list) else [said]:
                if (name := words(one)) and name not in found and len(found) < _MOST_MODELS:
                    found.append(name)
            if found:
                return found
    return found


def _schemas(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Of the body, with what it is put together from."""
    body = mapping(_resolved(document, operation.get("requestBody")))
    waiting = [mapping(kind).get("schema") for kind in mapping(body.get("content")).values()]
    parameters = operation.get("parameters")
    given = parameters if isinstance(parameters, list) else []
    waiting += [mapping(entry).get("schema") for entry in given if mapping(entry).get("in") == "body"]
    for _ in range(_MOST_STEPS * _MOST_STEPS):
        if not waiting:
            return
        schema = mapping(_resolved(document, waiting.pop(0)))
        yield schema
        for name in ("allOf", "anyOf", "oneOf"):
            waiting += schema[name] if isinstance(schema.get(name), list) else []


def _resolved(document: Mapping[str, Any], value: Any) -> Any:
    """What a local reference leads to; anything else as it is."""
    for _ in range(_MOST_STEPS):
        reference = words(mapping(value).get("$ref"))
        if not reference.startswith("#/"):
            return value
        value = document
        for part in reference[2:].split("/"):
            value = mapping(value).get(part.replace("~1", "/").replace("~0", "~"))
    return None


def _needs_credential(document: Mapping[str, Any], operation: Mapping[str, Any]) -> bool:
    schemes = mapping(mapping(document.get("components")).get("securitySchemes")) or document.get("securityDefinitions")
    return bool(operation.get("security", document.get("security"))) or bool(schemes)
