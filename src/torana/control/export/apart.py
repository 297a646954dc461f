"""Custom roles, webhooks and issuers as entries of a torana.yaml."""

from collections.abc import Mapping
from typing import Any

import msgspec

from torana.control.export.variables import Variables
from torana.control.issuers.jwks import opened, public_set
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


def issuer(row: Row, teams: Mapping[str, str], apps: Mapping[str, str]) -> Entry:
    """An issuer, without the apps that are gone."""
    entry = {**_owned(row, teams), "issuer": row["issuer"], "audiences": msgspec.json.decode(row["audiences"])}
    entry["claim"] = row["claim"]
    given: dict[str, str] = msgspec.json.decode(row["apps"])
    entry["apps"] = {value: apps[app_id] for value, app_id in given.items() if app_id in apps}
    if row["jwks_uri"]:
        return {**entry, "jwks_uri": row["jwks_uri"]}
    return {**entry, "jwks": public_set(opened(row["jwks"]))}


def _owned(row: Row, teams: Mapping[str, str]) -> Entry:
    entry: Entry = {"name": row["name"]}
    if row["team_id"] is not None:
        entry["team"] = teams[row["team_id"]]
    return entry
