"""Generated from the OpenAPI document of the admin API by `make client`; not to be changed by hand."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal

from pydantic import TypeAdapter

from torana.client import models
from torana.client.transport import UNSET, AsyncTransport, Model, Request, Transport, Unset


class Approvals:
    """Operations on approvals."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_approvals(
        self,
        *,
        state: Literal["open", "approved", "rejected", "withdrawn"] | None = None,
        noun: Literal["release", "subscription"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedApprovalShown:
        """What you asked for, and what you may decide in any stage. Sorted by `created_us`, newest first."""
        request = Request(
            "GET",
            "/approvals",
            {},
            {"state": state, "noun": noun, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedApprovalShown))

    def iterate_approvals(
        self,
        *,
        state: Literal["open", "approved", "rejected", "withdrawn"] | None = None,
        noun: Literal["release", "subscription"] | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> Iterator[models.ApprovalShown]:
        """Every item of `list_approvals`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_approvals(state=state, noun=noun, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def get_approval(self, approval: str) -> models.ApprovalShown:
        """One approval."""
        request = Request("GET", "/approvals/{approval}", {"approval": approval}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.ApprovalShown))

    def decide(
        self,
        approval: str,
        *,
        verdict: Literal["approve", "reject"],
        reason: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        audit_reason: str | None = None,
    ) -> models.ApprovalShown:
        """Approve or reject. Each person decides once, whatever stages they could decide."""
        request = Request(
            "POST",
            "/approvals/{approval}/decisions",
            {"approval": approval},
            {},
            {"verdict": verdict, "reason": reason},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": audit_reason},
        )
        return self._transport.call(request, TypeAdapter(models.ApprovalShown))

    def withdraw(
        self, approval: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.ApprovalShown:
        """Take back what you asked for."""
        request = Request(
            "POST",
            "/approvals/{approval}/withdrawal",
            {"approval": approval},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ApprovalShown))


class AsyncApprovals:
    """Operations on approvals."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_approvals(
        self,
        *,
        state: Literal["open", "approved", "rejected", "withdrawn"] | None = None,
        noun: Literal["release", "subscription"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedApprovalShown:
        """What you asked for, and what you may decide in any stage. Sorted by `created_us`, newest first."""
        request = Request(
            "GET",
            "/approvals",
            {},
            {"state": state, "noun": noun, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedApprovalShown))

    async def iterate_approvals(
        self,
        *,
        state: Literal["open", "approved", "rejected", "withdrawn"] | None = None,
        noun: Literal["release", "subscription"] | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[models.ApprovalShown]:
        """Every item of `list_approvals`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_approvals(state=state, noun=noun, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def get_approval(self, approval: str) -> models.ApprovalShown:
        """One approval."""
        request = Request("GET", "/approvals/{approval}", {"approval": approval}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.ApprovalShown))

    async def decide(
        self,
        approval: str,
        *,
        verdict: Literal["approve", "reject"],
        reason: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        audit_reason: str | None = None,
    ) -> models.ApprovalShown:
        """Approve or reject. Each person decides once, whatever stages they could decide."""
        request = Request(
            "POST",
            "/approvals/{approval}/decisions",
            {"approval": approval},
            {},
            {"verdict": verdict, "reason": reason},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": audit_reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ApprovalShown))

    async def withdraw(
        self, approval: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.ApprovalShown:
        """Take back what you asked for."""
        request = Request(
            "POST",
            "/approvals/{approval}/withdrawal",
            {"approval": approval},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ApprovalShown))


class Apps:
    """Operations on apps."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_apps(
        self,
        *,
        team: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedAppShown:
        """Apps, or those of one team (id or name). Sorted by `name` or `created_us`.

        Needs the permission `apps:read`.
        """
        request = Request(
            "GET", "/apps", {}, {"team": team, "name": name, "limit": limit, "cursor": cursor, "sort": sort}, None, {}
        )
        return self._transport.call(request, TypeAdapter(models.ListedAppShown))

    def iterate_apps(
        self, *, team: str | None = None, name: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.AppShown]:
        """Every item of `list_apps`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_apps(team=team, name=name, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_app(
        self,
        *,
        team: str,
        name: str,
        keep_bodies: bool | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.AppShown:
        """Make an app of a team.

        Needs the permission `apps:write`.
        """
        request = Request(
            "POST",
            "/apps",
            {},
            {},
            {"team": team, "name": name, "keep_bodies": keep_bodies},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.AppShown))

    def get_app(self, app: str) -> models.AppShown:
        """One app, by its id, `team/name`, or its name where only one app has it.

        Needs the permission `apps:read`.
        """
        request = Request("GET", "/apps/{app}", {"app": app}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.AppShown))

    def change_app(
        self,
        app: str,
        *,
        if_match: str | Model,
        name: str | Unset | None = UNSET,
        keep_bodies: bool | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.AppShown:
        """Give an app another name, or keep the bodies of its calls or no longer.

        Needs the permission `apps:write`.
        """
        request = Request(
            "PATCH",
            "/apps/{app}",
            {"app": app},
            {},
            {"name": name, "keep_bodies": keep_bodies},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.AppShown))

    def delete_app(self, app: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Delete an app with its keys, subscriptions and limits. Records of its calls stay.

        Needs the permission `apps:write`.
        """
        request = Request(
            "DELETE",
            "/apps/{app}",
            {"app": app},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))


class AsyncApps:
    """Operations on apps."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_apps(
        self,
        *,
        team: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedAppShown:
        """Apps, or those of one team (id or name). Sorted by `name` or `created_us`.

        Needs the permission `apps:read`.
        """
        request = Request(
            "GET", "/apps", {}, {"team": team, "name": name, "limit": limit, "cursor": cursor, "sort": sort}, None, {}
        )
        return await self._transport.call(request, TypeAdapter(models.ListedAppShown))

    async def iterate_apps(
        self, *, team: str | None = None, name: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.AppShown]:
        """Every item of `list_apps`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_apps(team=team, name=name, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_app(
        self,
        *,
        team: str,
        name: str,
        keep_bodies: bool | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.AppShown:
        """Make an app of a team.

        Needs the permission `apps:write`.
        """
        request = Request(
            "POST",
            "/apps",
            {},
            {},
            {"team": team, "name": name, "keep_bodies": keep_bodies},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.AppShown))

    async def get_app(self, app: str) -> models.AppShown:
        """One app, by its id, `team/name`, or its name where only one app has it.

        Needs the permission `apps:read`.
        """
        request = Request("GET", "/apps/{app}", {"app": app}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.AppShown))

    async def change_app(
        self,
        app: str,
        *,
        if_match: str | Model,
        name: str | Unset | None = UNSET,
        keep_bodies: bool | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.AppShown:
        """Give an app another name, or keep the bodies of its calls or no longer.

        Needs the permission `apps:write`.
        """
        request = Request(
            "PATCH",
            "/apps/{app}",
            {"app": app},
            {},
            {"name": name, "keep_bodies": keep_bodies},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.AppShown))

    async def delete_app(self, app: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Delete an app with its keys, subscriptions and limits. Records of its calls stay.

        Needs the permission `apps:write`.
        """
        request = Request(
            "DELETE",
            "/apps/{app}",
            {"app": app},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))


class Audit:
    """Operations on audit."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_entries(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
        team: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        noun: str | None = None,
        noun_id: str | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
    ) -> models.ListedEntryShown:
        """Entries of one's teams, or all. Sorted by `seq`, newest first.

        Needs the permission `audit:read`.
        """
        request = Request(
            "GET",
            "/audit",
            {},
            {
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
                "team": team,
                "actor": actor,
                "action": action,
                "noun": noun,
                "noun_id": noun_id,
                "since_us": since_us,
                "until_us": until_us,
            },
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedEntryShown))

    def iterate_entries(
        self,
        *,
        limit: int | None = None,
        sort: str | None = None,
        team: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        noun: str | None = None,
        noun_id: str | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
    ) -> Iterator[models.EntryShown]:
        """Every item of `list_entries`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_entries(
                limit=limit,
                sort=sort,
                team=team,
                actor=actor,
                action=action,
                noun=noun,
                noun_id=noun_id,
                since_us=since_us,
                until_us=until_us,
                cursor=cursor,
            )
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def export(
        self,
        *,
        after: int | None = None,
        most: int | None = None,
        team: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        noun: str | None = None,
        noun_id: str | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
    ) -> bytes:
        """Entries as JSON lines, oldest first, as many as there are when it begins.

        Needs the permission `audit:read`.
        """
        request = Request(
            "GET",
            "/audit/export",
            {},
            {
                "after": after,
                "most": most,
                "team": team,
                "actor": actor,
                "action": action,
                "noun": noun,
                "noun_id": noun_id,
                "since_us": since_us,
                "until_us": until_us,
            },
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(bytes))

    def verification(self, *, anchor: list[str] | None = None) -> models.VerifiedShown:
        """Go through the whole trail, and say which entries were changed, removed, moved, put in, or cut off at the end.

        Needs the permission `audit:read`.
        """
        request = Request("GET", "/audit/verification", {}, {"anchor": anchor}, None, {})
        return self._transport.call(request, TypeAdapter(models.VerifiedShown))


class AsyncAudit:
    """Operations on audit."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_entries(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
        team: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        noun: str | None = None,
        noun_id: str | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
    ) -> models.ListedEntryShown:
        """Entries of one's teams, or all. Sorted by `seq`, newest first.

        Needs the permission `audit:read`.
        """
        request = Request(
            "GET",
            "/audit",
            {},
            {
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
                "team": team,
                "actor": actor,
                "action": action,
                "noun": noun,
                "noun_id": noun_id,
                "since_us": since_us,
                "until_us": until_us,
            },
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedEntryShown))

    async def iterate_entries(
        self,
        *,
        limit: int | None = None,
        sort: str | None = None,
        team: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        noun: str | None = None,
        noun_id: str | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
    ) -> AsyncIterator[models.EntryShown]:
        """Every item of `list_entries`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_entries(
                limit=limit,
                sort=sort,
                team=team,
                actor=actor,
                action=action,
                noun=noun,
                noun_id=noun_id,
                since_us=since_us,
                until_us=until_us,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def export(
        self,
        *,
        after: int | None = None,
        most: int | None = None,
        team: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        noun: str | None = None,
        noun_id: str | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
    ) -> bytes:
        """Entries as JSON lines, oldest first, as many as there are when it begins.

        Needs the permission `audit:read`.
        """
        request = Request(
            "GET",
            "/audit/export",
            {},
            {
                "after": after,
                "most": most,
                "team": team,
                "actor": actor,
                "action": action,
                "noun": noun,
                "noun_id": noun_id,
                "since_us": since_us,
                "until_us": until_us,
            },
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(bytes))

    async def verification(self, *, anchor: list[str] | None = None) -> models.VerifiedShown:
        """Go through the whole trail, and say which entries were changed, removed, moved, put in, or cut off at the end.

        Needs the permission `audit:read`.
        """
        request = Request("GET", "/audit/verification", {}, {"anchor": anchor}, None, {})
        return await self._transport.call(request, TypeAdapter(models.VerifiedShown))


class Calls:
    """Operations on calls."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_calls(
        self,
        *,
        before: str | None = None,
        after: int | None = None,
        limit: int | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
        status: int | None = None,
        error: str | None = None,
        service: str | None = None,
        model: str | None = None,
        app_id: str | None = None,
        key_id: str | None = None,
        user: str | None = None,
    ) -> models.CallsListed:
        """Calls, newest first; with `after` (a `seq`) instead those stored since, in the order of storing.

        Needs the permission `calls:read`.
        """
        request = Request(
            "GET",
            "/calls",
            {},
            {
                "before": before,
                "after": after,
                "limit": limit,
                "since_us": since_us,
                "until_us": until_us,
                "status": status,
                "error": error,
                "service": service,
                "model": model,
                "app_id": app_id,
                "key_id": key_id,
                "user": user,
            },
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.CallsListed))

    def iterate_calls(
        self,
        *,
        after: int | None = None,
        limit: int | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
        status: int | None = None,
        error: str | None = None,
        service: str | None = None,
        model: str | None = None,
        app_id: str | None = None,
        key_id: str | None = None,
        user: str | None = None,
    ) -> Iterator[models.CallShown]:
        """Every item of `list_calls`, page by page."""
        before: str | None = None
        while True:
            page = self.list_calls(
                after=after,
                limit=limit,
                since_us=since_us,
                until_us=until_us,
                status=status,
                error=error,
                service=service,
                model=model,
                app_id=app_id,
                key_id=key_id,
                user=user,
                before=before,
            )
            yield from page.items
            if page.next is None:
                return
            before = page.next

    def show_call(self, call_id: str) -> models.CallWithBodies:
        """One call; with its bodies, where they were kept and one may see them (`bodies:read`).

        Needs the permission `calls:read`.
        """
        request = Request("GET", "/calls/{call_id}", {"call_id": call_id}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.CallWithBodies))


