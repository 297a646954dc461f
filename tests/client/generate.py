"""Writes models.py and resources.py of torana.client from the OpenAPI document: `make client`.

test_client.py refuses a client that is not what this writes.
"""

import json
import keyword
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from torana.control.app import PREFIX, routed

Schema = dict[str, Any]
_SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_HEADERS = {"If-Match": "if_match", "Idempotency-Key": "idempotency_key", "X-Torana-Reason": "reason"}
FOLDER = Path(__file__).parents[2] / "src" / "torana" / "client"
_NOTE = '"""Generated from the OpenAPI document of the admin API by `make client`; not to be changed by hand."""\n\n'
_LINE = 120


def generated() -> dict[str, str]:
    """The files by name."""
    document = routed().openapi()
    operations = _operations(document)
    files = {
        "models.py": _models(document["components"]["schemas"], operations),
        "resources.py": _resources(operations),
    }
    return {name: _formatted(name, text) for name, text in files.items()}


def _formatted(name: str, text: str) -> str:
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "--fix", "--quiet", "--exit-zero"], ["format"]):
        done = subprocess.run(
            [*ruff, *command, "--stdin-filename", str(FOLDER / name), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        text = done.stdout
    return text


class Operation:
    """One operation of the document, as a method."""

    def __init__(self, method: str, path: str, described: dict[str, Any], schemas: dict[str, Schema]) -> None:
        self.method = method.upper()
        self.path = path.removeprefix(PREFIX)
        self.name: str = described["operationId"]
        self.tag: str = re.sub(r"\W", "_", (described.get("tags") or ["system"])[0])
        self.doc: str = described.get("description") or described["summary"]
        parameters = described.get("parameters", [])
        self.places = [one["name"] for one in parameters if one["in"] == "path"]
        self.query = [one for one in parameters if one["in"] == "query"]
        self.headers = [one["name"] for one in parameters if one["in"] == "header"]
        self.body = self._body(described, schemas)
        self.returns = self._returns(described)
        named = {f"models.{_class(name)}": schema for name, schema in schemas.items()}
        page = named.get(self.returns, {}).get("properties", {})
        cursor = next((one["name"] for one in self.query if one["name"] in ("cursor", "before")), None)
        self.cursor = cursor if "next" in page else None
        self.item = _type(page["items"]["items"], "models.") if self.cursor else ""

    def _body(self, described: dict[str, Any], schemas: dict[str, Schema]) -> Schema | None:
        content = described.get("requestBody", {}).get("content", {}).get("application/json")
        return None if content is None else _resolved(content["schema"], schemas)

    def _returns(self, described: dict[str, Any]) -> str:
        for status, response in described["responses"].items():
            if status.startswith("2"):
                content = response.get("content", {})
                if "application/json" in content:
                    return _type(content["application/json"]["schema"], "models.")
                return "bytes" if content else "None"
        return "None"

    def body_name(self, field: str) -> str:
        """The argument for a field of the body, which may have the name of something in the path or query."""
        taken = {*self.places, *(one["name"] for one in self.query)}
        return f"{_name(field)}_" if field in taken else _name(field)

    def header_name(self, header: str) -> str:
        """The argument for a header, whose name may be that of a field of the body."""
        name = _HEADERS[header]
        return f"audit_{name}" if name in (self.body or {}).get("properties", {}) else name

    def arguments(self) -> list[str]:
        """As they stand in a signature, behind self."""
        found = [f"{_name(name)}: str" for name in self.places]
        named = []
        if self.body is not None:
            required = set(self.body.get("required", ()))
            for name, schema in self.body.get("properties", {}).items():
                kind = _type(schema, "models.")
                if name not in required:
                    kind = f"{kind.removesuffix(' | None')} | Unset{' | None' * kind.endswith(' | None')} = UNSET"
                named.append((name not in required, f"{self.body_name(name)}: {kind}"))
        for one in self.query:
            optional = "" if one.get("required") else " | None = None"
            kind = _type(one["schema"], "").removesuffix(" | None")
            named.append((not one.get("required"), f"{_name(one['name'])}: {kind}{optional}"))
        for header in self.headers:
            argument = (
                "if_match: str | Model" if header == "If-Match" else f"{self.header_name(header)}: str | None = None"
            )
            named.append((header != "If-Match", argument))
        if named:
            found += ["*", *(text for _, text in sorted(named, key=lambda pair: pair[0]))]
        return found


def _operations(document: dict[str, Any]) -> list[Operation]:
    schemas = document["components"]["schemas"]
    return [
        Operation(method, path, described, schemas)
        for path, operations in document["paths"].items()
        if path.startswith(PREFIX + "/")
        for method, described in operations.items()
    ]


def _models(schemas: dict[str, Schema], operations: list[Operation]) -> str:
    wanted: set[str] = set()
    for operation in operations:
        _collect(operation.returns, schemas, wanted)
        for schema in (operation.body or {}).get("properties", {}).values():
            _collect(json.dumps(schema), schemas, wanted)
    parts = [
        _NOTE,
        "from typing import Any, Literal\n\nfrom pydantic import Field\n\nfrom torana.client.transport import Model\n",
    ]
    names = sorted(wanted)
    parts += [_model(name, schemas[name]) for name in names]
    parts.append("\n\n" + "\n".join(f"{_class(name)}.model_rebuild()" for name in names) + "\n")
    return "".join(parts)


def _collect(text: str, schemas: dict[str, Schema], wanted: set[str]) -> None:
    by_class = {_class(name): name for name in schemas}
    found = [
        *re.findall(r"#/components/schemas/([\w.-]+)", text),
        *(by_class.get(one) for one in re.findall(r"models\.(\w+)", text)),
    ]
    for name in found:
        if name is not None and name not in wanted:
            wanted.add(name)
            _collect(json.dumps(schemas[name]), schemas, wanted)


def _model(name: str, schema: Schema) -> str:
    doc = _doc(schema.get("description", f"{name}."), 4)
    if "enum" in schema:
        return f"\n\n{_class(name)} = Literal[{', '.join(map(repr, schema['enum']))}]\n"
    lines = [f"\n\nclass {_class(name)}(Model):\n{doc}"]
    required = set(schema.get("required", ()))
    fields = []
    for field, inner in schema.get("properties", {}).items():
        kind = _type(inner, "", quoted=True)
        alias = f"alias={field!r}" if _name(field) != field else ""
        default = "" if field in required else _default(inner)
        arguments = ", ".join(part for part in (default and f"default={default}", alias) if part)
        value = f" = Field({arguments})" if alias else f" = {default}" if default else ""
        fields.append((bool(default), f"    {_name(field)}: {kind}{value}\n"))
    lines += [text for _, text in sorted(fields, key=lambda pair: pair[0])]
    return "".join(lines) if fields else lines[0]


def _default(schema: Schema) -> str:
    # None also where null is not allowed: what a reply left out has no better value.
    value = schema.get("default")
    return repr(value) if isinstance(value, str | int | float | bool) else "None"


def _resources(operations: list[Operation]) -> str:
    by_tag: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        by_tag[operation.tag].append(operation)
    parts = [
        _NOTE,
        "from collections.abc import AsyncIterator, Iterator\nfrom typing import Any, Literal\n\n",
        "from pydantic import TypeAdapter\n\n",
        "from torana.client import models\nfrom torana.client.transport import ",
        "UNSET, AsyncTransport, Model, Request, Transport, Unset\n",
    ]
    for tag in sorted(by_tag):
        parts += [_resource(tag, by_tag[tag], asynchronous) for asynchronous in (False, True)]
    for asynchronous in (False, True):
        prefix = "Async" if asynchronous else ""
        lines = [
            f"\n\nclass {prefix}Resources:\n",
            '    """The parts of the API, one attribute each."""\n\n',
            f"    def __init__(self, transport: {prefix}Transport) -> None:\n",
            *(f"        self.{tag} = {prefix}{_title(tag)}(transport)\n" for tag in sorted(by_tag)),
        ]
        parts.append("".join(lines))
    return "".join(parts)


def _resource(tag: str, operations: list[Operation], asynchronous: bool) -> str:
    prefix = "Async" if asynchronous else ""
    parts = [
        f"\n\nclass {prefix}{_title(tag)}:\n",
        f'    """Operations on {tag.replace("_", " ")}."""\n\n',
        f"    def __init__(self, transport: {prefix}Transport) -> None:\n        self._transport = transport\n",
    ]
    for operation in operations:
        parts.append(_method(operation, asynchronous))
        if operation.cursor:
            parts.append(_iterator(operation, asynchronous))
    return "".join(parts)


def _method(operation: Operation, asynchronous: bool) -> str:
    word, wait = ("async def", "await ") if asynchronous else ("def", "")
    arguments = ", ".join(["self", *operation.arguments()])
    places = ", ".join(f'"{name}": {_name(name)}' for name in operation.places)
    query = ", ".join(f'"{one["name"]}": {_name(one["name"])}' for one in operation.query)
    headers = ", ".join(f'"{name}": {operation.header_name(name)}' for name in operation.headers)
    returning = "" if operation.returns == "None" else "return "
    body = "None"
    if operation.body is not None:
        body = (
            "{"
            + ", ".join(f'"{name}": {operation.body_name(name)}' for name in operation.body.get("properties", {}))
            + "}"
        )
    return (
        f"\n    {word} {operation.name}({arguments}) -> {operation.returns}:\n{_doc(operation.doc, 8)}"
        f'        request = Request("{operation.method}", "{operation.path}", {{{places}}}, {{{query}}}, {body}, {{{headers}}})\n'
        f"        {returning}{wait}self._transport.call(request, TypeAdapter({operation.returns}))\n"
    )


def _iterator(operation: Operation, asynchronous: bool) -> str:
    word, wait, kind = ("async def", "await ", "AsyncIterator") if asynchronous else ("def", "", "Iterator")
    cursor = operation.cursor
    arguments = ", ".join(["self", *(one for one in operation.arguments() if not one.startswith(f"{cursor}:"))])
    given = ", ".join(
        [_name(name) for name in operation.places]
        + [f"{_name(one['name'])}={_name(one['name'])}" for one in operation.query if one["name"] != cursor]
    )
    items = "for item in page.items:\n                yield item\n" if asynchronous else "yield from page.items\n"
    passed = f"{given}, {cursor}={cursor}" if given else f"{cursor}={cursor}"
    return (
        f"\n    {word} iterate_{operation.name.removeprefix('list_')}({arguments}) -> {kind}[{operation.item}]:\n"
        f'        """Every item of `{operation.name}`, page by page."""\n'
        f"        {cursor}: str | None = None\n        while True:\n"
        f"            page = {wait}self.{operation.name}({passed})\n"
        f"            {items}"
        f"            if page.next is None:\n                return\n            {cursor} = page.next\n"
    )


def _type(schema: Schema, prefix: str, *, quoted: bool = False) -> str:
    if "$ref" in schema:
        name = prefix + _class(schema["$ref"].rpartition("/")[2])
        return f'"{name}"' if quoted else name
    if "const" in schema:
        return f"Literal[{schema['const']!r}]"
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    if found := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        kinds = sorted(dict.fromkeys(_type(one, prefix) for one in found), key="None".__eq__)
        text = "Any" if "Any" in kinds else " | ".join(kinds)
        return f'"{text}"' if quoted and "$ref" in json.dumps(schema) else text
    kind = schema.get("type")
    if kind == "array":
        return f"list[{_type(schema.get('items', {}), prefix, quoted=quoted)}]"
    if kind == "object":
        values = schema.get("additionalProperties", {})
        return f"dict[str, {_type(values if isinstance(values, dict) else {}, prefix, quoted=quoted)}]"
    return _SIMPLE.get(kind or "", "Any")


def _resolved(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _doc(text: str, indent: int) -> str:
    space = " " * indent
    lines = [space + line.strip() if line.strip() else "" for line in text.strip().splitlines()]
    if len(lines) == 1 and len(lines[0]) < _LINE - 6:
        return f'{space}"""{lines[0].strip()}"""\n'
    return f'{space}"""{lines[0].strip()}\n' + "".join(f"{line}\n" for line in lines[1:]) + f'{space}"""\n'


def _class(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))


def _title(tag: str) -> str:
    return _class(tag)


def _name(name: str) -> str:
    plain = re.sub(r"\W", "_", name)
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def main() -> None:
    """Write the files."""
    for name, text in generated().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
