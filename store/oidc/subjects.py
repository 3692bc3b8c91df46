"""Whom a client would be told of: the member as they stand now, and their account."""

from dataclasses import dataclass, field

from domain.ids import CorpPk, MemberPk
from domain.links.links import LinkState
from store.database import Connection
from store.installs.visitors import Visitor, find_visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSubject:
    """A member, their link and the linked account.

    Shape: `is_held`: a removal of them waits for somebody's decision; the account's
        fields are None unless linked, or where TAPD tells nothing.
    """

    member: Visitor
    link_state: LinkState
    is_held: bool
    account_id: str | None
    nick: str | None = field(repr=False)
    email: str | None = field(repr=False)


def find_subject(
    connection: Connection, corp_pk: CorpPk, member_pk: MemberPk
) -> OidcSubject | None:
    """The subject of these keys; None once they were merged into another member."""
    member = find_visitor(connection, corp_pk, member_pk)
    if member is None:
        return None
    row = connection.execute(
        """
        SELECT links.state, links.account_id, nick, email FROM links
        LEFT JOIN accounts USING (account_id)
        WHERE corp_pk = %s AND member_pk = %s
        """,
        [corp_pk, member_pk],
    ).fetchone() or (LinkState.NONE, None, None, None)
    return OidcSubject(
        member=member,
        link_state=LinkState(row[0]),
        is_held=_is_held(connection, member),
        account_id=row[1],
        nick=row[2],
        email=row[3],
    )


def _is_held(connection: Connection, member: Visitor) -> bool:
    row = connection.execute(
        """
        SELECT EXISTS (
            SELECT FROM plan_entries JOIN plans USING (plan_id)
            WHERE plan_entries.corp_pk = %s AND key = 'member:' || %s
                AND plan_entries.state = 'waiting' AND plans.state = 'held')
        """,
        [member.corp_pk, member.userid],
    ).fetchone()
    return bool(row and row[0])
