"""Batches of notices: frozen before they are sent, so that a repeat is no second."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from psycopg.rows import dict_row

from domain.ids import CorpPk, Userid
from domain.notices import LIVES
from store.database import Connection
from store.notices.addresses import hash_token
from store.sealing import DataKey


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeBatch:
    """One frozen call: what it says, and to whom.

    Shape: `events` are the mail that its notices go back to.
    """

    batch_id: str
    kind: str
    plan_id: str | None
    body: str = field(repr=False)
    userids: Mapping[int, Userid]
    doubtful: bool
    tries: int
    first_tried_at: datetime | None
    now: datetime
    events: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What a new batch is made of; `token` is the one in its address, if it has one."""

    batch_id: str
    kind: str
    plan_id: str | None
    token: str | None = field(repr=False)
    body: str = field(repr=False)
    userids: Mapping[int, Userid]
    events: tuple[int, ...] = ()


def new_batch_id() -> str:
    """The name of a batch to be."""
    return str(uuid4())


def freeze(
    connection: Connection, corp_pk: CorpPk, frozen: Frozen, *, data_key: DataKey
) -> None:
    """Fix for good who gets what: from here on it is sent so or not at all."""
    connection.execute(
        """
        INSERT INTO notice_batches
            (batch_id, corp_pk, kind, plan_id, token_hash, sealed)
        VALUES (%s, %s, %s, %s, %s, %s)
        """,
        [
            frozen.batch_id,
            corp_pk,
            frozen.kind,
            frozen.plan_id,
            None if frozen.token is None else hash_token(frozen.token),
            data_key.seal({"body": frozen.body, "to": _listed(frozen.userids)}),
        ],
    )
    connection.execute(
        "UPDATE notices SET batch_id = %s WHERE corp_pk = %s AND notice_id = ANY(%s)",
        [frozen.batch_id, corp_pk, list(frozen.userids)],
    )


def fresh(frozen: Frozen, *, now: datetime) -> NoticeBatch:
    """A batch just frozen, as it will be found again."""
    return NoticeBatch(
        batch_id=frozen.batch_id,
        kind=frozen.kind,
        plan_id=frozen.plan_id,
        body=frozen.body,
        userids=frozen.userids,
        doubtful=False,
        tries=0,
        first_tried_at=None,
        now=now,
        events=frozen.events,
    )


