"""What a drain applies, sent as one statement where nothing is asked on the way.

Most drains change one member: they hold lease and corp, write member and journal,
settle the mail and give the lease back, and none of it needs an answer of another.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from domain.ids import CorpPk
from store.database import (
    Connection,
    Pool,
    PooledConnection,
    committing_each,
    transaction,
)
from store.inbox import leases, mailboxes, settlement
from store.inbox.claims import ClaimedBatch
from store.inbox.leases import LeaseLost
from store.inbox.settlement import Settled
from store.writes import ALLOWED, Change, Gathering, make, make_if

_RELEASE = f"{leases.RELEASE} AND {ALLOWED}"
# First the lease, then the corp: what is changed under these waits for both.
_LOCKED = """
    WITH lease AS ({lease} RETURNING mailbox), allowed AS (
        SELECT corp_pk FROM corps
        WHERE corp_pk = %(corp_pk)s AND EXISTS (SELECT FROM lease)
        FOR UPDATE
    )
"""
_HELD = _LOCKED.format(lease=leases.HOLD)
# Nobody gets it before the commit, and a statement changes a row but once.
_GIVEN_BACK = _LOCKED.format(lease=leases.RELEASE)


@contextmanager
def applying(pool: Pool, claim: ClaimedBatch, corp_pk: CorpPk) -> Iterator[Connection]:
    """A transaction that commits only while the lease is ours, with the corp locked.

    Shape: what is written by `store.writes` waits for its end, or until anything else
        is asked or done in it. Whatever was read under the lease before still holds.
    Raises: LeaseLost, for a corp that was taken away too; StoreUnavailable.
    """
    with transaction(pool) as connection:
        if not isinstance(connection, PooledConnection) or connection.autocommit:
            # What stands in for a pool: its transaction has begun.
            begin_apply(connection, claim, corp_pk)
            yield connection
            return
        with committing_each(connection):
            yield from _gathered(connection, claim, corp_pk)


def begin_apply(connection: Connection, claim: ClaimedBatch, corp_pk: CorpPk) -> None:
    """Lock lease and corp for this transaction.

    Raises: LeaseLost, for a corp that was taken away too.
    """
    _make(connection, _HELD, (), claim, corp_pk)


def settle_and_end(
    connection: Connection,
    claim: ClaimedBatch,
    outcomes: Mapping[int, tuple[Settled, str]],
) -> None:
    """Settle the last of a claim, note that all went well, and give the lease back.

    The lease is checked in the same transaction, and nobody gets it before the commit.
    """
    make(
        connection,
        settlement.settling(claim, outcomes),
        mailboxes.outcome(claim.mailbox),
        Change(text=_RELEASE, values=_lease_of(claim)),
    )


def _gathered(
    connection: PooledConnection, claim: ClaimedBatch, corp_pk: CorpPk
) -> Iterator[Connection]:
    def begin(changes: Sequence[Change]) -> None:
        connection.autocommit = False
        begin_apply(connection, claim, corp_pk)
        make(connection, *changes)

    connection.gathering = gathering = Gathering(begin=begin)
    try:
        yield connection
        if connection.gathering is not None:
            connection.gathering = None
            _make_and_commit(connection, gathering.changes, claim, corp_pk)
    finally:
        connection.gathering = None


def _make_and_commit(
    connection: Connection,
    changes: Sequence[Change],
    claim: ClaimedBatch,
    corp_pk: CorpPk,
) -> None:
    if changes and changes[-1].text == _RELEASE:
        _make(connection, _GIVEN_BACK, changes[:-1], claim, corp_pk)
    else:
        _make(connection, _HELD, changes, claim, corp_pk)


def _make(
    connection: Connection,
    locked: str,
    changes: Sequence[Change],
    claim: ClaimedBatch,
    corp_pk: CorpPk,
) -> None:
    condition = Change(text=locked, values={**_lease_of(claim), "corp_pk": corp_pk})
    if not make_if(connection, condition, changes):
        raise LeaseLost(claim.mailbox)


def _lease_of(claim: ClaimedBatch) -> dict[str, object]:
    return {"mailbox": claim.mailbox, "token": claim.lease}
