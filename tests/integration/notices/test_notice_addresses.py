"""What the address of a notice opens: for whom, how long, and until it was used."""

from domain.ids import Userid
from store.database import transaction
from store.notices import addresses, deliveries, notices, reinvites
from store.notices.addresses import FoundNotice
from tests.support.notices.outbox import Post, make_due
from workers.installs.purge import begin_purge, go_on
from workers.upkeep import jobs


def find(post: Post, token: str, userid: str) -> FoundNotice | None:
    """What the page finds when this member opens the address."""
    with transaction(post.bench.runtime.pool) as connection:
        return addresses.find_notice(
            connection, token, post.corp.corp_pk, post.member_pk(userid)
        )


def find_kind(post: Post, token: str) -> str | None:
    with transaction(post.bench.runtime.pool) as connection:
        return addresses.find_kind(connection, token)


def test_an_address_opens_for_each_whom_it_was_sent_to_and_nobody_else(
    post: Post,
) -> None:
    one, other, stranger, *_ = post.userids
    post.ask(one, other)
    post.deliver()

    token = post.token(one)

    assert post.token(other) == token
    found = [find(post, token, each) for each in (one, other, stranger)]
    assert [each and each.state for each in found] == ["sent", "sent", None]
    assert find_kind(post, token) == "link"
    assert find_kind(post, token + "x") is None


def test_the_token_itself_is_kept_nowhere(post: Post) -> None:
    asked = post.userids[0]
    post.ask(asked)
    post.deliver()

    rows = post.bench.rows("SELECT b::text AS line FROM notice_batches AS b")
    assert post.token(asked) not in str(rows)


def test_once_linked_it_is_used_and_what_waits_is_dropped(post: Post) -> None:
    asked = post.userids[0]
    post.ask(asked)
    post.deliver()
    token = post.token(asked)
    with transaction(post.bench.runtime.pool) as connection:
        reinvites.reinvite(connection, post.corp.corp_pk, post.member_pk(asked))

    with transaction(post.bench.runtime.pool) as connection:
        notices.note_answered(connection, post.corp.corp_pk, [Userid(asked)])
    post.deliver()

    found = find(post, token, asked)
    assert found is not None
    assert found.used_at is not None
    assert found.closed == "used"
    assert post.states() == [("sent", None), ("dropped", "linked")]
    assert post.counts([asked]) == [1]


def test_after_fourteen_days_it_is_expired_and_a_return_asks_again(post: Post) -> None:
    asked = post.userids[0]
    post.ask(asked)
    post.deliver()
    token = post.token(asked)
    post.bench.rows("UPDATE notices SET expires_at = expires_at - interval '14 days'")
    before_upkeep = find(post, token, asked)

    jobs.expire_notices(post.bench.runtime)
    post.ask(asked)
    post.deliver()

    assert before_upkeep is not None
    assert before_upkeep.is_expired
    found = find(post, token, asked)
    assert found is not None
    assert found.closed == "expired"
    assert post.counts([asked]) == [2]


def test_a_member_whose_notice_was_never_delivered_is_asked_on_return(
    post: Post,
) -> None:
    asked = post.userids[0]
    post.ask(asked)
    post.bench.rows("UPDATE members SET employment = 'left' WHERE userid = %s", asked)
    post.deliver()

    post.bench.rows("UPDATE members SET employment = 'working'")
    post.ask(asked)
    post.deliver()

    assert post.states() == [("dropped", "left"), ("sent", None)]
    assert post.counts([asked]) == [1]


def test_an_admin_who_sends_it_again_is_named_in_it(post: Post) -> None:
    asked, admin, *_ = post.userids
    post.ask(asked)
    post.deliver()
    with transaction(post.bench.runtime.pool) as connection:
        reinvites.reinvite(
            connection,
            post.corp.corp_pk,
            post.member_pk(asked),
            invited_by=post.member_pk(admin),
        )

    post.deliver()

    name = post.enterprise.now.members[admin].name
    assert name in post.phone(asked)[1].shown["description"]
    assert name not in post.phone(asked)[0].shown["description"]


def test_two_records_of_one_person_keep_what_was_sent(post: Post) -> None:
    kept, absorbed, *_ = post.userids
    post.ask(kept, absorbed)
    post.deliver()

    with transaction(post.bench.runtime.pool) as connection:
        notices.absorb(
            connection,
            post.corp.corp_pk,
            kept=post.member_pk(kept),
            absorbed=post.member_pk(absorbed),
        )

    rows = post.bench.rows("SELECT member_pk, closed FROM notices ORDER BY notice_id")
    assert [row["closed"] for row in rows] == [None, "merged"]
    assert {row["member_pk"] for row in rows} == {post.member_pk(kept)}


def test_upkeep_rings_for_what_nobody_delivers(post: Post) -> None:
    post.ask(post.userids[0])
    fresh = _due(post)

    post.bench.rows("UPDATE notices SET not_before = not_before - interval '3 seconds'")
    missed = _due(post)
    jobs.ring_notices(post.bench.runtime)
    post.deliver()

    assert (fresh, missed, _due(post)) == (False, True, False)
    queue = post.bench.runtime.redis.lrange("dramatiq:notices", 0, -1)
    assert len(list(queue)) == 1


def test_a_withdrawn_corps_notices_are_dropped_and_its_addresses_dead(
    post: Post,
) -> None:
    asked, waiting, *_ = post.userids
    post.ask(asked)
    post.deliver()
    token = post.token(asked)
    post.ask(waiting)

    with transaction(post.bench.runtime.pool) as connection:
        begin_purge(connection, post.bench.runtime, post.corp)
    go_on(post.bench.runtime, post.corp.corp_pk)
    make_due(post.bench)
    post.deliver()

    assert post.states() == [("sent", None), ("dropped", "withdrawn")]
    assert find_kind(post, token) is None
    assert post.counts([waiting]) == [0]


def _due(post: Post) -> bool:
    with transaction(post.bench.runtime.pool) as connection:
        return post.corp.corp_pk in deliveries.list_due(connection, limit=10)
