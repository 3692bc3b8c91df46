"""How a callback is addressed, without any store."""

import hashlib

import pytest

from receiver.posts import to_post
from store.inbox.record import MailState
from store.sealing import Keyring
from tests.support.receiving import CORP, SUITE, contact, event, info
from wecom.callbacks import parse_callback

KEYRING = Keyring((b"k" * 32,))


@pytest.mark.parametrize(
    ("message", "mailbox"),
    [
        (contact("delete_user", UserID="woAmy"), f"corp:{CORP}"),
        (event("subscribe"), f"corp:{CORP}"),
        (info("suite_ticket", SuiteTicket="t"), "suite"),
        (info("share_agent_change", AppId=1), "suite"),
        (
            info("create_auth", AuthCode="code"),
            f"code:{hashlib.sha256(b'code').hexdigest()}",
        ),
    ],
)
def test_mail_is_addressed_to_whom_it_names(message: bytes, mailbox: str) -> None:
    post = to_post(parse_callback(message), message, KEYRING)

    assert post.mailbox == mailbox


def test_two_suites_keep_their_tickets_apart() -> None:
    message = info("suite_ticket", suite="wwother", SuiteTicket="t")

    post = to_post(parse_callback(message), message, KEYRING)

    assert post.ticket is not None
    assert post.ticket.suite_id == "wwother"
    assert post.state is MailState.DONE


@pytest.mark.parametrize(
    "message",
    [
        info("suite_ticket", SuiteTicket="SECRETCODE"),
        info("create_auth", AuthCode="SECRETCODE", State="s1"),
        info("reset_permanent_code", AuthCode="SECRETCODE"),
        event(
            "template_card_event", EventKey="k", TaskId="t", ResponseCode="SECRETCODE"
        ),
    ],
)
def test_no_secret_shows_in_what_is_kept_open(message: bytes) -> None:
    post = to_post(parse_callback(message), message, KEYRING)

    shown = repr(post) + str(post.hint) + post.mailbox + post.key
    assert "SECRETCODE" not in shown


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (info("create_auth", AuthCode="c"), True),
        (info("reset_permanent_code", AuthCode="c"), True),
        (event("template_card_event", EventKey="k", TaskId="t"), True),
        (info("brand_new"), True),
        (info("suite_ticket", SuiteTicket="t"), False),
        (contact("update_user", UserID="woAmy", Name="Amy"), False),
        (event("enter_agent"), False),
    ],
)
def test_a_body_is_kept_only_where_somebody_opens_it(
    message: bytes, kept: bool
) -> None:
    post = to_post(parse_callback(message), message, KEYRING)

    assert (post.body is not None) is kept
    if post.body is not None:
        assert KEYRING.open(post.body, place="inbox") == message


def test_the_state_of_an_install_is_kept() -> None:
    message = info("create_auth", AuthCode="code", State="intent")

    post = to_post(parse_callback(message), message, KEYRING)

    assert post.hint == {"state": "intent"}


def test_an_ignored_kind_says_why() -> None:
    message = event("enter_agent")

    post = to_post(parse_callback(message), message, KEYRING)

    assert post.state is MailState.IGNORED
    assert post.outcome == "opening the app changes nothing"


def test_the_same_event_of_two_suites_is_two_events() -> None:
    ours = contact("delete_user", UserID="woAmy")
    theirs = ours.replace(SUITE.encode(), b"wwother")

    posts = [
        to_post(parse_callback(message), message, KEYRING) for message in (ours, theirs)
    ]

    assert posts[0].digest != posts[1].digest