class AsyncCalls:
    """Operations on calls."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_calls(
        self,
        *,
        before: str | None = None,
        after: int | None = None,
        limit: int | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
        status: int | None = None,
        error: str | None = None,
        service: str | None = None,
        model: str | None = None,
        app_id: str | None = None,
        key_id: str | None = None,
        user: str | None = None,
    ) -> models.CallsListed:
        """Calls, newest first; with `after` (a `seq`) instead those stored since, in the order of storing.

        Needs the permission `calls:read`.
        """
        request = Request(
            "GET",
            "/calls",
            {},
            {
                "before": before,
                "after": after,
                "limit": limit,
                "since_us": since_us,
                "until_us": until_us,
                "status": status,
                "error": error,
                "service": service,
                "model": model,
                "app_id": app_id,
                "key_id": key_id,
                "user": user,
            },
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.CallsListed))

    async def iterate_calls(
        self,
        *,
        after: int | None = None,
        limit: int | None = None,
        since_us: int | None = None,
        until_us: int | None = None,
        status: int | None = None,
        error: str | None = None,
        service: str | None = None,
        model: str | None = None,
        app_id: str | None = None,
        key_id: str | None = None,
        user: str | None = None,
    ) -> AsyncIterator[models.CallShown]:
        """Every item of `list_calls`, page by page."""
        before: str | None = None
        while True:
            page = await self.list_calls(
                after=after,
                limit=limit,
                since_us=since_us,
                until_us=until_us,
                status=status,
                error=error,
                service=service,
                model=model,
                app_id=app_id,
                key_id=key_id,
                user=user,
                before=before,
            )
            for item in page.items:
                yield item
            if page.next is None:
                return
            before = page.next

    async def show_call(self, call_id: str) -> models.CallWithBodies:
        """One call; with its bodies, where they were kept and one may see them (`bodies:read`).

        Needs the permission `calls:read`.
        """
        request = Request("GET", "/calls/{call_id}", {"call_id": call_id}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.CallWithBodies))


class Declaration:
    """Operations on declaration."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def make_plan(
        self,
        *,
        text: str,
        name: str | Unset = UNSET,
        values: dict[str, str] | Unset = UNSET,
        missing: dict[str, str] | Unset = UNSET,
        fingerprint: str | Unset | None = UNSET,
    ) -> models.PlanMade:
        """What an apply of this file would do.

        Needs the permission `declaration:write`.
        """
        request = Request(
            "POST",
            "/plan",
            {},
            {},
            {"text": text, "name": name, "values": values, "missing": missing, "fingerprint": fingerprint},
            {},
        )
        return self._transport.call(request, TypeAdapter(models.PlanMade))

    def make_true(
        self,
        *,
        text: str,
        name: str | Unset = UNSET,
        values: dict[str, str] | Unset = UNSET,
        missing: dict[str, str] | Unset = UNSET,
        fingerprint: str | Unset | None = UNSET,
    ) -> models.Applied:
        """Make this file true, all or nothing. `made` holds the values of new keys, which are shown only here.

        Needs the permission `declaration:write`.
        """
        request = Request(
            "POST",
            "/apply",
            {},
            {},
            {"text": text, "name": name, "values": values, "missing": missing, "fingerprint": fingerprint},
            {},
        )
        return self._transport.call(request, TypeAdapter(models.Applied))

    def export_declaration(self, *, keys: Literal["made", "variables"] | None = None) -> models.Exported:
        """Everything that torana.yaml can say of what there is, such that planning it here changes nothing.

        Needs the permission `declaration:write`.
        """
        request = Request("GET", "/export", {}, {"keys": keys}, None, {})
        return self._transport.call(request, TypeAdapter(models.Exported))


