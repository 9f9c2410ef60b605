"""TCP for small messages: nothing may wait for anything.

A broker that keeps Nagle's algorithm (rumqttd does, and Mosquitto unless told otherwise) holds its next small packet
back until ours acknowledges the last one, which the kernel puts off by 40 ms: 23 messages a second.
"""

import socket
from typing import Any


def without_delay(sock: Any) -> None:
    """Send small packets at once."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def acknowledge_at_once(sock: Any) -> None:
    """Acknowledge what has come at once; the kernel forgets this, so it is said again at every read (Linux only)."""
    option = getattr(socket, "TCP_QUICKACK", None)
    if option is not None and sock is not None:
        sock.setsockopt(socket.IPPROTO_TCP, option, 1)
