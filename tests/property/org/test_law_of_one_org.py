"""Whatever is pushed, lost or broken off, a resync gives the org of the truth."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.examples import examples
from tests.support.mortal import WorkerDied
from tests.support.org.histories import HOME, KEEPER, ROOT, TAG, Company, company
from tests.support.org.pipeline import Bench
from tests.support.org.set_lies import SetLies
from tests.support.wecom.fakes import Truth

PICK = st.integers(0, 50)
ORDER = st.sampled_from([0, 7, 2**32 - 1])
STEPS = st.integers(0, 40)


class Histories(SetLies, RuleBasedStateMachine):
    """A company, its mail and the workers, one step at a time."""

    bench: Bench
    number = 0
    # How often each lie was told in all histories of one run.
    told: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.lossless = True
        self.hired = 0

    @initialize(nameless=st.sampled_from([False, False, True]), tells=st.booleans())
    def found(self, nameless: bool, tells: bool) -> None:
        """A corp; of those of 2021 nobody tells who bears a userid."""
        Histories.number += 1
        truth = company()
        if nameless:
            for who, person in truth.people.items():
                truth.people[who] = replace(person, open_userid=None)
        self.tenant = self.bench.link_in_step(f"wpCorp{Histories.number}", truth)
        self.company = Company(self.tenant.world, tells_person=tells)
        self.persons: dict[int, str] = {}
        self.always_usable = self.usable()

    # What happens in the company.

    @rule(pick=PICK)
    def hire(self, pick: int) -> None:
        self.hired += 1
        userid = f"wo{'Cc'[self.hired % 2]}{self.hired // 2}"
        self.company.hire(userid, self.a_department(pick))

    @rule(pick=PICK, where=st.frozensets(PICK, min_size=1, max_size=2), main=PICK)
    def move(self, pick: int, where: frozenset[int], main: int) -> None:
        departments = {self.a_department(each): each for each in where}
        chosen = sorted(departments)[main % len(departments)]
        self.company.change(self.somebody(pick), departments=departments, main=chosen)

    @rule(pick=PICK)
    def promote(self, pick: int) -> None:
        userid = self.somebody(pick)
        person = self.truth.people[userid]
        self.company.change(userid, leads=frozenset(person.departments) - person.leads)

    @rule(pick=PICK)
    def rename(self, pick: int) -> None:
        self.hired += 1
        self.company.rename(self.somebody(pick), f"woNew{self.hired}")

    @rule(pick=PICK, where=PICK)
    @precondition(lambda self: self.company.former)
    def hand_on(self, pick: int, where: int) -> None:
        self.hired += 1
        self.meet("userid handed on")
        self.company.hire(
            self.a_former_userid(pick),
            self.a_department(where),
            person=f"oPerson{self.hired}",
        )

    @rule(pick=PICK, to=PICK)
    @precondition(lambda self: self.company.former)
    def rename_to_a_former_userid(self, pick: int, to: int) -> None:
        self.meet("renamed to a former userid")
        self.company.rename(self.somebody(pick), self.a_former_userid(to))

    @rule(pick=PICK, other=PICK)
    def swap_userids(self, pick: int, other: int) -> None:
        one, two = self.somebody(pick), self.somebody(other)
        if one != two:
            self.hired += 1
            self.company.rename(one, f"woSwap{self.hired}")
            self.company.rename(two, one)
            self.company.rename(f"woSwap{self.hired}", two)

    @rule(pick=PICK, status=st.sampled_from([1, 2, 4, 5]))
    def set_status(self, pick: int, status: int) -> None:
        self.company.change(self.somebody(pick), status=status)

    @rule(pick=PICK)
    @precondition(lambda self: len(self.truth.people) > 2)
    def leave(self, pick: int) -> None:
        self.company.leave(self.somebody(pick))

    @rule(pick=PICK, order=ORDER)
    def make_department(self, pick: int, order: int) -> None:
        self.hired += 1
        self.company.place(2**31 + 100 + self.hired, self.a_department(pick), order)

    @rule(pick=PICK, parent=PICK, order=ORDER)
    def move_department(self, pick: int, parent: int, order: int) -> None:
        moved, above = self.a_movable(pick), self.a_department(parent)
        if moved is not None and above not in self.truth.below({moved}):
            self.company.place(moved, above, order)

    @rule(pick=PICK)
    def dissolve(self, pick: int) -> None:
        department = self.a_movable(pick)
        if department is not None:
            self.company.dissolve(department)

    @rule(who=st.frozensets(PICK, max_size=2), where=st.frozensets(PICK, max_size=1))
    def tag(self, who: frozenset[int], where: frozenset[int]) -> None:
        self.company.tag(
            frozenset(self.somebody(each) for each in who),
            frozenset(self.a_department(each) for each in where),
        )

    @rule(
        where=st.frozensets(PICK, max_size=2),
        who=st.frozensets(PICK, max_size=1),
        tagged=st.booleans(),
        whole=st.booleans(),
    )
    def change_scope(
        self, where: frozenset[int], who: frozenset[int], tagged: bool, whole: bool
    ) -> None:
        self.company.authorise(
            allow_departments=frozenset(self.a_department(each) for each in where),
            allow_members=frozenset(self.somebody(each) for each in who) | {KEEPER},
            allow_tags=frozenset({TAG} if tagged else ()),
            whole_tree=whole,
        )

    @rule()
    def switch_mode(self) -> None:
        self.company.authorise(auth_mode=1 - self.truth.auth_mode)

    @rule(who=st.frozensets(PICK, max_size=3))
    def authorise_myself(self, who: frozenset[int]) -> None:
        authorised = frozenset(self.somebody(each) for each in who) | {KEEPER}
        self.company.authorise(authorised=authorised)

    # What becomes of the mail.

    @rule(pick=PICK, repeats=st.integers(1, 2))
    @precondition(lambda self: self.company.outbox)
    def deliver(self, pick: int, repeats: int) -> None:
        outbox = self.company.outbox
        place = pick % len(outbox)
        event = outbox.pop(place)
        for _ in range(repeats):
            self.bench.post(self.tenant, event)
        self.meet("mail repeated", repeats - 1)
        self.meet("mail out of order", min(place, 1))

    @rule(pick=PICK)
    @precondition(lambda self: self.company.outbox)
    def lose(self, pick: int) -> None:
        self.company.outbox.pop(pick % len(self.company.outbox))
        self.lossless = False
        self.meet("mail lost")

    # What the workers do.

    @rule()
    def drain(self) -> None:
        self.bench.make_due(self.tenant)
        self.bench.drain(self.tenant)

    @rule()
    def drain_while_answers_are_late(self) -> None:
        self.tenant.world.stale = lambda question: question != "auth_info"
        self.drain()
        self.tenant.world.stale = lambda _: False

    @rule()
    def read_while_answers_are_late(self) -> None:
        # What no mail waits to contradict is believed until the next read.
        self.lossless = False
        self.tenant.world.stale = lambda question: question.startswith("member:")
        self.bench.resync(self.tenant)
        self.tenant.world.stale = lambda _: False

    @rule(steps=STEPS)
    def die_draining(self, steps: int) -> None:
        self.bench.make_due(self.tenant)
        self.die(steps, lambda: self.bench.drain(self.tenant))

    @rule()
    def read(self) -> None:
        self.bench.resync(self.tenant)

    @rule(steps=STEPS)
    def die_reading(self, steps: int) -> None:
        run_id = self.bench.request_run(self.tenant)
        self.die(steps, lambda: self.bench.work_on(run_id))

    # What always holds.

    @invariant()
    def nobodys_record_becomes_anothers(self) -> None:
        if not hasattr(self, "tenant"):
            return
        self.always_usable &= self.usable()
        for member_pk, person in self.records():
            assert self.persons.setdefault(member_pk, person) == person

    def teardown(self) -> None:
        if not hasattr(self, "tenant"):
            return
        self.told.update(self.tenant.world.lies)
        while self.company.outbox:
            self.bench.post(self.tenant, self.company.outbox.pop())
        self.bench.settle(self.tenant)
        self.look_again_where_something_stayed_open()
        if self.lossless:
            self.assert_right("without loss")
        self.bench.resync(self.tenant)
        self.assert_right("after a resync")
        self.assert_everybody_is_one_record()

    def look_again_where_something_stayed_open(self) -> None:
        """The read that the product itself wishes for, a minute after a doubt."""
        for _ in range(3):
            wished = self.bench.execute(
                "UPDATE corps SET due_at = NULL, due_cause = NULL"
                " WHERE corp_pk = %s AND due_cause = 'finding' RETURNING corp_pk",
                self.tenant.corp_pk,
            )
            if not wished:
                return
            self.bench.resync(self.tenant)

    def assert_everybody_is_one_record(self) -> None:
        """Whoever might use the app all the time is who they were at first."""
        known = [person for _, person in self.records()]
        assert {each: known.count(each) for each in self.always_usable} == (
            dict.fromkeys(self.always_usable, 1)
        )

    def assert_right(self, when: str) -> None:
        org = self.bench.org(self.tenant)
        assert org == self.truth.org(), when
        assert self.bench.replayed(self.tenant) == org, when
        days = self.bench.ledger_of(self.tenant)
        assert all(each.balances for each in days), when
        received = sum(each.received for each in days)
        assert received == self.tenant.posted + self.own_mail(), when

    def own_mail(self) -> int:
        """How much mail of the sync's own the ledger counts: what links ask, and what
        a drain has yet to ask again. WeCom's has a time."""
        [[count]] = self.bench.execute(
            "SELECT count(*) FROM inbox WHERE mailbox = %s AND sent_at IS NULL"
            " AND NOT (own AND state IN ('done', 'folded', 'ignored'))",
            self.tenant.mailbox,
        )
        return int(count)

    def die(self, steps: int, work: Callable[[], None]) -> None:
        mortal = self.bench.mortal
        mortal.steps_left = steps
        self.tenant.world.watch = lambda _: mortal.step()
        try:
            work()
        except WorkerDied:
            self.meet("worker died")
        finally:
            self.tenant.world.watch = lambda _: None
            self.bench.bury(self.tenant)

    def meet(self, lie: str, times: int = 1) -> None:
        """Count a lie beside those that answers tell."""
        self.tenant.world.lies[lie] += times

    @property
    def truth(self) -> Truth:
        return self.tenant.world.truth

    def usable(self) -> set[str]:
        """The persons who may use the app now, as far as one can know them."""
        return {
            person.open_userid
            for who, person in self.truth.people.items()
            if person.open_userid is not None and self.truth.grounds(who)
        }

    def records(self) -> list[tuple[int, str]]:
        return [
            (member_pk, person)
            for member_pk, person in self.bench.execute(
                "SELECT member_pk, open_userid FROM members"
                " WHERE corp_pk = %s AND open_userid IS NOT NULL",
                self.tenant.corp_pk,
            )
        ]

    def a_former_userid(self, pick: int) -> str:
        former = self.company.former
        return former[pick % len(former)]

    def a_department(self, pick: int) -> int:
        known = sorted(self.truth.departments)
        return known[pick % len(known)]

    def a_movable(self, pick: int) -> int | None:
        movable = sorted(self.truth.departments.keys() - {ROOT, HOME})
        return movable[pick % len(movable)] if movable else None

    def somebody(self, pick: int) -> str:
        others = sorted(self.truth.people.keys() - {KEEPER})
        return others[pick % len(others)] if others else KEEPER


def run_histories(bench: Bench, machine: type[Histories], count: int) -> Counter[str]:
    """Let so many histories run; how often each lie was told in them."""

    class OnBench(machine):  # type: ignore[valid-type, misc]  # One class per bench.
        told: ClassVar[Counter[str]] = Counter()

    OnBench.bench = bench
    run_state_machine_as_test(
        OnBench,
        settings=settings(
            max_examples=examples(count),
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # A history is short enough to be read; the blob repeats it to be shrunk.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            print_blob=True,
        ),
    )
    for lie, times in sorted(OnBench.told.items()):
        print(f"{times:7} {lie}")  # noqa: T201 - the record of a long run
    return OnBench.told


def test_every_history_ends_in_the_org_of_the_truth(bench: Bench) -> None:
    run_histories(bench, Histories, 20)
