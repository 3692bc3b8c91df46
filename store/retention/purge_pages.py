"""The long part of a purge: people, journal and mail, some thousand rows at once.

Every page is a transaction of its own that also says how far it has come.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.ids import CompanyId, CorpPk
from domain.mailbox import mailbox_of_corp
from store.database import Connection
from store.retention import purge_journal, withdrawn_links
from store.retention.pseudonyms import Pseudonyms
from store.sealing import is_pseudonym

ROWS_AT_ONCE = 2_000


class PurgeStep(StrEnum):
    """What is gone through, in this order: names are known before they are replaced."""

    NAMES = "names"
    PEOPLE = "people"
    LINES = "lines"
    MAIL = "mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """A purge that has begun, and how far it has come."""

    corp_pk: CorpPk
    corp_id: str
    step: PurgeStep
    after: int
    upto_line: int
    upto_event: int

    @property
    def mailbox(self) -> str:
        """Where the corp's mail lay."""
        return mailbox_of_corp(self.corp_id)


def begin(connection: Connection, corp_pk: CorpPk, corp_id: str) -> None:
    """Note that a corp is to be purged, up to what there is of it now.

    Repeats: one that has begun goes on where it is.
    """
    connection.execute(
        """
        INSERT INTO purges (corp_pk, corp_id, step, upto_line, upto_event)
        SELECT %s, %s, %s, journal_ids.last_value, inbox_ids.last_value
        FROM journal_ids, inbox_ids ON CONFLICT DO NOTHING
        """,
        [corp_pk, corp_id, PurgeStep.NAMES],
    )


def list_begun(connection: Connection) -> list[CorpPk]:
    """The corps whose purge is not at its end, the oldest first."""
    rows = connection.execute("SELECT corp_pk FROM purges ORDER BY began_at").fetchall()
    return [CorpPk(row[0]) for row in rows]


def list_of_company(connection: Connection, company_id: CompanyId) -> list[CorpPk]:
    """The corps of a company whose purge is not at its end.

    Whose links are not ended and renamed yet is found by nobody who comes back.
    """
    rows = connection.execute(
        "SELECT corp_pk FROM purges JOIN corps USING (corp_pk) WHERE company_id = %s",
        [company_id],
    ).fetchall()
    return [CorpPk(row[0]) for row in rows]


def list_of_corp(connection: Connection, corp_id: str) -> list[CorpPk]:
    """The purges of a corpid that are not at their end; there may be one anew since."""
    rows = connection.execute(
        "SELECT corp_pk FROM purges WHERE corp_id = %s ORDER BY began_at", [corp_id]
    ).fetchall()
    return [CorpPk(row[0]) for row in rows]


def find(connection: Connection, corp_pk: CorpPk) -> Purge | None:
    """How far the purge of a corp has come; None when it is over, or never began."""
    with connection.cursor(row_factory=class_row(Purge)) as cursor:
        cursor.execute(
            "SELECT corp_pk, corp_id, step, after, upto_line, upto_event FROM purges"
            " WHERE corp_pk = %s",
            [corp_pk],
        )
        found = cursor.fetchone()
    return found and replace(found, step=PurgeStep(found.step))


def do_page(connection: Connection, purge: Purge, *, key: bytes, outcome: str) -> None:
    """Do the next page and note it; after the last one nothing of the purge is left.

    Repeats: a page that was not committed is done again, to the same end.
    """
    names = Pseudonyms(key=key, corp_id=purge.corp_id)
    after: int | None
    match purge.step:
        case PurgeStep.NAMES:
            after = purge_journal.collect_names(
                connection,
                purge.corp_pk,
                after=purge.after,
                upto=purge.upto_line,
                limit=ROWS_AT_ONCE,
            )
        case PurgeStep.PEOPLE:
            after = _rename_people(connection, purge, names)
        case PurgeStep.LINES:
            after = purge_journal.rename(
                connection,
                purge.corp_pk,
                after=purge.after,
                upto=purge.upto_line,
                limit=ROWS_AT_ONCE,
                names=names,
            )
        case PurgeStep.MAIL:
            after = empty_mail(
                connection,
                purge.mailbox,
                names=names,
                outcome=outcome,
                after=purge.after,
                upto=purge.upto_event,
            )
    if after is not None:
        _note(connection, purge, purge.step, after)
        return
    following = list(PurgeStep)[list(PurgeStep).index(purge.step) + 1 :]
    if following:
        _note(connection, purge, following[0], 0)
    else:
        connection.execute("DELETE FROM purges WHERE corp_pk = %s", [purge.corp_pk])


def _note(connection: Connection, purge: Purge, step: PurgeStep, after: int) -> None:
    connection.execute(
        "UPDATE purges SET step = %s, after = %s WHERE corp_pk = %s",
        [step, after, purge.corp_pk],
    )


