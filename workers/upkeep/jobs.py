"""Makes up for whatever was missed: rings, retries, moves, second by second."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from redis import RedisError

from domain.ids import CORP_KEY
from domain.mailbox import mailbox_of_corp
from store.database import glance, transaction
from store.inbox import due
from store.inbox.record import post_internal
from store.installs import installs
from store.intake.gaps import upkeep_gaps
from store.intake.spill import Spill
from store.items import told
from store.links import account_reads, lookups
from store.links.link_claims import LOOKUPS_DUE
from store.notices import deliveries, notices
from store.platform import pauses, tokens
from store.retention import idle_mailboxes
from store.runs import requests
from store.runs.runs import SCOPE_PROBE
from workers.alerts import judge
from workers.inbox import corp_mail
from workers.inbox.spill import move_spill
from workers.installs import app_state, company
from workers.installs.purge import NOT_LINKED, go_on_with_all, purge_late_mail
from workers.items import recheck
from workers.oidc import logouts
from workers.runtime import Runtime
from workers.upkeep import pruning, sampling
from workers.upkeep.agenda import Agenda, JobTurn, take_turns

# A counter in Redis: how often something was due that nobody had rung for.
RINGS_BY_UPKEEP = "rings_by_upkeep"

_MOST_AT_ONCE = 500
_EXPIRED_AT_ONCE = 5_000
_MOST_BATCHES = 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One duty of upkeep; those without a rhythm are done at every tick."""

    name: str
    work: Callable[[Runtime], None]
    every_seconds: float | None = None

    @property
    def turn(self) -> JobTurn:
        """By what it is known whose turn it is."""
        return JobTurn(name=self.name, every_seconds=self.every_seconds)


def tick(
    runtime: Runtime,
    *,
    of: Sequence[Job] | None = None,
    agenda: Agenda | None = None,
    stopping: threading.Event | None = None,
) -> None:
    """Do every job whose turn it is; about once a second, by one process.

    Shape: without an agenda whatever may have its turn has it, be there something to
        do or not.
    Repeats: harmless. A job that fails is logged, and the others go on.
    """
    due = _whose_turn(runtime, JOBS if of is None else of, agenda)
    for job in due:
        if stopping is not None and stopping.is_set():
            return
        try:
            job.work(runtime)
        except Exception as error:
            _log.exception("upkeep failed", extra={"job": job.name})
            runtime.failing.failed(
                runtime.redis, job.name, error, every_seconds=job.every_seconds
            )
        else:
            runtime.failing.done(runtime.redis, job.name)


class Crew:
    """Jobs that may take long, each group in a thread of its own.

    What is rung second by second waits for none of them, and they not for each other.
    """

    def __init__(
        self, runtime: Runtime, stopping: threading.Event, *, agenda: Agenda
    ) -> None:
        self._runtime = runtime
        self._stopping = stopping
        self._agenda = agenda
        self._threads: dict[int, threading.Thread] = {}

    def turn(self) -> None:
        """Begin a turn of each group that has one and has ended its last one."""
        for number, group in enumerate(AT_LENGTH):
            if not self._agenda.has_any([job.turn for job in group]):
                continue
            thread = self._threads.get(number)
            if thread is None or not thread.is_alive():
                # Daemons: they end with the process, between two transactions or in
                # one that Postgres takes back.
                thread = threading.Thread(
                    target=tick,
                    args=(self._runtime,),
                    kwargs={
                        "of": group,
                        "agenda": self._agenda,
                        "stopping": self._stopping,
                    },
                    name=f"upkeep-{group[0].name}",
                    daemon=True,
                )
                self._threads[number] = thread
                thread.start()

    def join(self, seconds: float) -> None:
        """Wait until what has begun is over, for so long at most each."""
        for thread in self._threads.values():
            thread.join(seconds)


def _whose_turn(
    runtime: Runtime, jobs: Sequence[Job], agenda: Agenda | None
) -> Sequence[Job]:
    if agenda is not None:
        taken = agenda.take([job.turn for job in jobs])
        return [job for job in jobs if job.name in taken]
    rhythms = {job.name: job.every_seconds for job in jobs if job.every_seconds}
    with glance(runtime.pool) as connection:
        taken = take_turns(connection, rhythms)
    return [job for job in jobs if job.name in taken or not job.every_seconds]


def ring_mailboxes(runtime: Runtime) -> None:
    """Ring for mail that has been due for 2 s and that nobody drains."""
    with transaction(runtime.pool) as connection:
        mailboxes = due.list_mailboxes(connection, limit=_MOST_AT_ONCE)
    for mailbox in mailboxes:
        runtime.bell.ring(mailbox)
    _count_rings(runtime, len(mailboxes))


