"""The description of a custom model, as it stands in torana.yaml or in a file of its own, to JSON."""

import re
from typing import Any

import msgspec

from torana.control.declaration.document import Node, read_document
from torana.control.declaration.problems import DeclarationError, Place, Problems
from torana.core.secret import Secret
from torana.custom.errors import DescriptionError
from torana.custom.read import from_data

MOST_JSON = 512 * 1024
MOST_NODES = 20_000
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,3})?")


def described(node: Node, place: Place, problems: Problems) -> str | None:
    """The description that stands at `node`, as JSON; None with a problem noted."""
    if not isinstance(node.value, dict):
        problems.add(place, f"has to be a mapping that describes the model, but this is {node.sort}")
        return None
    if node.size > MOST_NODES:
        problems.add(place, f"holds more than {MOST_NODES} values")
        return None
    data = plain_data(node)
    for problem in description_problems(data):
        problems.add(place, problem)
    text = msgspec.json.encode(data).decode()
    if len(text) > MOST_JSON:
        problems.add(place, f"is larger than {MOST_JSON // 1024} KiB")
    return text


def described_in_file(text: Secret, place: Place, problems: Problems) -> str | None:
    """The description in a file of its own, YAML or JSON; None with problems noted."""
    own = Problems("")
    try:
        node = read_document(text.reveal().encode(), own)
        found = described(node, Place(node.line, node.column), own)
        own.raise_if_any()
    except DeclarationError as error:
        for problem in error.problems:
            where = f"{problem.path}: " if problem.path else f"line {problem.line}: " if problem.line else ""
            problems.add(place, f"the file cannot be used: {where}{problem.message}")
        return None
    return found


def description_problems(data: dict[str, Any]) -> list[str]:
    """What keeps this from being the description of a custom model, each with its field."""
    try:
        from_data(data)
    except DescriptionError as error:
        return list(error.problems)
    return []


def plain_data(node: Node) -> Any:
    """What stands at a node, by the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema)."""
    value = node.value
    if isinstance(value, dict):
        return {name: plain_data(inner) for name, (_, _, inner) in value.items()}
    if isinstance(value, list):
        return [plain_data(inner) for inner in value]
    if not node.plain:
        return value
    if node.empty:
        return None
    if value in _TRUTH:
        return _TRUTH[value]
    if _WHOLE.fullmatch(value):
        return int(value)
    return _number(value) if _NUMBER.fullmatch(value) else value


def _number(text: str) -> float | str:
    number = float(text)
    # JSON has no infinity.
    return text if number in (float("inf"), float("-inf")) else number
