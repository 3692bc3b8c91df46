"""An authorisation that is gone, doubted, given again or reset."""

from collections.abc import Iterator

import pytest

from simulator.admin import admin_app
from simulator.faults import Kind
from tests.support.workbench import Workbench, workbench
from workers.installs import withdrawal as work


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def test_an_install_whose_corp_withdrew_at_once_leaves_nothing(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    bench.install(enterprise)
    bench.misbehave(Kind.ERRCODE, match="service/v2/get_auth_info", errcode=40084)

    bench.deliver_and_drain()

    install = bench.row("SELECT state, reason FROM installs")
    assert install == {"state": "failed", "reason": "withdrawn"}
    assert bench.row("SELECT state FROM corps") == {"state": "revoked"}
    assert bench.rows("SELECT 1 FROM companies") == []


def test_an_authorisation_gone_without_cancel_pauses_and_keeps_the_mail(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    corp = bench.link(enterprise)
    enterprise.agent = None

    gone = work.doubt(bench.runtime, corp)

    assert gone is True
    paused = bench.corp(enterprise)
    assert (paused.state, paused.paused_by) == ("paused", "revoked_unconfirmed")
    assert paused.permanent_code is not None


def test_a_doubt_that_wecom_dispels_only_drops_the_token(bench: Workbench) -> None:
    enterprise = bench.found()
    corp = bench.link(enterprise)
    bench.runtime.corp_api(corp).permissions()

    gone = work.doubt(bench.runtime, corp)

    assert gone is False
    assert bench.corp(enterprise).state == "linked"
    held = "SELECT 1 FROM tokens WHERE owner LIKE 'corp:%%' AND token IS NOT NULL"
    assert bench.rows(held) == []


def test_a_paused_corp_that_installs_again_is_followed_again(bench: Workbench) -> None:
    enterprise = bench.found()
    corp = bench.link(enterprise)
    enterprise.agent = None
    work.doubt(bench.runtime, corp)

    again = bench.link(enterprise)

    assert (again.corp_pk, again.state) == (corp.corp_pk, "linked")
    assert again.permanent_code != corp.permanent_code
    assert bench.runtime.corp_api(again).permissions() == {"contact:base:base"}
    box = bench.row("SELECT * FROM mailboxes WHERE mailbox = %s", corp.mailbox)
    assert box["waits_for"] is None


def test_a_reset_replaces_the_permanent_code_and_nothing_else(bench: Workbench) -> None:
    enterprise = bench.found()
    corp = bench.link(enterprise)
    admin_app.reset_permanent_code(bench.world, enterprise)

    bench.deliver_and_drain()

    after = bench.corp(enterprise)
    assert after.permanent_code != corp.permanent_code
    assert after.data_key == corp.data_key
    assert bench.runtime.corp_api(corp).auth_info().corp.corp_id == corp.corp_id
    assert bench.row("SELECT count(*) AS runs FROM runs") == {"runs": 1}
