"""Corps that do not answer hold a few threads, never all of them."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from store.database import transaction
from store.platform import pauses
from store.platform.pauses import THROTTLED, UNAVAILABLE, owner_of
from tests.support.workbench import Workbench, workbench
from wecom.errors import Unavailable
from workers.calls.bulkhead import SLOTS, Suspects
from workers.calls.meter import Rates
from workers.calls.pause_cache import KnownPauses
from workers.inbox.drain import drain
from workers.runs.run import work_on

GET = "user/get"


@pytest.fixture
def bench(database: str, redis_url: str) -> Iterator[Workbench]:
    with workbench(database=database, redis_url=redis_url) as bench:
        yield bench


def fail(bench: Workbench, corp_id: str, *, reason: str = UNAVAILABLE) -> None:
    """A call of this corp has failed, and the wait that followed is over."""
    if not bench.rows("SELECT 1 FROM corps WHERE corp_id = %s", corp_id):
        bench.add_corp(corp_id)
    with transaction(bench.runtime.pool) as connection:
        pauses.note_failure(
            connection,
            owner=owner_of(corp_id),
            endpoint_class="user",
            reason=reason,
            wait_seconds=0,
            error="user/get: HTTP 502",
        )
    bench.runtime.known_pauses.forget(owner_of(corp_id))


def take_all_slots(bench: Workbench, stack: ExitStack) -> None:
    for number in range(SLOTS):
        fail(bench, f"wpOther{number}")
        stack.enter_context(bench.runtime.suspects.slot(f"wpOther{number}"))


def test_no_more_suspects_are_asked_at_a_time_than_there_are_slots(
    bench: Workbench,
) -> None:
    fail(bench, "wpOneMore")

    with ExitStack() as stack:
        take_all_slots(bench, stack)
        with (
            pytest.raises(Unavailable) as caught,
            bench.runtime.suspects.slot("wpOneMore"),
        ):
            pass
    with bench.runtime.suspects.slot("wpOneMore"):
        after = "asked"

    assert 1 <= (caught.value.wait_seconds or 0) <= 3
    assert after == "asked"


@pytest.mark.parametrize("reason", [None, THROTTLED])
def test_a_corp_that_answers_needs_no_slot(
    bench: Workbench, reason: str | None
) -> None:
    if reason:
        fail(bench, "wpFine", reason=reason)

    with ExitStack() as stack:
        take_all_slots(bench, stack)
        with bench.runtime.suspects.slot("wpFine"):
            asked = True

    assert asked


def test_a_slot_is_given_back_when_asking_fails(bench: Workbench) -> None:
    suspects = Suspects(KnownPauses(bench.runtime.pool), slots=1)
    fail(bench, "wpA")
    with pytest.raises(ValueError, match="broken"), suspects.slot("wpA"):
        raise ValueError("broken")

    with suspects.slot("wpA"):
        again = True

    assert again


def test_mail_of_a_suspect_waits_outside_while_others_are_asked(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    corp = bench.link(enterprise)
    bench.rows("UPDATE corps SET last_synced_at = clock_timestamp()")
    fail(bench, corp.corp_id)
    event_id = bench.post(mailbox=corp.mailbox)
    asked = bench.calls(GET)

    with ExitStack() as stack:
        take_all_slots(bench, stack)
        drain(bench.runtime, corp.mailbox)

    mail = bench.row("SELECT state, attempts FROM inbox WHERE event_id = %s", event_id)
    box = bench.row(
        "SELECT waits_for, not_before > clock_timestamp() AS waits FROM mailboxes"
        " WHERE mailbox = %s",
        corp.mailbox,
    )
    assert mail == {"state": "pending", "attempts": 0}
    assert box == {"waits_for": "unavailable", "waits": True}
    assert bench.calls(GET) == asked


def test_a_run_of_a_suspect_waits_outside_while_others_are_asked(
    bench: Workbench,
) -> None:
    enterprise = bench.found()
    corp = bench.link(enterprise)
    run = bench.row("SELECT run_id FROM runs WHERE corp_pk = %s", corp.corp_pk)
    fail(bench, corp.corp_id)

    with ExitStack() as stack:
        take_all_slots(bench, stack)
        work_on(bench.runtime, run["run_id"])
        after = bench.row(
            "SELECT state, worker, not_before > clock_timestamp() AS waits FROM runs"
        )

    assert after == {"state": "running", "worker": None, "waits": True}
    assert bench.calls("department/simplelist") == 0


def test_a_read_is_cut_off_early_until_the_corp_is_known_to_hang(
    bench: Workbench,
) -> None:
    runtime = bench.runtime
    meter = Rates(
        runtime.redis,
        runtime.pool,
        runtime.settings.wecom,
        known=KnownPauses(runtime.pool),
        tallies=runtime.tallies,
        lanes=runtime.lanes,
    )
    at_first = meter.before(GET, "wpA")
    fail(bench, "wpB")

    afterwards = meter.before(GET, "wpB")

    assert at_first == 3.0
    assert afterwards is None


@pytest.mark.parametrize(
    "endpoint", ["message/send", "service/v2/get_permanent_code", "user/get"]
)
def test_what_is_no_read_of_a_corp_has_the_full_time(
    bench: Workbench, endpoint: str
) -> None:
    runtime = bench.runtime
    meter = Rates(
        runtime.redis,
        runtime.pool,
        runtime.settings.wecom,
        known=KnownPauses(runtime.pool),
        tallies=runtime.tallies,
        lanes=runtime.lanes,
    )

    assert meter.before(endpoint, None) is None
    if endpoint != "user/get":
        assert meter.before(endpoint, "wpA") is None
