"""The pipeline on a real Postgres, with WeCom and the doorbell in the test's hands."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from dramatiq.brokers.stub import StubBroker

from domain.decisions import Json
from domain.ids import CorpPk, Key, RunId
from domain.org.org import Org
from domain.org.replay import ReplayLine, replay
from store.database import Connection
from store.inbox import record
from store.inbox.ledger import Ledger, get_ledger
from store.inbox.record import MailState, Post
from store.org import corps, departments, journal, members
from store.runs import requests
from store.sealing import new_data_key
from tests.support.mortal import OPTIONS, Mortal, MortalPool
from tests.support.org.bell import RecordingBell
from tests.support.org.in_step import Contents, KeptCorps, is_blank
from tests.support.processes.lending import Lent
from tests.support.wecom.fakes import FakeCorp, Truth
from tests.support.wecom.lying import LyingCorp, LyingWorld
from tests.support.workbench import settings_for
from workers.calls.call_count import CallCount
from workers.inbox import drain as mailbox
from workers.runs import run as work
from workers.runtime import Runtime, data_key_place, put_together

# Long ago, so that a repeat never stands for a second change in the same second.
LONG_AGO = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)

BARRIERS = frozenset({"change_auth", "corp_arch_auth", "cancel_auth"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What WeCom pushes, as the receiver understands it; equal ones are repeats."""

    kind: str = "change_contact"
    change: str | None = None
    key: str
    hint: Mapping[str, Json] = field(default_factory=dict)
    sent_at: datetime = LONG_AGO


