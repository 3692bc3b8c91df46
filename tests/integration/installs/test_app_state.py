"""What WeCom says of the app is a hint; agent/get decides, and pauses end."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from tests.support.org.histories import TEAM, company
from tests.support.org.pipeline import LONG_AGO, Bench, Event, Tenant, said
from tests.support.wecom.fakes import Person
from wecom.errcodes import error_for
from wecom.errors import OddAnswer, Paused, Revoked, Unavailable, WeComError
from workers.upkeep.jobs import look_at_pauses

CORP = "wpCorpA"
CLOSE, REOPEN = "close_inactive_agent", "reopen_inactive_agent"


def told(kind: str, *, second: int = 0) -> Event:
    return Event(kind=kind, key="corp", sent_at=LONG_AGO + timedelta(seconds=second))


def state(bench: Bench) -> tuple[str, str | None]:
    [(stands, by)] = bench.execute("SELECT state, paused_by FROM corps")
    return stands, by


def pause_by_errcode(bench: Bench, errcode: int) -> Tenant:
    """A corp that WeCom refuses with this errcode, whatever it is asked."""
    tenant = bench.link_in_step(CORP, company())
    for question in ("member", "agent", "auth_info"):
        tenant.world.faults[question] = Paused(errcode=errcode)
    bench.post(tenant, said("update_user", "member:woA"))
    bench.drain(tenant)
    return tenant


def look(bench: Bench, tenant: Tenant) -> None:
    """Let the time come for the next look at a pause, and look."""
    bench.execute("UPDATE corps SET pause_look_at = clock_timestamp()")
    look_at_pauses(bench.runtime)
    bench.drain(tenant)


@pytest.mark.parametrize("order", [*permutations([CLOSE, REOPEN, CLOSE])])
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("closed", [True, False])
def test_in_whatever_order_it_is_told_the_app_is_what_agent_get_says(
    bench: Bench, order: tuple[str, ...], together: bool, closed: bool
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.closed = closed

    for number, kind in enumerate(order):
        bench.post(tenant, told(kind, second=number))
        if not together:
            bench.drain(tenant)
    bench.drain(tenant)

    assert state(bench) == (("paused", "wecom") if closed else ("linked", None))
    assert bench.pending(tenant) == 0


def test_one_question_answers_all_that_is_told_at_once(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())

    for number in range(5):
        bench.post(tenant, told(CLOSE, second=number))
    bench.drain(tenant)

    assert tenant.world.calls == ["agent"]


def test_a_lost_reopening_is_found_out_and_made_up_for(bench: Bench) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.closed = True
    bench.post(tenant, told(CLOSE))
    bench.drain(tenant)
    tenant.world.closed = False
    tenant.world.truth.people["woNew"] = Person(
        open_userid="oNew", departments={TEAM: 0}, main=TEAM
    )

    look(bench, tenant)
    bench.settle(tenant)

    assert state(bench) == ("linked", None)
    assert "woNew" in bench.org(tenant).members


@pytest.mark.parametrize("errcode", [50003, 48006, 60031])
def test_a_pause_by_errcode_ends_once_wecom_answers_again(
    bench: Bench, errcode: int
) -> None:
    tenant = pause_by_errcode(bench, errcode)
    look(bench, tenant)
    assert state(bench) == ("paused", "wecom")

    tenant.world.faults.clear()
    look(bench, tenant)
    bench.settle(tenant)

    assert state(bench) == ("linked", None)
    assert [each[0] for each in bench.mail(tenant)].count("pending") == 0


def test_an_unconfirmed_revocation_ends_once_the_authorisation_answers(
    bench: Bench,
) -> None:
    tenant = bench.link_in_step(CORP, company())
    for question in ("member", "auth_info"):
        tenant.world.faults[question] = Revoked(errcode=40084)
    bench.post(tenant, said("update_user", "member:woA"))
    bench.drain(tenant)
    assert state(bench) == ("paused", "revoked_unconfirmed")
    look(bench, tenant)
    assert state(bench) == ("paused", "revoked_unconfirmed")

    tenant.world.faults.clear()
    look(bench, tenant)

    assert state(bench) == ("linked", None)


@pytest.mark.parametrize(
    "error", [Unavailable("HTTP 502"), OddAnswer("close is not a number")]
)
def test_no_answer_about_the_app_decides_nothing(
    bench: Bench, error: WeComError
) -> None:
    tenant = bench.link_in_step(CORP, company())
    tenant.world.faults["agent"] = error
    bench.post(tenant, told(CLOSE))

    bench.drain(tenant)
    assert state(bench) == ("linked", None)
    assert bench.pending(tenant) == 1

    tenant.world.faults.clear()
    tenant.world.closed = True
    bench.settle(tenant)
    assert state(bench) == ("paused", "wecom")


def test_looks_at_a_pause_become_rarer(bench: Bench) -> None:
    tenant = pause_by_errcode(bench, 50003)
    waits = []
    for _ in range(8):
        look(bench, tenant)
        [(seconds,)] = bench.execute(
            "SELECT extract(epoch FROM pause_look_at - clock_timestamp())::int"
            " FROM corps"
        )
        waits.append(seconds)

    assert waits == sorted(waits)
    assert 50 <= waits[0] <= 60
    assert 890 <= waits[-1] <= 900


def test_an_operators_pause_is_never_looked_at(bench: Bench) -> None:
    tenant = pause_by_errcode(bench, 50003)
    bench.post(tenant, told("paused"))
    bench.drain(tenant)
    assert state(bench) == ("paused", "operator")

    tenant.world.faults.clear()
    tenant.world.calls.clear()
    look(bench, tenant)
    bench.post(tenant, told(REOPEN))
    bench.drain(tenant)

    assert state(bench) == ("paused", "operator")
    assert tenant.world.calls == []


NO_WORD = [
    Unavailable("HTTP 500"),
    OddAnswer("close is missing", endpoint="agent/get"),
    error_for(40056, endpoint="agent/get"),
    error_for(60011, endpoint="agent/get"),
    error_for(99999, endpoint="agent/get"),
]


@pytest.mark.parametrize("error", NO_WORD)
@pytest.mark.parametrize("kind", [CLOSE, REOPEN, "low_active"])
def test_no_answer_about_the_app_holds_up_nobodys_mail(
    bench: Bench, kind: str, error: WeComError
) -> None:
    tenant = bench.link_in_step(CORP, company())
    people = tenant.world.truth.people
    people["woA"] = replace(people["woA"], mobile="13900000000")
    tenant.world.faults["agent"] = error
    bench.post(tenant, told(kind))
    bench.post(tenant, said("update_user", "member:woA"))

    bench.drain(tenant)

    assert bench.org(tenant) == tenant.world.truth.org()
    assert bench.mail(tenant) == [("pending", None), ("done", "applied")]
    assert state(bench) == ("linked", None)
