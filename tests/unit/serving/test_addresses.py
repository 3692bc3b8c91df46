"""Who asks, as proxies say it: an address in whatever form, or nobody known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.addresses import UNKNOWN, client_of, parse_address, visitor_of


@pytest.mark.parametrize(
    ("said", "visitor"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:49152", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("[203.0.113.7]:1", "203.0.113.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", UNKNOWN),
        (None, UNKNOWN),
        ("203.0.113.7:", UNKNOWN),
        ("203.0.113.7:123456", UNKNOWN),
        ("203.0.113", UNKNOWN),
        ("0203.0.113.7", UNKNOWN),
        ("[]:80", UNKNOWN),
        ("_hidden", UNKNOWN),
        ("/run/web.sock", UNKNOWN),
    ],
)
def test_whatever_is_no_address_is_one_unknown_visitor(
    said: str | None, visitor: str
) -> None:
    assert visitor_of(said) == visitor


@given(st.ip_addresses(v=4), st.integers(0, 65_535))
def test_no_port_makes_another_visitor(address: object, port: int) -> None:
    assert visitor_of(f"{address}:{port}") == visitor_of(f"{address}")


@given(st.ip_addresses(v=6), st.integers(0, 65_535))
def test_no_port_makes_another_network(address: object, port: int) -> None:
    assert visitor_of(f"[{address}]:{port}") == visitor_of(f"{address}")


@given(sent=st.text(st.characters(codec="latin-1")), trusted=st.integers(1, 3))
def test_what_a_client_sends_never_stands_for_what_our_proxies_append(
    sent: str, trusted: int
) -> None:
    appended = [f"192.0.2.{number}" for number in range(1, trusted + 1)]
    environ = {
        "REMOTE_ADDR": "10.0.0.1",
        "HTTP_X_FORWARDED_FOR": ",".join([sent, *appended]),
    }

    assert client_of(environ, trusted_proxies=trusted) == "192.0.2.1"


@given(st.text())
def test_nothing_said_is_too_odd(text: str) -> None:
    address = parse_address(text)

    assert visitor_of(text) == UNKNOWN or address is not None
