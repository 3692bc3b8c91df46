"""What a drain has to know of a corp before it asks WeCom, read by one statement.

A statement, its way there and its plan cost as much as all that it reads.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.ids import CorpPk, TagId, Userid
from domain.org.org import StoredMember
from domain.org.scope import Tag
from store import literals
from store.database import Connection
from store.org import corps, members
from store.org.corps import Corp

# With so many people the corp's own values would be sent that often.
MOST_PEOPLE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMatters:
    """What is open about a corp beside its org, so that whoever applies sees to it.

    Shape: whether removals wait in plans, absences are undecided, testimony is kept.
        All of it is written under the lease of the corp's mailbox alone.
    """

    plans: bool
    absences: bool
    testimony: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSubject:
    """A corp, what is open about it, its tags, and members that were asked for.

    Shape: `known` bear or once bore one of the userids that were `looked_for`.
    """

    corp: Corp
    matters: OpenMatters
    tags: Mapping[TagId, Tag]
    looked_for: frozenset[Userid]
    known: tuple[StoredMember, ...]


_MATTERS = """
    EXISTS (SELECT FROM plan_entries
        WHERE plan_entries.corp_pk = corps.corp_pk AND plan_entries.state = 'waiting'),
    EXISTS (SELECT FROM absences WHERE absences.corp_pk = corps.corp_pk),
    EXISTS (SELECT FROM testimony WHERE testimony.corp_pk = corps.corp_pk)
"""
_MATTERS_WIDTH = 3
_SUBJECT = f"""
    SELECT {corps.COLUMNS}, {_MATTERS}, (
        SELECT jsonb_agg(jsonb_build_array({corps.TAG_COLUMNS}))
        FROM tags WHERE tags.corp_pk = corps.corp_pk
    ), known.*
    FROM corps LEFT JOIN LATERAL ({members.bearing("corps.corp_pk")}) AS known ON true
    WHERE corps.corp_id = %(corp_id)s AND corps.state <> 'revoked'
"""  # noqa: S608 - the inserted texts are constants


def find_live(
    connection: Connection, corp_id: str, people: Collection[Userid]
) -> MailSubject | None:
    """The authorisation of this corpid that is not revoked, with these people.

    Shape: nobody is looked for when they are too many to be read with their corp.
    """
    looked_for = frozenset(people if len(people) <= MOST_PEOPLE else ())
    values = {"corp_id": corp_id, "userids": literals.texts(sorted(looked_for))}
    rows = connection.execute(_SUBJECT, values).fetchall()
    return _subject(rows, looked_for) if rows else None


def read_matters(connection: Connection, corp_pk: CorpPk) -> OpenMatters:
    """What is open about a corp."""
    [row] = connection.execute(
        f"SELECT {_MATTERS} FROM corps WHERE corp_pk = %s",  # noqa: S608 - a constant of this module
        [corp_pk],
    ).fetchall()
    return _matters(row)


def _subject(
    rows: Sequence[Sequence[Any]], looked_for: frozenset[Userid]
) -> MailSubject:
    matters_end = corps.WIDTH + _MATTERS_WIDTH
    first, people_begin = rows[0], matters_end + 1
    return MailSubject(
        corp=corps.corp_from(first[: corps.WIDTH]),
        matters=_matters(first[corps.WIDTH : matters_end]),
        tags=corps.tags_from(first[matters_end] or ()),
        looked_for=looked_for,
        known=tuple(
            members.stored_from(row[people_begin:])
            for row in rows
            if row[people_begin] is not None
        ),
    )


def _matters(row: Sequence[Any]) -> OpenMatters:
    plans, absences, testimony = row
    return OpenMatters(plans=plans, absences=absences, testimony=testimony)
