"""Links: how each member stands to the accounts of TAPD, and what follows for those."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import dict_row

from domain.ids import CompanyId, CorpPk, MemberPk, Userid
from domain.links.links import Link
from domain.org.org import Employment
from store import literals
from store.database import Connection
from store.rows import are_many, copy_rows

_NO_LINK = Link()
_WRITTEN = "corp_pk, company_id, member_pk, state, reason, account_id, asks, evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """An active member with their link as it is stored.

    Shape: `link` is none where there is no row, and `since` None; else `since` is when
        the row came to say what it says; `holds` is false for a link that ended with a
        removal; `silent`: they left, or a removal of them waits; `activated`: they
        signed in to WeCom.
    """

    member_pk: MemberPk
    userid: Userid
    open_userid: str | None
    mobile: str | None = field(repr=False)
    email: str | None = field(repr=False)
    link: Link
    since: datetime | None
    holds: bool
    employment: Employment
    silent: bool
    activated: bool


def list_rows(
    connection: Connection, corp_pk: CorpPk, member_pks: Collection[MemberPk]
) -> list[LinkRow]:
    """These members, as far as they are active."""
    if not member_pks:
        return []
    rows = connection.execute(
        """
        SELECT members.member_pk, userid, open_userid, match_mobile, match_email,
            changed_at, coalesce(holds, true), employment,
            employment = 'left' OR EXISTS (
                SELECT FROM plan_entries
                WHERE plan_entries.corp_pk = members.corp_pk
                    AND key = 'member:' || userid AND plan_entries.state = 'waiting'
            ), coalesce(activation = 'active', false),
            links.state, reason, account_id, asks, evidence
        FROM members LEFT JOIN links ON links.corp_pk = members.corp_pk
            AND links.member_pk = members.member_pk
            AND links.member_pk BETWEEN %(first)s AND %(last)s
        WHERE members.corp_pk = %(corp_pk)s AND members.member_pk = ANY(%(pks)s)
            AND members.state = 'active'
        ORDER BY members.member_pk
        """,
        {
            "corp_pk": corp_pk,
            "pks": list(member_pks),
            # Keeps a page from reading the links of everybody before it.
            "first": min(member_pks),
            "last": max(member_pks),
        },
    ).fetchall()
    return [_row(row) for row in rows]


def find_pks(
    connection: Connection, corp_pk: CorpPk, userids: Collection[str]
) -> list[MemberPk]:
    """The active members who bear these userids now."""
    rows = connection.execute(
        "SELECT member_pk FROM members"
        " WHERE corp_pk = %s AND userid = ANY(%s) AND state = 'active'",
        [corp_pk, list(userids)],
    ).fetchall()
    return [MemberPk(row[0]) for row in rows]


def analyse(connection: Connection) -> None:
    """Tell the planner how many there are: a guess costs minutes among many."""
    connection.execute("ANALYZE links, accounts")


def write(
    connection: Connection,
    corp_pk: CorpPk,
    company_id: CompanyId,
    links: Sequence[tuple[MemberPk, Link]],
    *,
    first: Collection[MemberPk] = (),
) -> None:
    """Have each of these links be as it says.

    Shape: `first` are members who have none yet, as whoever has locked the corp has
        seen: many of them are copied.
    """
    new = [each for each in links if each[0] in first]
    if are_many(new):
        _add(connection, corp_pk, company_id, new)
        links = [each for each in links if each[0] not in first]
    if links:
        _replace(connection, corp_pk, company_id, links)


def _add(
    connection: Connection,
    corp_pk: CorpPk,
    company_id: CompanyId,
    links: Iterable[tuple[MemberPk, Link]],
) -> None:
    corp = str(corp_pk)
    rows = (
        (
            corp,
            company_id,
            str(pk),
            link.state,
            link.reason,
            link.account_id,
            link.asks,
            _evidence(link),
        )
        for pk, link in links
    )
    copy_rows(connection, "links", _WRITTEN, rows)


def _replace(
    connection: Connection,
    corp_pk: CorpPk,
    company_id: CompanyId,
    links: Sequence[tuple[MemberPk, Link]],
) -> None:
    connection.execute(
        f"""
        INSERT INTO links ({_WRITTEN})
        SELECT %(corp_pk)s, %(company_id)s, given.* FROM unnest(%(pks)s::bigint[],
            %(states)s::text[], %(reasons)s::text[], %(accounts)s::text[],
            %(asks)s::text[], %(evidence)s::jsonb[]) AS given
        ON CONFLICT (corp_pk, member_pk) DO UPDATE SET
            company_id = excluded.company_id, state = excluded.state,
            reason = excluded.reason, account_id = excluded.account_id,
            asks = excluded.asks, evidence = excluded.evidence,
            holds = true, stale = false, changed_at = clock_timestamp()
        """,  # noqa: S608 - a constant of this module
        {
            "corp_pk": corp_pk,
            "company_id": company_id,
            "pks": [pk for pk, _ in links],
            "states": [link.state for _, link in links],
            "reasons": [link.reason for _, link in links],
            "accounts": [link.account_id for _, link in links],
            "asks": [link.asks for _, link in links],
            "evidence": [_evidence(link) for _, link in links],
        },
    )


def _evidence(link: Link) -> str:
    return literals.document([each.to_json() for each in link.evidence])


def note_examined(
    connection: Connection, corp_pk: CorpPk, member_pks: Collection[MemberPk]
) -> None:
    """These links were examined as their members are now."""
    if not member_pks:
        return
    connection.execute(
        "UPDATE links SET stale = false"
        " WHERE corp_pk = %s AND member_pk = ANY(%s) AND stale",
        [corp_pk, list(member_pks)],
    )


def note_stale(
    connection: Connection, corp_pk: CorpPk, userids: Collection[str]
) -> None:
    """These members changed: whoever is not linked is to be examined again."""
    connection.execute(
        """
        UPDATE links SET stale = true FROM members
        WHERE links.corp_pk = %s AND links.state <> 'linked' AND NOT stale
            AND members.corp_pk = links.corp_pk
            AND members.member_pk = links.member_pk
            AND members.state = 'active' AND userid = ANY(%s)
        """,
        [corp_pk, list(userids)],
    )


def list_conflicts(
    connection: Connection, corp_pk: CorpPk, account_ids: Collection[str]
) -> list[MemberPk]:
    """Members in conflict over any of these accounts."""
    if not account_ids:
        return []
    rows = connection.execute(
        """
        SELECT member_pk FROM links WHERE corp_pk = %s AND state = 'conflict'
            AND EXISTS (SELECT FROM jsonb_array_elements(evidence) AS said
                WHERE said ->> 'account_id' = ANY(%s))
        """,
        [corp_pk, list(account_ids)],
    ).fetchall()
    return [MemberPk(row[0]) for row in rows]


def list_candidates(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    after: MemberPk,
    limit: int,
    waits_over: bool,
    longest_wait: timedelta,
    creates: bool,
) -> list[MemberPk]:
    """Members behind `after` whose link might be another now, ascending.

    Shape: nobody examined them yet, they changed, something was said about them, an
        account that has to do with them changed, a conflict may be over, the wait for
        lookups is, for all of them or for those who waited longest, or the company
        has accounts made for members of whom nothing is seen.
    """
    rows = connection.execute(
        _CANDIDATES,
        {
            "corp_pk": corp_pk,
            "after": after,
            "limit": limit,
            "waits_over": waits_over,
            "longest_wait": longest_wait,
            "creates": creates,
        },
    ).fetchall()
    return [MemberPk(row[0]) for row in rows]


# The second bound on `after` says nothing new, but keeps each page from reading all
# links before it.
_CANDIDATES = """
    SELECT members.member_pk FROM members LEFT JOIN links
        ON links.corp_pk = members.corp_pk AND links.member_pk = members.member_pk
        AND links.member_pk > %(after)s
    WHERE members.corp_pk = %(corp_pk)s AND members.state = 'active'
        AND members.member_pk > %(after)s AND (
            links.state IS NULL OR links.state = 'conflict' OR stale
            OR links.state = 'linked' AND NOT holds
            OR links.state = 'none' AND (%(waits_over)s
                OR links.changed_at < clock_timestamp() - %(longest_wait)s::interval)
            OR links.state = 'pending' AND reason = 'not_visible' AND %(creates)s
            OR links.state = 'pending' AND reason = 'unproven_mobile'
            OR members.member_pk IN (SELECT claims.member_pk FROM link_claims AS claims
                WHERE claims.corp_pk = %(corp_pk)s AND taken_at IS NULL)
            OR links.state IN ('none', 'pending', 'unlinked') AND (EXISTS (
                    SELECT FROM accounts
                    WHERE mobile_e164 = match_mobile AND match_mobile <> ''
                        AND accounts.changed_at > links.changed_at)
                OR EXISTS (
                    SELECT FROM accounts JOIN memberships
                        ON memberships.account_id = accounts.account_id
                        AND memberships.company_id = links.company_id
                    WHERE mobile_e164 = match_mobile AND match_mobile <> ''
                        AND memberships.joined_at > links.changed_at)
                OR EXISTS (
                    SELECT FROM accounts
                    WHERE email_folded = match_email AND match_email <> ''
                        AND accounts.changed_at > links.changed_at)
                OR EXISTS (
                    SELECT FROM jsonb_array_elements(evidence) AS said
                    JOIN accounts ON accounts.account_id = said ->> 'account_id'
                    WHERE accounts.changed_at > links.changed_at)))
    ORDER BY members.member_pk LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedLink:
    """A link that ended because its member turned out to be another one."""

    member_pk: MemberPk
    link: Link


