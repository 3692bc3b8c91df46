"""Notices that a person wants sent once more: who may be asked again, and how often."""

from dataclasses import dataclass

from domain.ids import CorpPk, MemberPk, Userid
from domain.links.links import CompanyOrigin
from domain.notices import (
    REINVITE_WINDOW,
    Obstacle,
    Origin,
    RecipientStanding,
    kind_to_reinvite,
    may_reinvite,
    obstacle,
)
from store.database import Connection
from store.notices.recipients import IS_HELD, standing_of


class NotInvitable(Exception):
    """The member must not be sent a notice now; `obstacle` says why."""

    def __init__(self, found: Obstacle) -> None:
        super().__init__(found.value)
        self.obstacle = found


class TooOften(Exception):
    """The member was invited again as often as a day allows."""


def reinvite(
    connection: Connection,
    corp_pk: CorpPk,
    member_pk: MemberPk,
    *,
    invited_by: MemberPk | None = None,
) -> int:
    """Queue one more notice for a member, because a person wants it; its id.

    Ring the corp's notices after the commit.

    Raises: NotInvitable when they are linked, held, or not working here any more;
        TooOften for the fourth in 24 hours; LookupError when there is no such member.
    """
    found = _Invited.read(connection, corp_pk, member_pk)
    kind = kind_to_reinvite(found.standing.asks, origin=CompanyOrigin(found.origin))
    barred = obstacle(found.standing, kind=kind, origin=Origin.PERSON)
    if barred is not None:
        raise NotInvitable(barred)
    if not may_reinvite(_count_reinvites(connection, corp_pk, member_pk)):
        raise TooOften
    row = connection.execute(
        """
        INSERT INTO notices
            (corp_pk, member_pk, company_id, kind, round, origin, invited_by)
        SELECT %(corp_pk)s, %(member_pk)s, %(company_id)s, %(kind)s, 1 + (
                SELECT coalesce(max(round), 0) FROM notices
                WHERE corp_pk = %(corp_pk)s AND member_pk = %(member_pk)s
                    AND company_id = %(company_id)s AND kind = %(kind)s
                    AND kind IN ('link', 'invite')
            ), 'person', %(invited_by)s
        RETURNING notice_id
        """,
        {
            "corp_pk": corp_pk,
            "member_pk": member_pk,
            "company_id": found.company_id,
            "kind": kind.value,
            "invited_by": invited_by,
        },
    ).fetchone()
    assert row is not None  # noqa: S101 - INSERT without conflict always returns.
    return int(row[0])


def find_inviter(
    connection: Connection, corp_pk: CorpPk, member_pk: MemberPk
) -> Userid | None:
    """Who had a notice sent again, while they are there."""
    row = connection.execute(
        "SELECT userid FROM members WHERE corp_pk = %s AND member_pk = %s"
        " AND state = 'active'",
        [corp_pk, member_pk],
    ).fetchone()
    return Userid(row[0]) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Invited:
    """A member to be invited again, locked for this transaction."""

    company_id: str
    origin: str
    standing: RecipientStanding

    @classmethod
    def read(
        cls, connection: Connection, corp_pk: CorpPk, member_pk: MemberPk
    ) -> "_Invited":
        row = connection.execute(
            f"""
            SELECT company_id, companies.origin, m.state, m.employment, {IS_HELD},
                coalesce(link.state, 'none'), link.asks
            FROM members AS m
            JOIN corps USING (corp_pk) JOIN companies USING (company_id)
            LEFT JOIN (SELECT corp_pk, member_pk, state, asks FROM links) AS link
                USING (corp_pk, member_pk)
            WHERE m.corp_pk = %s AND m.member_pk = %s
            FOR UPDATE OF m
            """,  # noqa: S608 - a constant of this module
            [corp_pk, member_pk],
        ).fetchone()
        if row is None:
            raise LookupError(f"no member {member_pk} of corp {corp_pk}")
        company_id, origin, *standing = row
        return cls(
            company_id=company_id, origin=origin, standing=standing_of(*standing)
        )


def _count_reinvites(
    connection: Connection, corp_pk: CorpPk, member_pk: MemberPk
) -> int:
    row = connection.execute(
        "SELECT count(*) FROM notices WHERE corp_pk = %s AND member_pk = %s"
        " AND origin = 'person' AND queued_at > clock_timestamp() - %s",
        [corp_pk, member_pk, REINVITE_WINDOW],
    ).fetchone()
    return int(row[0]) if row else 0
