"""The first start of an empty installation: what has to be there before anybody can sign in or call."""

import os
import secrets
from collections.abc import Mapping
from typing import NamedTuple

from torana.catalog.vendors import VENDORS, Vendor
from torana.control.apps import service as apps
from torana.control.keys import service as keys
from torana.control.providers import service as providers
from torana.control.publish.publish import Publisher
from torana.control.services import service as services
from torana.control.subscriptions import service as subscriptions
from torana.control.teams import service as teams
from torana.control.tokens import service as tokens
from torana.control.users import service as users
from torana.core.errors import Refusal
from torana.core.secret import Secret
from torana.kit.log import logger
from torana.stores.sql.engine import Connection, Engine, reading

ADMIN_EMAIL = "admin@localhost"
DEFAULT = "default"


class FirstStart(NamedTuple):
    """What the first start made; the secrets are seen here only."""

    admin_email: str
    admin_password: Secret
    admin_token: Secret
    key: Secret
    vendors: tuple[str, ...]
    """Vendors that were registered because their usual environment variable is set."""


async def is_set_up(engine: Engine) -> bool:
    """Whether a first start has filled the database before. Raises DatabaseAwayError."""
    async with reading(engine) as connection:
        return bool(await users.count(connection))


async def first_start(publisher: Publisher, environment: Mapping[str, str] | None = None) -> FirstStart | None:
    """Fill an empty installation and publish it, in one transaction; None when there already is a user.

    The team and app `default`, an administrator with a token, a first key, vendor `demo`, and every vendor whose usual variable
    is set in `environment` (the process's own by default), with some of its models.
    """
    if await is_set_up(publisher.engine):
        return None
    password = Secret(secrets.token_urlsafe(15))
    password_hash = await users.hash_password(password)
    async with publisher.change() as connection:
        # Asked again: another node may have been first.
        if await users.count(connection):
            return None
        admin = await users.create(connection, ADMIN_EMAIL, password_hash, "admin")
        _, token = await tokens.create(connection, publisher.master, admin.id, "first")
        team = await teams.create(connection, DEFAULT)
        app = await apps.create(connection, team.id, DEFAULT)
        key = await keys.create(connection, publisher.master, team_id=team.id, app_id=app.id, name="first")
        found = await _add_vendors(connection, publisher, app, os.environ if environment is None else environment)
    return FirstStart(ADMIN_EMAIL, password, token, key.secret, found)


async def _add_vendors(
    connection: Connection, publisher: Publisher, app: apps.App, environment: Mapping[str, str]
) -> tuple[str, ...]:
    found: list[str] = []
    for vendor in VENDORS.values():
        credential = environment.get(vendor.env, "").strip() if vendor.env else ""
        if vendor.id != "demo" and not (credential and _can_be_called(vendor)):
            continue
        try:
            await _add_vendor(connection, publisher, app, vendor, Secret(credential) if credential else None)
        except Refusal as refusal:
            # An odd variable in the operator's shell is no reason not to start.
            logger().warning("vendor_not_registered", vendor=vendor.id, variable=vendor.env, reason=refusal.sentence)
            continue
        if credential:
            found.append(vendor.id)
    return tuple(found)


def _can_be_called(vendor: Vendor) -> bool:
    # What gates speak, and an address that needs nothing of the account: others are set up by hand.
    return vendor.dialect == "openai_chat" and vendor.auth == "bearer" and bool(vendor.fixed_base_url)


async def _add_vendor(
    connection: Connection, publisher: Publisher, app: apps.App, vendor: Vendor, credential: Secret | None
) -> None:
    draft = providers.ProviderDraft(name=vendor.id, vendor=vendor.id)
    account = await providers.create(connection, publisher.master, draft, credential)
    for model in vendor.models:
        deployment = services.DeploymentDraft(account.id, model.model)
        service = await services.create(connection, services.ServiceDraft(model.service, [deployment]))
        await subscriptions.subscribe(connection, app, service)
