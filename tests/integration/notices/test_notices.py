"""The outbox is delivered: once per cause, to whom may be messaged at that moment."""

from dataclasses import replace

import pytest

from simulator.admin import admin_app, admin_members
from simulator.faults import Kind
from simulator.org.directory import ROOT, Status
from simulator.org.grant import Scope
from store.database import transaction
from store.platform.metrics import NOTICES, read_counts
from store.runs import requests
from tests.support.notices.outbox import Post, age, make_due, read_in_full
from tests.support.workbench import Workbench
from workers.inbox.drain import drain


def test_whoever_is_asked_gets_one_message_with_an_address(post: Post) -> None:
    asked, *others = post.userids
    post.ask(asked)

    post.deliver()
    post.deliver()

    [message] = post.phone(asked)
    assert message.msgtype == "textcard"
    assert message.sent["url"].startswith("https://sync.example.com/link/")
    assert post.counts(others) == [0] * len(others)
    assert post.states() == [("sent", None)]


def test_all_with_one_question_are_asked_by_one_call(post: Post) -> None:
    post.ask(*post.userids)

    post.deliver()

    assert post.bench.calls("message/send") == 1
    assert post.counts(post.userids) == [1] * len(post.userids)


def test_two_questions_are_two_calls(post: Post) -> None:
    one, other, *_ = post.userids
    post.ask(one)
    post.ask(other, kind="invite")

    post.deliver()

    assert post.bench.calls("message/send") == 2
    assert "/invite/" in post.phone(other)[0].sent["url"]


def test_asking_again_while_a_notice_lives_sends_nothing(post: Post) -> None:
    asked = post.userids[0]
    queued = [post.ask(asked)]
    post.deliver()

    queued.append(post.ask(asked))
    post.deliver()

    assert queued == [1, 0]
    assert post.counts([asked]) == [1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE members SET state = 'removed', removal = 'scope'", "removed"),
        ("UPDATE members SET employment = 'left'", "left"),
        ("UPDATE links SET state = 'unlinked', asks = NULL", "not_asked"),
    ],
)
def test_nobody_is_messaged_who_may_not_be_any_more(
    post: Post, change: str, reason: str
) -> None:
    asked = post.userids[0]
    post.ask(asked)
    post.bench.rows(f"{change} WHERE member_pk = %s", post.member_pk(asked))

    post.deliver()

    assert post.counts([asked]) == [0]
    assert post.states() == [("dropped", reason)]


def test_a_held_member_waits_and_is_asked_once_nobody_wants_them_gone(
    post: Post,
) -> None:
    asked = post.userids[0]
    post.ask(asked)
    hold(post, asked)
    post.deliver()
    while_held = (post.counts([asked]), post.states())

    post.bench.rows("UPDATE plans SET state = 'rejected'")
    make_due(post.bench)
    post.deliver()

    assert while_held == ([0], [("queued", None)])
    assert post.counts([asked]) == [1]


def test_ids_that_differ_by_case_alone_go_in_two_calls(post: Post) -> None:
    one, other = rename_to_look_alike(post)
    post.ask(one, other)

    post.deliver()

    assert post.bench.calls("message/send") == 2


def test_without_a_licence_a_notice_is_undeliverable_and_not_repeated(
    post: Post,
) -> None:
    asked, other, *_ = post.userids
    directory = post.enterprise.now
    directory.put_member(replace(directory.members[asked], licensed=False))
    post.ask(asked, other)

    post.deliver()
    post.deliver()

    assert post.states() == [("undeliverable", "unlicensed"), ("sent", None)]
    assert post.bench.calls("message/send") == 1


def test_nobody_in_reach_is_undeliverable_too(post: Post) -> None:
    asked = post.userids[0]
    post.ask(asked)
    post.enterprise.now.drop_member(asked)

    post.deliver()

    assert post.states() == [("undeliverable", "unreachable")]
    assert post.batches()[0]["state"] == "undeliverable"


def test_an_unanswered_call_is_repeated_and_reaches_nobody_twice(post: Post) -> None:
    post.ask(*post.userids)
    post.bench.misbehave(Kind.HTTP_500, match="message/send", count=1)
    post.deliver()
    [undecided] = post.batches()

    make_due(post.bench)
    post.deliver()

    assert undecided == {"state": "frozen", "doubtful": True, "tries": 1}
    assert post.bench.calls("message/send") == 2
    assert post.counts(post.userids) == [1] * len(post.userids)
    assert {state for state, _ in post.states()} == {"sent"}


