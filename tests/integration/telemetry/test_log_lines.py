"""Every line about an event says which, over receiver, worker, notices and retries."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import dramatiq
import pytest
from dramatiq import Worker
from dramatiq.brokers.stub import StubBroker

import logs
from domain.ids import RunId
from simulator.admin import admin_members
from simulator.faults import Kind
from simulator.org.directory import ROOT
from store.database import StoreUnavailable
from store.intake.spill import open_spill
from store.platform.pauses import owner_of
from tests.support.notices.item_office import open_office
from tests.support.notices.outbox import Post, never, read_office
from tests.support.receiving import Draft, contact, info, receiver_on
from tests.support.workbench import Workbench
from workers.calls import concurrent
from workers.inbox import drain as mailbox
from workers.inbox.drain import drain
from workers.inbox.spill import move_spill
from workers.lease import Keeper
from workers.notices.deliver import deliver
from workers.queue.concerned import Concerned
from workers.runs import run as runs
from workers.runs.run import work_on

OURS = ("receiver", "workers", "store", "web", "wecom", "tapd", "dramatiq")


class Log:
    """The lines of this process as an operator has them."""

    def __init__(self, stream: StringIO) -> None:
        self._stream = stream

    def lines(self) -> list[dict[str, Any]]:
        """Our own; the simulator and its server write theirs beside us."""
        found = [json.loads(each) for each in self._stream.getvalue().splitlines()]
        return [each for each in found if each["name"].split(".")[0] in OURS]

    def named(self, message: str) -> dict[str, Any]:
        """The last line of this phrase."""
        return [each for each in self.lines() if each["message"] == message][-1]

    def forget(self) -> None:
        """What was written so far."""
        self._stream.truncate(0)
        self._stream.seek(0)


@pytest.fixture
def log() -> Iterator[Log]:
    root, stream = logging.getLogger(), StringIO()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = [logging.StreamHandler(stream)]
    root.setLevel(logging.INFO)
    logs.write_json()
    yield Log(stream)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def office(simulated: Workbench) -> Post:
    office = read_office(simulated)
    simulated.rows("UPDATE companies SET origin = 'tapd'")
    return office


def call(office: Post, message: bytes) -> int:
    """A callback over the receiver's own doors; the number of its event."""
    with receiver_on(office.bench.runtime.settings) as app:
        assert Draft(message=message).send(app.test_client()).data == b"success"
    row = office.bench.row("SELECT max(event_id) AS event_id FROM inbox")
    return int(row["event_id"])


def update(office: Post, userid: str) -> int:
    corp_id = office.enterprise.corp_id
    return call(office, contact("update_user", corp=corp_id, UserID=userid))


def test_every_line_between_callback_and_notice_has_the_events_number(
    office: Post, log: Log
) -> None:
    bench, userid = office.bench, "woNewcomer"
    person = admin_members.NewMember(userid=userid, name="n", departments=(ROOT,))
    admin_members.hire(bench.world, office.enterprise, person)
    log.forget()
    corp_id = office.enterprise.corp_id
    event_id = call(office, contact("create_user", corp=corp_id, UserID=userid))
    bench.misbehave(Kind.BUSY, match="user/get")
    drain(bench.runtime, office.corp.mailbox)
    bench.world.faults.clear()
    bench.rows("UPDATE inbox SET not_before = NULL")
    bench.rows("UPDATE mailboxes SET not_before = NULL")
    bench.rows("DELETE FROM pauses")
    bench.runtime.known_pauses.forget(owner_of(corp_id))
    drain(bench.runtime, office.corp.mailbox)
    bench.misbehave(Kind.BUSY, match="message/send", count=1)
    deliver(bench.runtime, office.corp.corp_pk, rush=never)

    lines = log.lines()
    assert {"drain failed", "batch not taken"} <= {each["message"] for each in lines}
    assert {each.get("event_id") for each in lines} == {event_id}
    assert {each["mailbox"] for each in lines if "drain" in each["message"]} == {
        office.corp.mailbox
    }


