"""Odd answers, keys without an answer and late app-state events change no law."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.property.org.test_law_of_one_org import PICK, Histories, run_histories
from tests.support.org.histories import HOME, TAG
from tests.support.org.pipeline import Bench, Event
from tests.support.wecom.odd_answers import DECIDING, ODD_VALUES, SHOWN
from wecom.errors import Paused, Unavailable
from workers.upkeep.jobs import look_at_pauses

ODD = st.sampled_from(ODD_VALUES[:9])
FIELD = st.sampled_from([*DECIDING, *SHOWN, "main_department"])
APP_EVENTS = st.sampled_from(
    ["close_inactive_agent", "reopen_inactive_agent", "low_active", "active_restored"]
)


class OddHistories(Histories):
    """The same company, some of whose answers cannot be used."""

    @rule(pick=PICK, field=FIELD, value=ODD)
    def show_somebody_oddly(self, pick: int, field: str, value: Any) -> None:
        self.tenant.world.odd[f"member:{self.somebody(pick)}"] = {field: value}

    @rule(pick=PICK, field=st.sampled_from(["parentid", "order", "id"]), value=ODD)
    def show_a_department_oddly(self, pick: int, field: str, value: Any) -> None:
        department = self.a_department(pick)
        if department != HOME:
            self.tenant.world.odd[f"department:{department}"] = {field: value}

    @rule(value=st.sampled_from([{}, 5, [5], [{}]]))
    def show_the_tag_oddly(self, value: Any) -> None:
        self.tenant.world.odd[f"tag:{TAG}"] = {"userlist": value}

    @rule(pick=PICK)
    def answer_nothing_about_somebody(self, pick: int) -> None:
        question = f"member:{self.somebody(pick)}"
        self.tenant.world.faults[question] = Unavailable("HTTP 502")

    @rule()
    def answer_plainly(self) -> None:
        self.tenant.world.odd.clear()
        self.tenant.world.faults.clear()

    # What happens to the app, and what is told of it, in any order or not at all.

    @rule(closed=st.booleans())
    def close_or_open(self, closed: bool) -> None:
        self.tenant.world.closed = closed

    @rule(kind=APP_EVENTS)
    def tell_of_the_app(self, kind: str) -> None:
        self.meet("app-state event")
        self.bench.post(self.tenant, Event(kind=kind, key="corp"))

    @rule()
    def refuse_everything_once(self) -> None:
        self.tenant.world.faults["member"] = Paused(errcode=50003)
        self.drain()
        del self.tenant.world.faults["member"]

    @rule()
    def look(self) -> None:
        self.bench.execute("UPDATE corps SET pause_look_at = clock_timestamp()")
        look_at_pauses(self.bench.runtime)
        self.drain()

    @rule()
    @precondition(lambda self: not self.is_paused())
    def read(self) -> None:
        self.read_for_a_while()

    @rule()
    @precondition(lambda self: not self.is_paused())
    def read_while_answers_are_late(self) -> None:
        self.lossless = False
        self.tenant.world.stale = lambda question: question.startswith("member:")
        self.read_for_a_while()
        self.tenant.world.stale = lambda _: False

    def read_for_a_while(self) -> None:
        """A full read, which may have to wait for whoever does not answer."""
        self.bench.request_run(self.tenant)
        for _ in range(8):
            self.bench.make_due(self.tenant)
            for each in self.bench.open_runs(self.tenant):
                self.bench.work_on(each)

    def teardown(self) -> None:
        if not hasattr(self, "tenant"):
            return
        self.answer_plainly()
        self.tenant.world.closed = False
        # What was given up as odd was asked too early, so a full read has to find it.
        given_up = {outcome for _, outcome in self.bench.mail(self.tenant)}
        self.lossless = self.lossless and "odd_answer" not in given_up
        self.look()
        super().teardown()

    def assert_right(self, when: str) -> None:
        org = self.bench.org(self.tenant)
        assert org == self.truth.org(), when
        assert self.bench.replayed(self.tenant) == org, when
        assert all(each.balances for each in self.bench.ledger_of(self.tenant)), when

    def is_paused(self) -> bool:
        [(state,)] = self.bench.execute(
            "SELECT state FROM corps WHERE corp_pk = %s", self.tenant.corp_pk
        )
        return bool(state == "paused")


class OldCorp(OddHistories):
    """A corp of before 2021, whose people answer to their ids in any case."""

    @initialize(nameless=st.sampled_from([False, False, True]), tells=st.booleans())
    def found(self, nameless: bool, tells: bool) -> None:
        """A corp whose people tell their ids apart by more than case."""
        super().found(nameless, tells)
        self.company.leave("woa")
        for event in self.company.outbox:
            self.bench.post(self.tenant, event)
        self.company.outbox.clear()
        self.bench.settle(self.tenant)
        self.truth.ignores_case = True

    @rule(pick=PICK)
    def hire(self, pick: int) -> None:
        self.hired += 1
        self.company.hire(f"woHired{self.hired}", self.a_department(pick))

    @rule(pick=PICK)
    @precondition(lambda self: self.company.outbox)
    def deliver_in_another_case(self, pick: int) -> None:
        outbox = self.company.outbox
        self.bench.post(self.tenant, in_another_case(outbox.pop(pick % len(outbox))))

    @rule(pick=PICK)
    def grant_in_another_case(self, pick: int) -> None:
        granted = frozenset({self.somebody(pick).swapcase()})
        self.company.authorise(allow_members=granted)


def in_another_case(event: Event) -> Event:
    """The event as an old corp may spell it, where it can be read as nobody else's."""
    kind, _, name = event.key.partition(":")
    if kind != "member" or event.change == "delete_user":
        return event
    return replace(event, key=f"member:{name.swapcase()}")


def test_odd_answers_end_in_the_org_of_the_truth(bench: Bench) -> None:
    run_histories(bench, OddHistories, 10)


def test_ids_that_ignore_case_end_in_the_org_of_the_truth(bench: Bench) -> None:
    run_histories(bench, OldCorp, 10)