def absorb(
    connection: Connection, corp_pk: CorpPk, *, kept: MemberPk, absorbed: MemberPk
) -> DroppedLink | None:
    """Make the links of two records of one person one: a live one counts more, then
    that of the kept record; what was said about either stays said.

    The account of the other is nobody's any more, and no longer in the company.
    """
    dropped = _drop_one(connection, corp_pk, kept=kept, absorbed=absorbed)
    for table in ("links", "link_claims"):
        connection.execute(
            f"UPDATE {table} SET member_pk = %(kept)s"  # noqa: S608 - constant names
            " WHERE corp_pk = %(corp_pk)s AND member_pk = %(absorbed)s",
            {"corp_pk": corp_pk, "kept": kept, "absorbed": absorbed},
        )
    return dropped


def _drop_one(
    connection: Connection, corp_pk: CorpPk, *, kept: MemberPk, absorbed: MemberPk
) -> DroppedLink | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """
            WITH both_of AS (
                SELECT member_pk, state, holds FROM links
                WHERE corp_pk = %(corp_pk)s AND member_pk IN (%(kept)s, %(absorbed)s)
            ), dropped AS (
                DELETE FROM links WHERE corp_pk = %(corp_pk)s AND member_pk = (
                    SELECT member_pk FROM both_of
                    ORDER BY state = 'linked' AND holds, state <> 'none',
                        member_pk = %(kept)s LIMIT 1)
                AND 1 < (SELECT count(*) FROM both_of)
                RETURNING company_id, member_pk, state, reason, account_id, asks,
                    evidence, holds
            ), ended AS (
                UPDATE memberships SET left_at = clock_timestamp() FROM dropped
                WHERE memberships.company_id = dropped.company_id
                    AND memberships.account_id = dropped.account_id
                    AND dropped.state = 'linked' AND holds AND left_at IS NULL
            )
            SELECT member_pk, state, reason, account_id, asks, evidence FROM dropped
            WHERE state <> 'none'
            """,
            {"corp_pk": corp_pk, "kept": kept, "absorbed": absorbed},
        )
        row = cursor.fetchone()
    if row is None:
        return None
    member_pk = MemberPk(row.pop("member_pk"))
    return DroppedLink(member_pk=member_pk, link=Link.from_json(row))


def _row(row: tuple[Any, ...]) -> LinkRow:
    """By place, not by name: a page of a run has thousands of them."""
    pk, userid, open_userid, mobile, email, since, holds, employment, *rest = row
    silent, activated, *link = rest
    return LinkRow(
        member_pk=pk,
        userid=userid,
        open_userid=open_userid,
        mobile=mobile,
        email=email,
        link=_NO_LINK if since is None else _link(link),
        since=since,
        holds=holds,
        employment=Employment(employment),
        silent=silent,
        activated=activated,
    )


def _link(said: Sequence[Any]) -> Link:
    names = ("state", "reason", "account_id", "asks", "evidence")
    return Link.from_json(dict(zip(names, said, strict=True)))
