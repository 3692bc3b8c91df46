"""Delivers the outbox of one corp: freeze, send, note the outcome; nobody gets two."""

import json
import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import logs
from domain.ids import CorpPk
from domain.items.quiet_hours import day_began
from domain.notices import may_be_repeated, rush_seconds, unreached
from domain.states import CorpState
from store.database import Connection, StoreUnavailable, transaction
from store.inbox.leases import LeaseLost
from store.items.digests import gather
from store.notices import batches, cards, deliveries
from store.notices.batches import NoticeBatch
from store.notices.deliveries import Delivery
from store.notices.notices import APPROVAL
from store.notices.queued import list_open, lock_queued, put_off
from store.org import corps
from store.org.corps import Corp
from store.platform.metrics import NOTICES
from tracing import spans
from wecom.errors import WeComError
from wecom.wire import SendResult
from workers.failures import Judgement, judge
from workers.installs import corp_state
from workers.lease import leased, taken
from workers.notices.card_updates import tend_cards
from workers.notices.compose import compose, may_be_sent, set_aside, sift
from workers.notices.send_faults import (
    STALE_AGENT,
    Fate,
    fate_of,
    reason_of,
    refuses_all_cards,
    refuses_buttons,
    refuses_cards,
)
from workers.runtime import Runtime

# A turn ends after so long, so that corps take turns.
_TURN_SECONDS = 60.0
_PAGE_NOTICES = 1_000
_REFUSED_SECONDS = 3_600.0
_RUSH_JITTER_SECONDS = 5.0
# So many refused in a row one by one: then it is not they whom WeCom refuses.
_LONE_REFUSALS = 3

_log = logging.getLogger(__name__)


def deliver(
    runtime: Runtime,
    corp_pk: CorpPk,
    *,
    rush: Callable[[datetime], float] = rush_seconds,
) -> None:
    """Send what is queued for the members of a corp, unless another does.

    Repeats: harmless; a second delivery finds the lease held or nothing to do.
    """
    runtime.bell.answer_notices(corp_pk)
    with logs.concerning(corp_pk=corp_pk):
        try:
            again = _deliver(runtime, corp_pk, rush)
        except StoreUnavailable:
            _log.warning("delivery given up, store away")
            return
    if again:
        runtime.bell.ring_notices(corp_pk)


def _deliver(
    runtime: Runtime, corp_pk: CorpPk, rush: Callable[[datetime], float]
) -> bool:
    name = deliveries.lease_name(corp_pk)
    with taken(runtime.pool, name) as lease:
        if lease is None:
            return False
        _Turn(runtime, corp_pk, lease=lease, rush=rush).work()
    # Only now: what was queued while the lease was held found it held.
    with transaction(runtime.pool) as connection:
        return deliveries.is_due(connection, corp_pk)


