"""Links to accounts that were a stranger's, which nobody has proved to be theirs."""

from dataclasses import dataclass
from datetime import datetime

from domain.links.linking import is_doubtful
from domain.links.links import LinkReason
from store.database import Connection
from store.links.memberships import MADE_HERE


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulLink:
    """A member with an account that came into the company by this link alone."""

    corp_id: str
    company_id: str
    member_pk: int
    userid: str
    name: str | None
    account_id: str
    nick: str | None
    reason: str
    linked_at: datetime


def list_doubtful(
    connection: Connection, corp_pk: int | None = None
) -> list[DoubtfulLink]:
    """The doubtful links of a corp, or of all, ascending by corp and userid.

    Shape: TAPD's side never named the account as the company's, we did not make it, and
        the member never signed in to it.
    """
    rows = connection.execute(
        """
        SELECT c.corp_id, l.company_id, m.member_pk, m.userid, m.name, l.account_id,
            a.nick, l.reason, l.changed_at, m.activation
        FROM links AS l
        JOIN corps AS c ON c.corp_pk = l.corp_pk
        JOIN members AS m ON m.corp_pk = l.corp_pk AND m.member_pk = l.member_pk
        JOIN accounts AS a ON a.account_id = l.account_id
        JOIN memberships AS s
            ON s.company_id = l.company_id AND s.account_id = l.account_id
        WHERE l.state = 'linked' AND l.holds AND s.origin = 'wecom'
            AND (%(corp_pk)s::bigint IS NULL OR l.corp_pk = %(corp_pk)s
                AND s.company_id = (
                    SELECT company_id FROM corps WHERE corp_pk = %(corp_pk)s))
            AND l.reason IN ('seen_mobile', 'resolved')
            AND NOT starts_with(l.account_id, %(made_here)s)
            AND NOT EXISTS (SELECT FROM link_claims AS said
                WHERE said.corp_pk = l.corp_pk AND said.member_pk = l.member_pk
                    AND said.kind = 'proved' AND said.account_id = l.account_id)
        ORDER BY c.corp_id, m.userid
        """,
        {"corp_pk": corp_pk, "made_here": MADE_HERE},
    ).fetchall()
    return [
        DoubtfulLink(
            corp_id=row[0],
            company_id=row[1],
            member_pk=row[2],
            userid=row[3],
            name=row[4],
            account_id=row[5],
            nick=row[6],
            reason=row[7],
            linked_at=row[8],
        )
        for row in rows
        if is_doubtful(LinkReason(row[7]), activated=row[9] == "active")
    ]
