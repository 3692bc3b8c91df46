"""WeCom fails, refuses or is slow, and workers die: nobody gets a notice twice."""

import contextlib
from dataclasses import replace

import pytest

from domain.ids import Userid
from simulator.faults import Kind
from store.database import transaction
from store.notices.notices import note_answered
from store.notices.reinvites import reinvite
from tests.support.mortal import Mortal, MortalPool, WorkerDied
from tests.support.notices.outbox import Post, age, make_due, never, picky
from workers.notices.deliver import deliver


def invite(post: Post, *userids: str) -> None:
    """Have these asked once more."""
    with transaction(post.bench.runtime.pool) as connection:
        for userid in userids:
            reinvite(connection, post.corp.corp_pk, post.member_pk(userid))


def answer(post: Post, *userids: str) -> None:
    """These are linked meanwhile, by whatever way."""
    with transaction(post.bench.runtime.pool) as connection:
        note_answered(connection, post.corp.corp_pk, [Userid(each) for each in userids])


def test_a_throttled_batch_is_frozen_anew_after_the_wait(post: Post) -> None:
    leaving, staying, *_ = post.userids
    post.ask(leaving, staying)
    post.bench.misbehave(Kind.THROTTLE, match="message/send", count=1)
    post.deliver()
    while_waiting = (post.batches(), post.states())
    waits = post.bench.row("SELECT waits_for, not_before > now() AS on FROM deliveries")

    post.bench.rows("UPDATE members SET employment = 'left' WHERE userid = %s", leaving)
    make_due(post.bench)
    post.deliver()

    assert while_waiting == ([], [("queued", None), ("queued", None)])
    assert waits == {"waits_for": "throttle", "on": True}
    assert post.counts([leaving, staying]) == [0, 1]


def test_while_it_waits_nothing_is_sent(post: Post) -> None:
    post.ask(post.userids[0])
    post.bench.misbehave(Kind.THROTTLE, match="message/send", count=1)
    post.deliver()

    post.deliver()

    assert post.bench.calls("message/send") == 1


def test_one_whom_wecom_refuses_does_not_keep_the_others_from_theirs(
    post: Post,
) -> None:
    refused, *others = post.userids
    post.ask(*post.userids)

    deliver(picky(post.bench.runtime, refused), post.corp.corp_pk, rush=never)

    assert post.counts(others) == [1] * len(others)
    assert post.states()[0] == ("undeliverable", "refused")


def test_when_everybody_is_refused_it_is_our_side_and_the_corp_waits(
    post: Post,
) -> None:
    post.ask(*post.userids)
    post.bench.misbehave(Kind.ERRCODE, match="message/send", errcode=40058)

    post.deliver()

    states = [state for state, _ in post.states()]
    assert states.count("undeliverable") == 3
    assert states.count("queued") == len(post.userids) - 3
    assert post.bench.row("SELECT not_before > now() AS waits FROM deliveries")["waits"]


def test_a_batch_that_may_have_arrived_is_not_taken_apart(post: Post) -> None:
    leaving = post.userids[0]
    post.ask(*post.userids)
    post.bench.misbehave(Kind.HTTP_500, match="message/send", count=1)
    post.deliver()

    post.bench.rows("UPDATE members SET employment = 'left' WHERE userid = %s", leaving)
    post.bench.misbehave(Kind.ERRCODE, match="message/send", errcode=45009, count=1)
    make_due(post.bench)
    post.deliver()
    make_due(post.bench)
    post.deliver()

    assert post.bench.calls("message/send") == 3
    assert post.counts(post.userids) == [1] * len(post.userids)


def test_a_batch_whose_people_have_all_answered_is_not_repeated(post: Post) -> None:
    answered = post.userids[:2]
    post.ask(*answered)
    post.bench.misbehave(Kind.HTTP_500, match="message/send", count=1, effect=False)
    post.deliver()
    answer(post, *answered)

    make_due(post.bench)
    post.deliver()

    assert post.bench.calls("message/send") == 1
    assert post.counts(answered) == [0, 0]
    assert post.states() == [("unknown", "no_answer")] * 2
    assert post.batches() == [{"state": "unknown", "doubtful": False, "tries": 1}]