def said(change: str, key: str, *, second: int = 0, **hint: Json) -> Event:
    """A contact event, so many seconds after LONG_AGO."""
    plain = change in {"subscribe", "unsubscribe"}
    return Event(
        kind=change if plain else "change_contact",
        change=None if plain else change,
        key=key,
        hint=hint,
        sent_at=LONG_AGO + timedelta(seconds=second),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeRuntime(Runtime):
    """A runtime whose way to WeCom ends in a World."""

    worlds: dict[str, LyingWorld]

    def corp_api(self, corp: corps.Corp, *, count: CallCount | None = None) -> FakeCorp:
        """The calls of one corp."""
        return LyingCorp(self.worlds[corp.corp_id], count)


@dataclass(slots=True, kw_only=True)
class Tenant:
    """One linked corp, its truth in WeCom and the mail posted for it."""

    corp_pk: CorpPk
    world: LyingWorld
    posted: int = 0

    @property
    def mailbox(self) -> str:
        """Where its mail waits."""
        return f"corp:{self.world.corp_id}"


class Bench:
    """A database, a worker that may die, and corps to let it work on."""

    def __init__(
        self,
        database: str,
        redis_url: str,
        *,
        kept: KeptCorps | None = None,
        lent: Lent | None = None,
    ) -> None:
        self._kept, self._lent = kept, lent
        self.mortal = Mortal()
        self.bell = RecordingBell()
        self._pool = (
            lent.mortal_pool(self.mortal)
            if lent is not None
            else MortalPool(database, self.mortal)
        )
        # What the guard holds differs from the truth on purpose.
        settings = settings_for(database=database, redis_url=redis_url, GUARD="off")
        built = put_together(settings, broker=StubBroker(), pool=self._pool)
        self.runtime = FakeRuntime(
            settings=settings,
            pool=self._pool,
            redis=built.redis,
            bell=self.bell,
            keyring=built.keyring,
            transport=built.transport,
            wecom=built.wecom,
            tallies=built.tallies,
            lanes=built.lanes,
            known_pauses=built.known_pauses,
            suspects=built.suspects,
            tapd=None,
            worlds={},
        )
        self._usual = self.runtime
        self._own = (
            lent.connection
            if lent is not None
            else psycopg.connect(database, autocommit=True, options=OPTIONS)
        )

    def close(self) -> None:
        """Let go of the connections, except those that were lent."""
        # A timer would write into the next test's Redis.
        self.runtime.tallies.write()
        if self._lent is None:
            self._own.close()
            self._pool.close()
        self.runtime.redis.close()

    def execute(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a statement that no worker makes."""
        cursor = self._own.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []

    @contextmanager
    def own(self) -> Iterator[Connection]:
        """A transaction of the test's own."""
        with self._own.transaction():
            yield self._own

    def link(
        self,
        corp_id: str,
        truth: Truth,
        *,
        state: str = "linked",
        origin: str = "tapd",
    ) -> Tenant:
        """A corp in this state that was never read."""
        company = f"company of {corp_id}"
        self.execute(
            "INSERT INTO companies (company_id, name, origin) VALUES (%s, %s, %s)",
            company,
            company,
            origin,
        )
        [[corp_pk]] = self.execute(
            "INSERT INTO corps (corp_id, state, company_id) VALUES (%s, %s, %s)"
            " RETURNING corp_pk",
            corp_id,
            state,
            company,
        )
        sealed = self.runtime.keyring.seal(
            new_data_key(), place=data_key_place(corp_pk)
        )
        self.execute(
            "UPDATE corps SET data_key = %s WHERE corp_pk = %s", sealed, corp_pk
        )
        return self._show(corp_pk, corp_id, truth)

    def _show(self, corp_pk: CorpPk, corp_id: str, truth: Truth) -> Tenant:
        """Let WeCom show a corp that is stored."""
        world = LyingWorld(corp_id=corp_id, truth=truth, before=truth.copy())
        self.runtime.worlds[corp_id] = world
        return Tenant(corp_pk=corp_pk, world=world)

    def link_in_step(self, corp_id: str, truth: Truth) -> Tenant:
        """A linked corp that has been read."""
        kept, shown = self._kept, f"{corp_id} {truth!r}"
        # Another way of working might read something else.
        if kept is None or self.runtime is not self._usual or not is_blank(self._own):
            return self.link_and_read(corp_id, truth)
        if (contents := kept.find(shown)) is not None:
            contents.put(self._own)
            [[corp_pk]] = self.execute("SELECT corp_pk FROM corps")
            return self._show(corp_pk, corp_id, truth)
        if not kept.wants(shown):
            return self.link_and_read(corp_id, truth)
        before = Contents.of(self._own)
        tenant = self.link_and_read(corp_id, truth)
        kept.keep(shown, before=before, after=Contents.of(self._own))
        return tenant

    def link_and_read(self, corp_id: str, truth: Truth) -> Tenant:
        """The same, read here and now: for whoever looks at how that is done."""
        tenant = self.link(corp_id, truth)
        self.resync(tenant)
        tenant.world.calls.clear()
        self.bell.rung.clear()
        return tenant

    def post(self, tenant: Tenant, event: Event) -> int:
        """The id of the mail that the receiver makes of an event; equal ones are one.

        Repeats: counted by the inbox as a duplicate.
        """
        content = repr(event).encode()
        barrier = event.kind in BARRIERS
        with psycopg.Connection.transaction(self._own):
            recorded = record.record(
                self._own,
                Post(
                    digest=record.identify(mailbox=tenant.mailbox, content=content),
                    mailbox=tenant.mailbox,
                    kind=event.kind,
                    change=event.change,
                    key=Key(event.key),
                    state=MailState.PENDING,
                    outcome=None,
                    sent_at=event.sent_at,
                    hint=event.hint,
                    body=None,
                    barrier=barrier,
                ),
            )
        tenant.posted += 1
        return recorded.event_id

    def drain(self, tenant: Tenant) -> None:
        """One drain of the corp's mailbox."""
        mailbox.drain(self.runtime, tenant.mailbox)

    def request_run(self, tenant: Tenant, *, deep: bool = False) -> RunId:
        """Wish for a full read."""
        with self._own.transaction():
            return requests.request_run(
                self._own, tenant.corp_pk, cause="operator", deep=deep
            )

    def work_on(self, run_id: RunId) -> None:
        """One turn at a run."""
        work.work_on(self.runtime, run_id)

    def resync(self, tenant: Tenant, *, deep: bool = False) -> RunId:
        """A full read, from the wish to its end."""
        run_id = self.request_run(tenant, deep=deep)
        for _ in range(20):
            self.make_due(tenant)
            for each in self.open_runs(tenant):
                self.work_on(each)
            if not self.open_runs(tenant):
                return run_id
        raise AssertionError(f"the run does not end: {self.run(run_id)}")

    def settle(self, tenant: Tenant) -> None:
        """Drain and read until neither mail nor a run is left, waiting for nothing."""
        # Each barrier takes a drain, and each late answer three.
        for _ in range(60 + 4 * self.pending(tenant)):
            self.make_due(tenant)
            if self.pending(tenant):
                self.drain(tenant)
            for each in self.open_runs(tenant):
                self.make_due(tenant)
                self.work_on(each)
            if not self.pending(tenant) and not self.open_runs(tenant):
                return
        raise AssertionError(f"mail does not settle: {self.mail(tenant)}")

    def make_due(self, tenant: Tenant) -> None:
        """Let the time pass for which mail, mailbox and runs wait."""
        self.execute(
            "UPDATE inbox SET not_before = NULL WHERE mailbox = %s", tenant.mailbox
        )
        self.execute(
            "UPDATE mailboxes SET not_before = clock_timestamp() WHERE mailbox = %s"
            " AND waits_for <> ALL('{paused,first_read}')",
            tenant.mailbox,
        )
        self.execute(
            "UPDATE runs SET not_before = clock_timestamp() WHERE corp_pk = %s",
            tenant.corp_pk,
        )
        self.execute(
            "UPDATE absences SET since = since - interval '3 s' WHERE corp_pk = %s",
            tenant.corp_pk,
        )
        self.execute(
            "UPDATE departments SET unlisted_since = unlisted_since - interval '3 s'"
            " WHERE corp_pk = %s AND unlisted_since IS NOT NULL",
            tenant.corp_pk,
        )

    def bury(self, tenant: Tenant) -> None:
        """Let the lease and the run of a dead worker run out; the next one lives."""
        self.mortal.revive()
        self.execute(
            "UPDATE leases SET expires_at = '-infinity' WHERE mailbox = %s",
            tenant.mailbox,
        )
        self.execute(
            "UPDATE runs SET worker_until = '-infinity' WHERE corp_pk = %s",
            tenant.corp_pk,
        )

    def pending(self, tenant: Tenant) -> int:
        """How much mail is pending."""
        [[count]] = self.execute(
            "SELECT count(*) FROM inbox WHERE mailbox = %s AND state = 'pending'",
            tenant.mailbox,
        )
        return int(count)

    def open_runs(self, tenant: Tenant) -> list[RunId]:
        """Runs that are not ended, the one under way first."""
        rows = self.execute(
            "SELECT run_id FROM runs WHERE corp_pk = %s AND state IN"
            " ('queued', 'running') ORDER BY state DESC",
            tenant.corp_pk,
        )
        return [RunId(each) for (each,) in rows]

    def mail(self, tenant: Tenant) -> list[tuple[str, str | None]]:
        """State and outcome of each piece of mail, as it arrived."""
        rows = self.execute(
            "SELECT state, outcome FROM inbox WHERE mailbox = %s ORDER BY event_id",
            tenant.mailbox,
        )
        return [(state, outcome) for state, outcome in rows]

    def run(self, run_id: RunId) -> dict[str, Any]:
        """What is recorded of a run."""
        columns = "state, error, calls, calls_least, decisions, strikes, cause"
        [row] = self.execute(f"SELECT {columns} FROM runs WHERE run_id = %s", run_id)  # noqa: S608 - a constant
        return dict(zip(columns.split(", "), row, strict=True))

    def org(self, tenant: Tenant) -> Org:
        """The org as stored."""
        with self._own.transaction():
            return Org(
                departments={
                    each.department_id: each
                    for each in departments.list_all(self._own, tenant.corp_pk)
                },
                members={
                    each.member.userid: each.member
                    for each in members.list_active(self._own, tenant.corp_pk)
                },
            )

    def replayed(self, tenant: Tenant) -> Org:
        """The org that the journal makes out of nothing."""
        with self._own.transaction():
            corp = corps.get(self._own, tenant.corp_pk)
            key = self.runtime.data_key(corp)
            return replay(
                ReplayLine(decision=each.decision, key=Key(each.key), after=each.after)
                for each in journal.read_all(self._own, tenant.corp_pk, data_key=key)
            )

    def ledger_of(self, tenant: Tenant) -> list[Ledger]:
        """The ledger of every day on which something was received."""
        days = self.execute(
            "SELECT DISTINCT (received_at AT TIME ZONE 'UTC')::date FROM inbox"
            " WHERE mailbox = %s",
            tenant.mailbox,
        )
        return [
            get_ledger(self._own, day, mailboxes=[tenant.mailbox]) for (day,) in days
        ]

    def written(self, tenant: Tenant) -> list[tuple[Any, ...]]:
        """Every row of org and journal with its place: any write changes it."""
        return [
            row
            for table in ("departments", "members", "aliases", "journal", "tags")
            for row in self.execute(
                f"SELECT '{table}', ctid, xmin, * FROM {table} WHERE corp_pk = %s"  # noqa: S608 - constant names
                " ORDER BY 2",
                tenant.corp_pk,
            )
        ]
