"""From an auth code to a linked corp, whatever goes wrong on the way."""

import hashlib
from collections.abc import Iterator
from types import ModuleType
from unittest.mock import patch

import pytest

from simulator.admin import admin_app
from simulator.faults import Kind
from simulator.org.directory import ROOT
from simulator.org.grant import Grant, Scope
from simulator.tokens import Paper
from store.database import transaction
from store.installs import installs as stored_installs
from tests.support.workbench import Workbench, workbench
from workers.inbox.drain import drain
from workers.installs import codes
from workers.installs import exchange as installs


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def mailbox_of(code: str) -> str:
    return f"code:{hashlib.sha256(code.encode()).hexdigest()}"


def make_due(bench: Workbench) -> None:
    bench.rows("UPDATE mailboxes SET not_before = NULL")
    bench.rows("UPDATE inbox SET not_before = NULL")
    bench.rows("DELETE FROM pauses")


def test_an_install_from_the_market_ends_linked_with_a_run(bench: Workbench) -> None:
    enterprise = bench.found()
    bench.install(enterprise)

    bench.deliver_and_drain()

    corp = bench.corp(enterprise)
    assert (corp.state, corp.name) == ("linked", enterprise.name)
    assert corp.scope.departments == {1}
    assert corp.permissions == {"contact:base:base"}
    company = bench.row("SELECT * FROM companies")
    assert company["company_id"] == corp.company_id
    assert (company["edition"], company["origin"]) == ("standard", "wecom")
    assert company["name"] == enterprise.name
    run = bench.row("SELECT cause, state FROM runs")
    assert run == {"cause": "install", "state": "queued"}
    mail = bench.row("SELECT * FROM inbox WHERE kind = 'create_auth'")
    assert (mail["state"], mail["outcome"], mail["body"]) == ("done", "linked", None)
    assert bench.row("SELECT state FROM installs") == {"state": "linked"}


def test_the_permanent_code_is_stored_sealed(bench: Workbench) -> None:
    enterprise = bench.found()

    corp = bench.link(enterprise)

    assert enterprise.agent is not None
    assert corp.permanent_code is not None
    assert enterprise.agent.permanent_code.encode() not in corp.permanent_code
    assert bench.runtime.corp_api(corp).auth_info().corp.corp_id == enterprise.corp_id


def test_the_corp_and_its_run_are_rung_for(bench: Workbench) -> None:
    enterprise = bench.found()
    code = bench.install(enterprise)
    bench.deliver()

    drain(bench.runtime, mailbox_of(code))

    run = bench.row("SELECT run_id FROM runs")["run_id"]
    redis = bench.runtime.redis
    assert redis.exists(f"ring:corp:{enterprise.corp_id}", f"ring:run:{run}") == 2


def test_mail_that_waited_for_the_link_is_pending_again(bench: Workbench) -> None:
    enterprise = bench.found()
    bench.install(enterprise)
    bench.world.push_about("change_auth", corp=enterprise)
    code_box, corp_box = sorted(
        box for box in bench.deliver() if box.startswith(("code:", "corp:"))
    )
    drain(bench.runtime, corp_box)
    parked = bench.row("SELECT state FROM inbox WHERE kind = 'change_auth'")

    drain(bench.runtime, code_box)

    assert parked == {"state": "parked"}
    woken = bench.row("SELECT state FROM inbox WHERE kind = 'change_auth'")
    assert woken == {"state": "pending"}


