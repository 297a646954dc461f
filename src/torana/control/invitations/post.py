"""Sends the token of an invitation to whoever is invited, where e-mail is set up: then nobody else sees it.

Not through the queue of deliveries, in which it would lie readable: if it cannot be handed over within a few attempts, that is
logged, and whoever invited does it again.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from fastapi import Request

from torana.control.invitations.service import Made
from torana.control.notices import mail
from torana.control.notices.mail import MailServer
from torana.core.ids import new_id
from torana.kit.backoff import backoff
from torana.kit.log import logger
from torana.kit.tasks import spawn

Post = Callable[[str, str, str], Awaitable[str | None]]
"""Hands an e-mail (address, subject, text) over to a mail server. None when it was taken, else what was wrong."""

_ATTEMPTS = 4
# No address of this installation: all that is known of it is what the request says, which a stranger may have written.
_BODY = """\
You are invited to this organisation's AI gateway (Torana).

To come in, choose a password of at least 12 characters and accept with this token; it counts once, and for a limited time:

    {token}

Console: Accept an invitation. API: POST /api/v1/invitations/accept, or /api/v1/me/invitations if you have an account already.
If you do not know what this is about, do nothing.
"""


def post_by(server: MailServer | None) -> Post | None:
    """By this mail server; None without one."""
    if server is None:
        return None

    async def post(address: str, subject: str, body: str) -> str | None:
        content = msgspec.json.encode({"data": {"subject": subject, "body": body}}).decode()
        outcome, _ = await mail.send(server, address, "invitation.create", content, new_id("invitation"))
        return outcome.error

    return post


def post_of(request: Request) -> Post | None:
    """How e-mail is sent here; None where it is not set up."""
    found: Post | None = request.app.state.post
    return found


def send(post: Post, made: Made) -> None:
    """Have the invitation sent, in the background. Call it when the change is made."""
    _ = spawn(_send(post, made), "invitation")


async def _send(post: Post, made: Made) -> None:
    body = _BODY.format(token=made.secret.reveal())
    waits = backoff(1.0, 60.0)
    problem: str | None = None
    for attempt in range(_ATTEMPTS):
        if attempt:
            await asyncio.sleep(next(waits))
        problem = await post(made.invitation.email, "You are invited", body)
        if problem is None:
            return
    logger().warning("invitation_not_sent", invitation=made.invitation.id, reason=problem)
