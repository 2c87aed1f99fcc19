"""A host and a port → a connection to an address that was looked at.

The name is resolved once, every address that it has is looked at, and the connection is opened to one of these: a name
that means another address a moment later leads nowhere else.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from config.outgoing.addresses import may_connect
from config.outgoing.refused import Refused

CONNECT_SECONDS: Final = 10.0
RESOLVE_SECONDS: Final = 10.0
NOT_ALLOWED = "{} leads to an address inside of a network. Only addresses of the public internet can be used."


def open_socket(host: str, port: int, seconds: float = CONNECT_SECONDS) -> socket.socket:
    """A connection to one of the host's addresses, within that long. Raises Refused."""
    if not 1 <= port <= 65535:
        raise Refused("not_an_address", f"{port} is no port: ports are numbers from 1 to 65535.")
    until = time.monotonic() + seconds
    found = _resolved(host, port, min(seconds, RESOLVE_SECONDS))
    if not all(may_connect(str(address[0])) for _, address in found):
        raise Refused("address_not_allowed", NOT_ALLOWED.format(host))
    failure: OSError | None = None
    for family, address in found:
        left = until - time.monotonic()
        if left <= 0:
            break
        try:
            opened = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:  # an address of IPv6, where the machine has none
            failure = error
            continue
        try:
            opened.settimeout(left)
            opened.connect(address)
        except OSError as error:
            opened.close()
            failure = error
            continue
        return opened
    if failure is None or isinstance(failure, TimeoutError):
        raise Refused("timeout", f"{host} didn't answer on port {port} within {seconds:.0f} seconds.") from failure
    raise Refused("unreachable", f"{host} can't be reached on port {port}: {failure.strerror or failure}.") from failure


@contextmanager
def within(connection: socket.socket, seconds: float) -> Iterator[threading.Event]:
    """Inside, the connection is cut when so many seconds are over, whatever the other side does; the event says so.

    It has a descriptor of its own: what wraps the socket, such as TLS, takes the first one away.
    """
    over = threading.Event()
    same = socket.socket(fileno=os.dup(connection.fileno()))

    def cut() -> None:
        over.set()
        with suppress(OSError):
            same.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(seconds, 0.0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()
        timer.join()
        same.close()


def _resolved(host: str, port: int, seconds: float) -> list[tuple[Any, tuple[Any, ...]]]:
    """Families and addresses of a host; the resolver is waited for that long. Raises Refused."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP))
        except (OSError, UnicodeError) as error:
            found.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    if not found:
        raise Refused("no_such_host", f"The name {host} wasn't found within {seconds:.0f} seconds.")
    if isinstance(found[0], Exception) or not found[0]:
        raise Refused("no_such_host", f"There is no host called {host}.")
    return [(family, address) for family, _, _, _, address in found[0]]