def test_what_became_of_notices_is_counted(post: Post) -> None:
    gone, *others = post.userids
    post.enterprise.now.drop_member(gone)
    post.ask(gone, *others)

    post.deliver()

    post.bench.runtime.tallies.write()
    counts = read_counts(post.bench.runtime.redis, NOTICES)
    assert counts == {"sent": len(others), "undeliverable": 1}


def test_what_cannot_be_repeated_safely_is_unknown(post: Post) -> None:
    post.ask(post.userids[0])
    post.bench.misbehave(Kind.HTTP_500, match="message/send", count=1)
    post.deliver()
    age(post.bench, "3 hours 31 minutes")

    make_due(post.bench)
    post.deliver()

    assert post.states() == [("unknown", "no_answer")]
    assert post.bench.calls("message/send") == 1


def hold(post: Post, userid: str) -> None:
    """The member's removal waits for an approval."""
    post.bench.rows(
        "INSERT INTO plans (plan_id, corp_pk, kind, hash, admins_asked_at)"
        " VALUES ('p', %s, 'members', 'h', clock_timestamp())",
        post.corp.corp_pk,
    )
    post.bench.rows(
        "INSERT INTO plan_entries"
        " (plan_id, position, corp_pk, key, decision, before, after, reason)"
        " VALUES ('p', 0, %s, %s, 'RemoveMember', '{}', '{}', 'out_of_scope')",
        post.corp.corp_pk,
        f"member:{userid}",
    )


def rename_to_look_alike(post: Post) -> tuple[str, str]:
    """Two members whose userids are equal but for case."""
    one, other, *_ = post.userids
    alike = one.swapcase()
    directory = post.enterprise.now
    directory.put_member(replace(directory.members[other], userid=alike))
    post.bench.rows(
        "UPDATE members SET userid = %s WHERE member_pk = %s",
        alike,
        post.member_pk(other),
    )
    return one, alike


@pytest.fixture
def asking(simulated: Workbench) -> Post:
    """A corp linked to a company that TAPD had before: whoever is unknown is asked."""
    enterprise = simulated.found(members=6)
    simulated.link(enterprise)
    simulated.rows("UPDATE companies SET origin = 'tapd'")
    read_in_full(simulated)
    return Post(bench=simulated, enterprise=enterprise, corp=simulated.corp(enterprise))


def test_a_first_read_asks_everybody_once_however_often_it_is_repeated(
    asking: Post,
) -> None:
    asking.deliver()
    for _ in range(2):
        resync(asking)
        asking.deliver()

    assert asking.counts(asking.userids) == [1] * len(asking.userids)
    assert asking.bench.calls("message/send") == 1


def test_whoever_was_disabled_meanwhile_is_asked_when_they_are_back(
    asking: Post,
) -> None:
    gone, *others = asking.userids
    set_status(asking, gone, Status.DISABLED)
    while_gone = asking.counts([gone, *others])

    set_status(asking, gone, Status.ACTIVE)

    assert while_gone == [0] + [1] * len(others)
    assert asking.counts([gone, *others]) == [1] * (1 + len(others))


def test_a_return_into_the_scope_within_a_live_notice_sends_nothing(
    asking: Post,
) -> None:
    asked = asking.userids[0]
    asking.deliver()
    scope = Scope(allow_user=tuple(each for each in asking.userids if each != asked))

    for allowed in (scope, Scope(allow_party=(ROOT,))):
        admin_app.set_scope(asking.bench.world, asking.enterprise, allowed)
        follow(asking)

    assert asking.counts([asked]) == [1]
    states = asking.bench.rows("SELECT state FROM members WHERE userid = %s", asked)
    assert [row["state"] for row in states] == ["active"]


def resync(post: Post) -> None:
    """A full read on request, ended."""
    with transaction(post.bench.runtime.pool) as connection:
        requests.request_run(connection, post.corp.corp_pk, cause="operator")
    read_in_full(post.bench)


def set_status(post: Post, userid: str, status: Status) -> None:
    """The admin disables or enables somebody, and all is followed."""
    admin_members.set_status(post.bench.world, post.enterprise, userid, status)
    follow(post)


def follow(post: Post) -> None:
    """Mail is drained, runs are worked on, and notices are delivered."""
    post.bench.deliver()
    for _ in range(6):
        post.bench.rows("UPDATE inbox SET not_before = NULL")
        post.bench.rows("UPDATE mailboxes SET not_before = NULL")
        drain(post.bench.runtime, post.corp.mailbox)
        read_in_full(post.bench)
    post.deliver()
