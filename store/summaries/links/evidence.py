"""The accounts that a member was matched with, and what speaks for and against each."""

from dataclasses import dataclass
from typing import Any

from domain.ids import MemberPk
from domain.links.links import LinkEvidence
from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedAccount:
    """One account; `held_by` and `claimed_by` are the userids of members."""

    evidence: LinkEvidence
    nick: str | None
    held_by: str | None
    claimed_by: list[str]


def list_candidates(
    connection: Connection, corp_pk: int, member_pk: int
) -> list[MatchedAccount]:
    """The evidence on the member's link, ascending by account."""
    row = connection.execute(
        "SELECT evidence FROM links WHERE corp_pk = %s AND member_pk = %s",
        [corp_pk, member_pk],
    ).fetchone()
    told: list[dict[str, Any]] = row[0] if row else []
    evidence = [LinkEvidence.from_json(each) for each in told]
    others = {pk for each in evidence for pk in (each.held_by, *each.claimed_by) if pk}
    userids = _userids(connection, corp_pk, others)
    nicks = _nicks(connection, [each.account_id for each in evidence])
    return [
        MatchedAccount(
            evidence=each,
            nick=nicks.get(each.account_id),
            held_by=None if each.held_by is None else userids.get(each.held_by),
            claimed_by=sorted(userids[pk] for pk in each.claimed_by if pk in userids),
        )
        for each in evidence
    ]


def _userids(
    connection: Connection, corp_pk: int, member_pks: set[MemberPk]
) -> dict[MemberPk, str]:
    rows = connection.execute(
        "SELECT member_pk, userid FROM members WHERE corp_pk = %s"
        " AND member_pk = ANY(%s)",
        [corp_pk, list(member_pks)],
    ).fetchall()
    return {MemberPk(pk): userid for pk, userid in rows}


def _nicks(connection: Connection, account_ids: list[str]) -> dict[str, str | None]:
    rows = connection.execute(
        "SELECT account_id, nick FROM accounts WHERE account_id = ANY(%s)",
        [account_ids],
    ).fetchall()
    return dict(rows)