def test_redirect_and_callback_together_exchange_the_code_once(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    code = bench.install(enterprise)
    bench.deliver()
    mailbox = mailbox_of(code)
    sealed = bench.runtime.keyring.seal(code.encode(), place="inbox")
    bench.rows(
        "INSERT INTO inbox (mailbox, kind, key, state, body)"
        " VALUES (%s, 'auth_code', 'corp', 'pending', %s)",
        mailbox,
        sealed,
    )

    drain(bench.runtime, mailbox)

    states = bench.rows("SELECT DISTINCT state FROM inbox WHERE mailbox = %s", mailbox)
    assert states == [{"state": "done"}]
    assert bench.calls("service/v2/get_permanent_code") == 1


def test_a_redirect_alone_links_as_well(bench: Workbench) -> None:
    enterprise = bench.found()
    grant = Grant(scope=Scope(allow_party=(ROOT,)))
    code = admin_app.install_by_redirect(
        bench.world, enterprise, grant=grant, quiet=True
    )
    sealed = bench.runtime.keyring.seal(code.encode(), place="inbox")
    bench.rows(
        "INSERT INTO inbox (mailbox, kind, key, state, body)"
        " VALUES (%s, 'auth_code', 'corp', 'pending', %s)",
        mailbox_of(code),
        sealed,
    )

    drain(bench.runtime, mailbox_of(code))

    assert bench.corp(enterprise).state == "linked"


def test_a_repeat_of_a_finished_install_changes_nothing(bench: Workbench) -> None:
    enterprise = bench.found()
    code = bench.install(enterprise)
    bench.deliver_and_drain()
    bench.rows("UPDATE inbox SET state = 'pending' WHERE kind = 'create_auth'")

    drain(bench.runtime, mailbox_of(code))

    mail = bench.row("SELECT state, outcome FROM inbox WHERE kind = 'create_auth'")
    assert mail == {"state": "done", "outcome": "exchanged_before"}
    assert bench.calls("service/v2/get_permanent_code") == 1
    assert len(bench.rows("SELECT 1 FROM companies")) == 1


def test_a_code_that_was_used_elsewhere_fails_the_install(bench: Workbench) -> None:
    enterprise = bench.found()
    bench.install(enterprise)
    bench.world.papers.end(Paper.AUTH_CODE, owner=enterprise.corp_id, forget=True)

    bench.deliver_and_drain()

    install = bench.row("SELECT state, reason FROM installs")
    assert install == {"state": "failed", "reason": "auth_code_spent"}
    mail = bench.row(
        "SELECT state, outcome, body FROM inbox WHERE kind = 'create_auth'"
    )
    assert mail == {"state": "ignored", "outcome": "auth_code_spent", "body": None}
    assert bench.rows("SELECT 1 FROM corps") == []


def test_a_spent_code_is_success_when_its_exchange_is_stored(bench: Workbench) -> None:
    enterprise = bench.found()
    bench.install(enterprise)
    (mailbox,) = [box for box in bench.deliver() if box.startswith("code:")]
    exchange = bench.runtime.wecom.exchange
    other = bench.runtime

    def beaten(code: str) -> object:
        # Another worker, whose lease we took over, got the answer first.
        with transaction(other.pool) as connection:
            corp = codes._keep_code(connection, other, exchange(code))
            code_hash = mailbox.removeprefix("code:")
            stored_installs.note_exchanged(connection, code_hash, corp.corp_pk)
        return exchange(code)

    with patch.object(
        type(bench.runtime.wecom), "exchange", lambda _, code: beaten(code)
    ):
        drain(bench.runtime, mailbox)

    assert bench.corp(enterprise).state == "linked"


def test_while_wecom_is_away_the_mail_waits_and_is_not_blamed(bench: Workbench) -> None:
    enterprise = bench.found()
    bench.install(enterprise)
    bench.misbehave(Kind.HTTP_500, match="service/v2/get_permanent_code", effect=False)

    bench.deliver_and_drain()

    mail = bench.row("SELECT state, attempts FROM inbox WHERE kind = 'create_auth'")
    assert mail == {"state": "pending", "attempts": 0}
    assert bench.rows("SELECT 1 FROM corps") == []


@pytest.mark.parametrize(
    "endpoint",
    ["service/v2/get_auth_info", "agent/get_permissions", "service/get_corp_token"],
)
def test_an_install_goes_on_where_it_stopped(bench: Workbench, endpoint: str) -> None:
    enterprise = bench.found()
    code = bench.install(enterprise)
    bench.misbehave(Kind.BUSY, match=endpoint, count=1)
    bench.deliver_and_drain()
    stopped = bench.row("SELECT state FROM installs")
    make_due(bench)

    drain(bench.runtime, mailbox_of(code))

    assert stopped == {"state": "exchanged"}
    assert bench.corp(enterprise).state == "linked"
    assert bench.calls("service/v2/get_permanent_code") == 1


class Killed(BaseException):
    """The worker dies here: nothing is caught, nothing is recorded."""


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (installs, "trade_in_turn"),
        (codes, "read_code"),
        (installs, "_link"),
        (installs, "_permissions"),
        (installs, "_link_corp"),
        (installs, "_settle_all"),
    ],
)
def test_a_worker_that_dies_at_a_step_is_made_up_for(
    bench: Workbench, module: ModuleType, step: str
) -> None:
    enterprise = bench.found()
    code = bench.install(enterprise)
    bench.deliver()

    def die(*_: object, **__: object) -> None:
        raise Killed

    with patch.object(module, step, die), pytest.raises(Killed):
        drain(bench.runtime, mailbox_of(code))
    drain(bench.runtime, mailbox_of(code))

    assert bench.corp(enterprise).state == "linked"
    assert bench.calls("service/v2/get_permanent_code") == 1
    assert len(bench.rows("SELECT 1 FROM companies")) == 1
    assert len(bench.rows("SELECT 1 FROM runs")) == 1
