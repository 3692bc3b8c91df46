"""Whom each event concerns: the message that carries it to them, or why none does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import dict_row

from domain.ids import AccountId, CompanyId, CorpPk, Key, MemberPk
from domain.items.items import ItemKind
from domain.items.people import ItemRole, Unsent
from domain.mailbox import mailbox_of_company
from store.database import Connection
from store.inbox.record import post_internal


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One person whom one event concerns.

    Shape: with `unsent` they get nothing; with `waits` their nick may yet turn out to
        be somebody's. `due_at` and `gathered` say when and how the card goes.
    """

    mail_id: int
    event_id: str
    event: str
    kind: ItemKind
    item_id: str
    change_id: int
    nick: str
    roles: tuple[ItemRole, ...]
    role: ItemRole
    account_id: AccountId | None
    corp_pk: CorpPk | None
    member_pk: MemberPk | None
    unsent: Unsent | None
    waits: bool
    due_at: datetime
    gathered: bool

    @property
    def is_sent(self) -> bool:
        """Whether a message is queued for it."""
        return self.unsent is None and not self.waits


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingConcern:
    """Somebody whom an event names by a nick that was nobody's then."""

    mail_id: int
    nick: str
    kind: ItemKind
    item_id: str
    change_id: int
    roles: tuple[ItemRole, ...]
    opened_at: datetime
    closes_at: datetime
    first: bool


# Internal mail: TAPD was asked who is in the company, whatever came of it.
ACCOUNTS_READ = "accounts_read"
PEOPLE_KEY = Key("people")

# How long a nick may stay unknown while TAPD is asked who is in the company.
NICK_WAIT_SECONDS = 120.0


def note_concerns(
    connection: Connection, company_id: CompanyId, concerns: Sequence[Concern]
) -> frozenset[CorpPk]:
    """Write down whom events concern, and queue a card for those who get one.

    Shape: the corps in which something was queued, to be rung after the commit.
    Repeats: one card for each change and member, whatever carried it to them.
    """
    sent = [each for each in concerns if each.is_sent]
    _queue(connection, company_id, sent)
    _note(connection, company_id, concerns)
    return frozenset(each.corp_pk for each in sent if each.corp_pk is not None)


def _queue(
    connection: Connection, company_id: CompanyId, sent: Sequence[Concern]
) -> None:
    if not sent:
        return
    connection.execute(
        """
        INSERT INTO notices (corp_pk, member_pk, company_id, kind, round, origin,
            change_id, not_before, gathered, language, events)
        SELECT DISTINCT ON (given.corp_pk, given.member_pk, given.change_id)
            given.corp_pk, given.member_pk, %(company_id)s, 'item', 1, 'sync',
            given.change_id, given.due_at, given.gathered,
            coalesce(wishes.language, 'zh-CN'), ARRAY[given.mail_id]
        FROM unnest(%(corps)s::bigint[], %(members)s::bigint[], %(changes)s::bigint[],
            %(due)s::timestamptz[], %(gathered)s::boolean[], %(mails)s::bigint[])
            AS given (corp_pk, member_pk, change_id, due_at, gathered, mail_id)
        LEFT JOIN item_preferences AS wishes ON wishes.corp_pk = given.corp_pk
            AND wishes.member_pk = given.member_pk
        WHERE NOT EXISTS (
            SELECT FROM item_notices AS told
            WHERE told.company_id = %(company_id)s AND told.change_id = given.change_id
                AND told.corp_pk = given.corp_pk AND told.member_pk = given.member_pk
                AND told.notice_id IS NOT NULL)
        ORDER BY given.corp_pk, given.member_pk, given.change_id
        ON CONFLICT DO NOTHING
        """,
        {
            "company_id": company_id,
            "corps": [each.corp_pk for each in sent],
            "members": [each.member_pk for each in sent],
            "changes": [each.change_id for each in sent],
            "due": [each.due_at for each in sent],
            "gathered": [each.gathered for each in sent],
            "mails": [each.mail_id for each in sent],
        },
    )


def _note(
    connection: Connection, company_id: CompanyId, concerns: Sequence[Concern]
) -> None:
    connection.execute(
        """
        INSERT INTO item_notices (company_id, mail_id, nick, event_id, event, kind,
            item_id, change_id, roles, role, account_id, corp_pk, member_pk, reason,
            waits_until, notice_id)
        SELECT %(company_id)s, mail_id, nick, event_id, event, kind, item_id,
            given.change_id, string_to_array(roles, ','), role, account_id,
            given.corp_pk, given.member_pk, reason,
            CASE WHEN waits
                THEN clock_timestamp() + make_interval(secs => %(wait)s) END,
            CASE WHEN is_sent THEN coalesce(
                (SELECT max(notice_id) FROM item_notices AS told
                WHERE told.company_id = %(company_id)s
                    AND told.change_id = given.change_id
                    AND told.corp_pk = given.corp_pk
                    AND told.member_pk = given.member_pk),
                (SELECT notice_id FROM notices AS own
                WHERE own.kind = 'item' AND own.corp_pk = given.corp_pk
                    AND own.member_pk = given.member_pk
                    AND own.change_id = given.change_id)) END
        FROM unnest(%(mails)s::bigint[], %(nicks)s::text[], %(event_ids)s::text[],
            %(events)s::text[], %(kinds)s::text[], %(items)s::text[],
            %(changes)s::bigint[], %(all_roles)s::text[], %(roles)s::text[],
            %(accounts)s::text[], %(corps)s::bigint[], %(members)s::bigint[],
            %(reasons)s::text[], %(waits)s::boolean[], %(sent)s::boolean[])
            AS given (mail_id, nick, event_id, event, kind, item_id, change_id, roles,
                role, account_id, corp_pk, member_pk, reason, waits, is_sent)
        ON CONFLICT (company_id, mail_id, nick) DO NOTHING
        """,
        {
            "company_id": company_id,
            "wait": NICK_WAIT_SECONDS,
            **_columns(concerns),
        },
    )


