"""Finds a provider account in the database, or makes one of a vendor, and has the gate's own client call it."""

from pathlib import Path
from typing import NamedTuple

import uvloop
from sqlalchemy.exc import SQLAlchemyError

from torana.catalog.vendors import Vendor
from torana.control.providers import probed
from torana.control.providers.probed import Found
from torana.core.secret import Secret
from torana.core.snapshot import Account
from torana.gate.probe import Finding, Probe, probe
from torana.settings import Settings
from torana.stores.secrets import master
from torana.stores.sql import engine as sql
from torana.supervisor.handover import CannotStart


class Probed(NamedTuple):
    """A provider account that was called, and what came of it."""

    account: Account
    model: str | None
    """None: the list of models was asked for."""
    finding: Finding


def probe_provider(settings: Settings, name: str, model: str | None) -> Probed | None:
    """Call a provider account of this instance; None when there is none of this name or id, or no instance.

    Reads the database beside a running instance and changes nothing. Raises Refusal, CannotStart, SettingError, MasterKeyError.
    """
    found = uvloop.run(_find(settings, name))
    if found is None:
        return None
    sealed = found.account.sealed_key
    key = None if sealed is None else master.load(Path(settings.data)).open(sealed, found.account.id)
    return _probe(settings, found, key, model)


def probe_vendor(
    settings: Settings, vendor: Vendor, credential: Secret | None, base_url: str | None, model: str | None
) -> Probed:
    """Call a vendor with a credential that no instance has to know. Raises Refusal."""
    found = probed.account_of_vendor(vendor, base_url, has_credential=credential is not None)
    return _probe(settings, found, credential, model)


def _probe(settings: Settings, found: Found, key: Secret | None, model: str | None) -> Probed:
    model = model or found.model
    embeds = model is not None and found.kind_of(model) == "embedding"
    asked = Probe(account=found.account, key=key, model=model, embeds=embeds)
    return Probed(found.account, model, uvloop.run(probe(asked, settings)))


async def _find(settings: Settings, name: str) -> Found | None:
    file = sql.database_file(settings)
    if file is not None and not file.exists():
        return None
    opened = sql.create(settings)
    try:
        async with sql.reading(opened) as connection:
            return await probed.account_named(connection, name)
    except SQLAlchemyError as error:
        raise CannotStart(f"the database cannot be read: {' '.join(str(error).split())[:500]}") from None
    finally:
        await opened.dispose()
