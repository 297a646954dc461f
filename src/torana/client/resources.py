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


class Catalogue:
    """Operations on catalogue."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_catalogue(
        self,
        *,
        team: str | None = None,
        app: str | None = None,
        search: str | None = None,
        kind: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedOfferedShown:
        """Services that a team may subscribe to. Sorted by `name` or `created_us`.

        Needs the permission `services:read`.
        """
        request = Request(
            "GET",
            "/catalogue",
            {},
            {
                "team": team,
                "app": app,
                "search": search,
                "kind": kind,
                "name": name,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
            },
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedOfferedShown))

    def iterate_catalogue(
        self,
        *,
        team: str | None = None,
        app: str | None = None,
        search: str | None = None,
        kind: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> Iterator[models.OfferedShown]:
        """Every item of `list_catalogue`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_catalogue(
                team=team, app=app, search=search, kind=kind, name=name, limit=limit, sort=sort, cursor=cursor
            )
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def list_public_catalogue(
        self,
        *,
        search: str | None = None,
        kind: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedPublicShown:
        """Public services, without signing in. Only there while the setting `public_catalogue` is on."""
        request = Request(
            "GET",
            "/catalogue/public",
            {},
            {"search": search, "kind": kind, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedPublicShown))

    def iterate_public_catalogue(
        self, *, search: str | None = None, kind: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.PublicShown]:
        """Every item of `list_public_catalogue`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_public_catalogue(search=search, kind=kind, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def get_offered(self, service: str, *, team: str | None = None, app: str | None = None) -> models.OfferedShown:
        """One service of the catalogue, by its id, or by its name where only one has it.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/catalogue/{service}", {"service": service}, {"team": team, "app": app}, None, {})
        return self._transport.call(request, TypeAdapter(models.OfferedShown))


class AsyncCatalogue:
    """Operations on catalogue."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_catalogue(
        self,
        *,
        team: str | None = None,
        app: str | None = None,
        search: str | None = None,
        kind: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedOfferedShown:
        """Services that a team may subscribe to. Sorted by `name` or `created_us`.

        Needs the permission `services:read`.
        """
        request = Request(
            "GET",
            "/catalogue",
            {},
            {
                "team": team,
                "app": app,
                "search": search,
                "kind": kind,
                "name": name,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
            },
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedOfferedShown))

    async def iterate_catalogue(
        self,
        *,
        team: str | None = None,
        app: str | None = None,
        search: str | None = None,
        kind: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[models.OfferedShown]:
        """Every item of `list_catalogue`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_catalogue(
                team=team, app=app, search=search, kind=kind, name=name, limit=limit, sort=sort, cursor=cursor
            )
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def list_public_catalogue(
        self,
        *,
        search: str | None = None,
        kind: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedPublicShown:
        """Public services, without signing in. Only there while the setting `public_catalogue` is on."""
        request = Request(
            "GET",
            "/catalogue/public",
            {},
            {"search": search, "kind": kind, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedPublicShown))

    async def iterate_public_catalogue(
        self, *, search: str | None = None, kind: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.PublicShown]:
        """Every item of `list_public_catalogue`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_public_catalogue(search=search, kind=kind, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def get_offered(
        self, service: str, *, team: str | None = None, app: str | None = None
    ) -> models.OfferedShown:
        """One service of the catalogue, by its id, or by its name where only one has it.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/catalogue/{service}", {"service": service}, {"team": team, "app": app}, None, {})
        return await self._transport.call(request, TypeAdapter(models.OfferedShown))


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

    def export_declaration(
        self, *, keys: Literal["made", "variables"] | None = None, elsewhere: bool | None = None
    ) -> models.Exported:
        """Everything that torana.yaml can say of what there is, such that planning it here changes nothing.

        Needs the permission `declaration:write`.
        """
        request = Request("GET", "/export", {}, {"keys": keys, "elsewhere": elsewhere}, None, {})
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

    async def export_declaration(
        self, *, keys: Literal["made", "variables"] | None = None, elsewhere: bool | None = None
    ) -> models.Exported:
        """Everything that torana.yaml can say of what there is, such that planning it here changes nothing.

        Needs the permission `declaration:write`.
        """
        request = Request("GET", "/export", {}, {"keys": keys, "elsewhere": elsewhere}, None, {})
        return await self._transport.call(request, TypeAdapter(models.Exported))


class Groups:
    """Operations on groups."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_groups(
        self,
        *,
        source: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedGroupShown:
        """Groups. Sorted by `name` or `created_us`.

        Needs the permission `identity:read`.
        """
        request = Request(
            "GET",
            "/groups",
            {},
            {"source": source, "name": name, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedGroupShown))

    def iterate_groups(
        self, *, source: str | None = None, name: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.GroupShown]:
        """Every item of `list_groups`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_groups(source=source, name=name, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def list_group_roles(
        self,
        *,
        source: str | None = None,
        group: str | None = None,
        team_id: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedGroupRoleShown:
        """What groups give. Sorted by `group` or `created_us`.

        Needs the permission `identity:read`.
        """
        request = Request(
            "GET",
            "/group-roles",
            {},
            {"source": source, "group": group, "team_id": team_id, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedGroupRoleShown))

    def iterate_group_roles(
        self,
        *,
        source: str | None = None,
        group: str | None = None,
        team_id: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> Iterator[models.GroupRoleShown]:
        """Every item of `list_group_roles`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_group_roles(
                source=source, group=group, team_id=team_id, limit=limit, sort=sort, cursor=cursor
            )
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_group_role(
        self,
        *,
        source: str,
        group: str,
        role: str,
        team: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.GroupRoleShown:
        """Give a role to whoever is in a group, now and later: no role that allows more than one may oneself.

        Needs the permission `identity:write`.
        """
        request = Request(
            "POST",
            "/group-roles",
            {},
            {},
            {"source": source, "group": group, "team": team, "role": role},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.GroupRoleShown))

    def get_group_role(self, group_role: str) -> models.GroupRoleShown:
        """One of the roles that groups give.

        Needs the permission `identity:read`.
        """
        request = Request("GET", "/group-roles/{group_role}", {"group_role": group_role}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.GroupRoleShown))

    def delete_group_role(
        self, group_role: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Take a role back from whoever has it because of this group alone.

        Needs the permission `identity:write`.
        """
        request = Request(
            "DELETE",
            "/group-roles/{group_role}",
            {"group_role": group_role},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))


class AsyncGroups:
    """Operations on groups."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_groups(
        self,
        *,
        source: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedGroupShown:
        """Groups. Sorted by `name` or `created_us`.

        Needs the permission `identity:read`.
        """
        request = Request(
            "GET",
            "/groups",
            {},
            {"source": source, "name": name, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedGroupShown))

    async def iterate_groups(
        self, *, source: str | None = None, name: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.GroupShown]:
        """Every item of `list_groups`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_groups(source=source, name=name, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def list_group_roles(
        self,
        *,
        source: str | None = None,
        group: str | None = None,
        team_id: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedGroupRoleShown:
        """What groups give. Sorted by `group` or `created_us`.

        Needs the permission `identity:read`.
        """
        request = Request(
            "GET",
            "/group-roles",
            {},
            {"source": source, "group": group, "team_id": team_id, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedGroupRoleShown))

    async def iterate_group_roles(
        self,
        *,
        source: str | None = None,
        group: str | None = None,
        team_id: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[models.GroupRoleShown]:
        """Every item of `list_group_roles`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_group_roles(
                source=source, group=group, team_id=team_id, limit=limit, sort=sort, cursor=cursor
            )
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_group_role(
        self,
        *,
        source: str,
        group: str,
        role: str,
        team: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.GroupRoleShown:
        """Give a role to whoever is in a group, now and later: no role that allows more than one may oneself.

        Needs the permission `identity:write`.
        """
        request = Request(
            "POST",
            "/group-roles",
            {},
            {},
            {"source": source, "group": group, "team": team, "role": role},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.GroupRoleShown))

    async def get_group_role(self, group_role: str) -> models.GroupRoleShown:
        """One of the roles that groups give.

        Needs the permission `identity:read`.
        """
        request = Request("GET", "/group-roles/{group_role}", {"group_role": group_role}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.GroupRoleShown))

    async def delete_group_role(
        self, group_role: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Take a role back from whoever has it because of this group alone.

        Needs the permission `identity:write`.
        """
        request = Request(
            "DELETE",
            "/group-roles/{group_role}",
            {"group_role": group_role},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))


class IdentityProviders:
    """Operations on identity providers."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_identity_providers(
        self, *, name: str | None = None, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedIdentityProviderShown:
        """Identity providers. Sorted by `name` or `created_us`.

        Needs the permission `identity:read`.
        """
        request = Request(
            "GET", "/identity-providers", {}, {"name": name, "limit": limit, "cursor": cursor, "sort": sort}, None, {}
        )
        return self._transport.call(request, TypeAdapter(models.ListedIdentityProviderShown))

    def iterate_identity_providers(
        self, *, name: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.IdentityProviderShown]:
        """Every item of `list_identity_providers`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_identity_providers(name=name, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_identity_provider(
        self,
        *,
        name: str,
        issuer: str,
        client_id: str,
        client_secret: str | Unset | None = UNSET,
        scopes: list[str] | Unset = UNSET,
        groups_claim: str | Unset | None = UNSET,
        create_users: bool | Unset = UNSET,
        email_domains: list[str] | Unset = UNSET,
        trust_unverified_emails: bool | Unset = UNSET,
        hosts: list[str] | Unset = UNSET,
        ca: str | Unset | None = UNSET,
        public_url: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.IdentityProviderShown:
        """Set up an identity provider. Nothing is called yet: the first sign-in is.

        Needs the permission `identity:write`.
        """
        request = Request(
            "POST",
            "/identity-providers",
            {},
            {},
            {
                "name": name,
                "issuer": issuer,
                "client_id": client_id,
                "client_secret": client_secret,
                "scopes": scopes,
                "groups_claim": groups_claim,
                "create_users": create_users,
                "email_domains": email_domains,
                "trust_unverified_emails": trust_unverified_emails,
                "hosts": hosts,
                "ca": ca,
                "public_url": public_url,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.IdentityProviderShown))

    def get_identity_provider(self, provider: str) -> models.IdentityProviderShown:
        """One identity provider, by its id or name.

        Needs the permission `identity:read`.
        """
        request = Request("GET", "/identity-providers/{provider}", {"provider": provider}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.IdentityProviderShown))

    def change_identity_provider(
        self,
        provider: str,
        *,
        if_match: str | Model,
        client_id: str | Unset | None = UNSET,
        client_secret: str | Unset | None = UNSET,
        scopes: list[str] | Unset | None = UNSET,
        groups_claim: str | Unset | None = UNSET,
        create_users: bool | Unset | None = UNSET,
        email_domains: list[str] | Unset | None = UNSET,
        trust_unverified_emails: bool | Unset | None = UNSET,
        hosts: list[str] | Unset | None = UNSET,
        ca: str | Unset | None = UNSET,
        public_url: str | Unset | None = UNSET,
        enabled: bool | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.IdentityProviderShown:
        """Change an identity provider. One needs all the permissions of whoever set it up.

        Needs the permission `identity:write`.
        """
        request = Request(
            "PATCH",
            "/identity-providers/{provider}",
            {"provider": provider},
            {},
            {
                "client_id": client_id,
                "client_secret": client_secret,
                "scopes": scopes,
                "groups_claim": groups_claim,
                "create_users": create_users,
                "email_domains": email_domains,
                "trust_unverified_emails": trust_unverified_emails,
                "hosts": hosts,
                "ca": ca,
                "public_url": public_url,
                "enabled": enabled,
            },
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.IdentityProviderShown))

    def delete_identity_provider(
        self, provider: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Delete an identity provider with its groups and the roles that they gave. Its users stay.

        Needs the permission `identity:write`.
        """
        request = Request(
            "DELETE",
            "/identity-providers/{provider}",
            {"provider": provider},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))


class AsyncIdentityProviders:
    """Operations on identity providers."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_identity_providers(
        self, *, name: str | None = None, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedIdentityProviderShown:
        """Identity providers. Sorted by `name` or `created_us`.

        Needs the permission `identity:read`.
        """
        request = Request(
            "GET", "/identity-providers", {}, {"name": name, "limit": limit, "cursor": cursor, "sort": sort}, None, {}
        )
        return await self._transport.call(request, TypeAdapter(models.ListedIdentityProviderShown))

    async def iterate_identity_providers(
        self, *, name: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.IdentityProviderShown]:
        """Every item of `list_identity_providers`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_identity_providers(name=name, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_identity_provider(
        self,
        *,
        name: str,
        issuer: str,
        client_id: str,
        client_secret: str | Unset | None = UNSET,
        scopes: list[str] | Unset = UNSET,
        groups_claim: str | Unset | None = UNSET,
        create_users: bool | Unset = UNSET,
        email_domains: list[str] | Unset = UNSET,
        trust_unverified_emails: bool | Unset = UNSET,
        hosts: list[str] | Unset = UNSET,
        ca: str | Unset | None = UNSET,
        public_url: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.IdentityProviderShown:
        """Set up an identity provider. Nothing is called yet: the first sign-in is.

        Needs the permission `identity:write`.
        """
        request = Request(
            "POST",
            "/identity-providers",
            {},
            {},
            {
                "name": name,
                "issuer": issuer,
                "client_id": client_id,
                "client_secret": client_secret,
                "scopes": scopes,
                "groups_claim": groups_claim,
                "create_users": create_users,
                "email_domains": email_domains,
                "trust_unverified_emails": trust_unverified_emails,
                "hosts": hosts,
                "ca": ca,
                "public_url": public_url,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.IdentityProviderShown))

    async def get_identity_provider(self, provider: str) -> models.IdentityProviderShown:
        """One identity provider, by its id or name.

        Needs the permission `identity:read`.
        """
        request = Request("GET", "/identity-providers/{provider}", {"provider": provider}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.IdentityProviderShown))

    async def change_identity_provider(
        self,
        provider: str,
        *,
        if_match: str | Model,
        client_id: str | Unset | None = UNSET,
        client_secret: str | Unset | None = UNSET,
        scopes: list[str] | Unset | None = UNSET,
        groups_claim: str | Unset | None = UNSET,
        create_users: bool | Unset | None = UNSET,
        email_domains: list[str] | Unset | None = UNSET,
        trust_unverified_emails: bool | Unset | None = UNSET,
        hosts: list[str] | Unset | None = UNSET,
        ca: str | Unset | None = UNSET,
        public_url: str | Unset | None = UNSET,
        enabled: bool | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.IdentityProviderShown:
        """Change an identity provider. One needs all the permissions of whoever set it up.

        Needs the permission `identity:write`.
        """
        request = Request(
            "PATCH",
            "/identity-providers/{provider}",
            {"provider": provider},
            {},
            {
                "client_id": client_id,
                "client_secret": client_secret,
                "scopes": scopes,
                "groups_claim": groups_claim,
                "create_users": create_users,
                "email_domains": email_domains,
                "trust_unverified_emails": trust_unverified_emails,
                "hosts": hosts,
                "ca": ca,
                "public_url": public_url,
                "enabled": enabled,
            },
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.IdentityProviderShown))

    async def delete_identity_provider(
        self, provider: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Delete an identity provider with its groups and the roles that they gave. Its users stay.

        Needs the permission `identity:write`.
        """
        request = Request(
            "DELETE",
            "/identity-providers/{provider}",
            {"provider": provider},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))


class Invitations:
    """Operations on invitations."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_invitations(
        self,
        *,
        team: str | None = None,
        email: str | None = None,
        state: Literal["open", "accepted", "revoked", "expired"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedInvitationShown:
        """Invitations of one's teams, or all. Sorted by `created_us` (the newest first) or `email`.

        Needs the permission `members:read`.
        """
        request = Request(
            "GET",
            "/invitations",
            {},
            {"team": team, "email": email, "state": state, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedInvitationShown))

    def iterate_invitations(
        self,
        *,
        team: str | None = None,
        email: str | None = None,
        state: Literal["open", "accepted", "revoked", "expired"] | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> Iterator[models.InvitationShown]:
        """Every item of `list_invitations`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_invitations(team=team, email=email, state=state, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_invitation(
        self,
        *,
        email: str,
        team: str,
        role: str,
        platform_role: str | Unset = UNSET,
        expires_seconds: int | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.InvitationWithToken:
        """Invite somebody into a team, whether they have an account or not. An earlier invitation of theirs into it ends.

        Needs the permission `members:write`.
        """
        request = Request(
            "POST",
            "/invitations",
            {},
            {},
            {
                "email": email,
                "team": team,
                "role": role,
                "platform_role": platform_role,
                "expires_seconds": expires_seconds,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.InvitationWithToken))

    def get_invitation(self, invitation: str) -> models.InvitationShown:
        """One invitation.

        Needs the permission `members:read`.
        """
        request = Request("GET", "/invitations/{invitation}", {"invitation": invitation}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.InvitationShown))

    def delete_invitation(
        self, invitation: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Revoke an invitation.

        Needs the permission `members:write`.
        """
        request = Request(
            "DELETE",
            "/invitations/{invitation}",
            {"invitation": invitation},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))

    def accept_invitation(
        self,
        *,
        token: str,
        password: str,
        name: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.UserShown:
        """Come in with the token of an invitation and a password of one's own; then sign in."""
        request = Request(
            "POST",
            "/invitations/accept",
            {},
            {},
            {"token": token, "password": password, "name": name},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.UserShown))

    def accept_my_invitation(
        self, *, token: str, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Accept an invitation of one's own address, with the account that one has."""
        request = Request(
            "POST",
            "/me/invitations",
            {},
            {},
            {"token": token},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))

    def register(
        self, *, email: str, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.RegistrationShown:
        """Ask for an account of one's own, where the setting `registration` has the domain. The address gets an invitation by e-mail.

        The answer is the same whether there is an account already or not.
        """
        request = Request(
            "POST",
            "/registrations",
            {},
            {},
            {"email": email},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.RegistrationShown))


class AsyncInvitations:
    """Operations on invitations."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_invitations(
        self,
        *,
        team: str | None = None,
        email: str | None = None,
        state: Literal["open", "accepted", "revoked", "expired"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedInvitationShown:
        """Invitations of one's teams, or all. Sorted by `created_us` (the newest first) or `email`.

        Needs the permission `members:read`.
        """
        request = Request(
            "GET",
            "/invitations",
            {},
            {"team": team, "email": email, "state": state, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedInvitationShown))

    async def iterate_invitations(
        self,
        *,
        team: str | None = None,
        email: str | None = None,
        state: Literal["open", "accepted", "revoked", "expired"] | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[models.InvitationShown]:
        """Every item of `list_invitations`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_invitations(
                team=team, email=email, state=state, limit=limit, sort=sort, cursor=cursor
            )
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_invitation(
        self,
        *,
        email: str,
        team: str,
        role: str,
        platform_role: str | Unset = UNSET,
        expires_seconds: int | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.InvitationWithToken:
        """Invite somebody into a team, whether they have an account or not. An earlier invitation of theirs into it ends.

        Needs the permission `members:write`.
        """
        request = Request(
            "POST",
            "/invitations",
            {},
            {},
            {
                "email": email,
                "team": team,
                "role": role,
                "platform_role": platform_role,
                "expires_seconds": expires_seconds,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.InvitationWithToken))

    async def get_invitation(self, invitation: str) -> models.InvitationShown:
        """One invitation.

        Needs the permission `members:read`.
        """
        request = Request("GET", "/invitations/{invitation}", {"invitation": invitation}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.InvitationShown))

    async def delete_invitation(
        self, invitation: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Revoke an invitation.

        Needs the permission `members:write`.
        """
        request = Request(
            "DELETE",
            "/invitations/{invitation}",
            {"invitation": invitation},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))

    async def accept_invitation(
        self,
        *,
        token: str,
        password: str,
        name: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.UserShown:
        """Come in with the token of an invitation and a password of one's own; then sign in."""
        request = Request(
            "POST",
            "/invitations/accept",
            {},
            {},
            {"token": token, "password": password, "name": name},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.UserShown))

    async def accept_my_invitation(
        self, *, token: str, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Accept an invitation of one's own address, with the account that one has."""
        request = Request(
            "POST",
            "/me/invitations",
            {},
            {},
            {"token": token},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))

    async def register(
        self, *, email: str, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.RegistrationShown:
        """Ask for an account of one's own, where the setting `registration` has the domain. The address gets an invitation by e-mail.

        The answer is the same whether there is an account already or not.
        """
        request = Request(
            "POST",
            "/registrations",
            {},
            {},
            {"email": email},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.RegistrationShown))


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
    ) -> models.KeyMade:
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
        return self._transport.call(request, TypeAdapter(models.KeyMade))

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
    ) -> models.KeyMade:
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
        return self._transport.call(request, TypeAdapter(models.KeyMade))


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
    ) -> models.KeyMade:
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
        return await self._transport.call(request, TypeAdapter(models.KeyMade))

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
    ) -> models.KeyMade:
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
        return await self._transport.call(request, TypeAdapter(models.KeyMade))


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


class Me:
    """Operations on me."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_me(self) -> models.UserShown:
        """One's own account."""
        request = Request("GET", "/me", {}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.UserShown))

    def change_me(
        self, *, name: str, if_match: str | Model, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.UserShown:
        """Change what one is called."""
        request = Request(
            "PATCH",
            "/me",
            {},
            {},
            {"name": name},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.UserShown))

    def change_my_password(
        self, *, old: str, new: str, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Another password, with the old one. All other sessions end; tokens stay."""
        request = Request(
            "POST",
            "/me/password",
            {},
            {},
            {"old": old, "new": new},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))


class AsyncMe:
    """Operations on me."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get_me(self) -> models.UserShown:
        """One's own account."""
        request = Request("GET", "/me", {}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.UserShown))

    async def change_me(
        self, *, name: str, if_match: str | Model, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.UserShown:
        """Change what one is called."""
        request = Request(
            "PATCH",
            "/me",
            {},
            {},
            {"name": name},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.UserShown))

    async def change_my_password(
        self, *, old: str, new: str, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Another password, with the old one. All other sessions end; tokens stay."""
        request = Request(
            "POST",
            "/me/password",
            {},
            {},
            {"old": old, "new": new},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))


class Members:
    """Operations on members."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_members(
        self,
        team: str,
        *,
        role: str | None = None,
        email: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedMemberShown:
        """The people in a team. Sorted by `email`.

        Needs the permission `members:read`.
        """
        request = Request(
            "GET",
            "/teams/{team}/members",
            {"team": team},
            {"role": role, "email": email, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedMemberShown))

    def iterate_members(
        self,
        team: str,
        *,
        role: str | None = None,
        email: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> Iterator[models.MemberShown]:
        """Every item of `list_members`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_members(team, role=role, email=email, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def add_member(
        self, team: str, *, user: str, roles: list[str], idempotency_key: str | None = None, reason: str | None = None
    ) -> models.MemberShown:
        """Take somebody in who has an account. Whoever has none is invited: POST /api/v1/invitations.

        Needs the permission `members:write`.
        """
        request = Request(
            "POST",
            "/teams/{team}/members",
            {"team": team},
            {},
            {"user": user, "roles": roles},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.MemberShown))

    def get_member(self, team: str, user: str) -> models.MemberShown:
        """One of the people in a team, by the id or e-mail address of the user.

        Needs the permission `members:read`.
        """
        request = Request("GET", "/teams/{team}/members/{user}", {"team": team, "user": user}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.MemberShown))

    def change_member(
        self,
        team: str,
        user: str,
        *,
        roles: list[str],
        if_match: str | Model,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.MemberShown:
        """Give somebody other roles instead of those that were given by hand.

        Needs the permission `members:write`.
        """
        request = Request(
            "PATCH",
            "/teams/{team}/members/{user}",
            {"team": team, "user": user},
            {},
            {"roles": roles},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.MemberShown))

    def remove_member(
        self, team: str, user: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Take somebody out of the team. One may leave a team oneself.

        Needs the permission `members:read`.
        """
        request = Request(
            "DELETE",
            "/teams/{team}/members/{user}",
            {"team": team, "user": user},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))


class AsyncMembers:
    """Operations on members."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_members(
        self,
        team: str,
        *,
        role: str | None = None,
        email: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedMemberShown:
        """The people in a team. Sorted by `email`.

        Needs the permission `members:read`.
        """
        request = Request(
            "GET",
            "/teams/{team}/members",
            {"team": team},
            {"role": role, "email": email, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedMemberShown))

    async def iterate_members(
        self,
        team: str,
        *,
        role: str | None = None,
        email: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[models.MemberShown]:
        """Every item of `list_members`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_members(team, role=role, email=email, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def add_member(
        self, team: str, *, user: str, roles: list[str], idempotency_key: str | None = None, reason: str | None = None
    ) -> models.MemberShown:
        """Take somebody in who has an account. Whoever has none is invited: POST /api/v1/invitations.

        Needs the permission `members:write`.
        """
        request = Request(
            "POST",
            "/teams/{team}/members",
            {"team": team},
            {},
            {"user": user, "roles": roles},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.MemberShown))

    async def get_member(self, team: str, user: str) -> models.MemberShown:
        """One of the people in a team, by the id or e-mail address of the user.

        Needs the permission `members:read`.
        """
        request = Request("GET", "/teams/{team}/members/{user}", {"team": team, "user": user}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.MemberShown))

    async def change_member(
        self,
        team: str,
        user: str,
        *,
        roles: list[str],
        if_match: str | Model,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.MemberShown:
        """Give somebody other roles instead of those that were given by hand.

        Needs the permission `members:write`.
        """
        request = Request(
            "PATCH",
            "/teams/{team}/members/{user}",
            {"team": team, "user": user},
            {},
            {"roles": roles},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.MemberShown))

    async def remove_member(
        self, team: str, user: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Take somebody out of the team. One may leave a team oneself.

        Needs the permission `members:read`.
        """
        request = Request(
            "DELETE",
            "/teams/{team}/members/{user}",
            {"team": team, "user": user},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))


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


class Plans:
    """Operations on plans."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_plans(
        self, service: str, *, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedPlanShown:
        """Plans of a service that one owns or may subscribe to. Sorted by `name` or `created_us`.

        Needs the permission `services:read`.
        """
        request = Request(
            "GET",
            "/services/{service}/plans",
            {"service": service},
            {"limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedPlanShown))

    def iterate_plans(
        self, service: str, *, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.PlanShown]:
        """Every item of `list_plans`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_plans(service, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_plan(
        self,
        service: str,
        *,
        name: str,
        description: str | Unset | None = UNSET,
        limits: list[models.PlanLimit] | Unset = UNSET,
        price: models.PlanPriceInput | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.PlanShown:
        """Make a plan. From then on whoever subscribes has to choose one.

        Needs the permission `services:write`.
        """
        request = Request(
            "POST",
            "/services/{service}/plans",
            {"service": service},
            {},
            {"name": name, "description": description, "limits": limits, "price": price},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.PlanShown))

    def get_plan(self, service: str, plan: str) -> models.PlanShown:
        """One plan, by its id or name.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/services/{service}/plans/{plan}", {"service": service, "plan": plan}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.PlanShown))

    def change_plan(
        self,
        service: str,
        plan: str,
        *,
        if_match: str | Model,
        name: str | Unset | None = UNSET,
        description: str | Unset | None = UNSET,
        limits: list[models.PlanLimit] | Unset | None = UNSET,
        price: models.PlanPriceInput | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.PlanShown:
        """Change a plan, for everybody who has it.

        Needs the permission `services:write`.
        """
        request = Request(
            "PATCH",
            "/services/{service}/plans/{plan}",
            {"service": service, "plan": plan},
            {},
            {"name": name, "description": description, "limits": limits, "price": price},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.PlanShown))

    def delete_plan(
        self, service: str, plan: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Delete a plan that no subscription has.

        Needs the permission `services:write`.
        """
        request = Request(
            "DELETE",
            "/services/{service}/plans/{plan}",
            {"service": service, "plan": plan},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))


class AsyncPlans:
    """Operations on plans."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_plans(
        self, service: str, *, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedPlanShown:
        """Plans of a service that one owns or may subscribe to. Sorted by `name` or `created_us`.

        Needs the permission `services:read`.
        """
        request = Request(
            "GET",
            "/services/{service}/plans",
            {"service": service},
            {"limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedPlanShown))

    async def iterate_plans(
        self, service: str, *, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.PlanShown]:
        """Every item of `list_plans`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_plans(service, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_plan(
        self,
        service: str,
        *,
        name: str,
        description: str | Unset | None = UNSET,
        limits: list[models.PlanLimit] | Unset = UNSET,
        price: models.PlanPriceInput | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.PlanShown:
        """Make a plan. From then on whoever subscribes has to choose one.

        Needs the permission `services:write`.
        """
        request = Request(
            "POST",
            "/services/{service}/plans",
            {"service": service},
            {},
            {"name": name, "description": description, "limits": limits, "price": price},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.PlanShown))

    async def get_plan(self, service: str, plan: str) -> models.PlanShown:
        """One plan, by its id or name.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/services/{service}/plans/{plan}", {"service": service, "plan": plan}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.PlanShown))

    async def change_plan(
        self,
        service: str,
        plan: str,
        *,
        if_match: str | Model,
        name: str | Unset | None = UNSET,
        description: str | Unset | None = UNSET,
        limits: list[models.PlanLimit] | Unset | None = UNSET,
        price: models.PlanPriceInput | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.PlanShown:
        """Change a plan, for everybody who has it.

        Needs the permission `services:write`.
        """
        request = Request(
            "PATCH",
            "/services/{service}/plans/{plan}",
            {"service": service, "plan": plan},
            {},
            {"name": name, "description": description, "limits": limits, "price": price},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.PlanShown))

    async def delete_plan(
        self, service: str, plan: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Delete a plan that no subscription has.

        Needs the permission `services:write`.
        """
        request = Request(
            "DELETE",
            "/services/{service}/plans/{plan}",
            {"service": service, "plan": plan},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))


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


class Releases:
    """Operations on releases."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_releases(
        self,
        service: str,
        *,
        state: Literal["review", "approved", "rejected", "withdrawn", "published", "deprecated", "retired"]
        | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedReleaseListed:
        """Releases of a service, newest first. Sorted by `created_us`.

        Needs the permission `services:read`.
        """
        request = Request(
            "GET",
            "/services/{service}/releases",
            {"service": service},
            {"state": state, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedReleaseListed))

    def iterate_releases(
        self,
        service: str,
        *,
        state: Literal["review", "approved", "rejected", "withdrawn", "published", "deprecated", "retired"]
        | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> Iterator[models.ReleaseListed]:
        """Every item of `list_releases`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_releases(service, state=state, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def make_release(
        self,
        service: str,
        *,
        canary: models.CanaryWeightAsked | Unset | None = UNSET,
        bump: Literal["minor", "major"] | Unset | None = UNSET,
        note: str | Unset | None = UNSET,
        publish: bool | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ReleaseShown:
        """Make an immutable release of the draft. Without an approval to wait for it is published at once.

        Needs the permission `services:publish`.
        """
        request = Request(
            "POST",
            "/services/{service}/releases",
            {"service": service},
            {},
            {"canary": canary, "bump": bump, "note": note, "publish": publish},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ReleaseShown))

    def roll_back(
        self, service: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.RolledBackShown:
        """Give every call back to the release before the newest that takes calls.

        Needs the permission `services:publish`.
        """
        request = Request(
            "POST",
            "/services/{service}/rollback",
            {"service": service},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.RolledBackShown))

    def get_release(self, release: str) -> models.ReleaseShown:
        """One release, with its design and what is different in it.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/releases/{release}", {"release": release}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.ReleaseShown))

    def change_release(
        self,
        release: str,
        *,
        if_match: str | Model,
        weight: int | Unset | None = UNSET,
        canary: models.CanaryAsked | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ReleaseShown:
        """Shift the weight of a live release, or watch it as a canary. Nothing else of a release ever changes.

        Needs the permission `services:publish`.
        """
        request = Request(
            "PATCH",
            "/releases/{release}",
            {"release": release},
            {},
            {"weight": weight, "canary": canary},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ReleaseShown))

    def publish_release(
        self,
        release: str,
        *,
        canary: models.CanaryWeightAsked | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ReleaseShown:
        """Have a release take every call, or a part of them as a canary; a canary that did well takes all by this too.

        Needs the permission `services:publish`.
        """
        request = Request(
            "POST",
            "/releases/{release}/publish",
            {"release": release},
            {},
            {"canary": canary},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ReleaseShown))

    def withdraw_release(
        self, release: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.ReleaseShown:
        """Take back what was handed in and is not published.

        Needs the permission `services:publish`.
        """
        request = Request(
            "POST",
            "/releases/{release}/withdraw",
            {"release": release},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ReleaseShown))

    def deprecate_release(
        self,
        release: str,
        *,
        sunset_us: int,
        successor: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ReleaseShown:
        """Say until when a release answers, and what to call instead. Its callers hear it in every reply, subscribers at once.

        Needs the permission `services:publish`.
        """
        request = Request(
            "POST",
            "/releases/{release}/deprecate",
            {"release": release},
            {},
            {"sunset_us": sunset_us, "successor": successor},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ReleaseShown))

    def retire_release(
        self,
        release: str,
        *,
        successor: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ReleaseShown:
        """Have a release answer 410 from now on.

        Needs the permission `services:publish`.
        """
        request = Request(
            "POST",
            "/releases/{release}/retire",
            {"release": release},
            {},
            {"successor": successor},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ReleaseShown))


class AsyncReleases:
    """Operations on releases."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_releases(
        self,
        service: str,
        *,
        state: Literal["review", "approved", "rejected", "withdrawn", "published", "deprecated", "retired"]
        | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedReleaseListed:
        """Releases of a service, newest first. Sorted by `created_us`.

        Needs the permission `services:read`.
        """
        request = Request(
            "GET",
            "/services/{service}/releases",
            {"service": service},
            {"state": state, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedReleaseListed))

    async def iterate_releases(
        self,
        service: str,
        *,
        state: Literal["review", "approved", "rejected", "withdrawn", "published", "deprecated", "retired"]
        | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[models.ReleaseListed]:
        """Every item of `list_releases`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_releases(service, state=state, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def make_release(
        self,
        service: str,
        *,
        canary: models.CanaryWeightAsked | Unset | None = UNSET,
        bump: Literal["minor", "major"] | Unset | None = UNSET,
        note: str | Unset | None = UNSET,
        publish: bool | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ReleaseShown:
        """Make an immutable release of the draft. Without an approval to wait for it is published at once.

        Needs the permission `services:publish`.
        """
        request = Request(
            "POST",
            "/services/{service}/releases",
            {"service": service},
            {},
            {"canary": canary, "bump": bump, "note": note, "publish": publish},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ReleaseShown))

    async def roll_back(
        self, service: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.RolledBackShown:
        """Give every call back to the release before the newest that takes calls.

        Needs the permission `services:publish`.
        """
        request = Request(
            "POST",
            "/services/{service}/rollback",
            {"service": service},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.RolledBackShown))

    async def get_release(self, release: str) -> models.ReleaseShown:
        """One release, with its design and what is different in it.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/releases/{release}", {"release": release}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.ReleaseShown))

    async def change_release(
        self,
        release: str,
        *,
        if_match: str | Model,
        weight: int | Unset | None = UNSET,
        canary: models.CanaryAsked | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ReleaseShown:
        """Shift the weight of a live release, or watch it as a canary. Nothing else of a release ever changes.

        Needs the permission `services:publish`.
        """
        request = Request(
            "PATCH",
            "/releases/{release}",
            {"release": release},
            {},
            {"weight": weight, "canary": canary},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ReleaseShown))

    async def publish_release(
        self,
        release: str,
        *,
        canary: models.CanaryWeightAsked | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ReleaseShown:
        """Have a release take every call, or a part of them as a canary; a canary that did well takes all by this too.

        Needs the permission `services:publish`.
        """
        request = Request(
            "POST",
            "/releases/{release}/publish",
            {"release": release},
            {},
            {"canary": canary},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ReleaseShown))

    async def withdraw_release(
        self, release: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.ReleaseShown:
        """Take back what was handed in and is not published.

        Needs the permission `services:publish`.
        """
        request = Request(
            "POST",
            "/releases/{release}/withdraw",
            {"release": release},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ReleaseShown))

    async def deprecate_release(
        self,
        release: str,
        *,
        sunset_us: int,
        successor: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ReleaseShown:
        """Say until when a release answers, and what to call instead. Its callers hear it in every reply, subscribers at once.

        Needs the permission `services:publish`.
        """
        request = Request(
            "POST",
            "/releases/{release}/deprecate",
            {"release": release},
            {},
            {"sunset_us": sunset_us, "successor": successor},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ReleaseShown))

    async def retire_release(
        self,
        release: str,
        *,
        successor: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ReleaseShown:
        """Have a release answer 410 from now on.

        Needs the permission `services:publish`.
        """
        request = Request(
            "POST",
            "/releases/{release}/retire",
            {"release": release},
            {},
            {"successor": successor},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ReleaseShown))


class Roles:
    """Operations on roles."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_permissions(self) -> models.ListedPermissionShown:
        """All permissions: what roles and scopes of tokens are made of."""
        request = Request("GET", "/permissions", {}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.ListedPermissionShown))

    def list_roles(
        self,
        *,
        built_in: bool | None = None,
        team: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedRoleShown:
        """Roles that the platform and one's teams have made. Sorted by `name` or `created_us`.

        Needs the permission `roles:read`.
        """
        request = Request(
            "GET",
            "/roles",
            {},
            {"built_in": built_in, "team": team, "name": name, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedRoleShown))

    def iterate_roles(
        self,
        *,
        built_in: bool | None = None,
        team: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> Iterator[models.RoleShown]:
        """Every item of `list_roles`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_roles(built_in=built_in, team=team, name=name, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_role(
        self,
        *,
        name: str,
        permissions: list[str],
        team: str | Unset | None = UNSET,
        description: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.RoleShown:
        """Make a role of a team, or of the platform, which may then be given everywhere.

        Needs the permission `roles:write`.
        """
        request = Request(
            "POST",
            "/roles",
            {},
            {},
            {"name": name, "team": team, "description": description, "permissions": permissions},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.RoleShown))

    def get_role(self, role: str) -> models.RoleShown:
        """One role, by its id; a built-in one by its name.

        Needs the permission `roles:read`.
        """
        request = Request("GET", "/roles/{role}", {"role": role}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.RoleShown))

    def change_role(
        self,
        role: str,
        *,
        if_match: str | Model,
        description: str | Unset | None = UNSET,
        permissions: list[str] | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.RoleShown:
        """Change what a role says or gives, at once for all who have it.

        Needs the permission `roles:write`.
        """
        request = Request(
            "PATCH",
            "/roles/{role}",
            {"role": role},
            {},
            {"description": description, "permissions": permissions},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.RoleShown))

    def delete_role(self, role: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Delete a role that nobody has.

        Needs the permission `roles:write`.
        """
        request = Request(
            "DELETE",
            "/roles/{role}",
            {"role": role},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))


class AsyncRoles:
    """Operations on roles."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_permissions(self) -> models.ListedPermissionShown:
        """All permissions: what roles and scopes of tokens are made of."""
        request = Request("GET", "/permissions", {}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.ListedPermissionShown))

    async def list_roles(
        self,
        *,
        built_in: bool | None = None,
        team: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedRoleShown:
        """Roles that the platform and one's teams have made. Sorted by `name` or `created_us`.

        Needs the permission `roles:read`.
        """
        request = Request(
            "GET",
            "/roles",
            {},
            {"built_in": built_in, "team": team, "name": name, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedRoleShown))

    async def iterate_roles(
        self,
        *,
        built_in: bool | None = None,
        team: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[models.RoleShown]:
        """Every item of `list_roles`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_roles(built_in=built_in, team=team, name=name, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_role(
        self,
        *,
        name: str,
        permissions: list[str],
        team: str | Unset | None = UNSET,
        description: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.RoleShown:
        """Make a role of a team, or of the platform, which may then be given everywhere.

        Needs the permission `roles:write`.
        """
        request = Request(
            "POST",
            "/roles",
            {},
            {},
            {"name": name, "team": team, "description": description, "permissions": permissions},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.RoleShown))

    async def get_role(self, role: str) -> models.RoleShown:
        """One role, by its id; a built-in one by its name.

        Needs the permission `roles:read`.
        """
        request = Request("GET", "/roles/{role}", {"role": role}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.RoleShown))

    async def change_role(
        self,
        role: str,
        *,
        if_match: str | Model,
        description: str | Unset | None = UNSET,
        permissions: list[str] | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.RoleShown:
        """Change what a role says or gives, at once for all who have it.

        Needs the permission `roles:write`.
        """
        request = Request(
            "PATCH",
            "/roles/{role}",
            {"role": role},
            {},
            {"description": description, "permissions": permissions},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.RoleShown))

    async def delete_role(self, role: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Delete a role that nobody has.

        Needs the permission `roles:write`.
        """
        request = Request(
            "DELETE",
            "/roles/{role}",
            {"role": role},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))


class ServiceAccounts:
    """Operations on service accounts."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_service_accounts(
        self,
        team: str,
        *,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedAccountShown:
        """A team's service accounts. Sorted by `name` or `created_us`.

        Needs the permission `members:read`.
        """
        request = Request(
            "GET",
            "/teams/{team}/service-accounts",
            {"team": team},
            {"name": name, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedAccountShown))

    def iterate_service_accounts(
        self, team: str, *, name: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.AccountShown]:
        """Every item of `list_service_accounts`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_service_accounts(team, name=name, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_service_account(
        self, team: str, *, name: str, roles: list[str], idempotency_key: str | None = None, reason: str | None = None
    ) -> models.AccountShown:
        """Make a service account. It cannot sign in: make it a token.

        Needs the permission `members:write`.
        """
        request = Request(
            "POST",
            "/teams/{team}/service-accounts",
            {"team": team},
            {},
            {"name": name, "roles": roles},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.AccountShown))

    def get_service_account(self, team: str, account: str) -> models.AccountShown:
        """One service account, by its id.

        Needs the permission `members:read`.
        """
        request = Request(
            "GET", "/teams/{team}/service-accounts/{account}", {"team": team, "account": account}, {}, None, {}
        )
        return self._transport.call(request, TypeAdapter(models.AccountShown))

    def change_service_account(
        self,
        team: str,
        account: str,
        *,
        if_match: str | Model,
        roles: list[str] | Unset | None = UNSET,
        state: Literal["active", "suspended"] | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.AccountShown:
        """Give a service account other roles, suspend or activate it.

        Needs the permission `members:write`.
        """
        request = Request(
            "PATCH",
            "/teams/{team}/service-accounts/{account}",
            {"team": team, "account": account},
            {},
            {"roles": roles, "state": state},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.AccountShown))

    def delete_service_account(
        self, team: str, account: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Delete a service account with its tokens.

        Needs the permission `members:write`.
        """
        request = Request(
            "DELETE",
            "/teams/{team}/service-accounts/{account}",
            {"team": team, "account": account},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))

    def list_service_account_tokens(
        self, team: str, account: str, *, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedTokenShown:
        """A service account's tokens, revoked ones too. Sorted by `created_us` (the newest first) or `name`.

        Needs the permission `members:read`.
        """
        request = Request(
            "GET",
            "/teams/{team}/service-accounts/{account}/tokens",
            {"team": team, "account": account},
            {"limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedTokenShown))

    def iterate_service_account_tokens(
        self, team: str, account: str, *, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.TokenShown]:
        """Every item of `list_service_account_tokens`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_service_account_tokens(team, account, limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_service_account_token(
        self,
        team: str,
        account: str,
        *,
        name: str,
        scopes: list[str] | Unset | None = UNSET,
        expires_us: int | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.TokenMade:
        """Make a token; its value is in this reply only.

        Needs the permission `members:write`.
        """
        request = Request(
            "POST",
            "/teams/{team}/service-accounts/{account}/tokens",
            {"team": team, "account": account},
            {},
            {"name": name, "scopes": scopes, "expires_us": expires_us},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.TokenMade))

    def delete_service_account_token(
        self, team: str, account: str, token: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Revoke a token of a service account.

        Needs the permission `members:write`.
        """
        request = Request(
            "DELETE",
            "/teams/{team}/service-accounts/{account}/tokens/{token}",
            {"team": team, "account": account, "token": token},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))


class AsyncServiceAccounts:
    """Operations on service accounts."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_service_accounts(
        self,
        team: str,
        *,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedAccountShown:
        """A team's service accounts. Sorted by `name` or `created_us`.

        Needs the permission `members:read`.
        """
        request = Request(
            "GET",
            "/teams/{team}/service-accounts",
            {"team": team},
            {"name": name, "limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedAccountShown))

    async def iterate_service_accounts(
        self, team: str, *, name: str | None = None, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.AccountShown]:
        """Every item of `list_service_accounts`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_service_accounts(team, name=name, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_service_account(
        self, team: str, *, name: str, roles: list[str], idempotency_key: str | None = None, reason: str | None = None
    ) -> models.AccountShown:
        """Make a service account. It cannot sign in: make it a token.

        Needs the permission `members:write`.
        """
        request = Request(
            "POST",
            "/teams/{team}/service-accounts",
            {"team": team},
            {},
            {"name": name, "roles": roles},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.AccountShown))

    async def get_service_account(self, team: str, account: str) -> models.AccountShown:
        """One service account, by its id.

        Needs the permission `members:read`.
        """
        request = Request(
            "GET", "/teams/{team}/service-accounts/{account}", {"team": team, "account": account}, {}, None, {}
        )
        return await self._transport.call(request, TypeAdapter(models.AccountShown))

    async def change_service_account(
        self,
        team: str,
        account: str,
        *,
        if_match: str | Model,
        roles: list[str] | Unset | None = UNSET,
        state: Literal["active", "suspended"] | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.AccountShown:
        """Give a service account other roles, suspend or activate it.

        Needs the permission `members:write`.
        """
        request = Request(
            "PATCH",
            "/teams/{team}/service-accounts/{account}",
            {"team": team, "account": account},
            {},
            {"roles": roles, "state": state},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.AccountShown))

    async def delete_service_account(
        self, team: str, account: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Delete a service account with its tokens.

        Needs the permission `members:write`.
        """
        request = Request(
            "DELETE",
            "/teams/{team}/service-accounts/{account}",
            {"team": team, "account": account},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))

    async def list_service_account_tokens(
        self, team: str, account: str, *, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedTokenShown:
        """A service account's tokens, revoked ones too. Sorted by `created_us` (the newest first) or `name`.

        Needs the permission `members:read`.
        """
        request = Request(
            "GET",
            "/teams/{team}/service-accounts/{account}/tokens",
            {"team": team, "account": account},
            {"limit": limit, "cursor": cursor, "sort": sort},
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedTokenShown))

    async def iterate_service_account_tokens(
        self, team: str, account: str, *, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.TokenShown]:
        """Every item of `list_service_account_tokens`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_service_account_tokens(team, account, limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_service_account_token(
        self,
        team: str,
        account: str,
        *,
        name: str,
        scopes: list[str] | Unset | None = UNSET,
        expires_us: int | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.TokenMade:
        """Make a token; its value is in this reply only.

        Needs the permission `members:write`.
        """
        request = Request(
            "POST",
            "/teams/{team}/service-accounts/{account}/tokens",
            {"team": team, "account": account},
            {},
            {"name": name, "scopes": scopes, "expires_us": expires_us},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.TokenMade))

    async def delete_service_account_token(
        self, team: str, account: str, token: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Revoke a token of a service account.

        Needs the permission `members:write`.
        """
        request = Request(
            "DELETE",
            "/teams/{team}/service-accounts/{account}/tokens/{token}",
            {"team": team, "account": account, "token": token},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))


class Services:
    """Operations on services."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_services(
        self,
        *,
        name: str | None = None,
        kind: str | None = None,
        lifecycle: str | None = None,
        team: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedServiceListed:
        """The team's services and the platform's, with their deployments. Sorted by `name` or `created_us`.

        Needs the permission `services:read`.
        """
        request = Request(
            "GET",
            "/services",
            {},
            {
                "name": name,
                "kind": kind,
                "lifecycle": lifecycle,
                "team": team,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
            },
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedServiceListed))

    def iterate_services(
        self,
        *,
        name: str | None = None,
        kind: str | None = None,
        lifecycle: str | None = None,
        team: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> Iterator[models.ServiceListed]:
        """Every item of `list_services`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_services(
                name=name, kind=kind, lifecycle=lifecycle, team=team, limit=limit, sort=sort, cursor=cursor
            )
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_service(
        self,
        *,
        name: str,
        description: str | Unset | None = UNSET,
        visibility: Literal["team", "teams", "organisation", "public"] | Unset = UNSET,
        state: Literal["active", "disabled"] | Unset = UNSET,
        deployments: list[models.DeploymentAsked] | Unset = UNSET,
        aliases: list[str] | Unset = UNSET,
        keep_bodies: bool | Unset = UNSET,
        drop_unsupported: bool | Unset = UNSET,
        try_unsupported: bool | Unset = UNSET,
        custom: dict[str, Any] | Unset | None = UNSET,
        contract: models.ContractAsked | Unset | None = UNSET,
        approval: models.ApprovalAsked | Unset | None = UNSET,
        kind: Literal["model", "custom"] | Unset = UNSET,
        team: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ServiceShown:
        """Make a service, as a draft.

        Needs the permission `services:write`.
        """
        request = Request(
            "POST",
            "/services",
            {},
            {},
            {
                "description": description,
                "visibility": visibility,
                "state": state,
                "deployments": deployments,
                "aliases": aliases,
                "keep_bodies": keep_bodies,
                "drop_unsupported": drop_unsupported,
                "try_unsupported": try_unsupported,
                "custom": custom,
                "contract": contract,
                "approval": approval,
                "name": name,
                "kind": kind,
                "team": team,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ServiceShown))

    def get_service(self, service: str) -> models.ServiceShown:
        """One service, by its id, or by its name where that has no slash and only one can be meant.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/services/{service}", {"service": service}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.ServiceShown))

    def change_service(
        self,
        service: str,
        *,
        if_match: str | Model,
        description: str | Unset | None = UNSET,
        visibility: Literal["team", "teams", "organisation", "public"] | Unset = UNSET,
        state: Literal["active", "disabled"] | Unset = UNSET,
        deployments: list[models.DeploymentAsked] | Unset = UNSET,
        aliases: list[str] | Unset = UNSET,
        keep_bodies: bool | Unset = UNSET,
        drop_unsupported: bool | Unset = UNSET,
        try_unsupported: bool | Unset = UNSET,
        custom: dict[str, Any] | Unset | None = UNSET,
        contract: models.ContractAsked | Unset | None = UNSET,
        approval: models.ApprovalAsked | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ServiceShown:
        """Change a draft. Name, kind and owner stay. `approval` is the team's: it takes `teams:write`.

        Subscriptions of teams that do not see the service any more are cancelled.

        Needs the permission `services:write`.
        """
        request = Request(
            "PATCH",
            "/services/{service}",
            {"service": service},
            {},
            {
                "description": description,
                "visibility": visibility,
                "state": state,
                "deployments": deployments,
                "aliases": aliases,
                "keep_bodies": keep_bodies,
                "drop_unsupported": drop_unsupported,
                "try_unsupported": try_unsupported,
                "custom": custom,
                "contract": contract,
                "approval": approval,
            },
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ServiceShown))

    def delete_service(self, service: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Delete a service that no live release serves, with its releases and subscriptions.

        Needs the permission `services:write`.
        """
        request = Request(
            "DELETE",
            "/services/{service}",
            {"service": service},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))

    def validate_service(
        self, service: str, *, call: bool | Unset = UNSET, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.ValidationShown:
        """Say whether the draft could be released, and what keeps it from that. Changes nothing.

        Needs the permission `services:write`.
        """
        request = Request(
            "POST",
            "/services/{service}/validate",
            {"service": service},
            {},
            {"call": call},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.ValidationShown))


class AsyncServices:
    """Operations on services."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_services(
        self,
        *,
        name: str | None = None,
        kind: str | None = None,
        lifecycle: str | None = None,
        team: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedServiceListed:
        """The team's services and the platform's, with their deployments. Sorted by `name` or `created_us`.

        Needs the permission `services:read`.
        """
        request = Request(
            "GET",
            "/services",
            {},
            {
                "name": name,
                "kind": kind,
                "lifecycle": lifecycle,
                "team": team,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
            },
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedServiceListed))

    async def iterate_services(
        self,
        *,
        name: str | None = None,
        kind: str | None = None,
        lifecycle: str | None = None,
        team: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[models.ServiceListed]:
        """Every item of `list_services`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_services(
                name=name, kind=kind, lifecycle=lifecycle, team=team, limit=limit, sort=sort, cursor=cursor
            )
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_service(
        self,
        *,
        name: str,
        description: str | Unset | None = UNSET,
        visibility: Literal["team", "teams", "organisation", "public"] | Unset = UNSET,
        state: Literal["active", "disabled"] | Unset = UNSET,
        deployments: list[models.DeploymentAsked] | Unset = UNSET,
        aliases: list[str] | Unset = UNSET,
        keep_bodies: bool | Unset = UNSET,
        drop_unsupported: bool | Unset = UNSET,
        try_unsupported: bool | Unset = UNSET,
        custom: dict[str, Any] | Unset | None = UNSET,
        contract: models.ContractAsked | Unset | None = UNSET,
        approval: models.ApprovalAsked | Unset | None = UNSET,
        kind: Literal["model", "custom"] | Unset = UNSET,
        team: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ServiceShown:
        """Make a service, as a draft.

        Needs the permission `services:write`.
        """
        request = Request(
            "POST",
            "/services",
            {},
            {},
            {
                "description": description,
                "visibility": visibility,
                "state": state,
                "deployments": deployments,
                "aliases": aliases,
                "keep_bodies": keep_bodies,
                "drop_unsupported": drop_unsupported,
                "try_unsupported": try_unsupported,
                "custom": custom,
                "contract": contract,
                "approval": approval,
                "name": name,
                "kind": kind,
                "team": team,
            },
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ServiceShown))

    async def get_service(self, service: str) -> models.ServiceShown:
        """One service, by its id, or by its name where that has no slash and only one can be meant.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/services/{service}", {"service": service}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.ServiceShown))

    async def change_service(
        self,
        service: str,
        *,
        if_match: str | Model,
        description: str | Unset | None = UNSET,
        visibility: Literal["team", "teams", "organisation", "public"] | Unset = UNSET,
        state: Literal["active", "disabled"] | Unset = UNSET,
        deployments: list[models.DeploymentAsked] | Unset = UNSET,
        aliases: list[str] | Unset = UNSET,
        keep_bodies: bool | Unset = UNSET,
        drop_unsupported: bool | Unset = UNSET,
        try_unsupported: bool | Unset = UNSET,
        custom: dict[str, Any] | Unset | None = UNSET,
        contract: models.ContractAsked | Unset | None = UNSET,
        approval: models.ApprovalAsked | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.ServiceShown:
        """Change a draft. Name, kind and owner stay. `approval` is the team's: it takes `teams:write`.

        Subscriptions of teams that do not see the service any more are cancelled.

        Needs the permission `services:write`.
        """
        request = Request(
            "PATCH",
            "/services/{service}",
            {"service": service},
            {},
            {
                "description": description,
                "visibility": visibility,
                "state": state,
                "deployments": deployments,
                "aliases": aliases,
                "keep_bodies": keep_bodies,
                "drop_unsupported": drop_unsupported,
                "try_unsupported": try_unsupported,
                "custom": custom,
                "contract": contract,
                "approval": approval,
            },
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ServiceShown))

    async def delete_service(
        self, service: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Delete a service that no live release serves, with its releases and subscriptions.

        Needs the permission `services:write`.
        """
        request = Request(
            "DELETE",
            "/services/{service}",
            {"service": service},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))

    async def validate_service(
        self, service: str, *, call: bool | Unset = UNSET, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.ValidationShown:
        """Say whether the draft could be released, and what keeps it from that. Changes nothing.

        Needs the permission `services:write`.
        """
        request = Request(
            "POST",
            "/services/{service}/validate",
            {"service": service},
            {},
            {"call": call},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.ValidationShown))


class Session:
    """Operations on session."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_session(self) -> models.WhoShown:
        """Who one is, and what one may do: everywhere, and in each of one's teams."""
        request = Request("GET", "/session", {}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.WhoShown))

    def create_session(self, *, email: str, password: str) -> models.WhoShown:
        """Sign in by e-mail and password. The session comes as a cookie, and nothing secret in the reply."""
        request = Request("POST", "/session", {}, {}, {"email": email, "password": password}, {})
        return self._transport.call(request, TypeAdapter(models.WhoShown))

    def delete_session(self) -> None:
        """Sign out."""
        request = Request("DELETE", "/session", {}, {}, None, {})
        self._transport.call(request, TypeAdapter(None))

    def list_my_sessions(
        self, *, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedSessionShown:
        """Where one is signed in. Sorted by `created_us` or `seen_us`."""
        request = Request("GET", "/me/sessions", {}, {"limit": limit, "cursor": cursor, "sort": sort}, None, {})
        return self._transport.call(request, TypeAdapter(models.ListedSessionShown))

    def iterate_my_sessions(
        self, *, limit: int | None = None, sort: str | None = None
    ) -> Iterator[models.SessionShown]:
        """Every item of `list_my_sessions`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_my_sessions(limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def delete_my_other_sessions(self) -> None:
        """Sign out everywhere but here."""
        request = Request("DELETE", "/me/sessions", {}, {}, None, {})
        self._transport.call(request, TypeAdapter(None))

    def delete_my_session(self, session: str) -> None:
        """Sign out somewhere else."""
        request = Request("DELETE", "/me/sessions/{session}", {"session": session}, {}, None, {})
        self._transport.call(request, TypeAdapter(None))

    def list_ways_to_sign_in(self) -> models.WaysShown:
        """Identity providers that one may sign in through."""
        request = Request("GET", "/sign-in", {}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.WaysShown))

    def begin_sign_in(self, provider: str, *, next: str | None = None) -> None:
        """Send the browser to the identity provider. `next` is a path of this installation, the console without it."""
        request = Request("GET", "/sign-in/{provider}", {"provider": provider}, {"next": next}, None, {})
        self._transport.call(request, TypeAdapter(None))

    def end_sign_in(
        self,
        provider: str,
        *,
        state: str | None = None,
        code: str | None = None,
        iss: str | None = None,
        error: str | None = None,
    ) -> None:
        """Where the identity provider sends the browser back to. What comes of it is a session, and a redirect to `next`."""
        request = Request(
            "GET",
            "/sign-in/{provider}/callback",
            {"provider": provider},
            {"state": state, "code": code, "iss": iss, "error": error},
            None,
            {},
        )
        self._transport.call(request, TypeAdapter(None))


class AsyncSession:
    """Operations on session."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get_session(self) -> models.WhoShown:
        """Who one is, and what one may do: everywhere, and in each of one's teams."""
        request = Request("GET", "/session", {}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.WhoShown))

    async def create_session(self, *, email: str, password: str) -> models.WhoShown:
        """Sign in by e-mail and password. The session comes as a cookie, and nothing secret in the reply."""
        request = Request("POST", "/session", {}, {}, {"email": email, "password": password}, {})
        return await self._transport.call(request, TypeAdapter(models.WhoShown))

    async def delete_session(self) -> None:
        """Sign out."""
        request = Request("DELETE", "/session", {}, {}, None, {})
        await self._transport.call(request, TypeAdapter(None))

    async def list_my_sessions(
        self, *, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedSessionShown:
        """Where one is signed in. Sorted by `created_us` or `seen_us`."""
        request = Request("GET", "/me/sessions", {}, {"limit": limit, "cursor": cursor, "sort": sort}, None, {})
        return await self._transport.call(request, TypeAdapter(models.ListedSessionShown))

    async def iterate_my_sessions(
        self, *, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.SessionShown]:
        """Every item of `list_my_sessions`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_my_sessions(limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def delete_my_other_sessions(self) -> None:
        """Sign out everywhere but here."""
        request = Request("DELETE", "/me/sessions", {}, {}, None, {})
        await self._transport.call(request, TypeAdapter(None))

    async def delete_my_session(self, session: str) -> None:
        """Sign out somewhere else."""
        request = Request("DELETE", "/me/sessions/{session}", {"session": session}, {}, None, {})
        await self._transport.call(request, TypeAdapter(None))

    async def list_ways_to_sign_in(self) -> models.WaysShown:
        """Identity providers that one may sign in through."""
        request = Request("GET", "/sign-in", {}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.WaysShown))

    async def begin_sign_in(self, provider: str, *, next: str | None = None) -> None:
        """Send the browser to the identity provider. `next` is a path of this installation, the console without it."""
        request = Request("GET", "/sign-in/{provider}", {"provider": provider}, {"next": next}, None, {})
        await self._transport.call(request, TypeAdapter(None))

    async def end_sign_in(
        self,
        provider: str,
        *,
        state: str | None = None,
        code: str | None = None,
        iss: str | None = None,
        error: str | None = None,
    ) -> None:
        """Where the identity provider sends the browser back to. What comes of it is a session, and a redirect to `next`."""
        request = Request(
            "GET",
            "/sign-in/{provider}/callback",
            {"provider": provider},
            {"state": state, "code": code, "iss": iss, "error": error},
            None,
            {},
        )
        await self._transport.call(request, TypeAdapter(None))


class Sharing:
    """Operations on sharing."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_sharing(self, service: str) -> models.SharingShown:
        """Who sees a service of one's own.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/services/{service}/sharing", {"service": service}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.SharingShown))

    def set_sharing(
        self,
        service: str,
        *,
        visibility: Literal["team", "teams", "organisation", "public"],
        if_match: str | Model,
        teams: list[str] | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.SharingShown:
        """Set who sees a service. Subscriptions of teams that then do not see it any more are cancelled.

        Needs the permission `services:write`.
        """
        request = Request(
            "PUT",
            "/services/{service}/sharing",
            {"service": service},
            {},
            {"visibility": visibility, "teams": teams},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.SharingShown))

    def get_subscription_policy(self, service: str) -> models.PolicyShown:
        """Who approves subscriptions of a service, and how often they are confirmed.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/services/{service}/subscription-policy", {"service": service}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.PolicyShown))

    def set_subscription_policy(
        self,
        service: str,
        *,
        mode: Literal["default", "automatic", "owner", "staged"],
        if_match: str | Model,
        stages: list[models.StageGiven] | Unset = UNSET,
        review_days: int | Unset | None = UNSET,
        confirm_by: Literal["owner", "subscriber"] | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.PolicyShown:
        """Set who approves subscriptions, and how often they are confirmed.

        Approved ones stay so, and have to be confirmed within the new time, counted from now. It is the team's to say who approves:
        whoever designs a service could else do without the others.

        Needs the permission `teams:write`.
        """
        request = Request(
            "PUT",
            "/services/{service}/subscription-policy",
            {"service": service},
            {},
            {"mode": mode, "stages": stages, "review_days": review_days, "confirm_by": confirm_by},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.PolicyShown))


class AsyncSharing:
    """Operations on sharing."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get_sharing(self, service: str) -> models.SharingShown:
        """Who sees a service of one's own.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/services/{service}/sharing", {"service": service}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.SharingShown))

    async def set_sharing(
        self,
        service: str,
        *,
        visibility: Literal["team", "teams", "organisation", "public"],
        if_match: str | Model,
        teams: list[str] | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.SharingShown:
        """Set who sees a service. Subscriptions of teams that then do not see it any more are cancelled.

        Needs the permission `services:write`.
        """
        request = Request(
            "PUT",
            "/services/{service}/sharing",
            {"service": service},
            {},
            {"visibility": visibility, "teams": teams},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.SharingShown))

    async def get_subscription_policy(self, service: str) -> models.PolicyShown:
        """Who approves subscriptions of a service, and how often they are confirmed.

        Needs the permission `services:read`.
        """
        request = Request("GET", "/services/{service}/subscription-policy", {"service": service}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.PolicyShown))

    async def set_subscription_policy(
        self,
        service: str,
        *,
        mode: Literal["default", "automatic", "owner", "staged"],
        if_match: str | Model,
        stages: list[models.StageGiven] | Unset = UNSET,
        review_days: int | Unset | None = UNSET,
        confirm_by: Literal["owner", "subscriber"] | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.PolicyShown:
        """Set who approves subscriptions, and how often they are confirmed.

        Approved ones stay so, and have to be confirmed within the new time, counted from now. It is the team's to say who approves:
        whoever designs a service could else do without the others.

        Needs the permission `teams:write`.
        """
        request = Request(
            "PUT",
            "/services/{service}/subscription-policy",
            {"service": service},
            {},
            {"mode": mode, "stages": stages, "review_days": review_days, "confirm_by": confirm_by},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.PolicyShown))


class Subscriptions:
    """Operations on subscriptions."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_subscriptions(
        self,
        *,
        team: str | None = None,
        app: str | None = None,
        service: str | None = None,
        state: Literal["requested", "approved", "rejected", "suspended", "cancelled", "expired"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedSubscriptionShown:
        """Subscriptions of one's teams' apps, and of one's teams' services. Sorted by `created_us`, newest first.

        Needs the permission `subscriptions:read`.
        """
        request = Request(
            "GET",
            "/subscriptions",
            {},
            {
                "team": team,
                "app": app,
                "service": service,
                "state": state,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
            },
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedSubscriptionShown))

    def iterate_subscriptions(
        self,
        *,
        team: str | None = None,
        app: str | None = None,
        service: str | None = None,
        state: Literal["requested", "approved", "rejected", "suspended", "cancelled", "expired"] | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> Iterator[models.SubscriptionShown]:
        """Every item of `list_subscriptions`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_subscriptions(
                team=team, app=app, service=service, state=state, limit=limit, sort=sort, cursor=cursor
            )
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def ask_for_subscription(
        self,
        *,
        app: str,
        service: str,
        plan: str | Unset | None = UNSET,
        reason: str | Unset | None = UNSET,
        expires_us: int | Unset | None = UNSET,
        idempotency_key: str | None = None,
        audit_reason: str | None = None,
    ) -> models.SubscriptionShown:
        """Subscribe an app: `approved` at once, or `requested` with an approval, as the service's policy says.

        Needs the permission `subscriptions:request`.
        """
        request = Request(
            "POST",
            "/subscriptions",
            {},
            {},
            {"app": app, "service": service, "plan": plan, "reason": reason, "expires_us": expires_us},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": audit_reason},
        )
        return self._transport.call(request, TypeAdapter(models.SubscriptionShown))

    def get_subscription(self, subscription: str) -> models.SubscriptionShown:
        """One subscription.

        Needs the permission `subscriptions:read`.
        """
        request = Request("GET", "/subscriptions/{subscription}", {"subscription": subscription}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.SubscriptionShown))

    def suspend_subscription(
        self, subscription: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.SubscriptionShown:
        """Stop it for now. Only the service's side can, and can resume it.

        Needs the permission `subscriptions:approve`.
        """
        request = Request(
            "POST",
            "/subscriptions/{subscription}/suspend",
            {"subscription": subscription},
            {},
            {},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.SubscriptionShown))

    def resume_subscription(
        self, subscription: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.SubscriptionShown:
        """Let a suspended one go on.

        Needs the permission `subscriptions:approve`.
        """
        request = Request(
            "POST",
            "/subscriptions/{subscription}/resume",
            {"subscription": subscription},
            {},
            {},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.SubscriptionShown))

    def cancel_subscription(
        self, subscription: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.SubscriptionShown:
        """End it: the app's side with `subscriptions:request`, the service's with `subscriptions:approve`.

        Needs the permission `subscriptions:read`.
        """
        request = Request(
            "POST",
            "/subscriptions/{subscription}/cancel",
            {"subscription": subscription},
            {},
            {},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.SubscriptionShown))

    def renew_subscription(
        self, subscription: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.SubscriptionShown:
        """Give it another plan or end, from either side. Where the policy wants an approval, it goes on as it is until then.

        Needs the permission `subscriptions:read`.
        """
        request = Request(
            "POST",
            "/subscriptions/{subscription}/renew",
            {"subscription": subscription},
            {},
            {},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.SubscriptionShown))

    def confirm_subscription(
        self, subscription: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.SubscriptionShown:
        """Say that it is still needed, before `review_us`. Whose people do so says the service's policy.

        Needs the permission `subscriptions:read`.
        """
        request = Request(
            "POST",
            "/subscriptions/{subscription}/confirm",
            {"subscription": subscription},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.SubscriptionShown))


class AsyncSubscriptions:
    """Operations on subscriptions."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_subscriptions(
        self,
        *,
        team: str | None = None,
        app: str | None = None,
        service: str | None = None,
        state: Literal["requested", "approved", "rejected", "suspended", "cancelled", "expired"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedSubscriptionShown:
        """Subscriptions of one's teams' apps, and of one's teams' services. Sorted by `created_us`, newest first.

        Needs the permission `subscriptions:read`.
        """
        request = Request(
            "GET",
            "/subscriptions",
            {},
            {
                "team": team,
                "app": app,
                "service": service,
                "state": state,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
            },
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedSubscriptionShown))

    async def iterate_subscriptions(
        self,
        *,
        team: str | None = None,
        app: str | None = None,
        service: str | None = None,
        state: Literal["requested", "approved", "rejected", "suspended", "cancelled", "expired"] | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[models.SubscriptionShown]:
        """Every item of `list_subscriptions`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_subscriptions(
                team=team, app=app, service=service, state=state, limit=limit, sort=sort, cursor=cursor
            )
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def ask_for_subscription(
        self,
        *,
        app: str,
        service: str,
        plan: str | Unset | None = UNSET,
        reason: str | Unset | None = UNSET,
        expires_us: int | Unset | None = UNSET,
        idempotency_key: str | None = None,
        audit_reason: str | None = None,
    ) -> models.SubscriptionShown:
        """Subscribe an app: `approved` at once, or `requested` with an approval, as the service's policy says.

        Needs the permission `subscriptions:request`.
        """
        request = Request(
            "POST",
            "/subscriptions",
            {},
            {},
            {"app": app, "service": service, "plan": plan, "reason": reason, "expires_us": expires_us},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": audit_reason},
        )
        return await self._transport.call(request, TypeAdapter(models.SubscriptionShown))

    async def get_subscription(self, subscription: str) -> models.SubscriptionShown:
        """One subscription.

        Needs the permission `subscriptions:read`.
        """
        request = Request("GET", "/subscriptions/{subscription}", {"subscription": subscription}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.SubscriptionShown))

    async def suspend_subscription(
        self, subscription: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.SubscriptionShown:
        """Stop it for now. Only the service's side can, and can resume it.

        Needs the permission `subscriptions:approve`.
        """
        request = Request(
            "POST",
            "/subscriptions/{subscription}/suspend",
            {"subscription": subscription},
            {},
            {},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.SubscriptionShown))

    async def resume_subscription(
        self, subscription: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.SubscriptionShown:
        """Let a suspended one go on.

        Needs the permission `subscriptions:approve`.
        """
        request = Request(
            "POST",
            "/subscriptions/{subscription}/resume",
            {"subscription": subscription},
            {},
            {},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.SubscriptionShown))

    async def cancel_subscription(
        self, subscription: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.SubscriptionShown:
        """End it: the app's side with `subscriptions:request`, the service's with `subscriptions:approve`.

        Needs the permission `subscriptions:read`.
        """
        request = Request(
            "POST",
            "/subscriptions/{subscription}/cancel",
            {"subscription": subscription},
            {},
            {},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.SubscriptionShown))

    async def renew_subscription(
        self, subscription: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.SubscriptionShown:
        """Give it another plan or end, from either side. Where the policy wants an approval, it goes on as it is until then.

        Needs the permission `subscriptions:read`.
        """
        request = Request(
            "POST",
            "/subscriptions/{subscription}/renew",
            {"subscription": subscription},
            {},
            {},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.SubscriptionShown))

    async def confirm_subscription(
        self, subscription: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.SubscriptionShown:
        """Say that it is still needed, before `review_us`. Whose people do so says the service's policy.

        Needs the permission `subscriptions:read`.
        """
        request = Request(
            "POST",
            "/subscriptions/{subscription}/confirm",
            {"subscription": subscription},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.SubscriptionShown))


class System:
    """Operations on system."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def health(self) -> models.Health:
        """Whether control answers, and the newest published version."""
        request = Request("GET", "/health", {}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.Health))


class AsyncSystem:
    """Operations on system."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

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


class Tokens:
    """Operations on tokens."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_my_tokens(
        self, *, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedTokenShown:
        """One's own tokens, revoked ones too. Sorted by `created_us` (the newest first) or `name`."""
        request = Request("GET", "/me/tokens", {}, {"limit": limit, "cursor": cursor, "sort": sort}, None, {})
        return self._transport.call(request, TypeAdapter(models.ListedTokenShown))

    def iterate_my_tokens(self, *, limit: int | None = None, sort: str | None = None) -> Iterator[models.TokenShown]:
        """Every item of `list_my_tokens`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_my_tokens(limit=limit, sort=sort, cursor=cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_my_token(
        self,
        *,
        name: str,
        scopes: list[str] | Unset | None = UNSET,
        expires_us: int | Unset | None = UNSET,
        team: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.TokenMade:
        """Make a token; its value is in this reply only."""
        request = Request(
            "POST",
            "/me/tokens",
            {},
            {},
            {"name": name, "scopes": scopes, "expires_us": expires_us, "team": team},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.TokenMade))

    def get_my_token(self, token: str) -> models.TokenShown:
        """One of one's own tokens."""
        request = Request("GET", "/me/tokens/{token}", {"token": token}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.TokenShown))

    def delete_my_token(self, token: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Revoke one of one's own tokens."""
        request = Request(
            "DELETE",
            "/me/tokens/{token}",
            {"token": token},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))


class AsyncTokens:
    """Operations on tokens."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_my_tokens(
        self, *, limit: int | None = None, cursor: str | None = None, sort: str | None = None
    ) -> models.ListedTokenShown:
        """One's own tokens, revoked ones too. Sorted by `created_us` (the newest first) or `name`."""
        request = Request("GET", "/me/tokens", {}, {"limit": limit, "cursor": cursor, "sort": sort}, None, {})
        return await self._transport.call(request, TypeAdapter(models.ListedTokenShown))

    async def iterate_my_tokens(
        self, *, limit: int | None = None, sort: str | None = None
    ) -> AsyncIterator[models.TokenShown]:
        """Every item of `list_my_tokens`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_my_tokens(limit=limit, sort=sort, cursor=cursor)
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_my_token(
        self,
        *,
        name: str,
        scopes: list[str] | Unset | None = UNSET,
        expires_us: int | Unset | None = UNSET,
        team: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.TokenMade:
        """Make a token; its value is in this reply only."""
        request = Request(
            "POST",
            "/me/tokens",
            {},
            {},
            {"name": name, "scopes": scopes, "expires_us": expires_us, "team": team},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.TokenMade))

    async def get_my_token(self, token: str) -> models.TokenShown:
        """One of one's own tokens."""
        request = Request("GET", "/me/tokens/{token}", {"token": token}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.TokenShown))

    async def delete_my_token(
        self, token: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> None:
        """Revoke one of one's own tokens."""
        request = Request(
            "DELETE",
            "/me/tokens/{token}",
            {"token": token},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))


class Users:
    """Operations on users."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_users(
        self,
        *,
        email: str | None = None,
        state: Literal["invited", "active", "suspended"] | None = None,
        kind: Literal["person", "service"] | None = None,
        platform_role: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedUserShown:
        """Users of the whole platform. Sorted by `email` or `created_us`.

        Needs the permission `users:read`.
        """
        request = Request(
            "GET",
            "/users",
            {},
            {
                "email": email,
                "state": state,
                "kind": kind,
                "platform_role": platform_role,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
            },
            None,
            {},
        )
        return self._transport.call(request, TypeAdapter(models.ListedUserShown))

    def iterate_users(
        self,
        *,
        email: str | None = None,
        state: Literal["invited", "active", "suspended"] | None = None,
        kind: Literal["person", "service"] | None = None,
        platform_role: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> Iterator[models.UserShown]:
        """Every item of `list_users`, page by page."""
        cursor: str | None = None
        while True:
            page = self.list_users(
                email=email, state=state, kind=kind, platform_role=platform_role, limit=limit, sort=sort, cursor=cursor
            )
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    def create_user(
        self,
        *,
        email: str,
        name: str | Unset | None = UNSET,
        platform_role: str | Unset = UNSET,
        expires_seconds: int | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.UserMade:
        """Make an account and an invitation into it, with which whoever has the address sets a password.

        Needs the permission `users:write`.
        """
        request = Request(
            "POST",
            "/users",
            {},
            {},
            {"email": email, "name": name, "platform_role": platform_role, "expires_seconds": expires_seconds},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.UserMade))

    def get_user(self, user: str) -> models.UserShown:
        """One user, by id or e-mail address.

        Needs the permission `users:read`.
        """
        request = Request("GET", "/users/{user}", {"user": user}, {}, None, {})
        return self._transport.call(request, TypeAdapter(models.UserShown))

    def change_user(
        self,
        user: str,
        *,
        if_match: str | Model,
        name: str | Unset | None = UNSET,
        platform_role: str | Unset | None = UNSET,
        state: Literal["active", "suspended"] | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.UserShown:
        """Rename a user, give them another platform role, suspend or activate them.

        Needs the permission `users:write`.
        """
        request = Request(
            "PATCH",
            "/users/{user}",
            {"user": user},
            {},
            {"name": name, "platform_role": platform_role, "state": state},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.UserShown))

    def delete_user(self, user: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Delete a user with their tokens, sessions and memberships. What they did stays in the audit trail.

        Needs the permission `users:write`.
        """
        request = Request(
            "DELETE",
            "/users/{user}",
            {"user": user},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        self._transport.call(request, TypeAdapter(None))

    def invite_user_again(
        self, user: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.InvitationMade:
        """A new invitation for somebody who has not accepted theirs; the ones before end.

        Needs the permission `users:write`.
        """
        request = Request(
            "POST",
            "/users/{user}/invitation",
            {"user": user},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return self._transport.call(request, TypeAdapter(models.InvitationMade))


class AsyncUsers:
    """Operations on users."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list_users(
        self,
        *,
        email: str | None = None,
        state: Literal["invited", "active", "suspended"] | None = None,
        kind: Literal["person", "service"] | None = None,
        platform_role: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: str | None = None,
    ) -> models.ListedUserShown:
        """Users of the whole platform. Sorted by `email` or `created_us`.

        Needs the permission `users:read`.
        """
        request = Request(
            "GET",
            "/users",
            {},
            {
                "email": email,
                "state": state,
                "kind": kind,
                "platform_role": platform_role,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
            },
            None,
            {},
        )
        return await self._transport.call(request, TypeAdapter(models.ListedUserShown))

    async def iterate_users(
        self,
        *,
        email: str | None = None,
        state: Literal["invited", "active", "suspended"] | None = None,
        kind: Literal["person", "service"] | None = None,
        platform_role: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[models.UserShown]:
        """Every item of `list_users`, page by page."""
        cursor: str | None = None
        while True:
            page = await self.list_users(
                email=email, state=state, kind=kind, platform_role=platform_role, limit=limit, sort=sort, cursor=cursor
            )
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    async def create_user(
        self,
        *,
        email: str,
        name: str | Unset | None = UNSET,
        platform_role: str | Unset = UNSET,
        expires_seconds: int | Unset = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.UserMade:
        """Make an account and an invitation into it, with which whoever has the address sets a password.

        Needs the permission `users:write`.
        """
        request = Request(
            "POST",
            "/users",
            {},
            {},
            {"email": email, "name": name, "platform_role": platform_role, "expires_seconds": expires_seconds},
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.UserMade))

    async def get_user(self, user: str) -> models.UserShown:
        """One user, by id or e-mail address.

        Needs the permission `users:read`.
        """
        request = Request("GET", "/users/{user}", {"user": user}, {}, None, {})
        return await self._transport.call(request, TypeAdapter(models.UserShown))

    async def change_user(
        self,
        user: str,
        *,
        if_match: str | Model,
        name: str | Unset | None = UNSET,
        platform_role: str | Unset | None = UNSET,
        state: Literal["active", "suspended"] | Unset | None = UNSET,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> models.UserShown:
        """Rename a user, give them another platform role, suspend or activate them.

        Needs the permission `users:write`.
        """
        request = Request(
            "PATCH",
            "/users/{user}",
            {"user": user},
            {},
            {"name": name, "platform_role": platform_role, "state": state},
            {"If-Match": if_match, "Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.UserShown))

    async def delete_user(self, user: str, *, idempotency_key: str | None = None, reason: str | None = None) -> None:
        """Delete a user with their tokens, sessions and memberships. What they did stays in the audit trail.

        Needs the permission `users:write`.
        """
        request = Request(
            "DELETE",
            "/users/{user}",
            {"user": user},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        await self._transport.call(request, TypeAdapter(None))

    async def invite_user_again(
        self, user: str, *, idempotency_key: str | None = None, reason: str | None = None
    ) -> models.InvitationMade:
        """A new invitation for somebody who has not accepted theirs; the ones before end.

        Needs the permission `users:write`.
        """
        request = Request(
            "POST",
            "/users/{user}/invitation",
            {"user": user},
            {},
            None,
            {"Idempotency-Key": idempotency_key, "X-Torana-Reason": reason},
        )
        return await self._transport.call(request, TypeAdapter(models.InvitationMade))


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
        self.catalogue = Catalogue(transport)
        self.declaration = Declaration(transport)
        self.groups = Groups(transport)
        self.identity_providers = IdentityProviders(transport)
        self.invitations = Invitations(transport)
        self.issuers = Issuers(transport)
        self.keys = Keys(transport)
        self.limits = Limits(transport)
        self.me = Me(transport)
        self.members = Members(transport)
        self.notices = Notices(transport)
        self.plans = Plans(transport)
        self.prices = Prices(transport)
        self.providers = Providers(transport)
        self.releases = Releases(transport)
        self.roles = Roles(transport)
        self.service_accounts = ServiceAccounts(transport)
        self.services = Services(transport)
        self.session = Session(transport)
        self.sharing = Sharing(transport)
        self.subscriptions = Subscriptions(transport)
        self.system = System(transport)
        self.teams = Teams(transport)
        self.tokens = Tokens(transport)
        self.users = Users(transport)
        self.webhooks = Webhooks(transport)


class AsyncResources:
    """The parts of the API, one attribute each."""

    def __init__(self, transport: AsyncTransport) -> None:
        self.approvals = AsyncApprovals(transport)
        self.apps = AsyncApps(transport)
        self.audit = AsyncAudit(transport)
        self.calls = AsyncCalls(transport)
        self.catalogue = AsyncCatalogue(transport)
        self.declaration = AsyncDeclaration(transport)
        self.groups = AsyncGroups(transport)
        self.identity_providers = AsyncIdentityProviders(transport)
        self.invitations = AsyncInvitations(transport)
        self.issuers = AsyncIssuers(transport)
        self.keys = AsyncKeys(transport)
        self.limits = AsyncLimits(transport)
        self.me = AsyncMe(transport)
        self.members = AsyncMembers(transport)
        self.notices = AsyncNotices(transport)
        self.plans = AsyncPlans(transport)
        self.prices = AsyncPrices(transport)
        self.providers = AsyncProviders(transport)
        self.releases = AsyncReleases(transport)
        self.roles = AsyncRoles(transport)
        self.service_accounts = AsyncServiceAccounts(transport)
        self.services = AsyncServices(transport)
        self.session = AsyncSession(transport)
        self.sharing = AsyncSharing(transport)
        self.subscriptions = AsyncSubscriptions(transport)
        self.system = AsyncSystem(transport)
        self.teams = AsyncTeams(transport)
        self.tokens = AsyncTokens(transport)
        self.users = AsyncUsers(transport)
        self.webhooks = AsyncWebhooks(transport)