class _Turn:
    """One worker's turn at the outbox of one corp; each commit checks its lease."""

    def __init__(
        self,
        runtime: Runtime,
        corp_pk: CorpPk,
        *,
        lease: UUID,
        rush: Callable[[datetime], float],
    ) -> None:
        self._runtime = runtime
        self._corp_pk = corp_pk
        self._lease = lease
        self._rush = rush

    def work(self) -> None:
        """Take step after step until nothing is due, or the turn is over."""
        ends_at = time.monotonic() + _TURN_SECONDS
        try:
            while time.monotonic() < ends_at and self._step():
                pass
        except LeaseLost:
            _log.info("delivery taken over")
        except StoreUnavailable:
            raise
        except Exception as error:
            # Asking for admins, or a fault of our own: the corp waits, others go on.
            self._note_trouble(error)

    def _step(self) -> bool:
        """Send one batch, or tend to one card; False when nothing is left to do now."""
        with self._writing() as connection:
            corp = corps.share(connection, self._corp_pk)
            delivery = deliveries.open_delivery(connection, corp.corp_pk)
            if (
                corp.state is not CorpState.LINKED
                or corp.agent_id is None
                or delivery.waits
            ):
                return False
            if quiet := self._rush(delivery.now):
                # Not all corps at once when it is over.
                spread = random.uniform(0, _RUSH_JITTER_SECONDS)  # noqa: S311 - spreads load
                deliveries.pace(
                    connection, corp.corp_pk, seconds=quiet + spread, waits_for="rush"
                )
                return False
            batch = self._next_batch(connection, corp, delivery)
            is_sent = batch is not None and self._prepare(connection, batch)
        if batch is None:
            return tend_cards(self._runtime, corp, writing=self._writing)
        # Here a notice meets its event again.
        with (
            logs.concerning(batch.events, batch_id=batch.batch_id),
            spans.working("notice", batch.events, _told_of(batch)),
        ):
            return self._carry(corp, batch, is_sent=is_sent)

    def _carry(self, corp: Corp, batch: NoticeBatch, *, is_sent: bool) -> bool:
        if is_sent:
            return self._send(corp, batch)
        self._count(unknown=len(batch.userids))
        return True

    def _prepare(self, connection: Connection, batch: NoticeBatch) -> bool:
        """Whether the batch is to be sent now; else whether it arrived is not known."""
        # Nobody is left to be asked by a repeat; while one is, all get the same bytes.
        if _is_too_late(batch) or self._asks_nobody(connection, batch):
            batches.end_unknown(connection, self._corp_pk, batch)
            return False
        batches.note_try(connection, self._corp_pk, batch)
        return True

    def _asks_nobody(self, connection: Connection, batch: NoticeBatch) -> bool:
        """Whether nobody of the batch may be messaged now: left, linked, closed, held.

        WeCom reaches no one who has left, so those who have do not spoil a repeat.
        """
        if batch.tries == 0:
            # Whoever was frozen a moment ago was looked at then.
            return False
        return not any(map(may_be_sent, list_open(connection, self._corp_pk, batch)))

    def _next_batch(
        self, connection: Connection, corp: Corp, delivery: Delivery
    ) -> NoticeBatch | None:
        found = batches.find_frozen(
            connection, corp.corp_pk, data_key=self._runtime.data_key(corp)
        )
        return found or self._freeze(connection, corp, delivery)

    def _freeze(
        self, connection: Connection, corp: Corp, delivery: Delivery
    ) -> NoticeBatch | None:
        """The next batch, frozen; None when nobody may be messaged now."""
        zone = ZoneInfo(self._runtime.settings.time_zone)
        began = day_began(delivery.now, zone=zone)
        gather(connection, corp.corp_pk)
        while queued := lock_queued(
            connection, corp.corp_pk, limit=_PAGE_NOTICES, day_began=began
        ):
            sifted = sift(
                queued,
                now=delivery.now,
                zone=zone,
                switch=self._runtime.settings.item_notices,
            )
            set_aside(connection, corp, sifted)
            self._count(dropped=len(sifted.dropped))
            if sifted.free:
                frozen = compose(
                    connection,
                    self._runtime,
                    corp,
                    sifted.free,
                    most=delivery.batch_limit,
                )
                if frozen is None:
                    continue
                key = self._runtime.data_key(corp)
                batches.freeze(connection, corp.corp_pk, frozen, data_key=key)
                return batches.fresh(frozen, now=delivery.now)
        return None

    def _send(self, corp: Corp, batch: NoticeBatch) -> bool:
        try:
            # The same text gives the same bytes: a repeat must equal its first try.
            result = self._runtime.corp_api(corp).send(json.loads(batch.body))
        except Exception as error:
            # The one place where errors of a delivery get their meaning.
            return self._note_failure(corp, batch, error)
        self._note_sent(corp, batch, result)
        return True

    def _note_sent(self, corp: Corp, batch: NoticeBatch, result: SendResult) -> None:
        complaints = {
            **dict.fromkeys(
                unreached(batch.userids, result.unlicensed_userids), "unlicensed"
            ),
            **dict.fromkeys(
                unreached(batch.userids, result.invalid_userids), "unreachable"
            ),
        }
        with self._writing() as connection:
            batches.end_sent(connection, corp.corp_pk, batch, unreached=complaints)
            deliveries.note_success(connection, corp.corp_pk)
            if batch.kind == APPROVAL and result.response_code:
                cards.keep_code(
                    connection,
                    batch.batch_id,
                    result.response_code,
                    data_key=self._runtime.data_key(corp),
                )
        self._count(sent=len(batch.userids) - len(complaints))
        self._count(**{batches.missed_of(batch): len(complaints)})

    def _note_trouble(self, error: Exception) -> None:
        with self._writing() as connection:
            corp = corps.share(connection, self._corp_pk)
            delivery = deliveries.open_delivery(connection, self._corp_pk)
            judgement = judge(error, strikes=delivery.strikes)
            self._wait(connection, judgement)
        corp_state.heed(self._runtime, corp.mailbox, judgement.fault)

    def _note_failure(self, corp: Corp, batch: NoticeBatch, error: Exception) -> bool:
        """Whether to go on at once."""
        with self._writing() as connection:
            delivery = deliveries.open_delivery(connection, corp.corp_pk)
            if refuses_cards(error, batch):
                batches.recast(connection, corp.corp_pk, batch)
                if refuses_all_cards(error):
                    deliveries.note_cards_refused(connection, corp.corp_pk)
                return True
            if refuses_buttons(error, batch):
                self._end_refused(connection, batch)
                return True
            judgement = judge(error, strikes=delivery.strikes)
            _log.info("batch not taken", extra={"error": judgement.error})
            go_on = self._dispose(connection, batch, error, judgement, delivery)
        corp_state.heed(self._runtime, corp.mailbox, judgement.fault)
        return go_on

    def _dispose(
        self,
        connection: Connection,
        batch: NoticeBatch,
        error: Exception,
        judgement: Judgement,
        delivery: Delivery,
    ) -> bool:
        match fate_of(error, batch):
            case Fate.OVER:
                everybody = dict.fromkeys(batch.userids, reason_of(error))
                batches.end_sent(connection, self._corp_pk, batch, unreached=everybody)
                self._count(undeliverable=len(everybody))
                return True
            case Fate.UNKNOWN:
                batches.end_unknown(connection, self._corp_pk, batch)
                self._count(unknown=len(batch.userids))
                return True
            case Fate.REFUSED:
                return self._corner(connection, batch, judgement, delivery)
            case Fate.NOT_TAKEN:
                batches.thaw(connection, self._corp_pk, batch)
                if isinstance(error, WeComError) and error.errcode in STALE_AGENT:
                    # Which agent is ours is read again with the scope.
                    corps.make_due(connection, self._corp_pk, cause="scope")
        self._wait(connection, judgement)
        return False

    def _corner(
        self,
        connection: Connection,
        batch: NoticeBatch,
        judgement: Judgement,
        delivery: Delivery,
    ) -> bool:
        """Halve what is sent next until whom WeCom refuses stands alone."""
        if len(batch.userids) > 1:
            batches.thaw(connection, self._corp_pk, batch)
            half = len(batch.userids) // 2
            deliveries.limit_batches(connection, self._corp_pk, half)
            return True
        if delivery.strikes < _LONE_REFUSALS:
            self._end_refused(connection, batch)
            deliveries.wait(
                connection, self._corp_pk, seconds=0, waits_for=judgement.waits_for
            )
            return True
        # Everybody is refused, so it is our side that somebody has to mend.
        batches.thaw(connection, self._corp_pk, batch)
        put_off(connection, self._corp_pk, batch.userids, seconds=_REFUSED_SECONDS)
        self._wait(connection, judgement)
        return False

    def _end_refused(self, connection: Connection, batch: NoticeBatch) -> None:
        everybody = dict.fromkeys(batch.userids, "refused")
        batches.end_sent(connection, self._corp_pk, batch, unreached=everybody)
        self._count(undeliverable=len(everybody))

    def _wait(self, connection: Connection, judgement: Judgement) -> None:
        deliveries.wait(
            connection,
            self._corp_pk,
            seconds=judgement.wait_seconds,
            waits_for=judgement.waits_for,
        )

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that commits only while the lease is ours.

        Raises: LeaseLost.
        """
        with leased(
            self._runtime.pool, deliveries.lease_name(self._corp_pk), self._lease
        ) as connection:
            yield connection

    def _count(self, **outcomes: int) -> None:
        self._runtime.tallies.count(NOTICES, outcomes)


def _told_of(batch: NoticeBatch) -> spans.Attributes:
    people = len(batch.userids)
    return {"notice.kind": batch.kind, "people": people, "tries": batch.tries}


def _is_too_late(batch: NoticeBatch) -> bool:
    if not batch.doubtful or batch.first_tried_at is None:
        return False
    return not may_be_repeated(batch.first_tried_at, now=batch.now)