class AsyncDeclaration:
    """Operations on declaration."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def make_plan(
        self,
        *,
        text: str,
        name: str | Unset = UNSET,
        values: dict[str, str] | Unset = UNSET,
        missing: dict[str, str] | Unset = UNSET,
        fingerprint: str | Unset | None = UNSET,
    ) -> models.PlanMade:
        """What an apply of this file would do.

        Needs the permission `declaration:write`.
        """
        request = Request(
            "POST",
            "/plan",
            {},
            {},
            {"text": text, "name": name, "values": values, "missing": missing, "fingerprint": fingerprint},
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.PlanMade))

    async def make_true(
        self,
        *,
        text: str,
        name: str | Unset = UNSET,
        values: dict[str, str] | Unset = UNSET,
        missing: dict[str, str] | Unset = UNSET,
        fingerprint: str | Unset | None = UNSET,
    ) -> models.Applied:
        """Make this file true, all or nothing. `made` holds the values of new keys, which are shown only here.

        Needs the permission `declaration:write`.
        """
        request = Request(
            "POST",
            "/apply",
            {},
            {},
            {"text": text, "name": name, "values": values, "missing": missing, "fingerprint": fingerprint},
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.Applied))

    async def export_declaration(self, *, keys: Literal["made", "variables"] | None = None) -> models.Exported:
        """Everything that torana.yaml can say of what there is, such that planning it here changes nothing.

        Needs the permission `declaration:write`.
        """
        request = Request("GET", "/export", {}, {"keys": keys}, None, {})
        return await self._transport.call(request, TypeAdapter(models.Exported))


class Issuers:
    """Operations on issuers."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_issuers(
        self, *, team: str | None = None, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedIssuerShown:
        """Issuers, or those of one team (id or name). Sorted by `name` or `created_us`.

        Needs the permission `keys:read`.
        """
        request = Request(
            "GET", "/issuers", {}, {"team": team, "limit": limit, "cursor": cursor, "sort": sort}, None, {}
        )
        return self._transport.call(request, TypeAdapter(models.ListedIssuerShown))

    def iterate_issuers(
        self, *, team: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.IssuerShown]:
        """Every item of `list_issuers`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_issuers(team=team, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_issuer(
        self,
        *,
        name: str,
        issuer: str,
        audiences: list[str],
        claim: str,
        apps: dict[str, str],
        team: str | Unset | None = UNSET,
        jwks: dict[str, Any] | Unset | None = UNSET,
        jwks_uri: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.IssuerShown:
        """Take tokens of somebody for apps: RS256, ES256 or EdDSA, with `iss`, `aud` and `exp`.

        Needs the permission `keys:write`.
        """
        request = Request(
            "POST",
            "/issuers",
            {},
            {},
            {
                "name": name,
                "team": team,
                "issuer": issuer,
                "audiences": audiences,
                "claim": claim,
                "apps": apps,
                "jwks": jwks,
                "jwks_uri": jwks_uri,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.IssuerShown))

    def get_issuer(self, issuer: str) -> models.IssuerShown:
        """One issuer, by its id.

        Needs the permission `keys:read`.
        """
        request = Request("GET", "/issuers/{issuer}", {"issuer": issuer}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.IssuerShown))

    def change_issuer(
        self,
        issuer: str,
        *,
        if_match: str | Model,
        name: str | Unset | None = UNSET,
        audiences: list[str] | Unset | None = UNSET,
        claim: str | Unset | None = UNSET,
        apps: dict[str, str] | Unset | None = UNSET,
        jwks: dict[str, Any] | Unset | None = UNSET,
        jwks_uri: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.IssuerShown:
        """Change an issuer; `apps` and `audiences` are given whole.

        Needs the permission `keys:write`.
        """
        request = Request(
            "PATCH",
            "/issuers/{issuer}",
            {"issuer": issuer},
            {},
            {"name": name, "audiences": audiences, "claim": claim, "apps": apps, "jwks": jwks, "jwks_uri": jwks_uri},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.IssuerShown))

    def delete_issuer(self, issuer: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Take no more tokens of this issuer: no gate does a second later.

        Needs the permission `keys:write`.
        """
        request = Request(
            "DELETE",
            "/issuers/{issuer}",
            {"issuer": issuer},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))

    def refresh_issuer(
        self, issuer: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.IssuerShown:
        """Fetch its keys now, rather than with the next regular look. What went wrong stands in `problem`.

        Needs the permission `keys:write`.
        """
        request = Request(
            "POST",
            "/issuers/{issuer}/refresh",
            {"issuer": issuer},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.IssuerShown))


