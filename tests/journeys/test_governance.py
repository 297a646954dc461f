"""An organisation at work, through the typed client and the official SDK: one team offers, another asks, somebody else approves."""

import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import openai
import pytest

from tests.support.instance import Instance, run_instance
from tests.support.polling import eventually
from tests.support.vendor_process import run_vendor
from torana.client import ApiError, Client, models


@contextmanager
def person(running: Instance, owner: Client, email: str, *, team: str | None, role: str) -> Iterator[Client]:
    """Somebody who was invited, signed in with a password, and made a token of their own."""
    if team is None:
        token = owner.users.create_user(email=email, platform_role=role).invitation.token
    else:
        token = owner.invitations.create_invitation(email=email, team=team, role=role).token
    password = secrets.token_urlsafe(16)
    assert token is not None
    with Client(running.url) as browser:
        browser.invitations.accept_invitation(token=token, password=password)
        browser.session.create_session(email=email, password=password)
        # What a browser says of itself; a page of another site could not.
        browser._transport.http.headers["origin"] = running.url
        token = browser.tokens.create_my_token(name="journey").value
        browser.session.delete_session()
        with pytest.raises(ApiError) as out:
            browser.session.get_session()
        assert out.value.status == 401
    with Client(running.url, token) as client:
        yield client


def asked(running: Instance, key: str, model: str) -> str:
    """One call with the SDK: what it says, or the code of its refusal."""
    with openai.OpenAI(base_url=running.base_url, api_key=key, max_retries=0) as client:
        try:
            reply = client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hi"}])
        except openai.APIStatusError as error:
            return str(error.code)
        return "answered" if reply.choices[0].message.content else "empty"


def test_one_team_publishes_another_subscribes_a_third_approves_and_revocation_stops_it(tmp_path: Path) -> None:
    with ExitStack() as stack:
        vendor = stack.enter_context(run_vendor())
        running = stack.enter_context(run_instance(tmp_path, workers=2))
        eventually(lambda: running.request("GET", "/api/v1/health", key="").status == 200, "control answers", 60)
        token = re.search(r"admin token +(\S+)", running.output())
        assert token is not None
        owner = stack.enter_context(Client(running.url, token[1]))
        for team in ("platform", "shop"):
            owner.teams.create_team(name=team, reason="a journey")
        author = stack.enter_context(
            person(running, owner, "author@example.org", team="platform", role="service_owner")
        )
        approver = stack.enter_context(
            person(running, owner, "approver@example.org", team="platform", role="team_admin")
        )
        developer = stack.enter_context(person(running, owner, "dev@example.org", team="shop", role="developer"))
        auditor = stack.enter_context(person(running, owner, "auditor@example.org", team=None, role="auditor"))

        provider = author.providers.create_provider(
            name="local", vendor="openai-compatible", team="platform", base_url=vendor.base_url, api_key="sk-secret-1"
        )
        service = author.services.create_service(
            name="assistant",
            team="platform",
            kind="model",
            visibility="organisation",
            deployments=[models.DeploymentAsked(provider=provider.id, model="m")],
            approval=models.ApprovalAsked(releases=[models.StageAsked(permission="releases:approve")]),
        )
        release = author.releases.make_release(service.id, note="the first")
        assert (release.state, release.major, release.minor) == ("review", 1, 0)

        app = developer.apps.create_app(team="shop", name="web")
        key = developer.keys.create_key(app=app.id, name="first").value
        eventually(lambda: asked(running, key, "assistant") == "model_not_found", "a draft is nobody's to call", 5)

        # Not by whoever wrote it, though they may approve what others write.
        (approval,) = author.approvals.list_approvals(state="open").items
        with pytest.raises(ApiError) as own:
            author.approvals.decide(approval.id, verdict="approve")
        assert own.value.status in (403, 409)
        approver.approvals.decide(approval.id, verdict="approve", reason="reviewed")
        if author.releases.get_release(release.id).state == "approved":
            author.releases.publish_release(release.id)
        assert author.releases.get_release(release.id).state == "published"
        eventually(lambda: asked(running, key, "assistant") == "not_subscribed", "a caller is told to ask", 5)

        asked_for = developer.subscriptions.ask_for_subscription(
            app=app.id, service=service.id, reason="the shop needs an assistant"
        )
        assert asked_for.state == "requested"
        (notice, *_) = approver.notices.list_notices().items
        assert "assistant" in f"{notice.subject} {notice.body}"
        (approval,) = approver.approvals.list_approvals(state="open", noun="subscription").items
        approver.approvals.decide(approval.id, verdict="approve")
        eventually(lambda: asked(running, key, "assistant") == "answered", "the SDK's call works", 5)

        approver.subscriptions.suspend_subscription(asked_for.id, reason="an incident")
        eventually(lambda: asked(running, key, "assistant") == "not_subscribed", "suspension stops it", 5)
        approver.subscriptions.resume_subscription(asked_for.id)
        eventually(lambda: asked(running, key, "assistant") == "answered", "it goes on", 5)

        rotated = developer.keys.rotate_key(developer.keys.list_keys(app=app.id).items[0].id, overlap_seconds=600)
        eventually(lambda: asked(running, rotated.value, "assistant") == "answered", "the new key works", 5)
        assert asked(running, key, "assistant") == "answered"
        developer.keys.revoke_key(rotated.id)
        for one in (key, rotated.value):
            eventually(lambda one=one: asked(running, one, "assistant") == "invalid_api_key", "revoked", 5)  # type: ignore[misc]

        actions = {entry.action for entry in auditor.audit.iterate_entries(limit=100)}
        assert {"team.create", "provider.create", "service.create", "key.create", "session.create"} <= actions
        with pytest.raises(ApiError) as no:
            auditor.teams.create_team(name="mine")
        assert no.value.code == "not_allowed"
        with pytest.raises(ApiError) as hidden:
            developer.providers.get_provider(provider.id)
        assert hidden.value.code == "not_found"
        assert "sk-secret-1" not in auditor._transport.http.get("/api/v1/audit/export").text
        assert "entries" in running.cli("audit", "verify")
