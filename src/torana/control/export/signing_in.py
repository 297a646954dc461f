"""Identity providers and what groups give as entries of a torana.yaml."""

from collections.abc import Mapping
from typing import Any

from torana.control.export.variables import Variables
from torana.control.identity.service import Options, Provider
from torana.control.plan.repository import Row

Entry = dict[str, Any]
_LISTS = ("email_domains", "hosts")
_TEXTS = ("groups_claim", "public_url")
_FLAGS = ("create_users", "trust_unverified_emails")


def identity_provider(row: Row, variables: Variables, files: dict[str, str]) -> Entry:
    """An identity provider; its certificates go into `files`."""
    provider = Provider(**row)
    said = provider.said
    entry: Entry = {"name": provider.name, "issuer": provider.issuer, "client_id": provider.client_id}
    if provider.sealed_secret is not None:
        what = f"the client secret of identity provider {provider.name}"
        entry["client_secret"] = {"env": variables.make(f"{provider.name} client secret", what)}
    if set(said.scopes) != set(Options().scopes):
        entry["scopes"] = list(said.scopes)
    entry |= {name: list(getattr(said, name)) for name in _LISTS if getattr(said, name)}
    entry |= {name: getattr(said, name) for name in _TEXTS if getattr(said, name) is not None}
    entry |= {name: True for name in _FLAGS if getattr(said, name)}
    if said.ca is not None:
        file = f"{provider.name}.identity.ca.pem"
        files[file] = said.ca
        entry["ca"] = {"file": file}
    return entry


def group_role(row: Row, teams: Mapping[str, str]) -> Entry:
    """What a group gives."""
    entry: Entry = {"source": row["source"], "group": row["group_name"]}
    if row["team_id"] is not None:
        entry["team"] = teams[row["team_id"]]
    return {**entry, "role": row["role"]}
