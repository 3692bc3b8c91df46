"""A new permanent code resumes the corp that waited for it, whatever came first."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import pytest

from simulator.admin import admin_app
from simulator.org.corp import Corp as Enterprise
from store.database import transaction
from store.org.corps import Corp
from tests.support.workbench import Workbench
from wecom.corp import CorpClient as CorpApi
from wecom.errors import Revoked, Unavailable
from wecom.wire import AuthInfo, PermanentCode
from workers.calls.call_count import CallCount
from workers.inbox.drain import drain
from workers.installs import app_state, withdrawal
from workers.runs.run import work_on
from workers.runtime import Runtime

PAUSED_FOR_A_CODE = ("paused", "revoked_unconfirmed")


@pytest.fixture
def enterprise(simulated: Workbench) -> Enterprise:
    found = simulated.found(members=4, departments=2)
    simulated.link(found)
    return found


def state(bench: Workbench) -> tuple[str, str | None]:
    row = bench.row("SELECT state, paused_by FROM corps")
    return row["state"], row["paused_by"]


def pause_for_refusal(bench: Workbench, enterprise: Enterprise) -> None:
    """What follows when WeCom refuses the code twice."""
    corp = bench.corp(enterprise)
    with transaction(bench.runtime.pool) as connection:
        app_state.pause(connection, corp, by=app_state.BY_DOUBT)


@dataclass(frozen=True, slots=True, kw_only=True)
class OldCodeRefused(Runtime):
    """A runtime whose first question is refused for its code, after `meanwhile`."""

    meanwhile: Callable[[], None]

    def corp_api(self, corp: Corp, *, count: CallCount | None = None) -> CorpApi:
        """The calls of one corp, all sent with the old code."""
        api = Runtime.corp_api(self, corp, count=count)

        def refuse() -> AuthInfo:
            self.meanwhile()
            raise Revoked(errcode=40084)

        api._read_auth_info = refuse
        return api


def refused_while(bench: Workbench, meanwhile: Callable[[], None]) -> OldCodeRefused:
    inherited = {
        each.name: getattr(bench.runtime, each.name) for each in fields(Runtime)
    }
    return OldCodeRefused(**inherited, meanwhile=meanwhile)


def test_a_new_code_ends_the_pause_that_the_old_ones_refusal_began(
    simulated: Workbench, enterprise: Enterprise
) -> None:
    pause_for_refusal(simulated, enterprise)

    admin_app.reset_permanent_code(simulated.world, enterprise)
    simulated.deliver_and_drain()

    assert state(simulated) == ("linked", None)
    runs = simulated.rows("SELECT cause FROM runs WHERE state = 'queued'")
    assert len(runs) == 1


def test_a_new_code_ends_the_wait_that_the_old_ones_refusal_began(
    simulated: Workbench, enterprise: Enterprise
) -> None:
    simulated.rows(
        "UPDATE mailboxes SET waits_for = 'revoked', not_before = clock_timestamp()"
        " + interval '5 minutes' WHERE mailbox LIKE 'corp:%%'"
    )

    admin_app.reset_permanent_code(simulated.world, enterprise)
    simulated.deliver_and_drain()

    assert simulated.rows("SELECT 1 FROM mailboxes WHERE waits_for = 'revoked'") == []


def test_a_new_code_does_not_end_an_operators_pause(
    simulated: Workbench, enterprise: Enterprise
) -> None:
    corp = simulated.corp(enterprise)
    with transaction(simulated.runtime.pool) as connection:
        app_state.pause(connection, corp, by=app_state.BY_OPERATOR)

    admin_app.reset_permanent_code(simulated.world, enterprise)
    simulated.deliver_and_drain()

    assert state(simulated) == ("paused", "operator")


def test_the_refusal_of_an_old_code_says_nothing_once_there_is_a_new_one(
    simulated: Workbench, enterprise: Enterprise
) -> None:
    corp = simulated.corp(enterprise)
    codes: list[None] = []

    def reset_once() -> None:
        if not codes:
            codes.append(None)
            admin_app.reset_permanent_code(simulated.world, enterprise)
            simulated.deliver_and_drain()

    withdrawal.doubt(refused_while(simulated, reset_once), corp)

    # Asked again with the new code it was refused once more: only that counts.
    assert state(simulated) == PAUSED_FOR_A_CODE

    simulated.rows("UPDATE corps SET state = 'linked', paused_by = NULL")

    def reset() -> None:
        admin_app.reset_permanent_code(simulated.world, enterprise)
        simulated.deliver_and_drain()

    withdrawal.doubt(refused_while(simulated, reset), corp)

    assert state(simulated) == ("linked", None)


def test_the_refusal_of_an_old_code_purges_nothing_once_there_is_a_new_one(
    simulated: Workbench, enterprise: Enterprise
) -> None:
    corp = simulated.corp(enterprise)

    def reset() -> None:
        admin_app.reset_permanent_code(simulated.world, enterprise)
        simulated.deliver_and_drain()

    with pytest.raises(Unavailable, match="new permanent code"):
        withdrawal.revoke_if_dead(refused_while(simulated, reset), corp)

    assert state(simulated) == ("linked", None)


def test_runs_and_notices_that_waited_for_the_code_go_on_with_it(
    simulated: Workbench, enterprise: Enterprise
) -> None:
    """Whichever of them the refusal met, and whether or not it paused the corp."""
    corp = simulated.corp(enterprise)
    simulated.rows(
        "UPDATE runs SET state = 'running', worker = NULL, strikes = 9,"
        " error = 'revoked', not_before = clock_timestamp() + interval '5 minutes'"
    )
    simulated.rows(
        "INSERT INTO deliveries (corp_pk, strikes, waits_for, not_before)"
        " VALUES (%s, 9, 'revoked', clock_timestamp() + interval '5 minutes')"
        " ON CONFLICT (corp_pk) DO UPDATE SET strikes = excluded.strikes,"
        " waits_for = excluded.waits_for, not_before = excluded.not_before",
        corp.corp_pk,
    )

    admin_app.reset_permanent_code(simulated.world, enterprise)
    simulated.deliver_and_drain()

    assert (
        simulated.rows("SELECT 1 FROM runs WHERE not_before > clock_timestamp()")
        + simulated.rows("SELECT 1 FROM deliveries WHERE not_before IS NOT NULL")
        == []
    )


def test_the_run_of_a_corp_that_was_paused_for_the_code_is_worked_on_at_once(
    simulated: Workbench, enterprise: Enterprise
) -> None:
    [run] = simulated.rows("SELECT run_id FROM runs WHERE state = 'queued'")
    pause_for_refusal(simulated, enterprise)
    work_on(simulated.runtime, run["run_id"])

    admin_app.reset_permanent_code(simulated.world, enterprise)
    simulated.deliver_and_drain()
    work_on(simulated.runtime, run["run_id"])

    assert state(simulated) == ("linked", None)
    found = simulated.row("SELECT state FROM runs WHERE run_id = %s", run["run_id"])
    assert found == {"state": "done"}


def test_notices_that_wait_for_something_else_wait_on(
    simulated: Workbench, enterprise: Enterprise
) -> None:
    corp = simulated.corp(enterprise)
    simulated.rows(
        "INSERT INTO deliveries (corp_pk, waits_for, not_before)"
        " VALUES (%s, 'throttle', clock_timestamp() + interval '5 minutes')"
        " ON CONFLICT (corp_pk) DO UPDATE SET waits_for = excluded.waits_for,"
        " not_before = excluded.not_before",
        corp.corp_pk,
    )

    admin_app.reset_permanent_code(simulated.world, enterprise)
    simulated.deliver_and_drain()

    assert simulated.row("SELECT waits_for FROM deliveries") == {
        "waits_for": "throttle"
    }


def test_an_operators_pause_upon_the_refusals_ends_with_the_operators_word(
    simulated: Workbench, enterprise: Enterprise
) -> None:
    pause_for_refusal(simulated, enterprise)
    with transaction(simulated.runtime.pool) as connection:
        app_state.pause(
            connection, simulated.corp(enterprise), by=app_state.BY_OPERATOR
        )

    admin_app.reset_permanent_code(simulated.world, enterprise)
    simulated.deliver_and_drain()
    kept = state(simulated)
    with transaction(simulated.runtime.pool) as connection:
        app_state.resume(connection, simulated.corp(enterprise))

    assert kept == ("paused", "operator")
    assert simulated.runtime.corp_api(simulated.corp(enterprise)).auth_info()
    assert state(simulated) == ("linked", None)


def test_two_new_codes_leave_the_one_that_works(
    simulated: Workbench, enterprise: Enterprise
) -> None:
    """Whichever of the two is exchanged last; here the later comes first."""
    pause_for_refusal(simulated, enterprise)
    for _ in range(2):
        admin_app.reset_permanent_code(simulated.world, enterprise)

    boxes = simulated.deliver()
    for mailbox in reversed(boxes):
        drain(simulated.runtime, mailbox)

    assert len(boxes) > 1
    assert simulated.runtime.corp_api(simulated.corp(enterprise)).auth_info()
    assert state(simulated) == ("linked", None)


def test_two_new_codes_at_once_leave_the_one_that_works(
    simulated: Workbench, enterprise: Enterprise, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second worker has its whole turn between WeCom's answer and what we keep."""
    for _ in range(2):
        admin_app.reset_permanent_code(simulated.world, enterprise)
    first, second = [each for each in simulated.deliver() if each.startswith("code:")]
    exchange = simulated.runtime.wecom.exchange
    turns: list[str] = []

    def exchange_beside(code: str) -> PermanentCode:
        answer = exchange(code)
        turns.append(code)
        if len(turns) == 1:
            drain(simulated.runtime, second)
        return answer

    monkeypatch.setattr(simulated.runtime.wecom, "exchange", exchange_beside)
    drain(simulated.runtime, first)
    simulated.rows("UPDATE mailboxes SET not_before = NULL")
    simulated.rows("UPDATE inbox SET not_before = NULL WHERE state = 'pending'")
    drain(simulated.runtime, second)

    assert len(turns) == 2
    assert simulated.runtime.corp_api(simulated.corp(enterprise)).auth_info()
    assert state(simulated) == ("linked", None)


def test_a_code_of_before_a_withdrawal_changes_nothing_after_the_return(
    simulated: Workbench, enterprise: Enterprise
) -> None:
    admin_app.reset_permanent_code(simulated.world, enterprise)
    late = simulated.deliver()
    admin_app.uninstall(simulated.world, enterprise)
    simulated.deliver_and_drain()
    simulated.link(enterprise)

    for mailbox in late:
        drain(simulated.runtime, mailbox)

    states = simulated.rows("SELECT state FROM corps ORDER BY corp_pk")
    assert states == [{"state": "revoked"}, {"state": "linked"}]
    assert simulated.runtime.corp_api(simulated.corp(enterprise)).auth_info()
