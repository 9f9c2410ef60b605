"""The network of the drills does what its words say: else a drill would prove nothing."""

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.drills.network import HOST, Link, Network


@pytest.fixture
def link() -> Iterator[Link]:
    """A link to a server that sends back what it gets."""
    with socket.create_server((HOST, 0)) as server, Network() as network:
        threading.Thread(target=_echo, args=(server,), daemon=True).start()
        yield network.link(server.getsockname()[1])


def _echo(server: socket.socket) -> None:
    while True:
        try:
            with server.accept()[0] as client:
                while data := client.recv(1024):
                    client.sendall(data)
        except OSError:
            return


def _connected(link: Link) -> socket.socket:
    client = socket.create_connection((HOST, link.port), timeout=0.3)
    try:
        client.sendall(b"hello")
        assert client.recv(1024) == b"hello"
    except BaseException:
        client.close()
        raise
    return client


def test_a_cut_link_resets_what_runs_and_what_is_tried(link: Link) -> None:
    with _connected(link) as client:
        link.cut()

        with pytest.raises(ConnectionResetError):
            client.recv(1024)
        with pytest.raises(ConnectionError):
            _connected(link)


def test_a_stalled_link_passes_on_when_it_is_healed(link: Link) -> None:
    with _connected(link) as client:
        link.stall()
        client.sendall(b"late")

        with pytest.raises(TimeoutError):
            client.recv(1024)
        link.heal()
        assert client.recv(1024) == b"late"


def test_a_slow_link_holds_each_piece_back_in_both_directions(link: Link) -> None:
    with _connected(link) as client:
        link.slow(0.25)
        client.sendall(b"slow")

        with pytest.raises(TimeoutError):
            client.recv(1024)  # 0.3 s of 0.5
        client.settimeout(10)
        assert client.recv(1024) == b"slow"


def test_a_healed_link_can_be_used_again(link: Link) -> None:
    link.cut()
    link.heal()

    with _connected(link) as client:
        client.sendall(b"again")
        assert client.recv(1024) == b"again"
