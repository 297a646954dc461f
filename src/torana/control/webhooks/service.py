"""Webhooks: made (secret shown once), found, changed, told."""

from collections.abc import Collection

import msgspec

from torana.control.access.names import check_name
from torana.control.access.scope import Scope
from torana.control.notices.events import EVENTS
from torana.control.notices.repository import Delivery
from torana.control.webhooks import repository, sign
from torana.control.webhooks.call import Caller
from torana.control.webhooks.repository import Webhook
from torana.core.errors import Refusal
from torana.core.ids import epoch_us, new_id
from torana.core.secret import Secret
from torana.stores.secrets.master import MasterKey
from torana.stores.sql.engine import Connection

MOST = 20
"""Webhooks of one team: each event is queued for each of them."""
OVERLAP_US = 24 * 3600 * 1_000_000
"""How long the secret before still signs too."""

page = repository.paged
remove = repository.remove


class _Held(msgspec.Struct):
    """What is sealed."""

    now: str
    before: str | None = None
    until_us: int = 0
    """When the secret before ends."""


async def create(
    connection: Connection,
    master: MasterKey,
    caller: Caller,
    *,
    team_id: str | None,
    name: str,
    url: str,
    events: Collection[str] = (),
) -> tuple[Webhook, Secret]:
    """A new webhook of a team, or of the platform, and its secret, which cannot be read again. Raises Refusal."""
    caller.check(url)
    await _check_free(connection, team_id, name, None)
    if await repository.count(connection, team_id) >= MOST:
        raise Refusal("too_many", noun="webhooks", most=MOST)
    webhook_id, secret = new_id("webhook"), sign.new_secret()
    sealed = _sealed(master, webhook_id, _Held(secret.reveal()))
    webhook = Webhook(webhook_id, team_id, name, url, sealed, _listed(events), epoch_us(), None)
    await repository.add(connection, webhook)
    return webhook, secret


async def find(connection: Connection, scope: Scope, reference: str) -> Webhook:
    """The scope's webhook of this id, or of this name where only one has it. Raises Refusal."""
    found = await repository.find(connection, scope, reference)
    exact = [webhook for webhook in found if webhook.id == reference]
    if len(exact or found) > 1:
        raise Refusal("invalid_field", param="webhook", reason="several teams have a webhook of this name; use its id")
    if not found:
        raise Refusal("not_found", noun="webhook", name=reference[:200])
    return (exact or found)[0]


async def change(
    connection: Connection,
    caller: Caller,
    webhook: Webhook,
    *,
    name: str | None = None,
    url: str | None = None,
    events: Collection[str] | None = None,
    disabled: bool | None = None,
) -> Webhook:
    """The webhook with what is given changed. Raises Refusal."""
    if url is not None:
        caller.check(url)
    if name is not None:
        await _check_free(connection, webhook.team_id, name, webhook.id)
    disabled_us = webhook.disabled_us
    if disabled is not None:
        disabled_us = (disabled_us or epoch_us()) if disabled else None
    changed = msgspec.structs.replace(
        webhook,
        name=webhook.name if name is None else name,
        url=webhook.url if url is None else url,
        events=webhook.events if events is None else _listed(events),
        disabled_us=disabled_us,
    )
    await repository.change(connection, changed)
    return changed


async def renew_secret(connection: Connection, master: MasterKey, webhook: Webhook) -> tuple[Webhook, Secret]:
    """A new secret, shown once; the one before signs too for OVERLAP_US."""
    secret = sign.new_secret()
    before = _opened(master, webhook)
    held = _Held(secret.reveal(), before.now, epoch_us() + OVERLAP_US)
    changed = msgspec.structs.replace(webhook, sealed_secret=_sealed(master, webhook.id, held))
    await repository.change(connection, changed)
    return changed, secret


def sealed(master: MasterKey, webhook_id: str, secret: Secret) -> bytes:
    """A secret as it is stored, of a webhook that had none before."""
    return _sealed(master, webhook_id, _Held(secret.reveal()))


def secret_of(master: MasterKey, webhook_id: str, sealed_secret: bytes) -> Secret:
    """The secret that signs now. Raises MasterKeyError."""
    return Secret(_held(master, webhook_id, sealed_secret).now)


def signed(master: MasterKey, webhook: Webhook, message_id: str, body: bytes, now_us: int) -> dict[str, str]:
    """The headers of one attempt. Raises MasterKeyError."""
    held = _opened(master, webhook)
    secrets = [Secret(held.now)]
    if held.before is not None and now_us < held.until_us:
        secrets.append(Secret(held.before))
    return sign.headers(secrets, message_id, now_us // 1_000_000, body)


def events_of(webhook: Webhook) -> list[str]:
    """The events it is told of; none is all."""
    return msgspec.json.decode(webhook.events, type=list[str])


async def retry(connection: Connection, webhook: Webhook, delivery_id: str) -> Delivery:
    """Have what was given up, or waits, tried again now. Raises Refusal `not_found` or `already_delivered`."""
    found = await repository.delivery(connection, webhook.id, delivery_id)
    if found is None:
        raise Refusal("not_found", noun="delivery", name=delivery_id[:200])
    if found.done_us is not None and found.error is None:
        raise Refusal("already_delivered")
    now_us = epoch_us()
    await repository.again(connection, found.id, now_us)
    return msgspec.structs.replace(found, attempts=0, next_us=now_us, done_us=None)


async def _check_free(connection: Connection, team_id: str | None, name: str, own_id: str | None) -> None:
    holder = await repository.named(connection, team_id, check_name(name))
    if holder is not None and holder.id != own_id:
        raise Refusal("already_exists", noun="webhook", name=name)


def _listed(events: Collection[str]) -> str:
    for event in events:
        if event not in EVENTS:
            raise Refusal("invalid_field", param="events", reason=f"there is no event {event[:60]}")
    return msgspec.json.encode(sorted(set(events))).decode()


def _sealed(master: MasterKey, webhook_id: str, held: _Held) -> bytes:
    return master.seal(Secret(msgspec.json.encode(held).decode()), webhook_id)


def _opened(master: MasterKey, webhook: Webhook) -> _Held:
    return _held(master, webhook.id, webhook.sealed_secret)


def _held(master: MasterKey, webhook_id: str, sealed_secret: bytes) -> _Held:
    return msgspec.json.decode(master.open(sealed_secret, webhook_id).reveal(), type=_Held)