class AsyncIssuers:
    """Operations on issuers."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_issuers(
        self, *, team: str | None = None, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedIssuerShown:
        """Issuers, or those of one team (id or name). Sorted by `name` or `created_us`.

        Needs the permission `keys:read`.
        """
        request = Request(
            "GET", "/issuers", {}, {"team": team, "limit": limit, "cursor": cursor, "sort": sort}, None, {}
        )
        return await self._transport.call(request, TypeAdapter(models.ListedIssuerShown))

    async def iterate_issuers(
        self, *, team: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.IssuerShown]:
        """Every item of `list_issuers`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_issuers(team=team, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_issuer(
        self,
        *,
        name: str,
        issuer: str,
        audiences: list[str],
        claim: str,
        apps: dict[str, str],
        team: str | Unset | None = UNSET,
        jwks: dict[str, Any] | Unset | None = UNSET,
        jwks_uri: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.IssuerShown:
        """Take tokens of somebody for apps: RS256, ES256 or EdDSA, with `iss`, `aud` and `exp`.

        Needs the permission `keys:write`.
        """
        request = Request(
            "POST",
            "/issuers",
            {},
            {},
            {
                "name": name,
                "team": team,
                "issuer": issuer,
                "audiences": audiences,
                "claim": claim,
                "apps": apps,
                "jwks": jwks,
                "jwks_uri": jwks_uri,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.IssuerShown))

    async def get_issuer(self, issuer: str) -> models.IssuerShown:
        """One issuer, by its id.

        Needs the permission `keys:read`.
        """
        request = Request("GET", "/issuers/{issuer}", {"issuer": issuer}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.IssuerShown))

    async def change_issuer(
        self,
        issuer: str,
        *,
        if_match: str | Model,
        name: str | Unset | None = UNSET,
        audiences: list[str] | Unset | None = UNSET,
        claim: str | Unset | None = UNSET,
        apps: dict[str, str] | Unset | None = UNSET,
        jwks: dict[str, Any] | Unset | None = UNSET,
        jwks_uri: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.IssuerShown:
        """Change an issuer; `apps` and `audiences` are given whole.

        Needs the permission `keys:write`.
        """
        request = Request(
            "PATCH",
            "/issuers/{issuer}",
            {"issuer": issuer},
            {},
            {"name": name, "audiences": audiences, "claim": claim, "apps": apps, "jwks": jwks, "jwks_uri": jwks_uri},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.IssuerShown))

    async def delete_issuer(
        self, issuer: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Take no more tokens of this issuer: no gate does a second later.

        Needs the permission `keys:write`.
        """
        request = Request(
            "DELETE",
            "/issuers/{issuer}",
            {"issuer": issuer},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))

    async def refresh_issuer(
        self, issuer: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.IssuerShown:
        """Fetch its keys now, rather than with the next regular look. What went wrong stands in `problem`.

        Needs the permission `keys:write`.
        """
        request = Request(
            "POST",
            "/issuers/{issuer}/refresh",
            {"issuer": issuer},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.IssuerShown))


class Keys:
    """Operations on keys."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_keys(
        self,
        *,
        team: str | None = None,
        app: str | None = None,
        state: Literal["in_use", "expired", "revoked"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedKeyShown:
        """Keys without their values, revoked ones too, perhaps of one team or app (ids or names) or in one state.

        Sorted by `created_us` or `name`.

        Needs the permission `keys:read`.
        """
        request = Request(
            "GET",
            "/keys",
            {},
            {"team": team, "app": app, "state": state, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedKeyShown))

    def iterate_keys(
        self,
        *,
        team: str | None = None,
        app: str | None = None,
        state: Literal["in_use", "expired", "revoked"] | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> Iterator[models.KeyShown]:
        """Every item of `list_keys`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_keys(team=team, app=app, state=state, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_key(
        self,
        *,
        app: str,
        team: str | Unset | None = UNSET,
        name: str | Unset = UNSET,
        expires_us: int | Unset | None = UNSET,
        expires_seconds: int | Unset | None = UNSET,
        scopes: models.KeyScopes | Unset | None = UNSET,
        networks: list[str] | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ToranaControlKeysShapesKeyMade:
        """Make a key; its value is in this reply only.

        Needs the permission `keys:write`.
        """
        request = Request(
            "POST",
            "/keys",
            {},
            {},
            {
                "app": app,
                "team": team,
                "name": name,
                "expires_us": expires_us,
                "expires_seconds": expires_seconds,
                "scopes": scopes,
                "networks": networks,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ToranaControlKeysShapesKeyMade))

    def get_key(self, key: str) -> models.KeyShown:
        """One key, by its id, or while it is not revoked by `team/app/name`, or by its name where only one has it.

        Needs the permission `keys:read`.
        """
        request = Request("GET", "/keys/{key}", {"key": key}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.KeyShown))

    def change_key(
        self,
        key: str,
        *,
        if_match: str | Model,
        name: str | Unset | None = UNSET,
        expires_us: int | Unset | None = UNSET,
        scopes: models.KeyScopes | Unset | None = UNSET,
        networks: list[str] | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.KeyShown:
        """Change a key's name, end, scopes or networks. Gates hold to it within a second.

        Needs the permission `keys:write`.
        """
        request = Request(
            "PATCH",
            "/keys/{key}",
            {"key": key},
            {},
            {"name": name, "expires_us": expires_us, "scopes": scopes, "networks": networks},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.KeyShown))

    def revoke_key(self, key: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Revoke a key, and the value before its last rotation: no gate takes them a second later. It stays in the list.

        Needs the permission `keys:write`.
        """
        request = Request(
            "DELETE",
            "/keys/{key}",
            {"key": key},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))

    def rotate_key(
        self, key: str, *, overlap_seconds: int, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.ToranaControlKeysShapesKeyMade:
        """Give a key a new value, which is in this reply only. The one before counts for `overlap_seconds` still.

        Needs the permission `keys:write`.
        """
        request = Request(
            "POST",
            "/keys/{key}/rotate",
            {"key": key},
            {},
            {"overlap_seconds": overlap_seconds},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ToranaControlKeysShapesKeyMade))


class AsyncKeys:
    """Operations on keys."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_keys(
        self,
        *,
        team: str | None = None,
        app: str | None = None,
        state: Literal["in_use", "expired", "revoked"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedKeyShown:
        """Keys without their values, revoked ones too, perhaps of one team or app (ids or names) or in one state.

        Sorted by `created_us` or `name`.

        Needs the permission `keys:read`.
        """
        request = Request(
            "GET",
            "/keys",
            {},
            {"team": team, "app": app, "state": state, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedKeyShown))

    async def iterate_keys(
        self,
        *,
        team: str | None = None,
        app: str | None = None,
        state: Literal["in_use", "expired", "revoked"] | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[models.KeyShown]:
        """Every item of `list_keys`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_keys(team=team, app=app, state=state, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_key(
        self,
        *,
        app: str,
        team: str | Unset | None = UNSET,
        name: str | Unset = UNSET,
        expires_us: int | Unset | None = UNSET,
        expires_seconds: int | Unset | None = UNSET,
        scopes: models.KeyScopes | Unset | None = UNSET,
        networks: list[str] | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ToranaControlKeysShapesKeyMade:
        """Make a key; its value is in this reply only.

        Needs the permission `keys:write`.
        """
        request = Request(
            "POST",
            "/keys",
            {},
            {},
            {
                "app": app,
                "team": team,
                "name": name,
                "expires_us": expires_us,
                "expires_seconds": expires_seconds,
                "scopes": scopes,
                "networks": networks,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ToranaControlKeysShapesKeyMade))

    async def get_key(self, key: str) -> models.KeyShown:
        """One key, by its id, or while it is not revoked by `team/app/name`, or by its name where only one has it.

        Needs the permission `keys:read`.
        """
        request = Request("GET", "/keys/{key}", {"key": key}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.KeyShown))

    async def change_key(
        self,
        key: str,
        *,
        if_match: str | Model,
        name: str | Unset | None = UNSET,
        expires_us: int | Unset | None = UNSET,
        scopes: models.KeyScopes | Unset | None = UNSET,
        networks: list[str] | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.KeyShown:
        """Change a key's name, end, scopes or networks. Gates hold to it within a second.

        Needs the permission `keys:write`.
        """
        request = Request(
            "PATCH",
            "/keys/{key}",
            {"key": key},
            {},
            {"name": name, "expires_us": expires_us, "scopes": scopes, "networks": networks},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.KeyShown))

    async def revoke_key(self, key: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Revoke a key, and the value before its last rotation: no gate takes them a second later. It stays in the list.

        Needs the permission `keys:write`.
        """
        request = Request(
            "DELETE",
            "/keys/{key}",
            {"key": key},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))

    async def rotate_key(
        self, key: str, *, overlap_seconds: int, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.ToranaControlKeysShapesKeyMade:
        """Give a key a new value, which is in this reply only. The one before counts for `overlap_seconds` still.

        Needs the permission `keys:write`.
        """
        request = Request(
            "POST",
            "/keys/{key}/rotate",
            {"key": key},
            {},
            {"overlap_seconds": overlap_seconds},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ToranaControlKeysShapesKeyMade))


class Limits:
    """Operations on limits."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_limits(self, owner_kind: str, owner_id: str) -> models.LimitsShown:
        """The limits of a team, app, key or service.

        Needs the permission `policies:read`.
        """
        request = Request(
            "GET", "/limits/{owner_kind}/{owner_id}", {"owner_kind": owner_kind, "owner_id": owner_id}, {}, None, {}
        )
        return self._transport.call(request, TypeAdapter(models.LimitsShown))

    def set_limits(
        self,
        owner_kind: str,
        owner_id: str,
        *,
        limits: list[models.LimitForm],
        if_match: str | Model,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.LimitsShown:
        """Put these limits in the place of those there are. The limits of a team are the platform's to set.

        Needs the permission `policies:write`.
        """
        request = Request(
            "PUT",
            "/limits/{owner_kind}/{owner_id}",
            {"owner_kind": owner_kind, "owner_id": owner_id},
            {},
            {"limits": limits},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.LimitsShown))


class AsyncLimits:
    """Operations on limits."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get_limits(self, owner_kind: str, owner_id: str) -> models.LimitsShown:
        """The limits of a team, app, key or service.

        Needs the permission `policies:read`.
        """
        request = Request(
            "GET", "/limits/{owner_kind}/{owner_id}", {"owner_kind": owner_kind, "owner_id": owner_id}, {}, None, {}
        )
        return await self._transport.call(request, TypeAdapter(models.LimitsShown))

    async def set_limits(
        self,
        owner_kind: str,
        owner_id: str,
        *,
        limits: list[models.LimitForm],
        if_match: str | Model,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.LimitsShown:
        """Put these limits in the place of those there are. The limits of a team are the platform's to set.

        Needs the permission `policies:write`.
        """
        request = Request(
            "PUT",
            "/limits/{owner_kind}/{owner_id}",
            {"owner_kind": owner_kind, "owner_id": owner_id},
            {},
            {"limits": limits},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.LimitsShown))


class Notices:
    """Operations on notices."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_notices(
        self,
        *,
        unread: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedNoticeShown:
        """What you were told in the last 90 days. Sorted by `created_us`, newest first."""
        request = Request(
            "GET", "/me/notices", {}, {"unread": unread, "limit": limit, "cursor": cursor, "sort": sort}, None, {}
        )
        return self._transport.call(request, TypeAdapter(models.ListedNoticeShown))

    def iterate_notices(
        self, *, unread: bool | None = None, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.NoticeShown]:
        """Every item of `list_notices`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_notices(unread=unread, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def count_unread(self) -> models.Counted:
        """How many of your notices you have not read."""
        request = Request("GET", "/me/notices/unread", {}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.Counted))

    def read_all(
        self, *, until_us: int | Unset | None = UNSET, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.Counted:
        """Mark all your notices as read; the reply says how many were not."""
        request = Request(
            "POST",
            "/me/notices/read",
            {},
            {},
            {"until_us": until_us},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.Counted))

    def read_one(
        self, notice: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.NoticeShown:
        """Mark a notice as read."""
        request = Request(
            "POST",
            "/me/notices/{notice}/read",
            {"notice": notice},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.NoticeShown))


class AsyncNotices:
    """Operations on notices."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_notices(
        self,
        *,
        unread: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedNoticeShown:
        """What you were told in the last 90 days. Sorted by `created_us`, newest first."""
        request = Request(
            "GET", "/me/notices", {}, {"unread": unread, "limit": limit, "cursor": cursor, "sort": sort}, None, {}
        )
        return await self._transport.call(request, TypeAdapter(models.ListedNoticeShown))

    async def iterate_notices(
        self, *, unread: bool | None = None, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.NoticeShown]:
        """Every item of `list_notices`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_notices(unread=unread, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def count_unread(self) -> models.Counted:
        """How many of your notices you have not read."""
        request = Request("GET", "/me/notices/unread", {}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.Counted))

    async def read_all(
        self, *, until_us: int | Unset | None = UNSET, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.Counted:
        """Mark all your notices as read; the reply says how many were not."""
        request = Request(
            "POST",
            "/me/notices/read",
            {},
            {},
            {"until_us": until_us},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.Counted))

    async def read_one(
        self, notice: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.NoticeShown:
        """Mark a notice as read."""
        request = Request(
            "POST",
            "/me/notices/{notice}/read",
            {"notice": notice},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.NoticeShown))


class Prices:
    """Operations on prices."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_prices(
        self, *, model: str | None = None, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedPriceShown:
        """Prices that operators have set. Sorted by `model` or `created_us`.

        Needs the permission `policies:read`.
        """
        request = Request(
            "GET", "/prices", {}, {"model": model, "limit": limit, "cursor": cursor, "sort": sort}, None, {}
        )
        return self._transport.call(request, TypeAdapter(models.ListedPriceShown))

    def iterate_prices(
        self, *, model: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.PriceShown]:
        """Every item of `list_prices`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_prices(model=model, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_price(
        self,
        *,
        model: str,
        vendor: str | Unset | None = UNSET,
        provider_id: str | Unset | None = UNSET,
        valid_from_us: int | Unset = UNSET,
        input_usd: float | str | Unset | None = UNSET,
        cached_input_usd: float | str | Unset | None = UNSET,
        output_usd: float | str | Unset | None = UNSET,
        reasoning_usd: float | str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.PriceShown:
        """Set what a model costs; it takes the place of a price with the same beginning.

        Needs the permission `policies:write`.
        """
        request = Request(
            "POST",
            "/prices",
            {},
            {},
            {
                "model": model,
                "vendor": vendor,
                "provider_id": provider_id,
                "valid_from_us": valid_from_us,
                "input_usd": input_usd,
                "cached_input_usd": cached_input_usd,
                "output_usd": output_usd,
                "reasoning_usd": reasoning_usd,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.PriceShown))

    def delete_price(self, price: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Forget a price: what is recorded from now on is priced by the catalogue again.

        Needs the permission `policies:write`.
        """
        request = Request(
            "DELETE",
            "/prices/{price}",
            {"price": price},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))


class AsyncPrices:
    """Operations on prices."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_prices(
        self, *, model: str | None = None, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedPriceShown:
        """Prices that operators have set. Sorted by `model` or `created_us`.

        Needs the permission `policies:read`.
        """
        request = Request(
            "GET", "/prices", {}, {"model": model, "limit": limit, "cursor": cursor, "sort": sort}, None, {}
        )
        return await self._transport.call(request, TypeAdapter(models.ListedPriceShown))

    async def iterate_prices(
        self, *, model: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.PriceShown]:
        """Every item of `list_prices`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_prices(model=model, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_price(
        self,
        *,
        model: str,
        vendor: str | Unset | None = UNSET,
        provider_id: str | Unset | None = UNSET,
        valid_from_us: int | Unset = UNSET,
        input_usd: float | str | Unset | None = UNSET,
        cached_input_usd: float | str | Unset | None = UNSET,
        output_usd: float | str | Unset | None = UNSET,
        reasoning_usd: float | str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.PriceShown:
        """Set what a model costs; it takes the place of a price with the same beginning.

        Needs the permission `policies:write`.
        """
        request = Request(
            "POST",
            "/prices",
            {},
            {},
            {
                "model": model,
                "vendor": vendor,
                "provider_id": provider_id,
                "valid_from_us": valid_from_us,
                "input_usd": input_usd,
                "cached_input_usd": cached_input_usd,
                "output_usd": output_usd,
                "reasoning_usd": reasoning_usd,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.PriceShown))

    async def delete_price(self, price: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Forget a price: what is recorded from now on is priced by the catalogue again.

        Needs the permission `policies:write`.
        """
        request = Request(
            "DELETE",
            "/prices/{price}",
            {"price": price},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))


class Providers:
    """Operations on providers."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_providers(
        self,
        *,
        vendor: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedProviderShown:
        """One's teams' accounts and the platform's. Sorted by `name` or `created_us`.

        Needs the permission `providers:read`.
        """
        request = Request(
            "GET",
            "/providers",
            {},
            {"vendor": vendor, "name": name, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedProviderShown))

    def iterate_providers(
        self, *, vendor: str | None = None, name: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.ProviderShown]:
        """Every item of `list_providers`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_providers(vendor=vendor, name=name, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_provider(
        self,
        *,
        name: str,
        vendor: str,
        base_url: str | Unset | None = UNSET,
        dialect: str | Unset | None = UNSET,
        bases: dict[str, str] | Unset = UNSET,
        options: dict[str, str] | Unset = UNSET,
        ca_pem: str | Unset | None = UNSET,
        proxy: str | Unset | None = UNSET,
        connect_timeout_seconds: float | Unset | None = UNSET,
        first_byte_timeout_seconds: float | Unset | None = UNSET,
        idle_timeout_seconds: float | Unset | None = UNSET,
        total_timeout_seconds: float | Unset | None = UNSET,
        stream_usage: bool | Unset | None = UNSET,
        team: str | Unset | None = UNSET,
        api_key: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ProviderShown:
        """Make an account. Its credential is sealed, and shown nowhere.

        Needs the permission `providers:write`.
        """
        request = Request(
            "POST",
            "/providers",
            {},
            {},
            {
                "base_url": base_url,
                "dialect": dialect,
                "bases": bases,
                "options": options,
                "ca_pem": ca_pem,
                "proxy": proxy,
                "connect_timeout_seconds": connect_timeout_seconds,
                "first_byte_timeout_seconds": first_byte_timeout_seconds,
                "idle_timeout_seconds": idle_timeout_seconds,
                "total_timeout_seconds": total_timeout_seconds,
                "stream_usage": stream_usage,
                "name": name,
                "vendor": vendor,
                "team": team,
                "api_key": api_key,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ProviderShown))

    def get_provider(self, provider: str) -> models.ProviderShown:
        """One account, by its id.

        Needs the permission `providers:read`.
        """
        request = Request("GET", "/providers/{provider}", {"provider": provider}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.ProviderShown))

    def change_provider(
        self,
        provider: str,
        *,
        if_match: str | Model,
        base_url: str | Unset | None = UNSET,
        dialect: str | Unset | None = UNSET,
        bases: dict[str, str] | Unset = UNSET,
        options: dict[str, str] | Unset = UNSET,
        ca_pem: str | Unset | None = UNSET,
        proxy: str | Unset | None = UNSET,
        connect_timeout_seconds: float | Unset | None = UNSET,
        first_byte_timeout_seconds: float | Unset | None = UNSET,
        idle_timeout_seconds: float | Unset | None = UNSET,
        total_timeout_seconds: float | Unset | None = UNSET,
        stream_usage: bool | Unset | None = UNSET,
        api_key: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ProviderShown:
        """Change an account; its name, vendor and team stay.

        Needs the permission `providers:write`.
        """
        request = Request(
            "PATCH",
            "/providers/{provider}",
            {"provider": provider},
            {},
            {
                "base_url": base_url,
                "dialect": dialect,
                "bases": bases,
                "options": options,
                "ca_pem": ca_pem,
                "proxy": proxy,
                "connect_timeout_seconds": connect_timeout_seconds,
                "first_byte_timeout_seconds": first_byte_timeout_seconds,
                "idle_timeout_seconds": idle_timeout_seconds,
                "total_timeout_seconds": total_timeout_seconds,
                "stream_usage": stream_usage,
                "api_key": api_key,
            },
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ProviderShown))

    def delete_provider(self, provider: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Delete an account that no service uses.

        Needs the permission `providers:write`.
        """
        request = Request(
            "DELETE",
            "/providers/{provider}",
            {"provider": provider},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))


class AsyncProviders:
    """Operations on providers."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_providers(
        self,
        *,
        vendor: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedProviderShown:
        """One's teams' accounts and the platform's. Sorted by `name` or `created_us`.

        Needs the permission `providers:read`.
        """
        request = Request(
            "GET",
            "/providers",
            {},
            {"vendor": vendor, "name": name, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedProviderShown))

    async def iterate_providers(
        self, *, vendor: str | None = None, name: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.ProviderShown]:
        """Every item of `list_providers`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_providers(vendor=vendor, name=name, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_provider(
        self,
        *,
        name: str,
        vendor: str,
        base_url: str | Unset | None = UNSET,
        dialect: str | Unset | None = UNSET,
        bases: dict[str, str] | Unset = UNSET,
        options: dict[str, str] | Unset = UNSET,
        ca_pem: str | Unset | None = UNSET,
        proxy: str | Unset | None = UNSET,
        connect_timeout_seconds: float | Unset | None = UNSET,
        first_byte_timeout_seconds: float | Unset | None = UNSET,
        idle_timeout_seconds: float | Unset | None = UNSET,
        total_timeout_seconds: float | Unset | None = UNSET,
        stream_usage: bool | Unset | None = UNSET,
        team: str | Unset | None = UNSET,
        api_key: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ProviderShown:
        """Make an account. Its credential is sealed, and shown nowhere.

        Needs the permission `providers:write`.
        """
        request = Request(
            "POST",
            "/providers",
            {},
            {},
            {
                "base_url": base_url,
                "dialect": dialect,
                "bases": bases,
                "options": options,
                "ca_pem": ca_pem,
                "proxy": proxy,
                "connect_timeout_seconds": connect_timeout_seconds,
                "first_byte_timeout_seconds": first_byte_timeout_seconds,
                "idle_timeout_seconds": idle_timeout_seconds,
                "total_timeout_seconds": total_timeout_seconds,
                "stream_usage": stream_usage,
                "name": name,
                "vendor": vendor,
                "team": team,
                "api_key": api_key,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ProviderShown))

    async def get_provider(self, provider: str) -> models.ProviderShown:
        """One account, by its id.

        Needs the permission `providers:read`.
        """
        request = Request("GET", "/providers/{provider}", {"provider": provider}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.ProviderShown))

    async def change_provider(
        self,
        provider: str,
        *,
        if_match: str | Model,
        base_url: str | Unset | None = UNSET,
        dialect: str | Unset | None = UNSET,
        bases: dict[str, str] | Unset = UNSET,
        options: dict[str, str] | Unset = UNSET,
        ca_pem: str | Unset | None = UNSET,
        proxy: str | Unset | None = UNSET,
        connect_timeout_seconds: float | Unset | None = UNSET,
        first_byte_timeout_seconds: float | Unset | None = UNSET,
        idle_timeout_seconds: float | Unset | None = UNSET,
        total_timeout_seconds: float | Unset | None = UNSET,
        stream_usage: bool | Unset | None = UNSET,
        api_key: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ProviderShown:
        """Change an account; its name, vendor and team stay.

        Needs the permission `providers:write`.
        """
        request = Request(
            "PATCH",
            "/providers/{provider}",
            {"provider": provider},
            {},
            {
                "base_url": base_url,
                "dialect": dialect,
                "bases": bases,
                "options": options,
                "ca_pem": ca_pem,
                "proxy": proxy,
                "connect_timeout_seconds": connect_timeout_seconds,
                "first_byte_timeout_seconds": first_byte_timeout_seconds,
                "idle_timeout_seconds": idle_timeout_seconds,
                "total_timeout_seconds": total_timeout_seconds,
                "stream_usage": stream_usage,
                "api_key": api_key,
            },
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ProviderShown))

    async def delete_provider(
        self, provider: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Delete an account that no service uses.

        Needs the permission `providers:write`.
        """
        request = Request(
            "DELETE",
            "/providers/{provider}",
            {"provider": provider},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))


class System:
    """Operations on system."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_models(self) -> dict[str, Any]:
        """Services of kind model and custom with their deployments, by name.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/models", {}, {}, None, {})
        return self._transport.call(request, TypeAdapter(dict[str, Any]))

    def health(self) -> models.Health:
        """Whether control answers, and the newest published version."""
        request = Request("GET", "/health", {}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.Health))


class AsyncSystem:
    """Operations on system."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_models(self) -> dict[str, Any]:
        """Services of kind model and custom with their deployments, by name.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/models", {}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(dict[str, Any]))

    async def health(self) -> models.Health:
        """Whether control answers, and the newest published version."""
        request = Request("GET", "/health", {}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.Health))


class Teams:
    """Operations on teams."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_teams(
        self, *, name: str | None = None, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedTeamShown:
        """Teams that one is in, or all. Sorted by `name` or `created_us`.

        Needs the permission `teams:read`.
        """
        request = Request("GET", "/teams", {}, {"name": name, "limit": limit, "cursor": cursor, "sort": sort}, None, {})
        return self._transport.call(request, TypeAdapter(models.ListedTeamShown))

    def iterate_teams(
        self, *, name: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.TeamShown]:
        """Every item of `list_teams`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_teams(name=name, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_team(
        self, *, name: str, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.TeamShown:
        """Make a team.

        Needs the permission `teams:write`.
        """
        request = Request(
            "POST", "/teams", {}, {}, {"name": name}, {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason}
        )
        return self._transport.call(request, TypeAdapter(models.TeamShown))

    def get_team(self, team: str) -> models.TeamShown:
        """One team, by its id or name.

        Needs the permission `teams:read`.
        """
        request = Request("GET", "/teams/{team}", {"team": team}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.TeamShown))

    def change_team(
        self,
        team: str,
        *,
        name: str,
        if_match: str | Model,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.TeamShown:
        """Give a team another name.

        Needs the permission `teams:write`.
        """
        request = Request(
            "PATCH",
            "/teams/{team}",
            {"team": team},
            {},
            {"name": name},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.TeamShown))

    def delete_team(self, team: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Delete a team with its apps, keys, services, provider accounts, limits and prices.

        Needs the permission `teams:write`.
        """
        request = Request(
            "DELETE",
            "/teams/{team}",
            {"team": team},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))


class AsyncTeams:
    """Operations on teams."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_teams(
        self, *, name: str | None = None, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedTeamShown:
        """Teams that one is in, or all. Sorted by `name` or `created_us`.

        Needs the permission `teams:read`.
        """
        request = Request("GET", "/teams", {}, {"name": name, "limit": limit, "cursor": cursor, "sort": sort}, None, {})
        return await self._transport.call(request, TypeAdapter(models.ListedTeamShown))

    async def iterate_teams(
        self, *, name: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.TeamShown]:
        """Every item of `list_teams`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_teams(name=name, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_team(
        self, *, name: str, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.TeamShown:
        """Make a team.

        Needs the permission `teams:write`.
        """
        request = Request(
            "POST", "/teams", {}, {}, {"name": name}, {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason}
        )
        return await self._transport.call(request, TypeAdapter(models.TeamShown))

    async def get_team(self, team: str) -> models.TeamShown:
        """One team, by its id or name.

        Needs the permission `teams:read`.
        """
        request = Request("GET", "/teams/{team}", {"team": team}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.TeamShown))

    async def change_team(
        self,
        team: str,
        *,
        name: str,
        if_match: str | Model,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.TeamShown:
        """Give a team another name.

        Needs the permission `teams:write`.
        """
        request = Request(
            "PATCH",
            "/teams/{team}",
            {"team": team},
            {},
            {"name": name},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.TeamShown))

    async def delete_team(self, team: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Delete a team with its apps, keys, services, provider accounts, limits and prices.

        Needs the permission `teams:write`.
        """
        request = Request(
            "DELETE",
            "/teams/{team}",
            {"team": team},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))


class Webhooks:
    """Operations on webhooks."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_webhooks(
        self, *, team: str | None = None, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedWebhookShown:
        """Webhooks of one's teams, or all. Sorted by `name` or `created_us`.

        Needs the permission `webhooks:read`.
        """
        request = Request(
            "GET", "/webhooks", {}, {"team": team, "limit": limit, "cursor": cursor, "sort": sort}, None, {}
        )
        return self._transport.call(request, TypeAdapter(models.ListedWebhookShown))

    def iterate_webhooks(
        self, *, team: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.WebhookShown]:
        """Every item of `list_webhooks`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_webhooks(team=team, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_webhook(
        self,
        *,
        name: str,
        url: str,
        team: str | Unset | None = UNSET,
        events: list[str] | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.WebhookMade:
        """Make a webhook. Its secret is in this reply only.

        Needs the permission `webhooks:write`.
        """
        request = Request(
            "POST",
            "/webhooks",
            {},
            {},
            {"name": name, "url": url, "team": team, "events": events},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.WebhookMade))

    def get_webhook(self, webhook: str) -> models.WebhookShown:
        """One webhook, by its id or name.

        Needs the permission `webhooks:read`.
        """
        request = Request("GET", "/webhooks/{webhook}", {"webhook": webhook}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.WebhookShown))

    def change_webhook(
        self,
        webhook: str,
        *,
        if_match: str | Model,
        name: str | Unset | None = UNSET,
        url: str | Unset | None = UNSET,
        events: list[str] | Unset | None = UNSET,
        disabled: bool | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.WebhookShown:
        """Change a webhook; with `disabled` nothing is told to it for now.

        Needs the permission `webhooks:write`.
        """
        request = Request(
            "PATCH",
            "/webhooks/{webhook}",
            {"webhook": webhook},
            {},
            {"name": name, "url": url, "events": events, "disabled": disabled},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.WebhookShown))

    def delete_webhook(self, webhook: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Delete a webhook, with what is still to be told to it.

        Needs the permission `webhooks:write`.
        """
        request = Request(
            "DELETE",
            "/webhooks/{webhook}",
            {"webhook": webhook},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))

    def renew_secret(
        self, webhook: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.WebhookMade:
        """Make a new secret, shown only here. For a day the one before signs too.

        Needs the permission `webhooks:write`.
        """
        request = Request(
            "POST",
            "/webhooks/{webhook}/secret",
            {"webhook": webhook},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.WebhookMade))

    def try_webhook(
        self, webhook: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.Tried:
        """Call the webhook now, once, with the event `webhook.test`.

        Needs the permission `webhooks:write`.
        """
        request = Request(
            "POST",
            "/webhooks/{webhook}/test",
            {"webhook": webhook},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.Tried))

    def list_deliveries(
        self,
        webhook: str,
        *,
        state: Literal["waiting", "delivered", "failed"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedDeliveryShown:
        """What was told to a webhook in the last days, or is to be. Sorted by `created_us`, newest first.

        Needs the permission `webhooks:read`.
        """
        request = Request(
            "GET",
            "/webhooks/{webhook}/deliveries",
            {"webhook": webhook},
            {"state": state, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedDeliveryShown))

    def iterate_deliveries(
        self,
        webhook: str,
        *,
        state: Literal["waiting", "delivered", "failed"] | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> Iterator[models.DeliveryShown]:
        """Every item of `list_deliveries`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_deliveries(webhook, state=state, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def retry(
        self, webhook: str, delivery: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.DeliveryShown:
        """Try again now what was given up or waits.

        Needs the permission `webhooks:write`.
        """
        request = Request(
            "POST",
            "/webhooks/{webhook}/deliveries/{delivery}/retry",
            {"webhook": webhook, "delivery": delivery},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.DeliveryShown))


class AsyncWebhooks:
    """Operations on webhooks."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_webhooks(
        self, *, team: str | None = None, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedWebhookShown:
        """Webhooks of one's teams, or all. Sorted by `name` or `created_us`.

        Needs the permission `webhooks:read`.
        """
        request = Request(
            "GET", "/webhooks", {}, {"team": team, "limit": limit, "cursor": cursor, "sort": sort}, None, {}
        )
        return await self._transport.call(request, TypeAdapter(models.ListedWebhookShown))

    async def iterate_webhooks(
        self, *, team: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.WebhookShown]:
        """Every item of `list_webhooks`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_webhooks(team=team, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_webhook(
        self,
        *,
        name: str,
        url: str,
        team: str | Unset | None = UNSET,
        events: list[str] | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.WebhookMade:
        """Make a webhook. Its secret is in this reply only.

        Needs the permission `webhooks:write`.
        """
        request = Request(
            "POST",
            "/webhooks",
            {},
            {},
            {"name": name, "url": url, "team": team, "events": events},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.WebhookMade))

    async def get_webhook(self, webhook: str) -> models.WebhookShown:
        """One webhook, by its id or name.

        Needs the permission `webhooks:read`.
        """
        request = Request("GET", "/webhooks/{webhook}", {"webhook": webhook}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.WebhookShown))

    async def change_webhook(
        self,
        webhook: str,
        *,
        if_match: str | Model,
        name: str | Unset | None = UNSET,
        url: str | Unset | None = UNSET,
        events: list[str] | Unset | None = UNSET,
        disabled: bool | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.WebhookShown:
        """Change a webhook; with `disabled` nothing is told to it for now.

        Needs the permission `webhooks:write`.
        """
        request = Request(
            "PATCH",
            "/webhooks/{webhook}",
            {"webhook": webhook},
            {},
            {"name": name, "url": url, "events": events, "disabled": disabled},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.WebhookShown))

    async def delete_webhook(
        self, webhook: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Delete a webhook, with what is still to be told to it.

        Needs the permission `webhooks:write`.
        """
        request = Request(
            "DELETE",
            "/webhooks/{webhook}",
            {"webhook": webhook},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))

    async def renew_secret(
        self, webhook: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.WebhookMade:
        """Make a new secret, shown only here. For a day the one before signs too.

        Needs the permission `webhooks:write`.
        """
        request = Request(
            "POST",
            "/webhooks/{webhook}/secret",
            {"webhook": webhook},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.WebhookMade))

    async def try_webhook(
        self, webhook: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.Tried:
        """Call the webhook now, once, with the event `webhook.test`.

        Needs the permission `webhooks:write`.
        """
        request = Request(
            "POST",
            "/webhooks/{webhook}/test",
            {"webhook": webhook},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.Tried))

    async def list_deliveries(
        self,
        webhook: str,
        *,
        state: Literal["waiting", "delivered", "failed"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedDeliveryShown:
        """What was told to a webhook in the last days, or is to be. Sorted by `created_us`, newest first.

        Needs the permission `webhooks:read`.
        """
        request = Request(
            "GET",
            "/webhooks/{webhook}/deliveries",
            {"webhook": webhook},
            {"state": state, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedDeliveryShown))

    async def iterate_deliveries(
        self,
        webhook: str,
        *,
        state: Literal["waiting", "delivered", "failed"] | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[models.DeliveryShown]:
        """Every item of `list_deliveries`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_deliveries(webhook, state=state, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def retry(
        self, webhook: str, delivery: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.DeliveryShown:
        """Try again now what was given up or waits.

        Needs the permission `webhooks:write`.
        """
        request = Request(
            "POST",
            "/webhooks/{webhook}/deliveries/{delivery}/retry",
            {"webhook": webhook, "delivery": delivery},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.DeliveryShown))


class Resources:
    """The parts of the API, one attribute each."""

    def __init__(self, transport: Transport) -> None:
        self.approvals = Approvals(transport)
        self.apps = Apps(transport)
        self.audit = Audit(transport)
        self.calls = Calls(transport)
        self.declaration = Declaration(transport)
        self.issuers = Issuers(transport)
        self.keys = Keys(transport)
        self.limits = Limits(transport)
        self.notices = Notices(transport)
        self.prices = Prices(transport)
        self.providers = Providers(transport)
        self.system = System(transport)
        self.teams = Teams(transport)
        self.webhooks = Webhooks(transport)


class AsyncResources:
    """The parts of the API, one attribute each."""

    def __init__(self, transport: AsyncTransport) -> None:
        self.approvals = AsyncApprovals(transport)
        self.apps = AsyncApps(transport)
        self.audit = AsyncAudit(transport)
        self.calls = AsyncCalls(transport)
        self.declaration = AsyncDeclaration(transport)
        self.issuers = AsyncIssuers(transport)
        self.keys = AsyncKeys(transport)
        self.limits = AsyncLimits(transport)
        self.notices = AsyncNotices(transport)
        self.prices = AsyncPrices(transport)
        self.providers = AsyncProviders(transport)
        self.system = AsyncSystem(transport)
        self.teams = AsyncTeams(transport)
        self.webhooks = AsyncWebhooks(transport)
