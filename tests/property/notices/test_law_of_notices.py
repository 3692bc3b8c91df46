"""Whatever happens in whatever order, nobody is told twice, nor who may not be told."""

import contextlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.decisions import Decision, DecisionName
from domain.ids import CorpPk, member_key
from store.database import transaction
from store.org import corps
from tests.support.examples import examples
from tests.support.mortal import WorkerDied
from tests.support.notices.outbox import never
from tests.support.org.pipeline import Bench
from tests.support.wecom.fakes import Truth
from wecom.corp import CorpClient as CorpApi
from wecom.errors import Throttled, Unavailable
from wecom.wire import SendResult
from workers.calls.call_count import CallCount
from workers.notices.deliver import deliver
from workers.notices.outbox import note_asked
from workers.runtime import Runtime
from workers.upkeep.jobs import expire_notices

NUMBERS = count()
PEOPLE = ("woA", "woB", "wob")
SEND = "message/send"
MOODS = ("deliver", "lost call", "lost answer", "throttled")

LOSSES = {
    "remove": "state = 'removed', removal = 'scope'",
    "leave": "employment = 'left'",
}
GAINS = {
    "restore": ("state = 'active', removal = NULL", DecisionName.RESTORE_MEMBER),
    "back": ("employment = 'working'", DecisionName.MARK_WORKING),
}
BEFALLS = ("ask", "link", "remove", "restore", "leave", "back", "hold", "free")

# Something befalls somebody, time passes, or not; then a delivery, or a death in it.
STEPS = st.tuples(
    st.sampled_from([*BEFALLS, "a while", "a while", "four hours", "a month"]),
    st.sampled_from(PEOPLE),
    st.one_of(st.sampled_from(MOODS), st.sampled_from(MOODS), st.integers(0, 14)),
)

few = settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(slots=True)
class Wecom:
    """What WeCom knows: who is there, what it got, and how it answers next.

    Shape: `arrived` counts messages on phones; `known` are bodies of the last hours.
    """

    there: set[str] = field(default_factory=lambda: set(PEOPLE))
    mood: str = "deliver"
    arrived: Counter[str] = field(default_factory=Counter)
    known: set[str] = field(default_factory=set)
    fresh: list[str] = field(default_factory=list)

    def take(self, message: Mapping[str, object]) -> SendResult:
        """Deliver once what was not delivered yet, if the mood allows."""
        mood, self.mood = self.mood, "deliver"
        if mood == "throttled":
            raise Throttled(errcode=45009, endpoint=SEND)
        body, to = json.dumps(message), str(message["touser"]).split("|")
        if mood == "lost call":
            raise _unanswered()
        if body not in self.known:
            self.known.add(body)
            reached = [each for each in to if each in self.there]
            self.arrived.update(reached)
            self.fresh += reached
        if mood == "lost answer":
            raise _unanswered()
        gone = [each.lower() for each in to if each not in self.there]
        return SendResult(
            invalid_userids=tuple(gone),
            unlicensed_userids=(),
            invalid_departments=(),
            invalid_tags=(),
            msgid="m",
            response_code=None,
        )


def _unanswered() -> Unavailable:
    return Unavailable("no answer", endpoint=SEND)


