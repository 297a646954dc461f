"""The first start of an empty installation: what has to be there before anybody can sign in or call."""

import os
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from torana.catalog.models import CatalogModel, search, undated
from torana.catalog.vendors import VENDORS, Model, Vendor
from torana.control.access.actor import SYSTEM
from torana.control.access.names import fits
from torana.control.apps import service as apps
from torana.control.audit import service as audit
from torana.control.audit.service import Noted
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
MOST_MODELS = 4
"""Offered of a vendor that says nothing itself of what to offer."""
_IN_A_HEADER = frozenset({"bearer", "x-api-key", "api-key", "x-goog-api-key"})
_NUMBERS = re.compile(r"[-.]?[0-9][0-9.]*")


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
        admin = await users.create(connection, ADMIN_EMAIL, password_hash, "owner")
        first, token = await tokens.create(connection, publisher.master, admin.id, "first")
        team = await teams.create(connection, DEFAULT)
        app = await apps.create(connection, team.id, DEFAULT)
        key = await keys.create(connection, publisher.master, team_id=team.id, app_id=app.id, name="first")
        done = [
            Noted("user.create", "user", admin.id, ADMIN_EMAIL, after={"platform_role": "owner"}),
            Noted("token.create", "token", first.id, "first", after={"user_id": admin.id}),
            Noted("team.create", "team", team.id, DEFAULT, team.id, after={"name": DEFAULT}),
            Noted("app.create", "app", app.id, DEFAULT, team.id, after={"name": DEFAULT}),
            Noted("key.create", "key", key.key.id, "first", team.id, after={"app_id": app.id, "hint": key.key.hint}),
        ]
        environment = os.environ if environment is None else environment
        found = await _add_vendors(connection, publisher, app, environment, done)
        await audit.note_all(connection, publisher.master, SYSTEM, done, reason="the first start")
    return FirstStart(ADMIN_EMAIL, password, token, key.secret, found)


async def _add_vendors(
    connection: Connection, publisher: Publisher, app: apps.App, environment: Mapping[str, str], done: list[Noted]
) -> tuple[str, ...]:
    found: list[str] = []
    names: set[str] = set()
    for vendor in VENDORS.values():
        credential = _credential(vendor, environment)
        if vendor.id != "demo" and credential is None:
            continue
        try:
            await _add_vendor(connection, publisher, app, vendor, credential, names, done)
        except Refusal as refusal:
            # An odd variable in the operator's shell is no reason not to start.
            logger().warning("vendor_not_registered", vendor=vendor.id, variable=vendor.env, reason=refusal.sentence)
            continue
        if credential is not None:
            found.append(vendor.id)
    return tuple(found)


def _credential(vendor: Vendor, environment: Mapping[str, str]) -> Secret | None:
    """What stands in the vendor's variable, or in one of its other spellings.

    Only of vendors that need nothing else of the account: others are set up by hand.
    """
    if not vendor.dialect or vendor.auth not in _IN_A_HEADER or not vendor.fixed_base_url:
        return None
    for name in (vendor.env, *vendor.more_env):
        if text := environment.get(name, "").strip():
            return Secret(text)
    return None


def newest_models(vendor: str, today: str) -> list[Model]:
    """A few of a vendor's chat models: the newest of each line, and the newest lines first."""
    known = [
        model for model in search(vendor=vendor, kind="chat", current_on=today) if model.released and model.input_usd
    ]
    lines: dict[str, CatalogModel] = {}
    for model in sorted(known, key=lambda one: (one.released or "", one.id), reverse=True):
        lines.setdefault(_NUMBERS.sub("", undated(model.id)), model)
    offered = [model.id for model in lines.values() if fits(model.id, most=services.MOST_NAME, slashes=True)]
    return [Model(name, name) for name in offered[:MOST_MODELS]]


async def _add_vendor(
    connection: Connection,
    publisher: Publisher,
    app: apps.App,
    vendor: Vendor,
    credential: Secret | None,
    names: set[str],
    done: list[Noted],
) -> None:
    draft = providers.ProviderDraft(name=vendor.id, vendor=vendor.id)
    account = await providers.create(connection, publisher.master, draft, credential)
    done.append(Noted("provider.create", "provider", account.id, account.name, after={"vendor": vendor.id}))
    today = datetime.now(UTC).date().isoformat()
    for model in vendor.models or newest_models(vendor.id, today):
        # Several vendors have some models: whoever comes first has the plain name.
        name = model.service if model.service not in names else f"{vendor.id}/{model.model}"
        names.add(name)
        deployment = services.DeploymentDraft(account.id, model.model)
        service = await services.create(connection, services.ServiceDraft(name, [deployment]))
        subscription = await subscriptions.subscribe(connection, app, service)
        done.append(Noted("service.create", "service", service.id, name, after={"deployments": [model.model]}))
        wanted = {"app_id": app.id, "service_id": service.id}
        done.append(Noted("subscription.create", "subscription", subscription.id, name, app.team_id, after=wanted))
