"""A member's link as the member sees it: its accounts, and what is under way."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from psycopg.rows import class_row

from domain.decisions import Json
from domain.ids import AccountId, CorpPk, MemberPk
from domain.links.links import Agreement, LinkEvidence, LinkState, NoticeKind
from store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """An account with what is known of it, unmasked."""

    account_id: AccountId
    nick: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    mobile: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClaim:
    """What the member said last, which no worker has decided by yet.

    Units: `age_seconds` by Postgres' clock.
    """

    kind: str
    account_id: AccountId | None
    age_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """How a link stands.

    Shape: `account`: the linked one; `suggested`: the one that the member is asked
        about; `contested`: the one that somebody else holds or proved.
    """

    state: LinkState
    reason: str | None
    asks: NoticeKind | None
    changed_at: datetime | None
    account: AccountView | None
    suggested: AccountView | None
    contested: AccountView | None
    claim: OpenClaim | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _LinkViewRow:
    state: str
    reason: str | None
    account_id: AccountId | None
    asks: str | None
    evidence: list[dict[str, Json]]
    changed_at: datetime | None


_UNEXAMINED = _LinkViewRow(
    state="none", reason=None, account_id=None, asks=None, evidence=[], changed_at=None
)


def view_link(connection: Connection, corp_pk: CorpPk, member_pk: MemberPk) -> LinkView:
    """How the member's link stands now."""
    row = _find_row(connection, corp_pk, member_pk)
    evidence = [LinkEvidence.from_json(each) for each in row.evidence]
    about = [each.account_id for each in evidence]
    accounts = list_accounts(connection, [*about, *filter(None, [row.account_id])])
    suggested = next((each for each in evidence if _suggests(each)), None)
    contested = next((each for each in evidence if each.proved), None)
    return LinkView(
        state=LinkState(row.state),
        reason=row.reason,
        asks=None if row.asks is None else NoticeKind(row.asks),
        changed_at=row.changed_at,
        account=accounts.get(row.account_id) if row.account_id else None,
        suggested=accounts.get(suggested.account_id) if suggested else None,
        contested=accounts.get(contested.account_id) if contested else None,
        claim=_find_claim(connection, corp_pk, member_pk),
    )


def list_accounts(
    connection: Connection, ids: Iterable[AccountId]
) -> dict[AccountId, AccountView]:
    """These accounts by their ids."""
    with connection.cursor(row_factory=class_row(AccountView)) as cursor:
        cursor.execute(
            "SELECT account_id, nick, name, mobile, email FROM accounts"
            " WHERE account_id = ANY(%s)",
            [list(ids)],
        )
        return {each.account_id: each for each in cursor}


def _suggests(evidence: LinkEvidence) -> bool:
    return evidence.returned or evidence.email is Agreement.EQUAL


def _find_row(
    connection: Connection, corp_pk: CorpPk, member_pk: MemberPk
) -> _LinkViewRow:
    with connection.cursor(row_factory=class_row(_LinkViewRow)) as cursor:
        cursor.execute(
            """
            SELECT state, reason, account_id, asks, evidence, changed_at FROM links
            WHERE corp_pk = %s AND member_pk = %s
            """,
            [corp_pk, member_pk],
        )
        return cursor.fetchone() or _UNEXAMINED


def _find_claim(
    connection: Connection, corp_pk: CorpPk, member_pk: MemberPk
) -> OpenClaim | None:
    with connection.cursor(row_factory=class_row(OpenClaim)) as cursor:
        cursor.execute(
            """
            SELECT kind, account_id,
                extract(epoch FROM clock_timestamp() - said_at)::float8 AS age_seconds
            FROM link_claims
            WHERE corp_pk = %s AND member_pk = %s AND taken_at IS NULL
            ORDER BY claim_id DESC LIMIT 1
            """,
            [corp_pk, member_pk],
        )
        return cursor.fetchone()