def test_a_fault_of_our_own_is_told_with_the_events_number(
    office: Post, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = update(office, office.userids[0])
    monkeypatch.setitem(mailbox._HANDLERS, "corp", fail)

    drain(office.bench.runtime, office.corp.mailbox)

    assert log.named("failed for a reason of its own")["event_id"] == event_id


def fail(*_: object) -> None:
    raise LookupError("synthetic")


def test_so_is_a_store_that_goes_away_under_a_claim(
    office: Post, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = update(office, office.userids[0])
    monkeypatch.setattr(mailbox, "_handle", away)

    drain(office.bench.runtime, office.corp.mailbox)

    assert log.named("drain given up, store away")["event_id"] == event_id


def away(*_: object, **__: object) -> None:
    raise StoreUnavailable("synthetic")


def test_a_line_about_several_events_names_twenty_and_counts_all(log: Log) -> None:
    with logs.concerning(range(1, 301)):
        logging.getLogger("workers").info("many")

    line = log.named("many")
    assert (line["event_id"], line["events"]) == (1, 300)
    assert line["event_ids"] == list(range(1, 21))


def test_folded_mail_is_named_by_all_its_numbers(
    office: Post, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [update(office, each) for each in office.userids[:3]]
    monkeypatch.setitem(mailbox._HANDLERS, "corp", fail)

    drain(office.bench.runtime, office.corp.mailbox)

    assert log.named("drain failed")["event_ids"] == events


def test_a_run_is_named_by_its_id_its_corp_and_the_event_that_opened_it(
    office: Post, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = call(office, info("change_auth", AuthCorpId=office.enterprise.corp_id))
    drain(office.bench.runtime, office.corp.mailbox)
    row = office.bench.row("SELECT run_id FROM runs WHERE state = 'queued'")
    monkeypatch.setattr(runs, "_read_and_apply", fail)

    work_on(office.bench.runtime, RunId(row["run_id"]))

    line = log.named("run failed")
    assert (line["run_id"], line["event_id"]) == (row["run_id"], event_id)
    assert line["corp_pk"] == office.corp.corp_pk


def test_questions_asked_in_other_threads_are_about_the_same_event(log: Log) -> None:
    def ask(number: int) -> int:
        logging.getLogger("workers").info("asked")
        return number

    with logs.concerning([7]):
        concurrent.ask_all(ask, range(8), at_once=lambda: 4)

    lines = log.lines()
    assert len(lines) == 8
    assert {each["event_id"] for each in lines} == {7}


def test_a_lease_that_is_lost_is_told_with_the_event_it_was_held_for(log: Log) -> None:
    keeper = Keeper(every_seconds=3600.0)
    with logs.concerning([7]):
        entry = keeper.add(lambda: False)

    renewal = keeper._due[entry]
    renewal.about.run(keeper._renew, entry, renewal.renew)

    assert log.named("lease not renewed")["event_id"] == 7


def test_mail_that_has_no_number_yet_is_told_by_its_identity_and_then_by_both(
    office: Post, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = office.bench.runtime
    message = contact("update_user", corp=office.enterprise.corp_id, UserID="woA")
    with receiver_on(runtime.settings) as app:
        landing = app.extensions["shore"].landing
        monkeypatch.setattr(landing, "_record", away)
        Draft(message=message).send(app.test_client())
    spill = open_spill(runtime.settings.redis_url, runtime.keyring)

    move_spill(runtime.pool, spill, runtime.bell)

    row = office.bench.row("SELECT max(event_id) AS event_id FROM inbox")
    moved = log.named("spilled mail moved")
    assert log.named("mail spills")["mail"] == moved["mail"]
    assert moved["event_id"] == row["event_id"]


def test_lines_about_an_item_event_and_its_card_have_its_number(
    simulated: Workbench, log: Log
) -> None:
    office = open_office(simulated, "李四")
    office.story(owner="李四;", creator="操作者")
    log.forget()
    sent = office.send(
        office.event(
            "story::update",
            old_owner="李四;",
            old_priority="Middle",
            new_priority="High",
            change_fields="priority",
        )
    )
    simulated.misbehave(Kind.BUSY, match="message/send", count=1)
    office.follow()
    office.deliver()

    assert {each["event_id"] for each in log.lines()} == {sent.event_id}
    assert log.named("batch not taken")["event_id"] == sent.event_id


def test_what_a_line_says_itself_wins_and_breaks_nothing(log: Log) -> None:
    with logs.concerning([7], mailbox="around", name="odd"):
        logging.getLogger("workers").info("line", extra={"mailbox": "own"})

    line = log.named("line")
    assert (line["mailbox"], line["name"], line["event_id"]) == ("own", "workers", 7)


def test_dramatiqs_own_line_about_a_failure_names_the_event_it_was_about(
    log: Log,
) -> None:
    broker = StubBroker(middleware=[Concerned()])
    broker.fail_fast_default = False

    @dramatiq.actor(broker=broker, queue_name="q")
    def work(event_id: int) -> None:
        with logs.concerning([event_id], mailbox="corp:x"):
            raise LookupError("synthetic")

    @dramatiq.actor(broker=broker, queue_name="q")
    def calm() -> None:
        logging.getLogger("workers").info("calm")

    worker = Worker(broker, worker_timeout=50, worker_threads=1)
    worker.start()
    work.send(7)
    calm.send()
    broker.join("q", fail_fast=False)
    worker.join()
    worker.stop()

    [failed] = [each for each in log.lines() if "unhandled" in each["message"]]
    assert (failed["event_id"], failed["mailbox"]) == (7, "corp:x")
    assert failed["actor"] == "work"
    assert "event_id" not in log.named("calm")


def test_nothing_is_said_after_the_block(log: Log) -> None:
    with logs.concerning([7]):
        pass
    logging.getLogger("workers").info("line")

    assert "event_id" not in log.named("line")
