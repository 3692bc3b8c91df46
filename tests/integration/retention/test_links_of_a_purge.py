"""A corp that withdraws leaves accounts, and finds its people's links again."""

from collections.abc import Callable, Iterator
from unittest.mock import patch

import pytest

from domain.ids import AccountId, CorpPk, MemberPk, Userid
from domain.links.accounts import AccountChange, AccountField
from domain.links.claims import ClaimKind
from simulator.admin import admin_app
from simulator.org.corp import Corp as Enterprise
from store.database import transaction
from store.links import accounts, link_claims
from store.org.corps import Corp
from tests.support.workbench import Workbench, workbench
from workers.inbox.drain import drain
from workers.installs import withdrawal
from workers.installs.purge import go_on
from workers.runs.run import work_on
from workers.runtime import Runtime
from workers.upkeep import jobs


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def link_and_read(bench: Workbench, enterprise: Enterprise) -> Corp:
    bench.link(enterprise)
    for row in bench.rows("SELECT run_id FROM runs WHERE state = 'queued'"):
        work_on(bench.runtime, row["run_id"])
    return bench.corp(enterprise)


def links(bench: Workbench, corp: Corp) -> dict[str, tuple[str, str, str | None]]:
    rows = bench.rows(
        "SELECT userid, links.state, reason, account_id FROM links"
        " JOIN members USING (corp_pk, member_pk) WHERE corp_pk = %s ORDER BY userid",
        corp.corp_pk,
    )
    return {
        row["userid"]: (row["state"], row["reason"], row["account_id"]) for row in rows
    }


def withdraw(bench: Workbench, enterprise: Enterprise) -> None:
    admin_app.uninstall(bench.world, enterprise)
    bench.deliver_and_drain()


def undo(bench: Workbench, corp: Corp, userid: str, account_id: str) -> None:
    """The member, as an admin of their company, undoes their own link."""
    row = bench.row(
        "SELECT member_pk FROM members WHERE corp_pk = %s AND userid = %s",
        corp.corp_pk,
        userid,
    )
    with transaction(bench.runtime.pool) as connection:
        link_claims.state(
            connection,
            corp,
            member_pk=MemberPk(row["member_pk"]),
            kind=ClaimKind.UNLINKED,
            account_id=AccountId(account_id),
            said_by=link_claims.by_admin(Userid(userid)),
        )
    drain(bench.runtime, corp.mailbox)


def test_a_withdrawal_ends_the_links_and_keeps_the_accounts(bench: Workbench) -> None:
    enterprise = bench.found()
    corp = link_and_read(bench, enterprise)
    before = links(bench, corp)

    withdraw(bench, enterprise)

    assert len(before) > 3
    assert {state for state, _, _ in before.values()} == {"linked"}
    after = links(bench, corp)
    assert set(after.values()) == {("unlinked", "corp_withdrew", None)}
    assert not after.keys() & before.keys()
    kept = bench.rows("SELECT 1 FROM memberships WHERE left_at IS NULL")
    assert len(kept) == len(before)
    lines = bench.rows("SELECT key FROM journal WHERE decision = 'Unlink'")
    assert {row["key"] for row in lines} == {f"member:{each}" for each in after}


def test_a_corp_that_comes_back_finds_its_peoples_links(bench: Workbench) -> None:
    enterprise = bench.found()
    first = links(bench, link_and_read(bench, enterprise))
    withdraw(bench, enterprise)

    second = links(bench, link_and_read(bench, enterprise))

    assert second == {
        userid: ("linked", "returned_with_corp", account_id)
        for userid, (_, _, account_id) in first.items()
    }


@pytest.mark.parametrize("pages", [0, 1, 2, 3])
def test_a_corp_that_comes_back_before_its_purge_is_over_finds_them_as_well(
    bench: Workbench, pages: int
) -> None:
    """The worker that purged it has died after so many pages."""
    enterprise = bench.found()
    first = links(bench, link_and_read(bench, enterprise))
    with patch.object(withdrawal, "go_on", dying_after(pages)):
        withdraw(bench, enterprise)
    assert bench.rows("SELECT 1 FROM purges") != []

    link_and_read(bench, enterprise)
    jobs.finish_purges(bench.runtime)
    for row in bench.rows("SELECT run_id FROM runs WHERE state = 'queued'"):
        work_on(bench.runtime, row["run_id"])

    assert links(bench, bench.corp(enterprise)) == {
        userid: ("linked", "returned_with_corp", account_id)
        for userid, (_, _, account_id) in first.items()
    }


def test_nobody_is_linked_while_another_worker_purges_the_company(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    first = links(bench, link_and_read(bench, enterprise))
    with patch.object(withdrawal, "go_on", dying_after(1)):
        withdraw(bench, enterprise)
    bench.rows(
        "UPDATE leases SET token = gen_random_uuid(), expires_at = clock_timestamp()"
        " + interval '1 hour' WHERE mailbox LIKE 'purge:%%'"
    )
    bench.install(enterprise)
    bench.deliver_and_drain()
    waiting = bench.rows("SELECT state FROM corps WHERE state <> 'revoked'")

    bench.rows("UPDATE leases SET expires_at = '-infinity'")
    bench.rows("UPDATE mailboxes SET not_before = NULL")
    jobs.finish_purges(bench.runtime)
    for row in bench.rows("SELECT mailbox FROM inbox WHERE state = 'pending'"):
        drain(bench.runtime, row["mailbox"])
    for row in bench.rows("SELECT run_id FROM runs WHERE state = 'queued'"):
        work_on(bench.runtime, row["run_id"])

    assert waiting == [{"state": "authorised"}]
    assert links(bench, bench.corp(enterprise)) == {
        userid: ("linked", "returned_with_corp", account_id)
        for userid, (_, _, account_id) in first.items()
    }


def dying_after(pages: int) -> Callable[[Runtime, CorpPk], bool]:
    """A purge of which only so many pages are done."""

    def go_so_far(runtime: Runtime, corp_pk: CorpPk) -> bool:
        return all(not go_on(runtime, corp_pk, seconds=0) for _ in range(pages))

    return go_so_far


def test_a_pair_that_was_undone_stays_undone_over_a_withdrawal(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    corp = link_and_read(bench, enterprise)
    userid, (_, _, account_id) = next(iter(links(bench, corp).items()))
    undo(bench, corp, userid, str(account_id))
    withdraw(bench, enterprise)
    purged = bench.rows("SELECT said_by FROM link_claims")

    corp = link_and_read(bench, enterprise)

    assert userid not in str(purged)
    assert links(bench, corp).get(userid, ("none", "", None))[2] != account_id


def test_a_member_found_by_mobile_keeps_that_account(bench: Workbench) -> None:
    enterprise = bench.found()
    enterprise.tells_details = True
    corp = link_and_read(bench, enterprise)
    userid, (_, _, account_id) = next(iter(links(bench, corp).items()))
    withdraw(bench, enterprise)
    mobile = enterprise.now.members[userid].mobile
    with transaction(bench.runtime.pool) as connection:
        accounts.upsert(
            connection,
            corp.company_id,  # type: ignore[arg-type]  # a linked corp has one.
            [
                AccountChange(
                    account_id=AccountId(str(account_id)),
                    given={AccountField.MOBILE: None, AccountField.EMAIL: None},
                ),
                AccountChange(
                    account_id=AccountId("another"),
                    given={AccountField.MOBILE: mobile},
                ),
            ],
        )

    corp = link_and_read(bench, enterprise)

    assert links(bench, corp)[userid] == ("linked", "seen_mobile", "another")
