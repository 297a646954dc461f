"""Reads the description of a custom model and names the field that is wrong."""

import re
import urllib.parse
from typing import Any

import msgspec
import yaml

from torana.custom.describe import MOST_SOURCE_CHARS, CustomModel, all_steps
from torana.custom.errors import CustomError, DescriptionError
from torana.custom.jobs import Evaluate, Job
from torana.custom.schema import schema_problems

MOST_BYTES = 512 * 1024
_MOST_DEPTH = 32
_MOST_ENTRIES = 50
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_URL = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?P<path>/\S.*|/)?", re.DOTALL)
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?: *; *[\x21-\x7e ]+)?")
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<key>key in )?\$\.?(?P<place>[^`]*)`)?$", re.DOTALL)
_OURS = frozenset(
    {
        "host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "keep-alive",
        "upgrade", "te", "trailer", "expect", "accept-encoding", "authorization", "proxy-authorization", "cookie",
    }
)  # fmt: skip
"""Headers that the gate sets, or that `auth` does."""


def read_model(text: bytes) -> CustomModel:
    """The description in a YAML or JSON text. Raises DescriptionError."""
    return from_data(_parsed(text))


def from_data(data: Any) -> CustomModel:
    """The description in plain data, as the field `model` of a service has it. Raises DescriptionError."""
    if not isinstance(data, dict):
        raise DescriptionError(["the description has to be a mapping with at least request and response"])
    try:
        model = msgspec.convert(data, CustomModel, strict=True)
    except msgspec.ValidationError as error:
        raise DescriptionError([_in_our_words(str(error))]) from None
    except RecursionError:
        raise DescriptionError(["the description is nested too deeply"]) from None
    problems = [*_request_problems(model), *_auth_problems(model), *_other_problems(model)]
    if problems:
        raise DescriptionError(problems)
    return model


async def expression_problems(evaluate: Evaluate, model: CustomModel) -> list[str]:
    """What is wrong with the templates and mappings themselves, each as `field: reason`. Raises CustomError without a sandbox."""
    problems = []
    for step in all_steps(model):
        try:
            await evaluate(Job((step,)))
        except CustomError as error:
            if error.code != "custom_template_failed":
                raise
            problems.append(str(error))
    return problems


def _parsed(text: bytes) -> Any:
    if len(text) > MOST_BYTES:
        raise DescriptionError([f"the description is larger than {MOST_BYTES // 1024} KiB"])
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DescriptionError([f"the description is not UTF-8 at byte {error.start}"]) from None
    try:
        _check_events(decoded)
        loader = _Loader(decoded)
        try:
            root = loader.get_single_node()
            if root is None:
                return None
            _check_names(root, "")
            return loader.construct_document(root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise DescriptionError([f"{where}not valid YAML: {error.problem or error.context}"]) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        if isinstance(error, DescriptionError):
            raise
        raise DescriptionError([f"not valid YAML: {' '.join(str(error).split())[:200]}"]) from None


def _check_events(text: str) -> None:
    """Aliases unfold to any size, and deep nesting would exhaust the stack: both are refused before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise DescriptionError([f"line {line}: aliases are not allowed in a description"])
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            depth += 1
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            depth -= 1
        if depth > _MOST_DEPTH:
            raise DescriptionError([f"line {line}: nested more than {_MOST_DEPTH} deep"])


def _check_names(node: Any, place: str) -> None:
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            _check_names(item, f"{place}[{number}]")
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            here = f"{place}.{name}" if place else name
            if not isinstance(key, yaml.ScalarNode):
                raise DescriptionError([f"line {key.start_mark.line + 1}: the name of a field has to be a word"])
            if name in seen:
                raise DescriptionError(
                    [f"{here}: given twice; the second one stands in line {key.start_mark.line + 1}"]
                )
            seen.add(name)
            _check_names(value, here)


def _in_our_words(message: str) -> str:
    """msgspec says ``Expected `str`, got `int` - at `$.request.path` ``; we begin with the place."""
    match = _AT.match(message)
    assert match is not None
    what, place = match["what"], match["place"] or ""
    if named := re.fullmatch(r"Object (?:missing required|contains unknown) field `(.*)`", what, re.DOTALL):
        place = f"{place}.{named[1]}" if place else named[1]
        what = "it is missing" if "missing" in what else "there is no such field"
    else:
        what = what.replace("`", "").replace("Expected", "it has to be").replace(", got", ", and not")
        what = what.replace("Invalid enum value", "not possible here:")
    return f"{place[:200]}: {what[:300]}" if place else what[:300]


def _request_problems(model: CustomModel) -> list[str]:
    form = model.request
    problems = []
    if (form.path is None) == (form.url is None):
        problems.append("request: exactly one of path and url has to be given")
    if form.path is not None and not form.path.lstrip().startswith(("/", "{%")):
        problems.append("request.path: it has to begin with /")
    if form.url is not None and not _is_url(form.url):
        problems.append(
            "request.url: it has to be http:// or https:// and a host in plain text, then the path; no user"
        )
    for field, text in (("path", form.path), ("url", form.url)):
        if text is not None and not {"?", "#"}.isdisjoint(_TAG.sub("", text)):
            problems.append(f"request.{field}: it has no ? and no #; a query belongs to query")
    if form.body is not None and form.body_map is not None:
        problems.append("request: only one of body and body_map can be given")
    if form.method == "GET" and (form.body is not None or form.body_map is not None):
        problems.append("request.body: a GET request has no body; use query")
    if not _TYPE.fullmatch(form.content_type):
        problems.append("request.content_type: it has to be a media type such as application/json")
    if form.body_map is not None and not model.json_body:
        problems.append("request.content_type: body_map makes JSON, so it has to be a JSON type")
    for field, entries in (("headers", form.headers), ("query", form.query)):
        if len(entries) > _MOST_ENTRIES:
            problems.append(f"request.{field}: at most {_MOST_ENTRIES} are allowed")
    return problems + _header_problems(form.headers)


def _is_url(text: str) -> bool:
    found = _URL.fullmatch(text)
    if found is None:
        return False
    origin = text[: found.start("path")] if found["path"] else text
    try:
        return urllib.parse.urlsplit(origin).port != 0
    except ValueError:
        return False


def _header_problems(headers: dict[str, str]) -> list[str]:
    problems = []
    for name in headers:
        if not _TOKEN.fullmatch(name):
            problems.append(f"request.headers: {name[:80]!r} is no name of a header")
        elif name.lower() in _OURS:
            problems.append(f"request.headers.{name}: this header is set by the gate; credentials belong to auth")
    if len({name.lower() for name in headers}) != len(headers):
        problems.append("request.headers: a header is given twice in different spellings")
    return problems


def _auth_problems(model: CustomModel) -> list[str]:
    auth = model.auth
    if auth.style == "header":
        if auth.header is None or not _TOKEN.fullmatch(auth.header):
            return ["auth.header: the style header needs the name of a header"]
        if auth.header.lower() in _OURS - {"authorization", "cookie"}:
            return ["auth.header: this header is set by the gate"]
        if auth.header.lower() in {name.lower() for name in model.request.headers}:
            return [f"request.headers.{auth.header}: this header carries the credential"]
        if not auth.prefix.isprintable() or not auth.prefix.isascii():
            return ["auth.prefix: it has to be printable ASCII"]
    elif auth.header is not None or auth.prefix:
        return ["auth: header and prefix belong to the style header"]
    return []


def _other_problems(model: CustomModel) -> list[str]:
    problems = [
        f"{step.name}: longer than {MOST_SOURCE_CHARS} characters"
        for step in all_steps(model)
        if len(step.source) > MOST_SOURCE_CHARS
    ]
    problems += [
        f"{step.name}: it is empty" for step in all_steps(model) if step.kind == "mapping" and not step.source.strip()
    ]
    if len(set(model.accepts)) != len(model.accepts):
        problems.append("accepts: something is listed twice")
    if model.content == "embeddings":
        for field in ("stream", "inputs_schema"):
            if getattr(model, field) is not None:
                problems.append(f"{field}: embeddings have none")
        if model.accepts:
            problems.append("accepts: embeddings take texts only")
    if model.inputs_schema is not None:
        problems += schema_problems(model.inputs_schema)
    return problems
