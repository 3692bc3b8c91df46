"""WeCom is asked whose an account's mobile is, within its budget, and never in vain."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from domain.links.linking import LONGEST_WAIT
from tests.support.org.linked import Matched, mobile, people
from tests.support.org.pipeline import Bench
from tests.support.wecom.fakes import Truth
from wecom.errors import NotPermitted, Refused, Throttled, Unavailable
from workers.upkeep import jobs

M = mobile(1)


def crowd(size: int = 20) -> Truth:
    """So many people of whom nothing is seen; WeCom knows the mobile of each."""
    return people(**{f"wo{n:02}": {"number": mobile(n)} for n in range(size)})


def asked(one: Matched) -> list[str]:
    calls = one.tenant.world.calls
    return [each.partition(":")[2] for each in calls if each.startswith("mobile:")]


def look_up(one: Matched) -> None:
    """Upkeep's turn, and what it rings for."""
    one.bench.execute("UPDATE corps SET lookups_due_at = clock_timestamp()"
        " WHERE lookups_due_at IS NOT NULL")  # fmt: skip
    jobs.look_up_mobiles(one.bench.runtime)
    one.settle()


def age(one: Matched, by: timedelta) -> None:
    """Let time pass for links and lookups."""
    one.bench.execute("UPDATE links SET changed_at = changed_at - %s", by)
    one.bench.execute("UPDATE lookups SET asked_at = asked_at - %s", by)
    one.bench.execute("UPDATE members SET added_at = added_at - %s", by)
    one.bench.execute("UPDATE accounts SET mobile_changed_at = mobile_changed_at - %s",
        by)  # fmt: skip


def test_whom_wecom_names_for_a_mobile_is_linked_without_being_asked(
    bench: Bench,
) -> None:
    one = Matched.of(bench, crowd())
    one.name("u1", mobile=M)
    one.read()
    waiting = one.link("wo01")

    look_up(one)

    assert waiting == ("none", "waiting_for_lookups", None)
    assert one.link("wo01") == ("linked", "asked_mobile", "u1")
    assert one.told("wo01") == [("LinkAccount", "asked_mobile")]
    assert asked(one) == [M]
    # With no account left to ask about, the others need wait no longer.
    assert one.link("wo02") == ("pending", "not_visible", None)


def test_misses_stay_under_the_budget_across_runs(bench: Bench) -> None:
    one = Matched.of(bench, crowd())
    for n in range(9):
        one.name(f"u{n}", mobile=mobile(500 + n))
    one.read()

    for _ in range(3):
        look_up(one)
        one.read()

    # 15 % of 21 usable members.
    assert len(asked(one)) == 3
    assert one.link("wo01")[0] == "none"


def test_what_hits_leave_of_the_budget_is_asked_at_once(bench: Bench) -> None:
    one = Matched.of(bench, crowd())
    for n in (1, 2, 3):
        one.name(f"u{n}", mobile=mobile(n))
    for n in (500, 501):
        one.name(f"u{n}", mobile="1370000" + mobile(n)[-4:])
    one.read()

    # Only as often as upkeep finds it due by itself.
    for _ in range(4):
        jobs.look_up_mobiles(bench.runtime)
        one.settle()

    assert len(asked(one)) == 5
    assert [one.account_of(f"wo0{n}") for n in (1, 2, 3)] == ["u1", "u2", "u3"]
    assert one.link("wo04") == ("pending", "not_visible", None)
    assert bench.execute("SELECT lookups_due_at FROM corps") == [(None,)]


def test_the_budget_grows_again_after_a_day(bench: Bench) -> None:
    one = Matched.of(bench, crowd())
    for n in range(9):
        one.name(f"u{n}", mobile=mobile(500 + n))
    one.read()
    look_up(one)

    age(one, timedelta(hours=25))
    look_up(one)

    assert len(asked(one)) == len(set(asked(one))) == 6


def test_after_three_days_nobody_waits_any_longer(bench: Bench) -> None:
    one = Matched.of(bench, crowd())
    for n in range(9):
        one.name(f"u{n}", mobile=mobile(500 + n))
    one.read()
    look_up(one)
    assert one.link("wo01")[0] == "none"

    age(one, LONGEST_WAIT)
    look_up(one)

    assert one.link("wo01") == ("pending", "not_visible", None)


def test_wecoms_own_block_ends_the_asking_for_a_day(bench: Bench) -> None:
    one = Matched.of(bench, crowd())
    for n in range(3):
        one.name(f"u{n}", mobile=mobile(500 + n))
    one.read()
    one.tenant.world.faults["mobile"] = Throttled("too many wrong", errcode=45009)
    look_up(one)
    calls = len(asked(one))
    one.tenant.world.faults.clear()

    look_up(one)
    still = len(asked(one))
    bench.execute("UPDATE corps SET lookups_blocked_until = clock_timestamp()")
    age(one, timedelta(hours=25))
    look_up(one)

    assert still == calls
    assert len(asked(one)) > calls


def test_our_own_limit_lets_the_other_mail_of_the_corp_go_on(bench: Bench) -> None:
    one = Matched.of(bench, crowd())
    one.name("u1", mobile=M)
    one.read()
    one.tenant.world.faults["mobile"] = Throttled("our own limit", wait_seconds=60)
    look_up(one)
    [[waits]] = bench.execute("SELECT count(*) FROM mailboxes WHERE"
        " not_before > clock_timestamp()")  # fmt: skip
    one.tenant.world.faults.clear()
    age(one, timedelta(minutes=11))

    look_up(one)

    assert waits == 0
    assert one.account_of("wo01") == "u1"


