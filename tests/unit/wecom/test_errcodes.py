"""Every errcode becomes the error whose consequence it has."""

from __future__ import annotations

import pickle

import pytest

from wecom.advice import ADVICE
from wecom.errcodes import ERRCODES, MEMBER_REFUSALS, error_for
from wecom.errors import (
    Gone,
    Misconfigured,
    NotPermitted,
    NotVisible,
    Paused,
    Refused,
    Revoked,
    Spent,
    Throttled,
    TicketMissing,
    TokenExpired,
    TooLarge,
    Unavailable,
    Undeliverable,
    Unlicensed,
    WeComError,
)

CARD_FIELDS = [*range(42014, 42021), *range(42027, 42052)]
INPUT = [40031, 40032, 40035, 40058, 40063, 40125, 41001, 41022, 41023, 41025, 45002]
INPUT += [45034, 60218, 82001, 82002, 82003, 84025, 84061, 84062, 301002]


@pytest.mark.parametrize(
    ("error", "errcodes"),
    [
        (Unavailable, [-1, 6000, 45035]),
        (Throttled, [45009, 45033, 45036]),
        (TokenExpired, [40014, 42001, 40082, 42009]),
        (TicketMissing, [40085]),
        (NotVisible, [60111, 60003, 60123, 60011, 60021, 40003, 46004, 60121]),
        (Revoked, [40084, 48004, 40013]),
        (Paused, [48006, 50003, 60031]),
        (Gone, [40056, 40066, 40068, 60004, 60124, 60136, 301021]),
        (Spent, [40029, 42003, 42022, 40077, 42007, 40078, 42052, 50100, 60140]),
        (Spent, [84014, 84015]),
        (TooLarge, [45029]),
        (NotPermitted, [40133, 40134, 40140, 48001, 48002, 48008, 48009, 50002]),
        (NotPermitted, [81011, 660003, 660004, 660005]),
        (Undeliverable, [81013]),
        (Unlicensed, [701001, 701008, 701016, 701099]),
        (Misconfigured, [40001, 40080, 40083, 48003, 40091, 45031, 43012, 48005]),
        (Misconfigured, [48010, 50001, 60020, 301042, 60203, 60204, 60205, 60246]),
        (Refused, INPUT),
        (Refused, CARD_FIELDS),
        (Refused, [1, 99999, -2]),
    ],
)
def test_an_errcode_is_the_error_of_its_consequence(
    error: type[WeComError], errcodes: list[int]
) -> None:
    raised = {type(error_for(code, endpoint="x")) for code in errcodes}

    assert raised == {error}


def test_only_what_says_no_for_good_is_refused() -> None:
    kinds = {code: entry.error for code, entry in ERRCODES.items()}

    for code in (-1, 45009, 42001, 40085, 60111, 40084, 48006):
        assert not issubclass(kinds[code], Refused)
    for code in (40068, 40078, 45029, 48002, 81013, 701001, 60020):
        assert issubclass(kinds[code], Refused)


def test_the_refusals_of_a_leaver_are_all_not_visible() -> None:
    assert {60111, 60011, 60021, 40003, 46004} == MEMBER_REFUSALS
    assert {ERRCODES[code].error for code in MEMBER_REFUSALS} == {NotVisible}


@pytest.mark.parametrize(
    ("errcode", "wait", "again", "jittered"),
    [(45009, 60, 3600, False), (45033, 30, 30, True), (45036, 300, 21600, False)],
)
def test_a_limit_says_how_long_to_wait(
    errcode: int, wait: float, again: float, jittered: bool
) -> None:
    error = error_for(errcode, endpoint="user/list", corp_id="c")

    assert isinstance(error, Throttled)
    assert (error.wait_seconds, error.again_seconds) == (wait, again)
    assert error.jittered is jittered


def test_an_error_says_where_and_what() -> None:
    error = error_for(60011, endpoint="user/get", corp_id="wpCorpA")

    assert (error.errcode, error.endpoint, error.corp_id) == (
        60011,
        "user/get",
        "wpCorpA",
    )
    assert str(error) == (
        "user/get: wpCorpA: errcode 60011, no right on this member, department or tag"
    )


def test_of_errmsg_only_the_hint_and_our_address_are_kept() -> None:
    error = error_for(
        60020,
        endpoint="user/get",
        errmsg="not allow to access from your ip, hint: [1700000001-abc], "
        "from ip: 203.0.113.9, more info at https://open.work/x?access_token=SECRET",
    )

    assert error.hint == "1700000001-abc, from ip: 203.0.113.9"
    assert "SECRET" not in repr(error)


def test_what_an_operator_can_mend_comes_with_advice_in_both_languages() -> None:
    mendable = [
        code
        for code, entry in ERRCODES.items()
        if entry.error in {Misconfigured, Paused, Revoked, TicketMissing, Unlicensed}
    ]

    assert set(mendable) <= set(ADVICE)
    assert all(advice.en and advice.zh for advice in ADVICE.values())
    assert set(ADVICE) <= set(ERRCODES)


def test_an_error_survives_being_pickled() -> None:
    error = Throttled("busy", wait_seconds=5, endpoint="user/get", corp_id="c")

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes.

    assert repr(copy) == repr(error)
    assert copy.wait_seconds == 5


def test_an_error_without_a_reason_names_only_its_place() -> None:
    assert str(Unavailable(endpoint="user/get")) == "user/get"
