"""E-mail through a real mail server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from sqlalchemy import select

from tests.support.api import Organisation, organisation
from torana.control.notices.deliver import Senders, run_once
from torana.control.notices.mail import PASSWORD_VARIABLE, mail_server
from torana.control.notices.service import mail, tell
from torana.control.publish.publish import Publisher
from torana.control.webhooks.call import Caller
from torana.core.ids import epoch_us
from torana.settings import SettingError, Settings
from torana.stores.sql.engine import reading, writing
from torana.stores.sql.lifecycle_tables import deliveries

pytestmark = pytest.mark.anyio


class Postbox:
    """A mail server, and what it took."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refusal = ""
        self.signed_in: list[tuple[bytes, bytes]] = []
        self.port = 0

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"

    def __call__(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        self.signed_in.append((given.login, given.password))
        return AuthResult(success=given.password == b"right", handled=False)


@pytest.fixture
async def postbox(anyio_backend: str) -> AsyncIterator[Postbox]:
    box = Postbox()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(box, hostname="localhost", authenticator=box, auth_require_tls=False), "127.0.0.1", 0
    )
    box.port = server.sockets[0].getsockname()[1]
    yield box
    server.close()
    await server.wait_closed()


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    return await organisation(publisher)


def senders(box: Postbox, user: str = "", **more: str) -> Senders:
    settings = Settings(smtp=f"smtp://{user}127.0.0.1:{box.port}", mail_from="torana@example.org", **more)  # type: ignore[arg-type] # texts
    return Senders(Caller(settings), mail_server(settings))


async def happens(on: Organisation, **given: str) -> None:
    async with writing(on.publisher.engine) as connection:
        words: dict[str, Any] = {
            "subject": "A key ends soon",
            "body": "On Friday - früh.",
            "link": "/api/v1/keys/key_1",
        }
        users = [on.users["one.developer"]]
        await tell(connection, event="key.expiring", team_id=on.teams["one"].id, user_ids=users, **(words | given))


async def outcome(on: Organisation) -> tuple[bool, str | None]:
    async with reading(on.publisher.engine) as connection:
        row = (await connection.execute(select(deliveries.c.done_us, deliveries.c.error))).one()
    return row[0] is not None, row[1]


async def test_who_is_told_gets_an_e_mail(on: Organisation, postbox: Postbox) -> None:
    await happens(on, subject="A key\r\nBcc: eve@example.org")
    assert await run_once(on.publisher, epoch_us(), senders(postbox)) == 1
    (message,) = postbox.messages
    assert (message["to"], message["from"]) == ("one.developer@example.org", "torana@example.org")
    # What would be a header of its own is a part of the subject.
    assert message["subject"] == "A key Bcc: eve@example.org"
    assert message["bcc"] is None
    assert (message["auto-submitted"], message["x-torana-event"]) == ("auto-generated", "key.expiring")
    assert message.get_content().replace("\r\n", "\n") == "On Friday - früh.\n\n/api/v1/keys/key_1\n"
    assert await outcome(on) == (True, None)


async def test_somebody_who_is_no_user_can_be_written_to(on: Organisation, postbox: Postbox) -> None:
    async with writing(on.publisher.engine) as connection:
        await mail(
            connection, address="new@example.org", team_id=None, event="invitation.accepted", subject="s", body="b"
        )
    await run_once(on.publisher, epoch_us(), senders(postbox))
    assert postbox.messages[0]["to"] == "new@example.org"


@pytest.mark.parametrize(
    ("refusal", "done", "error"),
    [
        ("550 No such user secret-word", True, "the address was refused"),
        ("451 Later", False, "the address was refused"),
    ],
)
async def test_an_address_that_does_not_exist_is_given_up_and_one_that_is_busy_is_not(
    on: Organisation, postbox: Postbox, refusal: str, done: bool, error: str
) -> None:
    await happens(on)
    postbox.refusal = refusal
    await run_once(on.publisher, epoch_us(), senders(postbox))
    assert await outcome(on) == (done, error)


async def test_the_server_is_told_who_sends_with_the_password_of_a_file_or_the_environment(
    on: Organisation, postbox: Postbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("wrong\n")
    await happens(on)
    with_file = senders(postbox, "post%40example.org@", smtp_password_file=str(tmp_path / "password"))
    assert "wrong" not in repr(with_file)
    await run_once(on.publisher, epoch_us(), with_file)
    done, error = await outcome(on)
    assert not done
    assert "wrong" not in (error or "")
    monkeypatch.setenv(PASSWORD_VARIABLE, "right")
    await run_once(on.publisher, epoch_us() + 10_000_000, senders(postbox, "post@"))
    assert await outcome(on) == (True, None)
    # Each way of signing in that the server offers is tried.
    assert list(dict.fromkeys(postbox.signed_in)) == [(b"post@example.org", b"wrong"), (b"post", b"right")]
    assert len(postbox.messages) == 1


async def test_a_server_that_is_not_there_is_tried_again(on: Organisation, postbox: Postbox) -> None:
    await happens(on)
    gone = Postbox()
    gone.port = 1
    await run_once(on.publisher, epoch_us(), senders(gone))
    done, error = await outcome(on)
    assert not done
    assert "could not be used" in (error or "")


async def test_without_a_mail_server_e_mails_are_forgotten_and_not_kept_for_later(
    on: Organisation, postbox: Postbox
) -> None:
    await happens(on)
    assert await run_once(on.publisher, epoch_us(), Senders(Caller(Settings()), None)) == 0
    assert await run_once(on.publisher, epoch_us(), senders(postbox)) == 0
    assert postbox.messages == []


def test_a_user_without_a_password_keeps_control_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    with pytest.raises(SettingError, match="TORANA_SMTP_PASSWORD"):
        mail_server(Settings(smtp="smtp://user@mail.example.org", mail_from="a@b.example"))
    with pytest.raises(SettingError, match="smtp_password_file"):
        mail_server(
            Settings(smtp="smtp://user@mail.example.org", mail_from="a@b.example", smtp_password_file="/nowhere")
        )
    assert mail_server(Settings()) is None


def test_ports_and_tls_are_those_of_the_scheme() -> None:
    for address, port, tls in (
        ("smtp://mail.example.org", 587, False),
        ("smtps://mail.example.org", 465, True),
        ("smtps://mail.example.org:2465", 2465, True),
    ):
        server = mail_server(Settings(smtp=address, mail_from="a@b.example"))
        assert server is not None
        assert (server.host, server.port, server.tls) == ("mail.example.org", port, tls)