class PhoneCorp(CorpApi):
    """A corp whose messages go to that WeCom."""

    def __init__(self, corp_id: str, wecom: Wecom) -> None:
        # Not the parent's: there is no transport behind this one.
        self.corp_id = corp_id
        self._wecom = wecom

    def send(self, message: Mapping[str, object]) -> SendResult:
        """Send."""
        return self._wecom.take(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRuntime(Runtime):
    """A runtime whose messages go to that WeCom."""

    phones: Wecom

    def corp_api(
        self, corp: corps.Corp, *, count: CallCount | None = None
    ) -> PhoneCorp:
        """The calls of one corp."""
        return PhoneCorp(corp.corp_id, self.phones)


class Office:
    """A corp of three people, two of whom differ by case alone."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.wecom = Wecom()
        values = {
            each.name: getattr(bench.runtime, each.name) for each in fields(Runtime)
        }
        self.runtime = PhoneRuntime(**values, phones=self.wecom)
        tenant = bench.link(f"wpPhones{next(NUMBERS)}", Truth())
        self.corp_pk = CorpPk(tenant.corp_pk)
        bench.execute("UPDATE corps SET agent_id = 1 WHERE corp_pk = %s", self.corp_pk)
        for userid in PEOPLE:
            bench.execute(
                "INSERT INTO members (corp_pk, userid, department_ids,"
                " department_orders, grounds, employment, fingerprint)"
                " VALUES (%s, %s, '{}', '{}', '{direct}', 'working', '')",
                self.corp_pk,
                userid,
            )
        self.excuses: Counter[str] = Counter()

    def step(self, what: str, whom: str, then: str | int) -> None:
        """Something befalls somebody, or time passes; then a delivery."""
        if what in BEFALLS:
            self.befall(what, whom)
        else:
            self._pass(what)
        if isinstance(then, int):
            self._deliver(steps=then)
        else:
            self.wecom.mood = then
            self._deliver()

    def befall(self, what: str, whom: str) -> None:
        """Something happens to somebody."""
        match what:
            case "ask":
                self._link(whom, "pending", DecisionName.ASK_MEMBER)
            case "link":
                self._link(whom, "linked", DecisionName.LINK_ACCOUNT)
            case "remove" | "leave":
                self._set(whom, LOSSES[what])
                self.wecom.there.discard(whom)
            case "restore" | "back":
                self._set(whom, GAINS[what][0])
                self.wecom.there.add(whom)
                self._note(whom, GAINS[what][1])
            case "hold":
                self._hold(whom)
            case "free":
                self._free()

    def _deliver(self, steps: int | None = None) -> None:
        allowed, before = self.allowed(), self._frozen()
        self.wecom.fresh.clear()
        self.bench.mortal.steps_left = steps
        with contextlib.suppress(WorkerDied):
            deliver(self.runtime, self.corp_pk, rush=never)
        self.bench.mortal.revive()
        self.bench.execute(
            "UPDATE leases SET expires_at = '-infinity' WHERE mailbox = %s",
            f"notices:{self.corp_pk}",
        )
        # What may have arrived before is repeated whoever has left meanwhile.
        assert set(self.wecom.fresh) <= allowed | before

    def allowed(self) -> set[str]:
        """Who may be told something now."""
        rows = self.bench.execute(
            "SELECT userid FROM members JOIN links USING (corp_pk, member_pk)"
            " WHERE corp_pk = %s AND members.state = 'active'"
            " AND employment = 'working' AND links.state = 'pending'"
            " AND NOT EXISTS (SELECT FROM plan_entries JOIN plans USING (plan_id)"
            " WHERE plan_entries.corp_pk = members.corp_pk"
            " AND key = 'member:' || userid AND plans.state = 'held')",
            self.corp_pk,
        )
        return {userid for (userid,) in rows}

    def settle(self) -> None:
        """Everybody is there, nothing is held, WeCom answers: all is delivered."""
        for userid in PEOPLE:
            self.befall("restore", userid)
            self.befall("back", userid)
        self._free()
        for _ in range(6):
            self._pass("a while")
            self._deliver()

    def open_notices(self) -> int:
        """How many notices have no outcome."""
        [[number]] = self.bench.execute(
            "SELECT count(*) FROM notices WHERE corp_pk = %s AND state = 'queued'",
            self.corp_pk,
        )
        return int(number)

    def asked_for_nothing(self) -> set[str]:
        """Who is asked, and may be told, but has no notice that lives."""
        rows = self.bench.execute(
            "SELECT userid FROM members WHERE corp_pk = %s AND NOT EXISTS ("
            " SELECT FROM notices WHERE notices.member_pk = members.member_pk"
            " AND notices.state IN ('sent', 'unknown') AND closed IS NULL)",
            self.corp_pk,
        )
        return {userid for (userid,) in rows} & self.allowed()

    def _link(self, userid: str, state: str, name: DecisionName) -> None:
        linked = state == "linked"
        account = f"{self.corp_pk}-{userid}" if linked else None
        if linked:
            self.excuses[userid] += 1
            self.bench.execute(
                "INSERT INTO accounts (account_id) VALUES (%s) ON CONFLICT DO NOTHING",
                account,
            )
        self.bench.execute(
            "INSERT INTO links (corp_pk, member_pk, company_id, state, asks,"
            " account_id, reason) SELECT corp_pk, member_pk, company_id, %s, %s, %s,"
            " 'not_visible' FROM members JOIN corps USING (corp_pk)"
            " WHERE corp_pk = %s AND userid = %s ON CONFLICT (corp_pk, member_pk)"
            " DO UPDATE SET state = excluded.state, asks = excluded.asks,"
            " account_id = excluded.account_id",
            state,
            None if linked else "link",
            account,
            self.corp_pk,
            userid,
        )
        self._note(userid, name)

    def _note(self, userid: str, name: DecisionName) -> None:
        decision = Decision(
            name=name, key=member_key(userid), before={}, after={}, reason=""
        )
        with transaction(self.runtime.pool) as connection:
            corp = corps.get(connection, self.corp_pk)
            # The same mail may be drained again after a crash.
            note_asked(connection, corp, [decision])
            note_asked(connection, corp, [decision, decision])

    def _free(self) -> None:
        self.bench.execute(
            "UPDATE plans SET state = 'rejected' WHERE corp_pk = %s", self.corp_pk
        )

    def _set(self, userid: str, change: str) -> None:
        self.bench.execute(
            f"UPDATE members SET {change} WHERE corp_pk = %s AND userid = %s",  # noqa: S608 - written above
            self.corp_pk,
            userid,
        )

    def _hold(self, userid: str) -> None:
        plan_id = f"plan-{next(NUMBERS)}"
        self.bench.execute(
            "INSERT INTO plans (plan_id, corp_pk, kind, hash, admins_asked_at)"
            " VALUES (%s, %s, 'members', '', clock_timestamp())",
            plan_id,
            self.corp_pk,
        )
        self.bench.execute(
            "INSERT INTO plan_entries (plan_id, position, corp_pk, key, decision,"
            " before, after, reason) VALUES (%s, 0, %s, %s, 'RemoveMember', '{}',"
            " '{}', 'out_of_scope')",
            plan_id,
            self.corp_pk,
            f"member:{userid}",
        )

    def _pass(self, how_long: str) -> None:
        self.bench.execute(
            "UPDATE deliveries SET not_before = NULL WHERE corp_pk = %s", self.corp_pk
        )
        self.bench.execute(
            "UPDATE notices SET not_before = clock_timestamp(),"
            " tried_at = tried_at - interval '61 seconds' WHERE corp_pk = %s",
            self.corp_pk,
        )
        if how_long == "a while":
            return
        # WeCom has forgotten, and nothing may be repeated any more.
        self.wecom.known.clear()
        self.bench.execute(
            "UPDATE notice_batches SET first_tried_at = first_tried_at"
            " - interval '4 hours' WHERE corp_pk = %s",
            self.corp_pk,
        )
        if how_long == "a month":
            self.bench.execute(
                "UPDATE notices SET expires_at = expires_at - interval '30 days'"
                " WHERE corp_pk = %s",
                self.corp_pk,
            )
            expire_notices(self.runtime)
            self.excuses.update(PEOPLE)

    def _frozen(self) -> set[str]:
        rows = self.bench.execute(
            "SELECT userid FROM notices JOIN members USING (corp_pk, member_pk)"
            " JOIN notice_batches USING (batch_id) WHERE notices.corp_pk = %s"
            " AND notice_batches.state = 'frozen'",
            self.corp_pk,
        )
        return {userid for (userid,) in rows}


@few
@given(steps=st.lists(STEPS, min_size=1, max_size=10))
def test_nobody_is_told_twice_by_one_cause(
    bench: Bench, steps: list[tuple[str, str, str | int]]
) -> None:
    office = Office(bench)
    for each in PEOPLE:
        office.befall("ask", each)

    for what, whom, then in steps:
        office.step(what, whom, then)
    office.settle()

    told_at_most = {each: 1 + office.excuses[each] for each in PEOPLE}
    assert all(office.wecom.arrived[each] <= told_at_most[each] for each in PEOPLE)
    assert office.open_notices() == 0
    assert office.asked_for_nothing() == set()
