"""Puts into the outbox what decisions call for, in the very transaction of theirs."""

from collections.abc import Iterable, Sequence

from domain.decisions import Decision
from domain.ids import Key, Userid, split_key
from domain.notices import wishes_of
from store.database import Connection
from store.inbox.claims import ClaimedMail
from store.notices import notices
from store.org.corps import Corp
from workers.queue.bell import Bell


def note_asked(
    connection: Connection,
    corp: Corp,
    decisions: Iterable[Decision],
    *,
    mail: Sequence[ClaimedMail] = (),
    otherwise: Sequence[int] = (),
) -> int:
    """Queue notices for those who are to be asked, after their links were written.

    Shape: how many were queued; if any, ring the corp's notices after the commit. A
        notice goes back to the newest mail that names its member, else to the newest
        of all, else to the events named `otherwise`.
    Repeats: one notice per cause, whatever is decided how often.
    """
    wishes = wishes_of(decisions)
    if wishes.answered:
        notices.note_answered(connection, corp.corp_pk, _userids(wishes.answered))
    if not wishes.asked or corp.company_id is None:
        return 0
    return notices.queue_asked(
        connection,
        corp.corp_pk,
        corp.company_id,
        _userids(wishes.asked),
        events=_events(wishes.asked, mail, otherwise),
    )


def ring_for(
    bell: Bell, corp: Corp, decisions: Iterable[Decision], *, held: bool
) -> None:
    """After the commit: have delivered what these decisions may have queued.

    Shape: `held`: removals wait, so that the corp's admins are to be asked.
    """
    if held or wishes_of(decisions).asked:
        bell.ring_notices(corp.corp_pk)


def _events(
    asked: Iterable[Key], mail: Sequence[ClaimedMail], otherwise: Sequence[int]
) -> list[int | None]:
    """The event that each of these goes back to, in their order."""
    by_key = {each.key: each.event_id for each in mail}
    rest = [*otherwise, *(each.event_id for each in mail)]
    return [by_key.get(each, max(rest, default=None)) for each in asked]


def _userids(keys: Iterable[Key]) -> list[Userid]:
    return [Userid(split_key(each)[1]) for each in keys]
