"""A port is given only when nobody listens on it."""

import socket

from demo.machine.ports import free_port, is_free


def test_a_free_port_is_taken_as_preferred() -> None:
    preferred = free_port(0)

    assert free_port(preferred) == preferred


def test_a_taken_port_gives_way_to_another_even_if_it_may_be_shared() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        found = free_port(port)

        assert found != port
        assert not is_free(port)
