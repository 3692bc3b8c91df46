"""Puts into the outbox what decisions call for, in the very transaction of theirs."""

from collections.abc import Iterable

from domain.decisions import Decision
from domain.ids import Key, Userid, split_key
from domain.notices import wishes_of
from store.database import Connection
from store.notices import notices
from store.org.corps import Corp
from workers.queue.bell import Bell


def note_asked(
    connection: Connection, corp: Corp, decisions: Iterable[Decision]
) -> int:
    """Queue notices for those who are to be asked, after their links were written.

    Shape: how many were queued; if any, ring the corp's notices after the commit.
    Repeats: one notice per cause, whatever is decided how often.
    """
    wishes = wishes_of(decisions)
    if wishes.answered:
        notices.note_answered(connection, corp.corp_pk, _userids(wishes.answered))
    if not wishes.asked or corp.company_id is None:
        return 0
    return notices.queue_asked(
        connection, corp.corp_pk, corp.company_id, _userids(wishes.asked)
    )


def ring_for(
    bell: Bell, corp: Corp, decisions: Iterable[Decision], *, held: bool
) -> None:
    """After the commit: have delivered what these decisions may have queued.

    Shape: `held`: removals wait, so that the corp's admins are to be asked.
    """
    if held or wishes_of(decisions).asked:
        bell.ring_notices(corp.corp_pk)


def _userids(keys: Iterable[Key]) -> list[Userid]:
    return [Userid(split_key(each)[1]) for each in keys]
