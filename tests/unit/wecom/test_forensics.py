"""What is wrong with a refused callback is told apart by what of it still fits."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from wecom.crypto import AesKey, seal_envelope, sign
from wecom.forensics import Evidence, RefusalCause, diagnose
from wecom.intake import SuiteIdentity

KEY, OTHER_KEY = AesKey.parse("a" * 43), AesKey.parse("b" * 43)
NOW = 1_700_000_000.0
SUITE = SuiteIdentity(
    token="our-token",
    key=KEY,
    suite_id="wwsuite",
    suite_ids=frozenset({"wwsuite"}),
    provider_corp_id="wwprovider",
)
MESSAGE = (
    b"<xml><SuiteId><![CDATA[wwsuite]]></SuiteId>"
    b"<InfoType><![CDATA[suite_ticket]]></InfoType><TimeStamp>1</TimeStamp>"
    b"<SuiteTicket><![CDATA[x]]></SuiteTicket></xml>"
)


def made(
    *,
    key: AesKey = KEY,
    token: str = SUITE.token,
    receiver: str = "wwsuite",
    at: float = NOW,
    nonce: str = "n+1",
) -> tuple[dict[str, str], bytes]:
    """What WeCom would send, by these settings."""
    encrypt = seal_envelope(key, MESSAGE, receiver=receiver, prefix=b"p" * 16)
    stamp = str(int(at))
    signature = sign(token=token, timestamp=stamp, nonce=nonce, encrypt=encrypt)
    arguments = {"msg_signature": signature, "timestamp": stamp, "nonce": nonce}
    body = f"<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>".encode()
    return arguments, body


def query_of(arguments: dict[str, str]) -> str:
    return "&".join(f"{k}={quote(v, safe='')}" for k, v in arguments.items())


def fault(
    arguments: dict[str, str], body: bytes, query: str | None = None
) -> RefusalCause:
    line = query_of(arguments) if query is None else query
    return diagnose(SUITE, Evidence(method="POST", query=line, body=body, at=NOW))


def test_what_fits_would_be_accepted() -> None:
    assert fault(*made()) is RefusalCause.NONE


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"token": "another"}, RefusalCause.TOKEN),
        ({"key": OTHER_KEY}, RefusalCause.KEY),
        ({"receiver": "wwanother"}, RefusalCause.RECEIVER),
        ({"at": NOW - 3_600}, RefusalCause.CLOCK),
        ({"at": NOW + 3_600}, RefusalCause.CLOCK),
        ({"token": "another", "key": OTHER_KEY}, RefusalCause.UNSIGNED),
    ],
)
def test_each_wrong_setting_is_told_from_the_others(
    changed: dict[str, object], expected: RefusalCause
) -> None:
    assert fault(*made(**changed)) is expected  # type: ignore[arg-type]  # a table


MANGLED: list[Callable[[str], str]] = [
    lambda query: query.replace("&", "&amp;"),
    lambda query: quote(query, safe="=&"),
    lambda query: query.replace("n%2B1", "n+1").replace("+", "%20"),
    lambda query: query.partition("&nonce=")[0],
    lambda query: query.partition("&")[2],
    lambda query: f"{query}&nonce=again",
    lambda query: "",
]


@pytest.mark.parametrize("mangle", MANGLED)
def test_a_query_changed_on_the_way_is_told_from_a_wrong_token(
    mangle: Callable[[str], str],
) -> None:
    arguments, body = made()

    assert fault(arguments, body, mangle(query_of(arguments))) is RefusalCause.QUERY


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", b""),
        ("msg_signature=x&timestamp=1700000000&nonce=1", b"<xml/>"),
        ("msg_signature=x&timestamp=1700000000&nonce=1", b"not xml"),
        (
            "msg_signature=x&timestamp=1700000000&nonce=1",
            b"<xml><Encrypt>AAAA</Encrypt></xml>",
        ),
        ("msg_signature=\ud800&timestamp=1&nonce=%ff", b"\xff\xfe"),
    ],
)
def test_noise_is_noise(query: str, body: bytes) -> None:
    assert fault({}, body, query) is RefusalCause.UNSIGNED


def test_a_url_verification_is_looked_into_the_same_way() -> None:
    echo = seal_envelope(KEY, b"echo", receiver="wwsuite", prefix=b"p" * 16)
    stamp = str(int(NOW))

    def told(token: str) -> RefusalCause:
        signature = sign(token=token, timestamp=stamp, nonce="n", encrypt=echo)
        query = query_of(
            {
                "msg_signature": signature,
                "timestamp": stamp,
                "nonce": "n",
                "echostr": echo,
            }
        )
        return diagnose(SUITE, Evidence(method="GET", query=query, body=b"", at=NOW))

    assert told("our-token") is RefusalCause.NONE
    assert told("another") is RefusalCause.TOKEN
