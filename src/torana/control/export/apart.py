"""Custom roles and webhooks as entries of a torana.yaml."""

from collections.abc import Mapping
from typing import Any

import msgspec

from torana.control.export.variables import Variables
from torana.control.plan.repository import Row

Entry = dict[str, Any]


def role(row: Row, teams: Mapping[str, str]) -> Entry:
    """A role."""
    entry = _owned(row, teams)
    if row["description"]:
        entry["description"] = row["description"]
    return {**entry, "permissions": sorted(msgspec.json.decode(row["permissions"], type=list[str]))}


def webhook(row: Row, teams: Mapping[str, str], variables: Variables) -> Entry:
    """A webhook. An address with a query may hold a secret, and is not written either."""
    entry = _owned(row, teams)
    what = f"webhook {row['name']}" + (f" of team {entry['team']}" if "team" in entry else "")
    words = f"{entry.get('team', '')} {row['name']} webhook"
    entry["url"] = row["url"]
    if "?" in row["url"]:
        entry["url"] = {"env": variables.make(f"{words} url", f"the address of {what}")}
    if events := msgspec.json.decode(row["events"], type=list[str]):
        entry["events"] = sorted(events)
    return {**entry, "secret": {"env": variables.make(f"{words} secret", f"the secret of {what}")}}


def _owned(row: Row, teams: Mapping[str, str]) -> Entry:
    entry: Entry = {"name": row["name"]}
    if row["team_id"] is not None:
        entry["team"] = teams[row["team_id"]]
    return entry