def find_frozen(
    connection: Connection, corp_pk: CorpPk, *, data_key: DataKey
) -> NoticeBatch | None:
    """The oldest batch without an outcome, locked for this transaction."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """
            SELECT batch_id, kind, plan_id, sealed, doubtful, tries, first_tried_at,
                clock_timestamp() AS now, array(
                    SELECT DISTINCT unnest(events) FROM notices
                    WHERE notices.batch_id = notice_batches.batch_id ORDER BY 1
                ) AS events
            FROM notice_batches WHERE corp_pk = %s AND state = 'frozen'
            ORDER BY frozen_at, batch_id LIMIT 1 FOR UPDATE
            """,
            [corp_pk],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    opened = data_key.open(row.pop("sealed"))
    events = tuple(row.pop("events"))
    return NoticeBatch(
        **row,
        events=events,
        body=opened["body"],
        userids={int(each): Userid(userid) for each, userid in opened["to"]},
    )


def note_try(connection: Connection, corp_pk: CorpPk, batch: NoticeBatch) -> None:
    """A call is about to be made: until its answer is known, it may have arrived."""
    connection.execute(
        """
        UPDATE notice_batches SET doubtful = true, tries = tries + 1,
            first_tried_at = CASE WHEN doubtful THEN first_tried_at
                ELSE clock_timestamp() END
        WHERE batch_id = %s
        """,
        [batch.batch_id],
    )
    connection.execute(
        "UPDATE notices SET tried_at = clock_timestamp()"
        " WHERE corp_pk = %s AND notice_id = ANY(%s) AND batch_id = %s",
        [corp_pk, list(batch.userids), batch.batch_id],
    )


def thaw(connection: Connection, corp_pk: CorpPk, batch: NoticeBatch) -> None:
    """WeCom has certainly not taken the batch: its notices are queued as before."""
    connection.execute(
        "UPDATE notices SET batch_id = NULL, tried_at = NULL"
        " WHERE corp_pk = %s AND notice_id = ANY(%s) AND batch_id = %s",
        [corp_pk, list(batch.userids), batch.batch_id],
    )
    connection.execute(
        "DELETE FROM notice_batches WHERE batch_id = %s AND state = 'frozen'",
        [batch.batch_id],
    )


def recast(connection: Connection, corp_pk: CorpPk, batch: NoticeBatch) -> None:
    """WeCom refused the card as a card: its notices go as textcards.

    Repeats: a textcard that is refused so is refused as any other message.
    """
    connection.execute(
        "UPDATE notices SET plain = true"
        " WHERE corp_pk = %s AND notice_id = ANY(%s) AND batch_id = %s",
        [corp_pk, list(batch.userids), batch.batch_id],
    )
    thaw(connection, corp_pk, batch)


def end_sent(
    connection: Connection,
    corp_pk: CorpPk,
    batch: NoticeBatch,
    *,
    unreached: Mapping[int, str],
) -> None:
    """WeCom has taken the batch; those it names were not reached, each for a reason.

    Who could not be reached by a repeat may have been reached by a call before it.
    """
    connection.execute(
        """
        UPDATE notices SET reason = given.reason, state = %(state)s,
            expires_at = CASE WHEN %(doubtful)s AND kind IN ('link', 'invite')
                THEN tried_at + %(lives)s END
        FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS given (id, reason)
        WHERE corp_pk = %(corp_pk)s AND notice_id = given.id
        """,
        {
            "corp_pk": corp_pk,
            "state": missed_of(batch),
            "doubtful": batch.doubtful,
            "lives": LIVES,
            "ids": list(unreached),
            "reasons": list(unreached.values()),
        },
    )
    connection.execute(
        """
        UPDATE notices SET state = 'sent', sent_at = tried_at,
            expires_at = CASE WHEN kind IN ('link', 'invite') THEN tried_at + %s END
        WHERE corp_pk = %s AND notice_id = ANY(%s) AND batch_id = %s
            AND state = 'queued'
        """,
        [LIVES, corp_pk, list(batch.userids), batch.batch_id],
    )
    reached = len(unreached) < len(batch.userids)
    _end(connection, batch, state="sent" if reached else missed_of(batch))


def missed_of(batch: NoticeBatch) -> str:
    """The state of a notice whose member the answer names as not reached."""
    return "unknown" if batch.doubtful else "undeliverable"


def end_unknown(connection: Connection, corp_pk: CorpPk, batch: NoticeBatch) -> None:
    """No answer came while the batch could be repeated: it is not sent again."""
    connection.execute(
        """
        UPDATE notices SET state = 'unknown', reason = 'no_answer',
            expires_at = CASE WHEN kind IN ('link', 'invite') THEN tried_at + %s END
        WHERE corp_pk = %s AND notice_id = ANY(%s) AND batch_id = %s
            AND state = 'queued'
        """,
        [LIVES, corp_pk, list(batch.userids), batch.batch_id],
    )
    _end(connection, batch, state="unknown")


def _end(connection: Connection, batch: NoticeBatch, *, state: str) -> None:
    connection.execute(
        "UPDATE notice_batches SET state = %s, ended_at = clock_timestamp(),"
        " doubtful = false, sealed = NULL WHERE batch_id = %s",
        [state, batch.batch_id],
    )


def _listed(userids: Mapping[int, Userid]) -> list[list[int | str]]:
    return [[notice_id, userid] for notice_id, userid in userids.items()]