def first_turn(one: Matched) -> list[tuple[Any, ...]]:
    """One drain after upkeep's turn; whatever the mailbox waits for."""
    one.bench.execute("UPDATE corps SET lookups_due_at = clock_timestamp()")
    jobs.look_up_mobiles(one.bench.runtime)
    one.bench.drain(one.tenant)
    return one.bench.execute(
        "SELECT waits_for FROM mailboxes WHERE not_before > clock_timestamp()"
    )


def test_a_mobile_without_an_answer_waits_by_itself(bench: Bench) -> None:
    one = Matched.of(bench, crowd())
    for n in (1, 2, 3):
        one.name(f"u{n}", mobile=mobile(n))
    one.read()
    one.tenant.world.faults[f"mobile:{mobile(2)}"] = Unavailable("HTTP 502")

    waits = first_turn(one)
    linked = [one.account_of(f"wo0{n}") for n in (1, 2, 3)]
    one.tenant.world.faults.clear()
    age(one, timedelta(minutes=11))
    look_up(one)

    assert waits == []
    assert bench.pending(one.tenant) == 0
    assert linked == ["u1", None, "u3"]
    assert one.account_of("wo02") == "u2"


def test_no_mail_waits_while_no_mobile_at_all_is_answered(bench: Bench) -> None:
    one = Matched.of(bench, crowd(60))
    for n in range(8):
        one.name(f"u{n}", mobile=mobile(n))
    one.read()
    one.tenant.world.faults["mobile"] = Unavailable("HTTP 502")

    waits = first_turn(one)
    tried = {*asked(one)}
    one.tenant.world.faults.clear()
    look_up(one)

    assert waits == []
    # Only what was asked counts against the budget; the others are free to be asked.
    assert 0 < len(tried) < 8
    untried = [n for n in range(8) if mobile(n) not in tried]
    assert [one.account_of(f"wo{n:02}") for n in untried] == [f"u{n}" for n in untried]
    assert bench.execute("SELECT count(*) FROM lookups WHERE answer = 'open'") == [
        (len(tried),)
    ]


def test_a_mobile_that_wecom_refuses_is_nobodys(bench: Bench) -> None:
    one = Matched.of(bench, crowd())
    for n in (1, 2):
        one.name(f"u{n}", mobile=mobile(n))
    one.read()
    refusal = Refused("parameter error", errcode=40035)
    one.tenant.world.faults[f"mobile:{mobile(2)}"] = refusal

    waits = first_turn(one)

    assert (waits, bench.pending(one.tenant)) == ([], 0)
    assert [one.account_of("wo01"), one.account_of("wo02")] == ["u1", None]


def test_an_app_that_may_not_ask_about_mobiles_is_not_told_so_again_today(
    bench: Bench,
) -> None:
    one = Matched.of(bench, crowd())
    one.name("u1", mobile=M)
    one.read()
    one.tenant.world.faults["mobile"] = NotPermitted("not for us", errcode=48002)

    waits = first_turn(one)
    calls = len(asked(one))
    look_up(one)

    assert (waits, calls, len(asked(one))) == ([], 1, 1)
    assert [state for state, _ in bench.mail(one.tenant)] == ["done"] * 3


def test_a_reservation_outlives_the_worker_that_made_it(bench: Bench) -> None:
    one = Matched.of(bench, crowd())
    for n in range(9):
        one.name(f"u{n}", mobile=mobile(500 + n))
    one.read()
    bench.execute("UPDATE corps SET lookups_due_at = clock_timestamp()")
    jobs.look_up_mobiles(bench.runtime)

    def die(question: str) -> None:
        if question.startswith("mobile:"):
            raise SystemExit

    one.tenant.world.watch = die
    with suppress(SystemExit):
        bench.drain(one.tenant)
    one.tenant.world.watch = lambda _: None
    bench.bury(one.tenant)
    one.settle()

    assert len(asked(one)) <= 3
    [[reserved]] = bench.execute("SELECT count(*) FROM lookups")
    assert reserved == 3


def test_a_changed_mobile_is_asked_about_anew(bench: Bench) -> None:
    one = Matched.of(bench, crowd())
    one.name("u1", mobile=mobile(500))
    one.read()
    look_up(one)
    missed = one.link("wo01")

    one.name("u1", mobile=M)
    one.settle()
    look_up(one)

    assert missed[0] == "pending"
    assert one.account_of("wo01") == "u1"


def test_a_corp_of_less_than_seven_is_never_asked(bench: Bench) -> None:
    one = Matched.of(bench, crowd(5))
    one.name("u1", mobile=M)

    one.read()
    look_up(one)

    assert asked(one) == []
    assert one.link("wo01") == ("pending", "not_visible", None)


def test_no_mobile_stands_in_what_is_kept_of_the_questions(bench: Bench) -> None:
    one = Matched.of(bench, crowd())
    one.name("u1", mobile=M)
    one.read()
    look_up(one)

    kept = [
        *bench.execute("SELECT l::text FROM lookups AS l"),
        *bench.execute("SELECT j::text FROM journal AS j"),
        *bench.execute("SELECT i::text FROM inbox AS i"),
        *bench.execute("SELECT l::text FROM links AS l"),
    ]

    assert kept
    assert [row for (row,) in kept if M in row] == []