def test_while_one_has_not_answered_it_is_repeated_to_the_byte(post: Post) -> None:
    answered, waiting, *_ = post.userids
    post.ask(answered, waiting)
    post.bench.misbehave(Kind.HTTP_500, match="message/send", count=1)
    post.deliver()
    answer(post, answered)

    make_due(post.bench)
    post.deliver()

    assert post.bench.calls("message/send") == 2
    assert post.counts([answered, waiting]) == [1, 1]
    assert post.states() == [("sent", None)] * 2


def test_whom_only_a_repeat_could_not_reach_may_have_been_told_before(
    post: Post,
) -> None:
    leaving, staying, unlicensed, *_ = post.userids
    post.ask(leaving, staying, unlicensed)
    post.bench.misbehave(Kind.TRUNCATED, match="message/send", count=1)
    post.deliver()
    directory = post.enterprise.now
    directory.drop_member(leaving)
    directory.put_member(replace(directory.members[unlicensed], licensed=False))

    make_due(post.bench)
    post.deliver()

    assert post.states() == [
        ("unknown", "unreachable"),
        ("sent", None),
        ("unknown", "unlicensed"),
    ]


def test_whoever_left_between_two_calls_and_returns_is_not_told_twice(
    post: Post,
) -> None:
    leaving, staying, *_ = post.userids
    post.ask(leaving, staying)
    post.bench.misbehave(Kind.TRUNCATED, match="message/send", count=1)
    post.deliver()
    directory = post.enterprise.now
    left = directory.members[leaving]
    directory.drop_member(leaving)
    make_due(post.bench)
    post.deliver()

    directory.put_member(left)
    post.ask(leaving)
    make_due(post.bench)
    post.deliver()

    assert post.counts([leaving, staying]) == [1, 1]


def test_a_time_out_near_the_end_of_the_window_is_repeated_still(post: Post) -> None:
    post.ask(post.userids[0])
    post.bench.misbehave(Kind.HTTP_500, match="message/send", count=1, effect=False)
    post.deliver()
    age(post.bench, "3 hours 29 minutes")

    make_due(post.bench)
    post.deliver()

    assert post.states() == [("sent", None)]


def test_a_paused_corps_notices_wait(post: Post) -> None:
    post.ask(post.userids[0])
    post.bench.rows("UPDATE corps SET state = 'paused'")
    post.deliver()
    while_paused = post.states()

    post.bench.rows("UPDATE corps SET state = 'linked'")
    post.deliver()

    assert while_paused == [("queued", None)]
    assert post.counts(post.userids[:1]) == [1]


def test_an_app_that_wecom_disabled_pauses_the_corp(post: Post) -> None:
    post.ask(post.userids[0])
    post.bench.misbehave(Kind.ERRCODE, match="message/send", errcode=50003, count=1)

    post.deliver()

    assert post.bench.row("SELECT state FROM corps")["state"] == "paused"
    assert post.states() == [("queued", None)]


def fail_once(post: Post) -> None:
    """One call whose fate nobody knows."""
    post.bench.misbehave(Kind.HTTP_500, match="message/send", count=1)
    post.deliver()
    make_due(post.bench)


@pytest.mark.parametrize(
    "change", ["employment = 'left'", "state = 'removed', removal = 'scope'"]
)
def test_a_batch_without_outcome_is_not_repeated_to_people_who_have_left(
    post: Post, change: str
) -> None:
    asked = post.userids[:2]
    post.ask(*asked)
    fail_once(post)
    post.bench.rows(
        f"UPDATE members SET {change} WHERE userid = ANY(%s)",  # noqa: S608 - one of two
        [str(each) for each in asked],
    )

    post.deliver()

    assert post.bench.calls("message/send") == 1
    assert {state for state, _ in post.states()} == {"unknown"}


def test_a_batch_without_outcome_is_repeated_as_it_was_while_somebody_waits_for_it(
    post: Post,
) -> None:
    leaving, staying, *_ = post.userids
    post.ask(leaving, staying)
    fail_once(post)
    post.bench.rows("UPDATE members SET employment = 'left' WHERE userid = %s", leaving)

    post.deliver()

    assert post.bench.calls("message/send") == 2
    assert post.counts([staying]) == [1]


@pytest.mark.parametrize("errcode", [81013, 60111, 701001, 48002])
def test_a_refusal_that_is_nobodys_bug_is_logged_without_alarm(
    post: Post, errcode: int, caplog: pytest.LogCaptureFixture
) -> None:
    post.ask(post.userids[0])
    post.bench.misbehave(Kind.ERRCODE, match="message/send", errcode=errcode, count=1)

    post.deliver()

    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


