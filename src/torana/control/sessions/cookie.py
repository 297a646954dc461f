"""The cookie that holds a session: HttpOnly, SameSite=Strict, for the admin API only, Secure where the browser came by https."""

from fastapi import Request
from starlette.responses import Response

from torana.control.api.guard import SESSION_COOKIE
from torana.core.secret import Secret

PATH = "/api"


def give(request: Request, response: Response, cookie: Secret, seconds: float, *, https: bool = False) -> None:
    """Set the cookie with the reply; `https` says that the browser comes by TLS where the request does not tell."""
    response.set_cookie(
        SESSION_COOKIE,
        cookie.reveal(),
        max_age=int(seconds),
        path=PATH,
        secure=https or by_https(request),
        httponly=True,
        samesite="strict",
    )


def take(request: Request, response: Response) -> None:
    """Have the browser forget the cookie."""
    response.delete_cookie(SESSION_COOKIE, path=PATH, secure=by_https(request), httponly=True, samesite="strict")


def by_https(request: Request) -> bool:
    """Whether the browser talks TLS: to the gate, which says so itself, or to a proxy in front, which the browser's Origin tells.

    A page cannot choose its Origin; a program that can gets a stricter cookie for it, and nothing else.
    """
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")
