"""Mail about links: what people said, what TAPD's side changed, what WeCom can tell."""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from domain.decisions import Decision
from domain.ids import CompanyId, Userid
from domain.links.linking import LONGEST_WAIT
from store.database import Connection
from store.inbox import settlement
from store.inbox.claims import ClaimedBatch, ClaimedMail
from store.inbox.settlement import Settled
from store.links import link_claims, links, lookups
from store.links.link_claims import (
    ACCOUNTS_CHANGED,
    LINK_PROVED,
    LINK_RESOLVED,
    UNLINKED,
)
from store.links.lookups import MobileQuestion
from store.org import corps, journal
from store.org.corps import Corp
from store.org.journal import Cause
from wecom.errors import NotPermitted, Throttled, Unavailable, WeComError
from workers.lease import leased
from workers.links.linking import Linker
from workers.links.mobile_questions import ENDPOINT, MobileQuestions
from workers.notices.outbox import note_asked, ring_for
from workers.runtime import Runtime

LOOKUPS_DUE = link_claims.LOOKUPS_DUE
LINK_KINDS = frozenset(
    {ACCOUNTS_CHANGED, LINK_PROVED, LINK_RESOLVED, UNLINKED, LOOKUPS_DUE}
)

# More wait for the next turn, so that events need not wait for them.
_MOST_QUESTIONS = 50
_MOST_CLAIMS = 1_000
# WeCom blocks for a day whoever asks about too many wrong mobiles (91693); and an app
# that may not ask at all is told so by each question.
_TOO_MANY_WRONG = 45009
_BLOCKED = timedelta(days=1)

_log = logging.getLogger(__name__)


def relink(
    runtime: Runtime, corp: Corp, claim: ClaimedBatch, rows: Sequence[ClaimedMail]
) -> None:
    """Examine the members whom this mail concerns, and settle it.

    Repeats: harmless; what people said lies in the store, the mail only points there.
    Raises: what WeCom raises to a question about a mobile; what was answered before
        is kept.
    """
    work = _Relinking(runtime, corp, claim)
    kinds = {each.kind for each in rows}
    work.commit(work.take_claims)
    if LOOKUPS_DUE in kinds:
        work.look_up()
    if kinds & {ACCOUNTS_CHANGED, LOOKUPS_DUE}:
        work.linker.catch_up(runtime.pool, work.commit)
    work.settle(rows)


class _Relinking:
    """One drain's work on the links of a corp."""

    def __init__(self, runtime: Runtime, corp: Corp, claim: ClaimedBatch) -> None:
        self._runtime = runtime
        self._corp = corp
        self._claim = claim
        self._decided: set[str] = set()
        self.linker = Linker(runtime, corp)

    def commit(self, decide: Callable[[Connection], list[Decision]]) -> None:
        """One page: links and journal in one transaction, checked by the lease."""
        corp_pk = self._corp.corp_pk
        with leased(
            self._runtime.pool, self._claim.mailbox, self._claim.lease
        ) as connection:
            corps.lock(connection, corp_pk)
            decisions = decide(connection)
            journal.write(
                connection,
                corp_pk,
                cause=Cause(name="mail"),
                decisions=decisions,
                data_key=self._runtime.data_key(self._corp),
            )
            note_asked(connection, self._corp, decisions, mail=self._claim.mail)
        ring_for(self._runtime.bell, self._corp, decisions, held=False)
        self._runtime.tallies.decided(decisions)
        self._decided |= {each.key for each in decisions}

    def take_claims(self, connection: Connection) -> list[Decision]:
        """Decide by what people have said since somebody looked last."""
        pks = link_claims.list_open(connection, self._corp.corp_pk, limit=_MOST_CLAIMS)
        return self.linker.examine(connection, member_pks=pks)

    def look_up(self) -> None:
        """Ask WeCom about some mobiles; whoever it names is examined at once.

        Events of the corp wait for none of it: upkeep comes back to what is open still.
        """
        questions = self._reserve()
        if not questions:
            return
        asking = MobileQuestions(self._runtime.corp_api(self._corp))
        widths = self._runtime.lanes.of(self._corp.corp_id)
        answered = asking.ask(questions, at_once=lambda: widths(ENDPOINT))
        self.commit(partial(self._keep_answers, asking=asking, answers=answered))
        error = asking.error
        if isinstance(error, NotPermitted) or _is_block(error):
            self._note_block()
        elif error is not None and not isinstance(error, Throttled | Unavailable):
            raise error

    def settle(self, rows: Sequence[ClaimedMail]) -> None:
        """The mail has been decided about; upkeep learns when to look again."""
        with leased(
            self._runtime.pool, self._claim.mailbox, self._claim.lease
        ) as connection:
            if link_claims.list_open(connection, self._corp.corp_pk, limit=1):
                return
            self._plan_lookups(connection)
            outcomes: dict[int, tuple[Settled, str]] = {}
            for each in rows:
                is_about_all = each.key == "corp" and self._decided
                changed = is_about_all or each.key in self._decided
                outcomes[each.event_id] = (
                    "done",
                    "applied" if changed else "no_difference",
                )
            settlement.settle(connection, self._claim, outcomes)

    def _reserve(self) -> list[MobileQuestion]:
        corp_pk, company_id = self._corp.corp_pk, self._company_id
        with leased(
            self._runtime.pool, self._claim.mailbox, self._claim.lease
        ) as connection:
            corps.lock(connection, corp_pk)
            standing = lookups.get_standing(connection, corp_pk)
            blocked = standing.blocked_until
            if not standing.may_gain or (blocked and blocked > standing.now):
                return []
            return lookups.reserve(
                connection, corp_pk, company_id, standing, limit=_MOST_QUESTIONS
            )

    def _keep_answers(
        self,
        connection: Connection,
        *,
        asking: MobileQuestions,
        answers: Sequence[tuple[MobileQuestion, Userid | None]],
    ) -> list[Decision]:
        corp_pk = self._corp.corp_pk
        lookups.answer(connection, corp_pk, answers)
        lookups.give_back(connection, corp_pk, asking.unasked)
        named = [userid for _, userid in answers if userid is not None]
        pks = links.find_pks(connection, corp_pk, named)
        return self.linker.examine(connection, member_pks=pks)

    def _note_block(self) -> None:
        with leased(
            self._runtime.pool, self._claim.mailbox, self._claim.lease
        ) as connection:
            now = lookups.get_standing(connection, self._corp.corp_pk).now
            lookups.block(connection, self._corp.corp_pk, until=now + _BLOCKED)
        _log.warning("lookups blocked", extra={"corp_pk": self._corp.corp_pk})

    def _plan_lookups(self, connection: Connection) -> None:
        corp_pk, company_id = self._corp.corp_pk, self._company_id
        standing = lookups.get_standing(connection, corp_pk)
        due = lookups.find_next_due(
            connection, corp_pk, company_id, standing, longest_wait=LONGEST_WAIT
        )
        lookups.set_due(connection, corp_pk, due)

    @property
    def _company_id(self) -> CompanyId:
        if self._corp.company_id is None:
            raise LookupError(f"corp {self._corp.corp_pk} is linked to no company")
        return self._corp.company_id


def _is_block(error: WeComError | None) -> bool:
    return isinstance(error, Throttled) and error.errcode == _TOO_MANY_WRONG