def _rename_people(
    connection: Connection, purge: Purge, names: Pseudonyms
) -> int | None:
    """Members keep their place in TAPD's tree, under an HMAC and without details.

    Employment, departments and state stay, so that the company's tree is unchanged.
    Their links end with them, and what was said about those forgets who said it.
    """
    rows = connection.execute(
        "SELECT member_pk, userid, open_userid, direct_leaders FROM members"
        " WHERE corp_pk = %s AND member_pk > %s ORDER BY member_pk LIMIT %s",
        [purge.corp_pk, purge.after, ROWS_AT_ONCE],
    ).fetchall()
    if not rows:
        return None
    people = [row[0] for row in rows]
    _note_names(connection, purge.corp_pk, rows)
    connection.execute(
        """
        UPDATE members SET name = NULL, details = '{}', match_mobile = NULL,
            match_email = NULL, userid = given.userid, open_userid = given.open_userid,
            direct_leaders = CASE WHEN given.leaders IS NOT NULL THEN ARRAY(
                SELECT jsonb_array_elements_text(given.leaders)) END
        FROM unnest(%(people)s::bigint[], %(userids)s::text[], %(open)s::text[],
            %(leaders)s::jsonb[]) AS given (member_pk, userid, open_userid, leaders)
        WHERE corp_pk = %(corp_pk)s AND members.member_pk = given.member_pk
        """,
        {
            "corp_pk": purge.corp_pk,
            "people": people,
            "userids": [names.of(row[1]) for row in rows],
            "open": [row[2] and names.of(row[2]) for row in rows],
            "leaders": [
                None if row[3] is None else Jsonb([names.of(each) for each in row[3]])
                for row in rows
            ],
        },
    )
    _rename_aliases(connection, purge, names, people)
    withdrawn_links.end(connection, purge.corp_pk, people)
    withdrawn_links.rename_witnesses(connection, purge.corp_pk, people, names.of)
    return int(people[-1])


def _note_names(
    connection: Connection, corp_pk: CorpPk, rows: list[tuple[Any, ...]]
) -> None:
    found = {
        name for _, userid, open_userid, _ in rows for name in (userid, open_userid)
    }
    found.update(name for row in rows for name in row[3] or ())
    connection.execute(
        "INSERT INTO purge_names (corp_pk, name) SELECT %s, unnest(%s::text[])"
        " ON CONFLICT DO NOTHING",
        [corp_pk, sorted(name for name in found if name and not is_pseudonym(name))],
    )


def _rename_aliases(
    connection: Connection, purge: Purge, names: Pseudonyms, people: list[int]
) -> None:
    rows = connection.execute(
        "SELECT userid FROM aliases WHERE corp_pk = %s AND member_pk = ANY(%s)",
        [purge.corp_pk, people],
    ).fetchall()
    former = [userid for (userid,) in rows]
    connection.execute(
        "INSERT INTO purge_names (corp_pk, name) SELECT %s, unnest(%s::text[])"
        " ON CONFLICT DO NOTHING",
        [purge.corp_pk, [name for name in former if not is_pseudonym(name)]],
    )
    connection.execute(
        """
        UPDATE aliases SET userid = given.new
        FROM unnest(%s::text[], %s::text[]) AS given (old, new)
        WHERE corp_pk = %s AND userid = given.old
        """,
        [former, [names.of(each) for each in former], purge.corp_pk],
    )


def empty_mail(
    connection: Connection,
    mailbox: str,
    *,
    names: Pseudonyms,
    outcome: str,
    after: int,
    upto: int,
) -> int | None:
    """Empty a page of a corp's mail and move it under its HMAC; the last event's id.

    What waited is ignored. Without asked_at no repeat makes it pending again.
    """
    rows = connection.execute(
        "SELECT event_id, received_at, key FROM inbox WHERE mailbox = %s"
        " AND event_id > %s AND event_id <= %s ORDER BY event_id LIMIT %s",
        [mailbox, after, upto, ROWS_AT_ONCE],
    ).fetchall()
    if not rows:
        return None
    connection.execute(
        """
        UPDATE inbox SET mailbox = %(renamed)s, body = NULL, hint = '{}',
            error = NULL, claim = NULL, asked_at = NULL, asked = NULL,
            key = given.key,
            outcome = CASE WHEN state IN ('pending', 'parked') THEN %(outcome)s
                ELSE outcome END,
            done_at = CASE WHEN state IN ('pending', 'parked') THEN clock_timestamp()
                ELSE done_at END,
            state = CASE WHEN state IN ('pending', 'parked') THEN 'ignored'
                ELSE state END
        FROM unnest(%(ids)s::bigint[], %(ats)s::timestamptz[], %(keys)s::text[])
            AS given (event_id, received_at, key)
        WHERE inbox.event_id = given.event_id
            AND inbox.received_at = given.received_at
        """,
        {
            "renamed": mailbox_of_corp(names.of(names.corp_id)),
            "outcome": outcome,
            "ids": [row[0] for row in rows],
            "ats": [row[1] for row in rows],
            "keys": [names.of_key(row[2]) for row in rows],
        },
    )
    return int(rows[-1][0])
