"""Two changes of one second look alike, whatever they are about and whosever clock."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.support.org.histories import HOME, TAG, TEAM, company
from tests.support.org.identities import Known
from tests.support.org.pipeline import Bench, Event, said
from tests.support.wecom.fakes import Holding, Truth

EVENTS = [
    pytest.param(said("update_tag", f"tag:{TAG}"), id="tag"),
    pytest.param(said("update_party", f"department:{TEAM}"), id="department"),
    pytest.param(said("update_user", "member:woA"), id="member"),
    pytest.param(said("subscribe", "member:woA"), id="subscription"),
    pytest.param(Event(change="update_user", key="corp"), id="unclear"),
    pytest.param(Event(kind="change_auth", key="corp"), id="scope"),
    pytest.param(Event(kind="reopen_inactive_agent", key="corp"), id="app"),
]


def tagged() -> Truth:
    truth = company()
    truth.allow_tags = frozenset({TAG})
    truth.tags[TAG] = Holding(userids=frozenset({"woB"}))
    return truth


def changed(truth: Truth) -> Truth:
    """The same when somebody, a department and a tag have changed."""
    after = truth.copy()
    after.tags[TAG] = Holding(userids=frozenset({"woA", "woB"}))
    after.people["woA"] = replace(after.people["woA"], departments={HOME: 3}, main=HOME)
    after.departments[TEAM] = replace(after.departments[TEAM], order=9)
    return after


def now(bench: Bench) -> datetime:
    """Postgres' second."""
    [[at]] = bench.execute("SELECT date_trunc('second', clock_timestamp())")
    assert isinstance(at, datetime)
    return at


@pytest.mark.parametrize("ahead", [-5, 0, 5, None])
@pytest.mark.parametrize("event", EVENTS)
def test_a_second_change_of_its_second_is_followed(
    bench: Bench, event: Event, ahead: int | None
) -> None:
    one = Known.of(bench, tagged())
    at = None if ahead is None else now(bench) - timedelta(seconds=ahead)
    event = replace(event, sent_at=at)  # type: ignore[arg-type]  # or without a time.
    one.tell(event)
    first = one.outcomes()

    one.replace_truth(changed(one.truth))
    bench.post(one.tenant, event)

    assert [state for state, _ in first] == ["done"]
    assert [state for state, _ in one.outcomes()] == ["pending"]
    bench.settle(one.tenant)
    assert [state for state, _ in one.outcomes()] == ["done"]