def ring_waiting(runtime: Runtime) -> None:
    """Ring for mail that may be taken although its mailbox waits."""
    with transaction(runtime.pool) as connection:
        waiting = due.list_waiting(connection, limit=_MOST_AT_ONCE)
    rung = [
        box.mailbox
        for box, kinds in waiting
        if kinds & corp_mail.allowed_while_waiting(box)
    ]
    for mailbox in rung:
        runtime.bell.ring(mailbox)
    _count_rings(runtime, len(rung))


def ring_runs(runtime: Runtime) -> None:
    """Ring for runs that have been due for 2 s and that nobody works on."""
    with transaction(runtime.pool) as connection:
        found = due.list_runs(connection, limit=_MOST_AT_ONCE)
    for run_id in found:
        runtime.bell.ring_run(run_id)
    _count_rings(runtime, len(found))


def ring_notices(runtime: Runtime) -> None:
    """Ring for notices that have been due for 2 s and that nobody delivers."""
    with transaction(runtime.pool) as connection:
        found = deliveries.list_due(connection, limit=_MOST_AT_ONCE)
    for corp_pk in found:
        runtime.bell.ring_notices(corp_pk)
    _count_rings(runtime, len(found))


def ring_logouts(runtime: Runtime) -> None:
    """Ring for relying parties that were not told yet that a session ended."""
    logouts.ring_due(runtime, limit=_MOST_AT_ONCE)


def end_lost_grants(runtime: Runtime) -> None:
    """Take tokens from members who left, lost the scope, or are linked otherwise."""
    logouts.end_lost(runtime)


def expire_notices(runtime: Runtime) -> None:
    """Close notices whose fourteen days are over."""
    for _ in range(_MOST_BATCHES):
        with transaction(runtime.pool) as connection:
            if notices.expire(connection, limit=_EXPIRED_AT_ONCE) < _EXPIRED_AT_ONCE:
                break


def start_due_corps(runtime: Runtime) -> None:
    """Open a run for each linked corp whose resync, or a look at its scope, is due."""
    with transaction(runtime.pool) as connection:
        opened = [
            requests.request_run(connection, each.corp_pk, cause=each.cause)
            for each in due.take_corps(connection, limit=_MOST_AT_ONCE)
        ]
        opened += [
            requests.request_run(connection, corp_pk, cause=SCOPE_PROBE)
            for corp_pk in due.take_doubted(connection, limit=_MOST_AT_ONCE)
        ]
    for run_id in opened:
        runtime.bell.ring_run(run_id)


def read_due_accounts(runtime: Runtime) -> None:
    """Ring for companies whose people TAPD is to be asked for, if it may be asked."""
    tapd = runtime.settings.tapd
    if not (tapd.client_id and tapd.client_secret):
        return
    with transaction(runtime.pool) as connection:
        found = account_reads.list_due(connection, limit=_MOST_AT_ONCE)
    for company_id in found:
        runtime.bell.ring_accounts(company_id)


def look_up_mobiles(runtime: Runtime) -> None:
    """Have drains ask about further mobiles, or stop waiting for those, where due."""
    with transaction(runtime.pool) as connection:
        corp_ids = lookups.take_due(connection, limit=_MOST_AT_ONCE)
        mailboxes = [mailbox_of_corp(each) for each in corp_ids]
        for mailbox in mailboxes:
            post_internal(
                connection, mailbox=mailbox, kind=LOOKUPS_DUE, key=CORP_KEY, hint={}
            )
    for mailbox in mailboxes:
        runtime.bell.ring(mailbox)


def end_nick_searches(runtime: Runtime) -> None:
    """Have item notices end that wait for the owner of a nick for too long."""
    with transaction(runtime.pool) as connection:
        mailboxes = told.tell_overdue(connection)
    for mailbox in mailboxes:
        runtime.bell.ring(mailbox)


def look_at_pauses(runtime: Runtime) -> None:
    """Have drains ask whether WeCom still keeps the app of paused corps closed."""
    with transaction(runtime.pool) as connection:
        mailboxes = due.take_paused(
            connection, by=app_state.BY_ITSELF, limit=_MOST_AT_ONCE
        )
        for mailbox in mailboxes:
            post_internal(
                connection, mailbox=mailbox, kind=app_state.LOOK, key=CORP_KEY, hint={}
            )
    for mailbox in mailboxes:
        runtime.bell.ring(mailbox)


def retest_parked(runtime: Runtime) -> None:
    """Wake parked mail whose corp is linked now; ignore what waited for too long."""
    with transaction(runtime.pool) as connection:
        woken = due.unpark_linked(connection)
        due.ignore_parked(connection, outcome=NOT_LINKED)
    for mailbox in woken:
        runtime.bell.ring(mailbox)


def move_spilled(runtime: Runtime) -> None:
    """Put into the inbox what was spilled while Postgres was away."""
    spill = Spill(runtime.redis, runtime.keyring)
    move_spill(runtime.pool, spill, runtime.bell)


