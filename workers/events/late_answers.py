"""Which answers show the state before the event, so that nothing of them is applied."""

from collections.abc import Collection, Mapping
from datetime import datetime

from domain.events.fold import FoldedMail
from domain.ids import Key, Userid
from store.database import Pool, glance
from store.inbox import settlement
from workers.answers.still_said import still_said

# A late answer is asked for again after these, then WeCom has overtaken the event.
LATE_SECONDS = (3.0, 30.0)


class LateAnswers:
    """The keys of one batch whose answers contradict it.

    Shape: `contradicted` are all of them; `deferred` those that are asked about again,
        and of which nothing is applied meanwhile.
    """

    def __init__(
        self,
        pool: Pool,
        mailbox: str,
        batch: FoldedMail,
        *,
        late_asks: Mapping[int, int],
    ) -> None:
        self._pool = pool
        self._mailbox = mailbox
        self._batch = batch
        self._late_asks = late_asks
        self._settled: dict[Key, datetime | None] = {}
        self.contradicted: frozenset[Key] = frozenset()
        self.deferred: frozenset[Key] = frozenset()

    def note(self, keys: Collection[Key]) -> frozenset[Key]:
        """Take down that answers about these contradict the mail; who is deferred."""
        self.contradicted |= frozenset(keys)
        deferred = self.may_wait(keys)
        self.deferred |= deferred
        return deferred

    def may_wait(self, keys: Collection[Key]) -> frozenset[Key]:
        """Those of these about which it is worth asking again.

        News of a key that a newer event has settled came late itself, not the answer.
        """
        trying = [each for each in keys if self.seconds_left(each) is not None]
        self._look_up(trying)
        return frozenset(each for each in trying if not self._is_old(each))

    def seconds_left(self, key: Key) -> float | None:
        """How long to wait before this key is asked about again; None: no longer."""
        newest = self._batch.newest.get(key)
        if newest is None:
            return None
        tries = self._late_asks.get(newest.event_id, 0)
        return LATE_SECONDS[tries] if tries < len(LATE_SECONDS) else None

    def still_said(self, people: Collection[Userid]) -> FoldedMail:
        """The batch without what newer mail about these has outdated."""
        return still_said(self._pool, self._mailbox, self._batch, people)

    def _is_old(self, key: Key) -> bool:
        settled = self._settled[key]
        return settled is not None and self._batch.newest[key].second < settled

    def _look_up(self, keys: Collection[Key]) -> None:
        new = [each for each in keys if each not in self._settled]
        if not new:
            return
        with glance(self._pool) as connection:
            found = settlement.newest_settled(connection, self._mailbox, new)
        self._settled |= {each: found.get(each) for each in new}
