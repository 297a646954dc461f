"""Sends one e-mail through the mail server of the settings."""

import asyncio
import os
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from torana.control.webhooks.call import Outcome
from torana.core.egress import is_loopback
from torana.core.secret import Secret
from torana.settings import SettingError, Settings

PASSWORD_VARIABLE = "TORANA_SMTP_PASSWORD"  # noqa: S105 - a name
SECONDS = 30.0
_REFUSED_FOR_EVER = 500
_PORTS = {"smtp": 587, "smtps": 465}


class MailServer(msgspec.Struct, frozen=True):
    """Where e-mail is handed over."""

    host: str
    port: int
    tls: bool
    """From the first byte, and not by STARTTLS."""
    user: str | None
    password: Secret | None
    sender: str


class _Data(msgspec.Struct):
    subject: str
    body: str
    link: str | None = None


class _Content(msgspec.Struct):
    data: _Data


def mail_server(settings: Settings) -> MailServer | None:
    """The mail server of these settings; None without one. Raises SettingError when its password cannot be had."""
    if not settings.smtp:
        return None
    parts = urlsplit(settings.smtp)
    user = unquote(parts.username) if parts.username else None
    return MailServer(
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        tls=parts.scheme == "smtps",
        user=user,
        password=_password(settings) if user is not None else None,
        sender=settings.mail_from,
    )


async def send(server: MailServer, address: str, event: str, content: str, message_id: str) -> tuple[Outcome, bool]:
    """One attempt to hand an e-mail over; also whether it is of no use to try again."""
    try:
        message = _message(server, address, event, content, message_id)
        # The library's limit is one of each step.
        async with asyncio.timeout(SECONDS):
            await aiosmtplib.send(message, **_options(server))
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = [one.code for one in error.recipients]
        return Outcome(codes[0] if codes else None, "the address was refused"), all(
            code >= _REFUSED_FOR_EVER for code in codes
        )
    except aiosmtplib.SMTPResponseException as error:
        # Not its text: a server may repeat what it was sent. A wrong password can be mended, so it is tried again.
        refused = error.code >= _REFUSED_FOR_EVER and not isinstance(error, aiosmtplib.SMTPAuthenticationError)
        return Outcome(error.code, f"the mail server answered {error.code}"), refused
    except (aiosmtplib.SMTPException, OSError) as error:
        return Outcome(None, f"the mail server could not be used: {type(error).__name__}"), False
    except (ValueError, UnicodeError):
        return Outcome(None, "the address cannot be written to"), True
    return Outcome(250, None), False


def _message(server: MailServer, address: str, event: str, content: str, message_id: str) -> EmailMessage:
    data = msgspec.json.decode(content, type=_Content).data
    message = EmailMessage()
    message["From"] = server.sender
    message["To"] = address
    # No line may end here: what follows would be a header of its own.
    message["Subject"] = " ".join(data.subject.split())
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(message_id, server.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message["X-Torana-Event"] = event
    link = f"\n\n{data.link}" if data.link else ""
    message.set_content(f"{data.body}{link}\n")
    return message


def _options(server: MailServer) -> dict[str, Any]:
    options: dict[str, Any] = {"hostname": server.host, "port": server.port, "timeout": SECONDS, "use_tls": server.tls}
    if not server.tls:
        # A password goes in clear to this machine only; without one TLS is used where the server offers it.
        here = is_loopback(server.host) or server.host == "localhost"
        options["start_tls"] = True if server.user is not None and not here else None
    if server.user is not None and server.password is not None:
        options |= {"username": server.user, "password": server.password.reveal()}
    return options


def _password(settings: Settings) -> Secret:
    if settings.smtp_password_file:
        try:
            return Secret(Path(settings.smtp_password_file).read_text("utf-8").strip())
        except (OSError, UnicodeError):
            raise SettingError("smtp_password_file cannot be read: it has to be a file with the password.") from None
    if (text := os.environ.get(PASSWORD_VARIABLE)) is None:
        raise SettingError(f"smtp names a user: give smtp_password_file, or the password in {PASSWORD_VARIABLE}.")
    return Secret(text)
