"""Two records of one person, one of whom works: who they are now is who works."""

from dataclasses import replace

import pytest

from tests.integration.org.identities.test_merged_links import leave_the_old, twice
from tests.support.org.identities import Known, renamed
from tests.support.org.pipeline import Bench, said

DISABLED = 2


def disable(one: Known, userid: str) -> None:
    """WeCom disables somebody, and tells."""
    after = one.truth.copy()
    after.people[userid] = replace(after.people[userid], status=DISABLED)
    one.replace_truth(after)
    one.tell(said("update_user", f"member:{userid}", second=3))


def employments(bench: Bench) -> dict[str, str]:
    """How whoever was known by woA stands in the company, by account."""
    rows = bench.execute(
        "SELECT account_id, memberships.employment FROM memberships"
        " JOIN links USING (account_id) JOIN members USING (member_pk)"
        " WHERE left_at IS NULL AND userid = 'woNew'"
    )
    return dict(rows)


def end_the_old(one: Known, *, by_run: bool, status: int) -> None:
    """One of the two userids is left, by an event or for a full read to find."""
    leave_the_old(one)
    new = one.truth.people["woNew"]
    one.truth.people["woNew"] = replace(new, status=status)
    if by_run:
        one.read()
    else:
        one.tell(renamed("woA", "woNew", second=10))


@pytest.mark.parametrize("by_run", [False, True])
@pytest.mark.parametrize("before", ["woA", "woNew", None])
@pytest.mark.parametrize("status", [1, DISABLED])
def test_the_account_that_stays_works_if_the_person_does(
    bench: Bench, before: str | None, status: int, *, by_run: bool
) -> None:
    one = Known.of(bench)
    kept, dropped = twice(one, mobile="13800009999")
    if before is not None:
        disable(one, before)

    end_the_old(one, by_run=by_run, status=status)

    now = one.active("woNew")
    assert (now.member_pk, now.account_id) == (kept.member_pk, kept.account_id)
    assert employments(bench) == {
        kept.account_id: "left" if status == DISABLED else "working"
    }
    assert one.membership(dropped.account_id) is False
    one.assert_in_step()
