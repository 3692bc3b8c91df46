"""One install by redirect, callback or both; the market; and corps that come back."""

from collections.abc import Iterator

import pytest

from simulator.admin import admin_app
from simulator.org.corp import Corp as Enterprise
from simulator.org.grant import Grant
from store.database import transaction
from store.installs import intents
from tests.support.people.installing import COMPANY, WHOLE, existing, new
from tests.support.workbench import Workbench, workbench
from workers.inbox.drain import drain


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def market(bench: Workbench, enterprise: Enterprise, state: str = "") -> str:
    """The mailbox of an install that WeCom itself reports."""
    admin_app.install_from_market(
        bench.world, enterprise, grant=Grant(scope=WHOLE), state=state, quiet=True
    )
    return next(box for box in bench.deliver() if box.startswith("code:"))


@pytest.mark.parametrize("order", ["redirect first", "callback first", "at once"])
def test_redirect_and_callback_are_one_install_in_any_order(
    bench: Workbench, order: str
) -> None:
    enterprise = bench.found()
    road = existing(bench)
    road.go()
    mailbox = market(bench, enterprise)
    code = bench.world.logs.list_pushes(corp_id=None, name="create_auth", since=0)
    if order == "callback first":
        drain(bench.runtime, mailbox)
        assert bench.rows("SELECT 1 FROM corps") == []
    road.come_back(_code_in(code[-1].xml))
    if order == "redirect first":
        bench.rows(
            "UPDATE inbox SET not_before = clock_timestamp() + interval '1 hour'"
            " WHERE kind = 'create_auth'"
        )

    drain(bench.runtime, mailbox)

    assert road.ended() == ("linked", "")
    assert bench.corp(enterprise).company_id == COMPANY
    bench.rows("UPDATE inbox SET not_before = NULL")
    drain(bench.runtime, mailbox)
    assert bench.calls("service/v2/get_permanent_code") == 1
    assert bench.rows("SELECT 1 FROM inbox WHERE state = 'pending'") == []
    assert len(bench.rows("SELECT 1 FROM companies")) == 1


def _code_in(xml: str) -> str:
    return xml.partition("<AuthCode><![CDATA[")[2].partition("]]>")[0]


def test_create_auth_with_our_state_belongs_to_the_wish_at_once(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    road = existing(bench)
    road.go()

    drain(bench.runtime, market(bench, enterprise, state=road.intent.state))

    assert bench.corp(enterprise).company_id == COMPANY
    assert road.intent.used


def test_a_market_install_waits_for_nobody_when_no_wish_is_on_its_way(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    existing(bench)

    drain(bench.runtime, market(bench, enterprise))

    company = bench.row("SELECT edition FROM companies WHERE origin = 'wecom'")
    assert company == {"edition": "standard"}
    assert bench.corp(enterprise).state == "linked"


def test_a_market_install_waits_for_nobody_who_came_back_with_nothing(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    road = existing(bench)
    road.go()
    with transaction(bench.runtime.pool) as connection:
        intents.note_cancelled(connection, road.intent_id)

    drain(bench.runtime, market(bench, enterprise))

    assert bench.corp(enterprise).state == "linked"


def test_a_market_install_waits_ten_seconds_for_a_wish_on_its_way(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    existing(bench).go()
    mailbox = market(bench, enterprise)

    drain(bench.runtime, mailbox)

    waiting = bench.row(
        "SELECT state, attempts, extract(epoch FROM not_before - received_at) AS waits"
        " FROM inbox WHERE mailbox = %s",
        mailbox,
    )
    assert (waiting["state"], waiting["attempts"]) == ("pending", 0)
    assert 9 < waiting["waits"] < 12
    bench.rows(
        "UPDATE inbox SET not_before = NULL,"
        " received_at = received_at - interval '10 s' WHERE mailbox = %s",
        mailbox,
    )
    drain(bench.runtime, mailbox)
    assert bench.corp(enterprise).company_id != COMPANY


@pytest.mark.parametrize("way", ["market", "existing"])
def test_a_corp_that_comes_back_finds_its_company(bench: Workbench, way: str) -> None:
    enterprise = bench.found()
    existing(bench).walk(enterprise)
    admin_app.uninstall(bench.world, enterprise)
    bench.deliver_and_drain()
    gone = bench.row("SELECT state FROM corps")

    if way == "market":
        drain(bench.runtime, market(bench, enterprise))
    else:
        existing(bench).walk(enterprise)

    assert gone == {"state": "revoked"}
    assert bench.corp(enterprise).company_id == COMPANY


def test_who_registers_gets_a_new_company_although_tapds_own_is_free(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    existing(bench).walk(enterprise)
    admin_app.uninstall(bench.world, enterprise)
    bench.deliver_and_drain()

    new(bench).walk(enterprise)

    assert bench.corp(enterprise).company_id != COMPANY


def test_who_registers_again_finds_their_company_with_the_edition_now_chosen(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    new(bench, "standard").walk(enterprise)
    former = bench.corp(enterprise).company_id
    admin_app.uninstall(bench.world, enterprise)
    bench.deliver_and_drain()

    new(bench, "enterprise").walk(enterprise)

    assert bench.corp(enterprise).company_id == former
    assert bench.row("SELECT edition FROM companies") == {"edition": "enterprise"}
