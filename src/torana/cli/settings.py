"""`torana settings`: every setting with its variable, default, meaning, value and where the value comes from."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from torana.core.secret import MASK
from torana.settings import MEANINGS, defaults, load, variable

_MAY_HOLD_PASSWORD = {"database", "upstream_proxy"}


def rows(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """One row a setting, in the order of the table. Passwords inside addresses are masked. Raises SettingError."""
    current = msgspec.structs.asdict(load(environment=environment))
    return [
        {
            "name": name,
            "variable": variable(name),
            "default": default,
            "value": _masked(current[name]) if name in _MAY_HOLD_PASSWORD else current[name],
            "source": variable(name) if variable(name) in environment else "default",
            "meaning": MEANINGS[name],
        }
        for name, default in defaults().items()
    ]


def show(*, as_json: bool) -> None:
    """Print the table. Raises SettingError."""
    found = rows(os.environ)
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    for row in found:
        origin = "" if row["source"] == "default" else f"  (default {_text(row['default'])})"
        sys.stdout.write(f"{row['variable']} = {_text(row['value'])}{origin}\n    {row['meaning']}\n")


def _text(value: object) -> str:
    return '""' if value == "" else str(value)


def _masked(address: str) -> str:
    """The address without its password: `scheme://user:•••@host`."""
    scheme, _, rest = address.rpartition("://")
    credentials, at, place = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    if not colon:
        return address
    return f"{scheme}://{user}:{MASK}{at}{place}"