def look_for_gaps(runtime: Runtime) -> None:
    """Open and close gaps; closing one makes every linked corp due."""
    with transaction(runtime.pool) as connection:
        closing = upkeep_gaps(connection, runtime.redis)
    if closing.reasons:
        extra = {"reasons": list(closing.reasons), "corps": closing.corps}
        _log.warning("gap closed, corps due for a resync", extra=extra)


def finish_purges(runtime: Runtime) -> None:
    """Go on with purges that a drain has left, or died over."""
    go_on_with_all(runtime)


def forget_late_mail(runtime: Runtime) -> None:
    """Empty settled mail that came for corps which were purged before."""
    purge_late_mail(runtime)


def forget_withdrawn(runtime: Runtime) -> None:
    """Drop what a call that was under way has written about a corp just purged."""
    with transaction(runtime.pool) as connection:
        pauses.prune(connection)
        tokens.prune(connection)


def end_awaited_installs(runtime: Runtime) -> None:
    """Refuse the installs whose installer did not sign in while there was time."""
    with transaction(runtime.pool) as connection:
        installs.refuse_awaited(
            connection,
            awaited=company.INSTALLER_AWAITED,
            reason=company.INSTALLER_UNPROVEN,
            seconds=company.AWAITED_SECONDS,
        )


def drop_idle_boxes(runtime: Runtime) -> None:
    """Forget mailboxes in which no mail is left and whose corp does not live."""
    with transaction(runtime.pool) as connection:
        idle_mailboxes.drop_idle_boxes(connection)


def _count_rings(runtime: Runtime, rings: int) -> None:
    if not rings:
        return
    try:
        runtime.redis.incrby(RINGS_BY_UPKEEP, rings)
    except (RedisError, OSError) as error:
        _log.info("rings not counted", extra={"error": type(error).__name__})


# What somebody waits for within seconds: it only looks and rings.
PROMPT = (
    Job(name="mailboxes", work=ring_mailboxes),
    Job(name="runs", work=ring_runs),
    Job(name="notices", work=ring_notices),
    Job(name="corps", work=start_due_corps),
    Job(name="lookups", work=look_up_mobiles),
    Job(name="parked", work=retest_parked),
    Job(name="gaps", work=look_for_gaps, every_seconds=5),
    Job(name="waiting", work=ring_waiting, every_seconds=15),
    Job(name="pauses", work=look_at_pauses, every_seconds=5),
    Job(name="accounts", work=read_due_accounts, every_seconds=15),
    Job(name="installs", work=end_awaited_installs, every_seconds=15),
    Job(name="grants", work=end_lost_grants, every_seconds=15),
    Job(name="logouts", work=ring_logouts, every_seconds=5),
)
# Mail is waiting in it, as much as came while Postgres was away.
SPILL = (Job(name="spill", work=move_spilled),)
# As long as there is something to take away, and nobody waits for it.
TIDYING = (
    Job(name="partitions", work=pruning.keep_partitions, every_seconds=3600),
    Job(name="late_mail", work=forget_late_mail, every_seconds=60),
    Job(name="withdrawn", work=forget_withdrawn, every_seconds=60),
    Job(name="prune", work=pruning.prune, every_seconds=60),
    Job(name="history", work=pruning.prune_history, every_seconds=3600),
    Job(name="expiry", work=expire_notices, every_seconds=60),
    Job(name="nicks", work=end_nick_searches, every_seconds=15),
    Job(name="idle_boxes", work=drop_idle_boxes, every_seconds=60),
    Job(name="old_samples", work=sampling.prune_samples, every_seconds=3600),
)
# What operators look at and wait for: not behind what is taken away.
CONSOLE = (
    Job(
        name="samples",
        work=sampling.take_sample,
        every_seconds=sampling.SAMPLE_SECONDS,
    ),
    Job(
        name="retries",
        work=sampling.retry_batches,
        every_seconds=sampling.RETRY_SECONDS,
    ),
    Job(
        name="censuses",
        work=sampling.take_censuses,
        every_seconds=sampling.CENSUS_SECONDS,
    ),
)
# A corp of a hundred thousand people takes minutes, whoever died over it before.
# Apart from the rest: a channel that does not answer takes seconds.
ALERTS = (
    Job(name="alerts", work=judge.judge, every_seconds=judge.JUDGE_SECONDS),
    Job(name="alert_deliveries", work=judge.ring_deliveries),
    Job(name="audit", work=judge.note_end_of_audit, every_seconds=60),
    Job(name="old_alerts", work=judge.prune, every_seconds=3600),
)
# It asks TAPD, which may be slow.
RECHECKS = (Job(name="item_rechecks", work=recheck.recheck, every_seconds=60),)
PURGES = (Job(name="purges", work=finish_purges, every_seconds=15),)
AT_LENGTH = (SPILL, PURGES, ALERTS, CONSOLE, TIDYING, RECHECKS)
JOBS = (*PROMPT, *SPILL, *PURGES, *ALERTS, *CONSOLE, *TIDYING, *RECHECKS)
