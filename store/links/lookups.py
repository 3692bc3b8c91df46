"""Questions to WeCom whose an account's mobile is: reserved, answered, and counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.ids import AccountId, CompanyId, CorpId, CorpPk, Userid
from domain.links.lookups import LOST_AFTER, WINDOW, Answer, Lookup, Lookups
from store.database import Connection

# Accounts of the company that no active member is linked to, and whether WeCom's last
# word about the mobile that they have now still stands (domain/links/lookups.py).
_UNANSWERED = """
    SELECT accounts.account_id, mobile_e164, last.asked_at, last.answer
    FROM memberships JOIN accounts USING (account_id) LEFT JOIN LATERAL (
        SELECT asked_at, answer FROM lookups
        WHERE lookups.corp_pk = %(corp_pk)s
            AND lookups.account_id = accounts.account_id
            AND asked_at >= mobile_changed_at
        ORDER BY lookup_id DESC LIMIT 1
    ) AS last ON true
    WHERE memberships.company_id = %(company_id)s AND left_at IS NULL
        AND mobile_e164 IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM links WHERE links.company_id = memberships.company_id
                AND links.account_id = accounts.account_id
                AND links.state = 'linked' AND holds)
        AND (last.answer IS NULL OR last.answer = 'open'
            OR last.answer = 'miss' AND last.asked_at <= %(last_joined_at)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileQuestion:
    """A mobile that WeCom is to be asked about, reserved before it is."""

    lookup_id: int
    account_id: AccountId
    mobile: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupBudget:
    """What of a corp decides how much may be asked.

    Shape: `may_gain`: there is a member who is not linked and shows no mobile.
    """

    usable: int
    last_joined_at: datetime | None
    blocked_until: datetime | None
    may_gain: bool
    now: datetime


def get_standing(connection: Connection, corp_pk: CorpPk) -> LookupBudget:
    """The corp's standing now."""
    row = connection.execute(
        """
        SELECT count(*), max(added_at), (
                SELECT lookups_blocked_until FROM corps WHERE corp_pk = %(corp_pk)s),
            coalesce(bool_or(match_mobile IS NULL AND links.state IS DISTINCT FROM
                'linked' AND links.state IS DISTINCT FROM 'unlinked'), false),
            clock_timestamp()
        FROM members LEFT JOIN links USING (corp_pk, member_pk)
        WHERE corp_pk = %(corp_pk)s AND members.state = 'active'
        """,
        {"corp_pk": corp_pk},
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always returns its row.
    usable, joined, blocked, may_gain, now = row
    return LookupBudget(
        usable=usable,
        last_joined_at=joined,
        blocked_until=blocked,
        may_gain=may_gain,
        now=now,
    )


def is_open(
    connection: Connection,
    corp_pk: CorpPk,
    company_id: CompanyId,
    standing: LookupBudget,
) -> bool:
    """Whether an account of the company still lacks an answer that may be had."""
    if _lookups((), standing).limit == 0:
        return False
    row = connection.execute(
        f"SELECT EXISTS ({_UNANSWERED})", _about(corp_pk, company_id, standing)
    ).fetchone()
    return bool(row and row[0])


def count_questions(
    connection: Connection,
    corp_pk: CorpPk,
    company_id: CompanyId,
    standing: LookupBudget,
) -> tuple[int, int]:
    """How many mobiles would be asked about now if none is anybody's, or if each is."""
    blocked = standing.blocked_until
    if not standing.may_gain or (blocked and blocked > standing.now):
        return 0, 0
    accounts, askable = _askable(connection, corp_pk, company_id, standing)
    # Each hit gives its part of the budget back.
    return len(askable), len(accounts) if askable else 0


def reserve(
    connection: Connection,
    corp_pk: CorpPk,
    company_id: CompanyId,
    standing: LookupBudget,
    *,
    limit: int,
) -> list[MobileQuestion]:
    """Keep the questions to put now, so that they count whatever becomes of them."""
    accounts, askable = _askable(connection, corp_pk, company_id, standing)
    wanted = askable[:limit]
    reserved = connection.execute(
        """
        INSERT INTO lookups (corp_pk, account_id)
        SELECT %s, account_id FROM unnest(%s::text[]) AS given (account_id)
        RETURNING lookup_id, account_id
        """,
        [corp_pk, [accounts[each.mobile] for each in wanted]],
    ).fetchall()
    mobiles = {accounts[each.mobile]: each.mobile for each in wanted}
    return [
        MobileQuestion(
            lookup_id=lookup_id, account_id=account_id, mobile=mobiles[account_id]
        )
        for lookup_id, account_id in reserved
    ]


def answer(
    connection: Connection,
    corp_pk: CorpPk,
    answers: Sequence[tuple[MobileQuestion, Userid | None]],
) -> None:
    """What WeCom said to reserved questions: who, or that nobody has the mobile.

    Repeats: the second answer to a question is not kept.
    """
    connection.execute(
        """
        UPDATE lookups SET userid = given.userid,
            answer = CASE WHEN given.userid IS NULL THEN 'miss' ELSE 'hit' END
        FROM unnest(%(ids)s::bigint[], %(userids)s::text[]) AS given (id, userid)
        WHERE corp_pk = %(corp_pk)s AND lookup_id = given.id AND answer = 'open'
        """,
        {
            "corp_pk": corp_pk,
            "ids": [question.lookup_id for question, _ in answers],
            "userids": [userid for _, userid in answers],
        },
    )


def give_back(
    connection: Connection, corp_pk: CorpPk, questions: Sequence[MobileQuestion]
) -> None:
    """These were reserved and never put: they count for nothing."""
    if not questions:
        return
    connection.execute(
        "DELETE FROM lookups WHERE corp_pk = %s AND lookup_id = ANY(%s)"
        " AND answer = 'open'",
        [corp_pk, [each.lookup_id for each in questions]],
    )


def find_next_due(
    connection: Connection,
    corp_pk: CorpPk,
    company_id: CompanyId,
    standing: LookupBudget,
    *,
    longest_wait: timedelta,
) -> datetime | None:
    """When to look again: something may be asked then, or a wait is over.

    None when nobody waits and there is nothing to ask.
    """
    row = connection.execute(
        """
        SELECT (SELECT min(changed_at) + %(longest_wait)s FROM links
                WHERE corp_pk = %(corp_pk)s AND state = 'none'
                    AND changed_at > clock_timestamp() - %(longest_wait)s),
            min(asked_at) FILTER (WHERE answer <> 'hit') + %(window)s,
            min(asked_at) FILTER (WHERE answer = 'open') + %(lost)s
        FROM lookups WHERE corp_pk = %(corp_pk)s
            AND asked_at > clock_timestamp() - %(window)s
        """,
        {
            "corp_pk": corp_pk,
            "longest_wait": longest_wait,
            "window": WINDOW,
            "lost": LOST_AFTER,
        },
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always returns its row.
    wait_over, budget_grows, answer_lost = row
    times = [wait_over]
    if standing.may_gain and is_open(connection, corp_pk, company_id, standing):
        blocked = standing.blocked_until
        is_blocked = blocked is not None and blocked > standing.now
        times += [blocked] if is_blocked else [budget_grows, answer_lost]
        if not is_blocked and _askable(connection, corp_pk, company_id, standing)[1]:
            # A turn asks a few only, and each hit gives its part of the budget back.
            times.append(standing.now)
    return min((each for each in times if each is not None), default=None)


def set_due(connection: Connection, corp_pk: CorpPk, at: datetime | None) -> None:
    """Have upkeep see to the lookups then; None: not before something changes."""
    connection.execute(
        "UPDATE corps SET lookups_due_at = %(at)s WHERE corp_pk = %(corp_pk)s"
        " AND lookups_due_at IS DISTINCT FROM %(at)s",
        {"at": at, "corp_pk": corp_pk},
    )


def make_due(connection: Connection, corp_pk: CorpPk) -> None:
    """Have upkeep see to the lookups now."""
    connection.execute(
        "UPDATE corps SET lookups_due_at = clock_timestamp() WHERE corp_pk = %s"
        " AND (lookups_due_at IS NULL OR lookups_due_at > clock_timestamp())",
        [corp_pk],
    )


def take_due(connection: Connection, *, limit: int) -> list[CorpId]:
    """Linked corps whose lookups are due; upkeep's wish is theirs no more."""
    rows = connection.execute(
        """
        WITH due AS (
            SELECT corp_pk FROM corps
            WHERE state = 'linked' AND lookups_due_at <= clock_timestamp()
            ORDER BY lookups_due_at LIMIT %s FOR UPDATE SKIP LOCKED
        )
        UPDATE corps SET lookups_due_at = NULL FROM due
        WHERE corps.corp_pk = due.corp_pk RETURNING corp_id
        """,
        [limit],
    ).fetchall()
    return [CorpId(row[0]) for row in rows]


def block(connection: Connection, corp_pk: CorpPk, *, until: datetime) -> None:
    """WeCom wants no more of these questions before then."""
    connection.execute(
        "UPDATE corps SET lookups_blocked_until = %s WHERE corp_pk = %s",
        [until, corp_pk],
    )


def prune(connection: Connection) -> int:
    """Drop questions past their day that a newer one of the same account replaces."""
    return connection.execute(
        """
        DELETE FROM lookups WHERE asked_at < clock_timestamp() - %s AND EXISTS (
            SELECT FROM lookups AS newer WHERE newer.corp_pk = lookups.corp_pk
                AND newer.account_id = lookups.account_id
                AND newer.lookup_id > lookups.lookup_id)
        """,
        [WINDOW],
    ).rowcount


def _askable(
    connection: Connection,
    corp_pk: CorpPk,
    company_id: CompanyId,
    standing: LookupBudget,
) -> tuple[dict[str, AccountId], Sequence[Lookup]]:
    """Accounts by mobile, and the questions that may be put about them now."""
    rows = connection.execute(
        _UNANSWERED, _about(corp_pk, company_id, standing)
    ).fetchall()
    accounts = {mobile: account_id for account_id, mobile, _, _ in sorted(rows)[::-1]}
    past = [
        Lookup(mobile=mobile, asked_at=asked_at, answer=Answer(answer))
        for _, mobile, asked_at, answer in rows
        if answer is not None and asked_at <= standing.now - WINDOW
    ]
    past += _window(connection, corp_pk, standing)
    return accounts, _lookups(past, standing).reserve(accounts)


def _window(
    connection: Connection, corp_pk: CorpPk, standing: LookupBudget
) -> list[Lookup]:
    """All questions of the window; one about an outdated mobile only counts."""
    rows = connection.execute(
        """
        SELECT CASE WHEN asked_at >= mobile_changed_at THEN mobile_e164 END,
            lookup_id, asked_at, answer
        FROM lookups JOIN accounts USING (account_id)
        WHERE corp_pk = %s AND asked_at > %s
        """,
        [corp_pk, standing.now - WINDOW],
    ).fetchall()
    return [
        Lookup(
            mobile=mobile or f"of lookup {lookup_id}",
            asked_at=asked_at,
            answer=Answer(answer),
        )
        for mobile, lookup_id, asked_at, answer in rows
    ]


def _lookups(past: Sequence[Lookup], standing: LookupBudget) -> Lookups:
    return Lookups(
        past=tuple(past),
        usable=standing.usable,
        last_joined_at=standing.last_joined_at,
        now=standing.now,
    )


def _about(
    corp_pk: CorpPk, company_id: CompanyId, standing: LookupBudget
) -> dict[str, object]:
    return {
        "corp_pk": corp_pk,
        "company_id": company_id,
        "last_joined_at": standing.last_joined_at,
    }


def rename(connection: Connection, corp_pk: CorpPk, userids: Mapping[str, str]) -> None:
    """What WeCom said of these people under their old userids is said of the new ones.

    Else it would be said of whoever bears an old one next.
    """
    if not userids:
        return
    connection.execute(
        """
        UPDATE lookups SET userid = given.new
        FROM unnest(%s::text[], %s::text[]) AS given (old, new)
        WHERE corp_pk = %s AND answer = 'hit' AND userid = given.old
        """,
        [list(userids), list(userids.values()), corp_pk],
    )
