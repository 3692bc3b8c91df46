"""A held removal of somebody who turns out to be another removes nobody any more."""

from dataclasses import replace

import pytest

from store.runs import approvals
from tests.integration.org.identities.test_merged_links import twice
from tests.support.org.guarding import guarded
from tests.support.org.identities import Known, deleted, renamed
from tests.support.org.pipeline import Bench


@pytest.fixture
def strict(bench: Bench) -> Bench:
    return guarded(bench, removals=0, share=0.0)


@pytest.mark.parametrize("by_run", [False, True])
def test_an_approval_of_the_old_userids_removal_spares_the_person(
    strict: Bench, *, by_run: bool
) -> None:
    one = Known.of(strict)
    kept, dropped = twice(one, mobile="13800009999")
    one.leave("woA")
    one.tell(deleted("woA", second=3))
    [[plan_id]] = strict.execute("SELECT plan_id FROM plans WHERE state = 'held'")
    new = one.truth.people["woNew"]
    one.truth.people["woNew"] = replace(new, open_userid=kept.open_userid)

    if by_run:
        one.read()
    else:
        one.tell(renamed("woA", "woNew", second=10))
    merged = one.active("woNew")
    states = strict.execute("SELECT state FROM plans")
    if states == [("held",)]:
        with strict.own() as connection:
            approvals.approve(connection, plan_id, plan_hash=None, by="cli")
        strict.settle(one.tenant)

    assert (merged.member_pk, merged.account_id) == (kept.member_pk, kept.account_id)
    assert one.membership(dropped.account_id) is False
    assert one.active("woNew") == merged
    assert one.membership(kept.account_id) is True
    one.assert_in_step()
