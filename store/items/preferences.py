"""How members want to hear of items, and what holds for those who chose nothing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from domain.ids import CompanyId, CorpPk, MemberPk
from domain.items.items import ItemKind
from domain.items.people import ItemPreferences, ItemRole, RoleChoice, roles_told
from domain.items.quiet_hours import QuietHours
from store.database import Connection

# Whoever mutes more than this has muted the oldest for long enough.
MOST_MUTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPreferences:
    """A member's choice, or the company's defaults while they made none.

    Shape: `muted_items` with the newest last; `language` None while unknown.
    """

    item_notices: bool
    kinds: tuple[ItemKind, ...]
    roles: tuple[RoleChoice, ...]
    quiet: QuietHours | None = None
    muted_items: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyItems:
    """What holds in a company: whether there are item notices, and the defaults."""

    is_on: bool
    kinds: tuple[ItemKind, ...]
    roles: tuple[RoleChoice, ...]

    @property
    def default(self) -> ItemPreferences:
        """What somebody wants who said nothing."""
        return ItemPreferences(
            item_notices=True, kinds=frozenset(self.kinds), roles=frozenset(self.roles)
        )


def preferences_of(row: Mapping[str, Any]) -> ItemPreferences:
    """What somebody wants, from the columns that tell it."""
    return ItemPreferences(
        item_notices=row["item_notices"],
        kinds=frozenset(map(ItemKind, row["kinds"])),
        roles=frozenset(map(RoleChoice, row["roles"])),
        muted_items=frozenset(row["muted_items"]),
    )


def company_items(override: Mapping[str, Any] | None, *, switch: str) -> CompanyItems:
    """What holds in a company that overrides some of the defaults, or none."""
    given = override or {}
    kinds, roles = given.get("kinds"), given.get("roles")
    return CompanyItems(
        is_on=(given.get("switch") or switch) == "on",
        kinds=tuple(ItemKind) if kinds is None else tuple(map(ItemKind, kinds)),
        roles=tuple(RoleChoice) if roles is None else tuple(map(RoleChoice, roles)),
    )


def get_company_items(
    connection: Connection, company_id: CompanyId, *, switch: str
) -> CompanyItems:
    """What holds in this company, `switch` where it says nothing itself."""
    row = connection.execute(
        "SELECT item_notices FROM companies WHERE company_id = %s", [company_id]
    ).fetchone()
    return company_items(row[0] if row else None, switch=switch)


def find_preferences(
    connection: Connection, corp_pk: CorpPk, member_pk: MemberPk
) -> StoredPreferences | None:
    """What a member chose; None while they chose nothing."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "SELECT item_notices, kinds, roles, quiet_from, quiet_to, muted_items,"
            " language FROM item_preferences WHERE corp_pk = %s AND member_pk = %s",
            [corp_pk, member_pk],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    begin, end = row["quiet_from"], row["quiet_to"]
    return StoredPreferences(
        item_notices=row["item_notices"],
        kinds=tuple(map(ItemKind, row["kinds"])),
        roles=tuple(map(RoleChoice, row["roles"])),
        quiet=None if begin is None else QuietHours.parse(begin, end),
        muted_items=tuple(row["muted_items"]),
        language=row["language"],
    )


def keep_preferences(
    connection: Connection,
    corp_pk: CorpPk,
    member_pk: MemberPk,
    chosen: StoredPreferences,
) -> None:
    """Put a member's choice in the place of the former; what waits follows it at once.

    Shape: without a language the former one stays.
    """
    quiet = chosen.quiet
    connection.execute(
        """
        INSERT INTO item_preferences AS known (corp_pk, member_pk, item_notices, kinds,
            roles, quiet_from, quiet_to, muted_items, language)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (corp_pk, member_pk) DO UPDATE
        SET item_notices = excluded.item_notices, kinds = excluded.kinds,
            roles = excluded.roles, quiet_from = excluded.quiet_from,
            quiet_to = excluded.quiet_to, muted_items = excluded.muted_items,
            language = coalesce(excluded.language, known.language),
            changed_at = clock_timestamp()
        """,
        [
            corp_pk,
            member_pk,
            chosen.item_notices,
            list(chosen.kinds),
            list(chosen.roles),
            None if quiet is None else quiet.begin.strftime("%H:%M"),
            None if quiet is None else quiet.end.strftime("%H:%M"),
            list(chosen.muted_items[-MOST_MUTED:]),
            chosen.language,
        ],
    )
    _drop_unwanted(connection, corp_pk, member_pk, roles_told(chosen.roles))


def _drop_unwanted(
    connection: Connection,
    corp_pk: CorpPk,
    member_pk: MemberPk,
    roles: Collection[ItemRole],
) -> None:
    """Do not send what is queued and not wanted any more, and say why.

    Shape: `roles` are those in which the member still wants to hear.
    """
    connection.execute(
        """
        WITH unwanted AS (
            SELECT notices.notice_id, CASE
                    WHEN NOT wishes.item_notices THEN 'muted'
                    WHEN item_id = ANY(wishes.muted_items) THEN 'item_muted'
                    WHEN change.kind <> ALL(wishes.kinds) THEN 'kind'
                    ELSE 'role' END AS why
            FROM notices
            JOIN item_changes AS change ON change.company_id = notices.company_id
                AND change.change_id = notices.change_id
            JOIN item_preferences AS wishes ON wishes.corp_pk = notices.corp_pk
                AND wishes.member_pk = notices.member_pk
            WHERE notices.corp_pk = %(corp_pk)s AND notices.member_pk = %(member_pk)s
                AND notices.kind = 'item' AND notices.state = 'queued'
                AND batch_id IS NULL AND (NOT wishes.item_notices
                    OR item_id = ANY(wishes.muted_items)
                    OR change.kind <> ALL(wishes.kinds)
                    OR NOT EXISTS (
                        SELECT FROM item_notices AS told
                        WHERE told.corp_pk = notices.corp_pk
                            AND told.notice_id = notices.notice_id
                            AND told.roles && %(roles)s::text[]))
        )
        UPDATE notices SET state = 'dropped', reason = why, closed = 'over',
            closed_at = clock_timestamp()
        FROM unwanted
        WHERE notices.corp_pk = %(corp_pk)s AND notices.notice_id = unwanted.notice_id
        """,
        {
            "corp_pk": corp_pk,
            "member_pk": member_pk,
            "roles": [each.value for each in roles],
        },
    )


def absorb(
    connection: Connection, corp_pk: CorpPk, *, kept: MemberPk, absorbed: MemberPk
) -> None:
    """A member turns out to be another one: what either chose, the kept one first."""
    values = {"corp_pk": corp_pk, "kept": kept, "absorbed": absorbed}
    connection.execute(
        """
        UPDATE item_preferences SET member_pk = %(kept)s
        WHERE corp_pk = %(corp_pk)s AND member_pk = %(absorbed)s AND NOT EXISTS (
            SELECT FROM item_preferences AS own
            WHERE own.corp_pk = %(corp_pk)s AND own.member_pk = %(kept)s)
        """,
        values,
    )
    connection.execute(
        "DELETE FROM item_preferences"
        " WHERE corp_pk = %(corp_pk)s AND member_pk = %(absorbed)s",
        values,
    )
    connection.execute(
        "UPDATE item_notices SET member_pk = %(kept)s"
        " WHERE corp_pk = %(corp_pk)s AND member_pk = %(absorbed)s",
        values,
    )
