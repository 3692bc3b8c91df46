"""Members whom WeCom does not show and of whom nothing was decided, with the reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.ids import CorpPk, Userid
from domain.reasons import Doubt
from domain.reconcile.leavers import BY_SETS, Undecided
from domain.reconcile.testimony import AGREES_SECONDS, APART_SECONDS
from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Why somebody who is missing was not removed."""

    finding: str
    doubt: str
    evidence: dict[str, Any]
    noted_at: datetime


def note(
    connection: Connection, corp_pk: CorpPk, undecided: Mapping[Userid, Undecided]
) -> None:
    """Remember what keeps these absences open.

    Repeats: since when it is so stays, until WeCom answers something else.
    """
    if not undecided:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO absences AS known (corp_pk, userid, finding, doubt, evidence)
            VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (corp_pk, userid) DO UPDATE SET finding = excluded.finding,
                doubt = excluded.doubt, evidence = excluded.evidence,
                noted_at = excluded.noted_at,
                since = CASE WHEN known.doubt = excluded.doubt AND known.since
                        > clock_timestamp() - make_interval(secs => %s)
                    THEN known.since ELSE excluded.since END
            WHERE (known.finding, known.doubt, known.evidence)
                <> (excluded.finding, excluded.doubt, excluded.evidence)
                OR known.doubt = %s
            """,
            [
                (
                    corp_pk,
                    who,
                    each.finding,
                    each.doubt,
                    Jsonb(dict(each.evidence)),
                    AGREES_SECONDS,
                    Doubt.ONE_READ,
                )
                for who, each in sorted(undecided.items())
            ],
        )


def list_once_lost(connection: Connection, corp_pk: CorpPk) -> frozenset[Userid]:
    """Whom one read of a set has lost, so that the next one has to be asked."""
    rows = connection.execute(
        "SELECT userid FROM absences WHERE corp_pk = %s AND doubt = ANY(%s)",
        [corp_pk, sorted(BY_SETS)],
    ).fetchall()
    return frozenset(Userid(row[0]) for row in rows)


def list_agreed(
    connection: Connection, corp_pk: CorpPk, userids: Iterable[Userid]
) -> frozenset[Userid]:
    """Those of these whom an earlier read of the sets had lost, long enough ago."""
    rows = connection.execute(
        """
        SELECT userid FROM absences
        WHERE corp_pk = %(corp_pk)s AND userid = ANY(%(userids)s)
            AND doubt = %(doubt)s
            AND since <= clock_timestamp() - make_interval(secs => %(apart)s)
            AND since > clock_timestamp() - make_interval(secs => %(agrees)s)
        """,
        {
            "corp_pk": corp_pk,
            "userids": list(userids),
            "doubt": Doubt.ONE_READ,
            "apart": APART_SECONDS,
            "agrees": AGREES_SECONDS,
        },
    ).fetchall()
    return frozenset(Userid(row[0]) for row in rows)


def forget(connection: Connection, corp_pk: CorpPk, userids: Iterable[Userid]) -> None:
    """These were shown, or it was decided what became of them."""
    connection.execute(
        "DELETE FROM absences WHERE corp_pk = %s AND userid = ANY(%s)",
        [corp_pk, list(userids)],
    )


def forget_others(
    connection: Connection, corp_pk: CorpPk, userids: Iterable[Userid]
) -> None:
    """A full read has answered for everybody but these."""
    connection.execute(
        "DELETE FROM absences WHERE corp_pk = %s AND userid <> ALL(%s)",
        [corp_pk, list(userids)],
    )


def find(connection: Connection, corp_pk: int, userid: str) -> Absence | None:
    """Why this member, who is missing, was not removed."""
    with connection.cursor(row_factory=class_row(Absence)) as cursor:
        cursor.execute(
            "SELECT finding, doubt, evidence, noted_at FROM absences"
            " WHERE corp_pk = %s AND userid = %s",
            [corp_pk, userid],
        )
        return cursor.fetchone()