@pytest.mark.parametrize("errcode", [40056, 301002])
def test_an_agent_that_is_not_ours_any_more_is_read_again_and_blames_nobody(
    post: Post, errcode: int
) -> None:
    post.ask(*post.userids[:2])
    post.bench.misbehave(Kind.ERRCODE, match="message/send", errcode=errcode, count=1)

    post.deliver()

    assert {state for state, _ in post.states()} == {"queued"}
    due = post.bench.row("SELECT due_cause, due_at <= now() AS due FROM corps")
    assert due == {"due_cause": "scope", "due": True}


def test_a_batch_that_cannot_be_opened_makes_its_own_corp_wait_and_no_other(
    post: Post,
) -> None:
    post.ask(post.userids[0])
    post.bench.misbehave(Kind.HTTP_500, match="message/send", count=1)
    post.deliver()
    post.bench.rows("UPDATE notice_batches SET sealed = '\\x00'")
    make_due(post.bench)

    post.deliver()

    waits = post.bench.row("SELECT waits_for, not_before > now() AS on FROM deliveries")
    assert waits == {"waits_for": "retry", "on": True}


def test_admins_who_cannot_be_asked_for_are_asked_for_later(post: Post) -> None:
    post.bench.rows(
        "INSERT INTO plans (plan_id, corp_pk, kind, hash) VALUES ('p', %s, 'members',"
        " 'h')",
        post.corp.corp_pk,
    )
    post.bench.misbehave(Kind.ERRCODE, match="agent/get_admin_list", count=1)
    post.deliver()
    unasked = post.bench.row("SELECT admins_asked_at FROM plans")

    make_due(post.bench)
    post.deliver()

    assert unasked == {"admins_asked_at": None}
    assert post.bench.calls("agent/get_admin_list") == 2


def test_the_twenty_first_message_within_a_minute_waits(post: Post) -> None:
    asked = post.userids[0]
    post.ask(asked)
    post.deliver()
    [row] = post.bench.rows("SELECT batch_id FROM notices")
    post.bench.rows(
        "INSERT INTO notices (corp_pk, member_pk, company_id, kind, round, origin,"
        " state, tried_at) SELECT corp_pk, member_pk, company_id, kind, 1 + n,"
        " 'person', 'sent', clock_timestamp() FROM notices, generate_series(1, 19) AS n"
    )
    invite_ago(post, asked)

    post.deliver()

    assert row["batch_id"] is not None
    assert post.counts([asked]) == [1]
    assert post.states()[-1] == ("queued", None)


def invite_ago(post: Post, *userids: str) -> None:
    """Asked once more, the invitations before being of yesterday."""
    post.bench.rows("UPDATE notices SET queued_at = queued_at - interval '25 hours'")
    invite(post, *userids)


def test_a_worker_that_dies_anywhere_leaves_nobody_out_and_nobody_twice(
    post: Post, database: str
) -> None:
    mortal = Mortal()
    pool = MortalPool(database, mortal)
    runtime = replace(post.bench.runtime, pool=pool)
    asked = post.userids
    post.ask(*asked)
    deaths = 0

    for steps in range(60):
        forget_the_minute(post)
        mortal.steps_left = steps
        with contextlib.suppress(WorkerDied):
            deliver(runtime, post.corp.corp_pk, rush=never)
        died = mortal.dead
        mortal.revive()
        bury(post)
        deliver(runtime, post.corp.corp_pk, rush=never)
        assert post.counts(asked) == [1] * len(asked), steps
        if not died:
            break
        deaths += 1
        invite_ago(post, *asked)
    pool.close()

    assert deaths > 10
    assert {state for state, _ in post.states()} == {"sent"}


def forget_the_minute(post: Post) -> None:
    """Empty phones, and nobody got a message within the last minute."""
    post.enterprise.phones.clear()
    post.bench.rows("UPDATE notices SET tried_at = tried_at - interval '61 seconds'")


def bury(post: Post) -> None:
    """Let the lease of a dead worker run out."""
    post.bench.rows(
        "UPDATE leases SET expires_at = '-infinity' WHERE mailbox LIKE 'notices:%%'"
    )
    make_due(post.bench)
