"""Opens the listening sockets, which the supervisor holds for its whole life.

Each gate has a socket of its own and the kernel spreads connections over them (SO_REUSEPORT). Because the supervisor keeps
every socket open, a connection that waits in the queue of a dead gate is taken by its replacement instead of being reset.
"""

import errno
import os
import socket
import time

from torana.settings import parse_address
from torana.supervisor.handover import CannotStart

BACKLOG = 4096
"""Asked for; the kernel cuts it to net.core.somaxconn."""


def open_listeners(
    address: str, count: int, name: str = "listen", patience_seconds: float = 0.0
) -> list[socket.socket]:
    """`count` listening sockets on the same `HOST:PORT`; port 0 takes a free one. Raises CannotStart.

    `name` is the setting that a refusal names. While the port is taken, it is tried again for `patience_seconds`: the
    children of an instance that was killed need a moment to let go of it.
    """
    family, place = _resolve(address, name)
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return _open_all(family, place, count)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                raise CannotStart(_line(error, address, name)) from None
        time.sleep(0.05)


def address_of(listener: socket.socket) -> str:
    """`HOST:PORT` that a socket really has, IPv6 in brackets."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _resolve(address: str, name: str) -> tuple[socket.AddressFamily, tuple[str, int]]:
    host, port = parse_address(address, name)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise CannotStart(f"{name}={address!r} cannot be used: the host is not known ({error.strerror}).") from None
    # A name such as localhost may stand for both families; IPv4 is what clients of a development machine try first.
    family, _, _, _, place = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, (str(place[0]), int(place[1]))


def _open_all(family: socket.AddressFamily, place: tuple[str, int], count: int) -> list[socket.socket]:
    # SO_REUSEPORT would let this instance share the port with another program of the same user, unnoticed.
    probe = _bound(family, place, shared=False)
    place = (place[0], probe.getsockname()[1])
    probe.close()
    opened: list[socket.socket] = []
    try:
        for _ in range(count):
            opened.append(_bound(family, place, shared=True))
            opened[-1].listen(BACKLOG)
    except OSError:
        for listener in opened:
            listener.close()
        raise
    return opened


def _bound(family: socket.AddressFamily, place: tuple[str, int], *, shared: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            # [::] serves IPv4 too, whatever the system's own default is.
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(place[0] != "::"))
        made.bind(place)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


def _line(error: OSError, address: str, name: str) -> str:
    advice = f"choose another with --{name.replace('_', '-')} HOST:PORT."
    if error.errno == errno.EADDRINUSE:
        return f"{address} is already in use by another program. Stop it, or {advice}"
    if error.errno == errno.EACCES:
        return f"{address} may not be opened by this user, as ports below 1024 need privileges: {advice}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{address} is not an address of this machine: {advice}"
    return f"{address} cannot be opened ({os.strerror(error.errno or 0)}): {advice}"
