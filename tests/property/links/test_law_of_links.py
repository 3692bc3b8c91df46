"""Whatever people, TAPD and WeCom do, no account is two members and no member two."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.ids import Key
from domain.links.claims import ClaimKind, weigh
from domain.links.links import LinkReason
from domain.org.replay import Folding, ReplayLine
from store.links import link_claims
from store.org import corps, journal
from tests.support.examples import examples
from tests.support.mortal import WorkerDied
from tests.support.org.histories import HOME, KEEPER, ROOT, Company
from tests.support.org.linked import Matched, mobile, people
from tests.support.org.pipeline import Bench
from workers.upkeep import jobs

PICK = st.integers(0, 20)
NUMBER = st.none() | st.integers(0, 3).map(mobile)
EMAIL = st.none() | st.sampled_from(["a@x.cn", "b@x.cn"])
ACCOUNT = st.sampled_from(["u0", "u1", "u2", "u3"])
# Accounts of another company; whoever bears one may still work here.
STRANGER = st.sampled_from(["f0", "f1"])
ORIGIN = st.sampled_from(["tapd", "wecom"])
MOST_DEATHS = 4
BY_PEOPLE = {LinkReason.OWN_PROOF, LinkReason.RESOLVED}
# An admin's word, or a mobile that WeCom was asked about, gives no stranger's account.
OF_STRANGERS = {LinkReason.OWN_PROOF, LinkReason.SEEN_MOBILE}


class Links(RuleBasedStateMachine):
    """A corp, accounts, and everybody who may change who is whom."""

    bench: Bench

    def __init__(self) -> None:
        super().__init__()
        self.one = Matched.of(
            self.bench,
            people(
                woA={"mobile": mobile(0)},
                woB={"number": mobile(1)},
                woC={"email": "a@x.cn"},
                **{f"wo{n}": {"mobile": mobile(50 + n)} for n in range(6)},
            ),
        )
        self.elsewhere = Matched.of(self.bench, people())
        self.corp = Company(self.one.tenant.world)
        self.hired = 0
        self.deaths = 0
        self.one.read()

    # What TAPD's side does.

    @rule(account_id=ACCOUNT, number=NUMBER, email=EMAIL)
    def name(self, account_id: str, number: str | None, email: str | None) -> None:
        self.one.name(account_id, mobile=number, email=email)

    @rule(account_id=STRANGER, number=NUMBER, email=EMAIL)
    def name_a_stranger(
        self, account_id: str, number: str | None, email: str | None
    ) -> None:
        self.elsewhere.name(account_id, mobile=number, email=email)

    # What happens in WeCom.

    @rule(pick=PICK, number=NUMBER, email=EMAIL)
    def show(self, pick: int, number: str | None, email: str | None) -> None:
        self.corp.change(self.somebody(pick), mobile=number, email=email)

    @rule()
    def hire(self) -> None:
        self.hired += 1
        self.corp.hire(f"woN{self.hired % 3}", HOME)

    @rule(pick=PICK)
    def leave(self, pick: int) -> None:
        userid = self.somebody(pick)
        if userid != KEEPER:
            self.corp.leave(userid)

    @rule(pick=PICK, new=st.sampled_from(["woX", "woY"]))
    def rename(self, pick: int, new: str) -> None:
        userid = self.somebody(pick)
        if userid != KEEPER and new not in self.one.tenant.world.truth.people:
            self.corp.rename(userid, new)

    @rule(pick=PICK, status=st.sampled_from([1, 2, 4]))
    def switch(self, pick: int, status: int) -> None:
        self.corp.change(self.somebody(pick), status=status)

    @rule(pick=PICK)
    def narrow(self, pick: int) -> None:
        kept = frozenset({KEEPER, self.somebody(pick)})
        self.corp.authorise(allow_departments=frozenset(), allow_members=kept)

    @rule()
    def widen(self) -> None:
        self.corp.authorise(
            allow_departments=frozenset({ROOT}), allow_members=frozenset()
        )

    # What people say.

    @rule(pick=PICK, account_id=ACCOUNT | STRANGER)
    def prove(self, pick: int, account_id: str) -> None:
        self.say(pick, ClaimKind.PROVED, account_id)

    @rule(pick=PICK, account_id=st.none() | ACCOUNT | STRANGER)
    def resolve(self, pick: int, account_id: str | None) -> None:
        self.say(pick, ClaimKind.RESOLVED, account_id)

    @rule(pick=PICK)
    def wish(self, pick: int) -> None:
        self.say(pick, ClaimKind.CREATE, None)

    @rule(pick=PICK)
    def undo(self, pick: int) -> None:
        linked = self.one.bench.execute(
            "SELECT userid, account_id FROM links JOIN members USING (corp_pk,"
            " member_pk) WHERE corp_pk = %s AND links.state = 'linked' AND holds"
            " ORDER BY userid",
            self.one.tenant.corp_pk,
        )
        if linked:
            userid, account_id = linked[pick % len(linked)]
            self.one.say(userid, ClaimKind.UNLINKED, account_id)

    # What workers do, or fail to do.

    @rule(lost=st.booleans())
    def push(self, lost: bool) -> None:
        if not lost:
            for event in self.corp.outbox:
                self.bench.post(self.one.tenant, event)
        self.corp.outbox.clear()

    @rule()
    def drain(self) -> None:
        self.bench.make_due(self.one.tenant)
        self.bench.drain(self.one.tenant)

    # Mail over which five workers died waits for an operator: that is another law.

    @precondition(lambda self: self.deaths < MOST_DEATHS)
    @rule(steps=st.integers(0, 30))
    def drain_and_die(self, steps: int) -> None:
        self.dying(steps, lambda: self.bench.drain(self.one.tenant))

    @precondition(lambda self: self.deaths < MOST_DEATHS)
    @rule(steps=st.integers(0, 60))
    def read_and_die(self, steps: int) -> None:
        run_id = self.bench.request_run(self.one.tenant)
        self.dying(steps, lambda: self.bench.work_on(run_id))

    @rule()
    def read(self) -> None:
        self.one.read()

    @rule()
    def look_up(self) -> None:
        self.bench.execute("UPDATE corps SET lookups_due_at = clock_timestamp()")
        jobs.look_up_mobiles(self.bench.runtime)

    @precondition(lambda self: self.bench.pending(self.one.tenant) == 0)
    @rule()
    def say_everything_again(self) -> None:
        self.bench.execute(
            "UPDATE inbox SET state = 'pending', done_at = NULL"
            " WHERE mailbox = %s AND kind = ANY(%s)",
            self.one.tenant.mailbox,
            ["link_proved", "link_resolved", "unlinked", "accounts_changed"],
        )

    def teardown(self) -> None:
        self.bench.mortal.revive()
        self.bench.settle(self.one.tenant)
        # Of the last changes nobody tells: the full read finds them.
        first, *others = sorted(self.one.tenant.world.truth.people)
        if others:
            self.corp.change(others[0], status=2)
        if first != KEEPER:
            self.corp.leave(first)
        self.one.read()
        self.bench.settle(self.one.tenant)
        self.assert_right()
        before = self.one.written()
        self.one.read()
        self.bench.settle(self.one.tenant)
        assert self.one.written() == before

    def assert_right(self) -> None:
        assert ("failed", "failed") not in self.bench.mail(self.one.tenant)
        live = self.live()
        accounts = [account_id for _, _, account_id, *_ in live]
        assert len(accounts) == len(set(accounts))
        for pk, reason, account_id, employment, follows, lasts in live:
            assert (follows, lasts) == (employment, True)
            if reason not in BY_PEOPLE:
                assert account_id not in self.left(pk)
        assert self.blocking() == []
        assert self.how_strangers_came() <= OF_STRANGERS
        assert self.told() == self.stored()

    def live(self) -> list[tuple[Any, ...]]:
        return self.bench.execute(
            "SELECT member_pk, reason, links.account_id, members.employment,"
            " memberships.employment, left_at IS NULL"
            " FROM links JOIN members USING (corp_pk, member_pk)"
            " LEFT JOIN memberships ON memberships.company_id = links.company_id"
            " AND memberships.account_id = links.account_id"
            " WHERE corp_pk = %s AND members.state = 'active'"
            " AND links.state = 'linked'",
            self.one.tenant.corp_pk,
        )

    def blocking(self) -> list[tuple[Any, ...]]:
        """Removed members whose link or membership goes on."""
        return self.bench.execute(
            "SELECT userid FROM links JOIN members USING (corp_pk, member_pk)"
            " LEFT JOIN memberships ON memberships.company_id = links.company_id"
            " AND memberships.account_id = links.account_id AND left_at IS NULL"
            " WHERE corp_pk = %s AND members.state = 'removed'"
            " AND links.state = 'linked' AND (holds OR left_at IS NULL"
            " AND memberships.account_id IS NOT NULL AND NOT EXISTS ("
            " SELECT FROM links AS live WHERE live.company_id = links.company_id"
            " AND live.account_id = links.account_id AND live.state = 'linked'"
            " AND live.holds))",
            self.one.tenant.corp_pk,
        )

    def how_strangers_came(self) -> set[str]:
        """Why each account of another company was linked to somebody here at first."""
        first: dict[str, str] = {}
        with self.bench.own() as connection:
            corp = corps.get(connection, self.one.tenant.corp_pk)
            for line in journal.read_all(
                connection, corp.corp_pk, data_key=self.bench.runtime.data_key(corp)
            ):
                link = line.after.get("link")
                if line.decision == "LinkAccount" and isinstance(link, dict):
                    first.setdefault(str(link["account_id"]), str(link["reason"]))
        return {why for account_id, why in first.items() if account_id[0] == "f"}

    def left(self, pk: int) -> frozenset[str]:
        with self.bench.own() as connection:
            said = link_claims.list_claims(
                connection,
                self.one.tenant.corp_pk,
                [pk],  # type: ignore[list-item]  # a surrogate key as it is stored.
            )
        return frozenset(weigh(next(iter(said.values()), ())).unlinked)

    def told(self) -> dict[str, tuple[Any, Any]]:
        """The links of active members that the journal makes out of nothing."""
        folding = Folding()
        with self.bench.own() as connection:
            corp = corps.get(connection, self.one.tenant.corp_pk)
            for line in journal.read_all(
                connection, corp.corp_pk, data_key=self.bench.runtime.data_key(corp)
            ):
                folding.take(
                    ReplayLine(
                        decision=line.decision, key=Key(line.key), after=line.after
                    )
                )
        return {
            key: (row.link["state"], row.link["account_id"])
            for key, row in folding.rows.items()
            if row.link is not None
        }

    def stored(self) -> dict[str, tuple[Any, Any]]:
        rows = self.bench.execute(
            "SELECT 'member:' || userid, links.state, account_id"
            " FROM links JOIN members USING (corp_pk, member_pk)"
            " WHERE corp_pk = %s AND members.state = 'active'"
            " AND links.state <> 'none'",
            self.one.tenant.corp_pk,
        )
        return {key: (state, account_id) for key, state, account_id in rows}

    def say(self, pick: int, kind: ClaimKind, account_id: str | None) -> None:
        rows = self.bench.execute(
            "SELECT userid FROM members WHERE corp_pk = %s AND state = 'active'"
            " ORDER BY userid",
            self.one.tenant.corp_pk,
        )
        if rows:
            self.one.say(rows[pick % len(rows)][0], kind, account_id)

    def dying(self, steps: int, work: Callable[[], None]) -> None:
        self.bench.make_due(self.one.tenant)
        self.bench.mortal.steps_left = steps
        self.deaths += 1
        with suppress(WorkerDied):
            work()
        self.bench.bury(self.one.tenant)

    def somebody(self, pick: int) -> str:
        known = sorted(self.one.tenant.world.truth.people)
        return known[pick % len(known)]


def test_every_history_links_one_to_one(bench: Bench) -> None:
    class OnBench(Links):
        pass

    OnBench.bench = bench
    run_state_machine_as_test(
        OnBench,
        settings=settings(
            max_examples=examples(10),
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # A history is short enough to be read; the blob repeats it to be shrunk.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            print_blob=True,
        ),
    )
