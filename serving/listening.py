"""Where a process listens, as servers and clients on the same machine write it."""

from ipaddress import ip_address


def socket_address(bind: str, port: int) -> str:
    """What gunicorn binds to."""
    return f"[{bind}]:{port}" if ":" in bind else f"{bind}:{port}"


def own_address(bind: str, port: int) -> str:
    """How a process of this machine reaches one that is bound so."""
    address = ip_address(bind)
    if not address.is_unspecified:
        return socket_address(bind, port)
    return socket_address("127.0.0.1" if address.version == 4 else "::1", port)
