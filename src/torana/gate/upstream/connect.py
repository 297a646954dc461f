"""Opens a connection to a vendor: resolve, check every address, connect to the checked one, proxy, TLS."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

from torana.core.egress import Network, is_refused
from torana.gate.upstream.endpoint import Endpoint
from torana.gate.upstream.failure import Failure

_PROXY_HEAD_BYTES = 16_384
_TLS_SHUTDOWN_SECONDS = 1.0

P = TypeVar("P", bound=asyncio.BufferedProtocol)


def trust(ca_pem: str | None) -> ssl.SSLContext:
    """A client's TLS context: TLS 1.2 or newer, host names checked, the given certificates or else the system's.

    Raises ssl.SSLError or ValueError where the certificates cannot be read.
    """
    context = ssl.create_default_context(cadata=ca_pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


async def open_connection(
    endpoint: Endpoint,
    context: ssl.SSLContext | None,
    deny: tuple[Network, ...],
    make: Callable[[socket.socket], P],
    tunnel: bool = False,
) -> P:
    """A connected `make(socket)`, ready for a request. The caller limits the time by cancelling.

    A proxy is asked for a tunnel where TLS needs one, or `tunnel` says that what follows will not stay HTTP.
    Raises Failure: address refused, connect failed, TLS failed; nothing of the request has been sent then.
    """
    sock = await _dial(endpoint, deny)
    try:
        if endpoint.proxy and (tunnel or context is not None):
            await _ask_proxy(sock, endpoint)
        return await _attach(sock, endpoint, context, make)
    except BaseException as error:
        # Also on a cancellation. Where a transport has taken it, the socket is closed together with that.
        sock.close()
        if isinstance(error, ssl.SSLError):
            raise Failure("upstream_tls_failed", sent=False, reason=_tls_reason(error)) from None
        if isinstance(error, OSError):
            raise _unreachable(error) from None
        if isinstance(error, ValueError):
            raise Failure("upstream_connect_failed", sent=False, reason="its host name cannot be used") from None
        raise


async def _attach(
    sock: socket.socket, endpoint: Endpoint, context: ssl.SSLContext | None, make: Callable[[socket.socket], P]
) -> P:
    loop = asyncio.get_running_loop()
    options: dict[str, Any] = {}
    if context is not None:
        options = {
            "ssl": context,
            "server_hostname": endpoint.host,
            # Later than the sweep, which says what happened.
            "ssl_handshake_timeout": endpoint.connect_timeout_ns / 1e9 + 1,
            "ssl_shutdown_timeout": _TLS_SHUTDOWN_SECONDS,
        }
    try:
        _, connection = await loop.create_connection(lambda: make(sock), sock=sock, **options)
    except BaseException:
        _hang_up(sock)
        raise
    return connection


def _hang_up(sock: socket.socket) -> None:
    """End a half-made TLS session at once: its transport owns the socket and would wait for the peer."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # closed or reset already, which is what is wanted


async def _dial(endpoint: Endpoint, deny: tuple[Network, ...]) -> socket.socket:
    if endpoint.scheme == "unix":
        return await _connect(socket.AF_UNIX, endpoint.unix_path)
    if endpoint.proxy and (literal := endpoint.literal) and is_refused(literal, deny):
        raise Failure("upstream_address_refused", sent=False)
    host, port = endpoint.dial
    whose = "its proxy's" if endpoint.proxy else "its"
    loop = asyncio.get_running_loop()
    try:
        found = await _resolve(host, port)
    except (OSError, ValueError, OverflowError) as error:
        raise Failure(
            "upstream_connect_failed", sent=False, reason=f"{whose} name cannot be resolved ({_reason(error)})"
        ) from None
    allowed = [(family, address) for family, _, _, _, address in found if not is_refused(str(address[0]), deny)]
    if not allowed:
        raise Failure("upstream_address_refused", sent=False)
    give_up = loop.time() + endpoint.connect_timeout_ns / 1e9
    failure = Failure("upstream_connect_failed", sent=False, reason="it has no address")
    for position, (family, address) in enumerate(allowed):
        # An address that does not answer must leave time for the ones after it.
        share = (give_up - loop.time()) / (len(allowed) - position)
        try:
            async with asyncio.timeout(share if position + 1 < len(allowed) else None):
                return await _connect(family, address)
        except TimeoutError:
            failure = Failure("upstream_connect_failed", sent=False, reason="it did not answer")
        except Failure as error:
            failure = error
    if endpoint.proxy:
        raise Failure(failure.code, sent=False, reason=f"its proxy does not answer ({failure.detail['reason']})")
    raise failure


async def _resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)


async def _connect(family: int, address: Any) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException as error:
        sock.close()
        if isinstance(error, OSError) and not isinstance(error, TimeoutError):
            raise _unreachable(error) from None
        raise
    return sock


async def _ask_proxy(sock: socket.socket, endpoint: Endpoint) -> None:
    """Have the proxy open a tunnel (RFC 9110, section 9.3.6). More bytes than its reply's head would be lost: refused."""
    loop = asyncio.get_running_loop()
    authority = endpoint.authority.encode()
    await loop.sock_sendall(
        sock, b"CONNECT %b HTTP/1.1\r\nhost: %b\r\n%b\r\n" % (authority, authority, endpoint.proxy_authorization)
    )
    reply = b""
    while b"\r\n\r\n" not in reply:
        data = await loop.sock_recv(sock, 4096)
        reply += data
        if not data or len(reply) > _PROXY_HEAD_BYTES:
            raise Failure("upstream_connect_failed", sent=False, reason="the proxy's answer is not valid HTTP")
    version, _, rest = reply.partition(b" ")
    status = rest[:3]
    if version not in {b"HTTP/1.1", b"HTTP/1.0"} or not status.isdigit() or not reply.endswith(b"\r\n\r\n"):
        raise Failure("upstream_connect_failed", sent=False, reason="the proxy's answer is not valid HTTP")
    if not status.startswith(b"2"):
        raise Failure("upstream_connect_failed", sent=False, reason=f"the proxy answered {int(status)}")


def _unreachable(error: OSError) -> Failure:
    return Failure("upstream_connect_failed", sent=False, reason=_reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        # The loop's own text holds the address, which is not the caller's business.
        text = os.strerror(error.errno)
    else:
        text = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    return text[:1].lower() + text[1:]


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (error.reason or "the handshake failed").replace("_", " ").lower()