def _columns(concerns: Sequence[Concern]) -> dict[str, list[object]]:
    """The concerns as columns, for one statement about all of them."""
    return {
        "mails": [each.mail_id for each in concerns],
        "nicks": [each.nick for each in concerns],
        "event_ids": [each.event_id for each in concerns],
        "events": [each.event for each in concerns],
        "kinds": [each.kind for each in concerns],
        "items": [each.item_id for each in concerns],
        "changes": [each.change_id for each in concerns],
        "all_roles": [",".join(each.roles) for each in concerns],
        "roles": [each.role for each in concerns],
        "accounts": [each.account_id for each in concerns],
        "corps": [each.corp_pk for each in concerns],
        "members": [each.member_pk for each in concerns],
        "reasons": [each.unsent for each in concerns],
        "waits": [each.waits for each in concerns],
        "sent": [each.is_sent for each in concerns],
    }


def lock_waiting(
    connection: Connection, company_id: CompanyId, *, limit: int
) -> list[WaitingConcern]:
    """Whose nicks are to be looked for once more, locked for this transaction."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            """
            SELECT told.mail_id, told.nick, told.kind, told.item_id, told.change_id,
                told.roles, change.opened_at, change.closes_at, change.first
            FROM item_notices AS told
            JOIN item_changes AS change USING (company_id, change_id)
            WHERE told.company_id = %s AND told.waits_until IS NOT NULL
            ORDER BY told.mail_id, told.nick LIMIT %s FOR UPDATE OF told
            """,
            [company_id, limit],
        )
        return [_waiting(row) for row in cursor]


def end_waiting(
    connection: Connection,
    company_id: CompanyId,
    unsent: Sequence[tuple[WaitingConcern, Unsent, str | None]],
    found: Sequence[tuple[WaitingConcern, Concern]],
) -> frozenset[CorpPk]:
    """What the nicks turned out to be: somebody to be told, or nobody for a reason."""
    _queue(connection, company_id, [concern for _, concern in found])
    for waiting, reason, account_id in unsent:
        connection.execute(
            "UPDATE item_notices SET waits_until = NULL, reason = %s, account_id = %s"
            " WHERE company_id = %s AND mail_id = %s AND nick = %s",
            [reason, account_id, company_id, waiting.mail_id, waiting.nick],
        )
    for waiting, concern in found:
        connection.execute(
            """
            UPDATE item_notices SET waits_until = NULL, role = %(role)s,
                account_id = %(account_id)s, corp_pk = %(corp_pk)s,
                member_pk = %(member_pk)s, notice_id = (
                    SELECT notice_id FROM notices AS own
                    WHERE own.kind = 'item' AND own.corp_pk = %(corp_pk)s
                        AND own.member_pk = %(member_pk)s
                        AND own.change_id = %(change_id)s)
            WHERE company_id = %(company_id)s AND mail_id = %(mail_id)s
                AND nick = %(nick)s
            """,
            {
                "company_id": company_id,
                "mail_id": waiting.mail_id,
                "nick": waiting.nick,
                "role": concern.role,
                "account_id": concern.account_id,
                "corp_pk": concern.corp_pk,
                "member_pk": concern.member_pk,
                "change_id": concern.change_id,
            },
        )
    return frozenset(each.corp_pk for _, each in found if each.corp_pk is not None)


def tell_accounts_read(connection: Connection, company_id: CompanyId) -> str | None:
    """Have waiting nicks looked for again; the mailbox to ring, None if none waits."""
    row = connection.execute(
        "SELECT 1 FROM item_notices"
        " WHERE company_id = %s AND waits_until IS NOT NULL LIMIT 1",
        [company_id],
    ).fetchone()
    return _post(connection, company_id) if row else None


# Somebody has waited for long enough: what the clock looks for once a second.
OVERDUE: LiteralString = "FROM item_notices WHERE waits_until <= clock_timestamp()"


def tell_overdue(connection: Connection) -> list[str]:
    """The same where somebody has waited for long enough; the mailboxes to ring."""
    rows = connection.execute(f"SELECT DISTINCT company_id {OVERDUE}").fetchall()
    return [_post(connection, CompanyId(company_id)) for (company_id,) in rows]


def _post(connection: Connection, company_id: CompanyId) -> str:
    mailbox = mailbox_of_company(company_id)
    connection.execute(
        "UPDATE item_notices SET waits_until = 'infinity'"
        " WHERE company_id = %s AND waits_until <= clock_timestamp()",
        [company_id],
    )
    post_internal(
        connection, mailbox=mailbox, kind=ACCOUNTS_READ, key=PEOPLE_KEY, hint={}
    )
    return mailbox


def _waiting(row: dict[str, Any]) -> WaitingConcern:
    return WaitingConcern(
        mail_id=row["mail_id"],
        nick=row["nick"],
        kind=ItemKind(row["kind"]),
        item_id=row["item_id"],
        change_id=row["change_id"],
        roles=tuple(map(ItemRole, row["roles"])),
        opened_at=row["opened_at"],
        closes_at=row["closes_at"],
        first=row["first"],
    )
