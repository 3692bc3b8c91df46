"""Corps: one authorisation of our suite by one enterprise, and what it lets us see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from domain.events.spelling import spelt_scope
from domain.ids import CompanyId, CorpId, CorpPk, DepartmentId, TagId, Userid
from domain.mailbox import mailbox_of_corp
from domain.org.scope import AuthScope, Tag
from domain.states import CorpState
from store.database import Connection

# After a pause that WeCom caused; doubled with each look that finds it still so.
FIRST_LOOK_SECONDS = 30.0
LONGEST_LOOK_SECONDS = 900.0

_NAMES = (
    "corp_pk", "corp_id", "state", "name", "company_id", "agent_id", "auth_mode",
    "scope", "permissions", "permanent_code", "data_key", "paused_by", "last_synced_at",
    "authorised_at", "spellings", "tree_stamp",
)  # fmt: skip
# What `corp_from` and `tags_from` read.
COLUMNS = ", ".join(f"corps.{each}" for each in _NAMES)
WIDTH = len(_NAMES)
TAG_COLUMNS = "tag_id, userids, department_ids"
_LIVE = "corp_id = %s AND state <> 'revoked'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Corp:
    """A corp as stored; the sealed values stay sealed.

    Shape: `spellings` are WeCom's own by others that it has answered to; the scope
        uses WeCom's own. `tree_stamp` is another one whenever departments changed.
    """

    corp_pk: CorpPk
    corp_id: CorpId
    state: CorpState
    name: str | None
    company_id: CompanyId | None
    agent_id: int | None
    scope: AuthScope
    permissions: frozenset[str]
    permanent_code: bytes | None = field(repr=False)
    data_key: bytes | None = field(repr=False)
    paused_by: str | None
    last_synced_at: datetime | None
    authorised_at: datetime
    tree_stamp: UUID
    spellings: Mapping[Userid, Userid] = field(default_factory=dict)

    @property
    def mailbox(self) -> str:
        """Where its mail waits."""
        return mailbox_of_corp(self.corp_id)


def find_live(connection: Connection, corp_id: str) -> Corp | None:
    """The authorisation of this corpid that is not revoked."""
    return _find(connection, _LIVE, corp_id)


def find_of_company(connection: Connection, company_id: str) -> Corp | None:
    """The corp that is linked to a company."""
    return _find(
        connection, "company_id = %s AND state IN ('linked', 'paused')", company_id
    )


def get(connection: Connection, corp_pk: CorpPk) -> Corp:
    """The corp of this surrogate key.

    Raises: LookupError.
    """
    return _get(connection, "corp_pk = %s", corp_pk)


def lock(connection: Connection, corp_pk: CorpPk) -> Corp:
    """The corp, locked for this transaction: the first lock after the lease.

    Raises: LookupError.
    """
    return _get(connection, "corp_pk = %s FOR UPDATE", corp_pk)


def share(connection: Connection, corp_pk: CorpPk) -> Corp:
    """The corp, which nobody changes before the end of this transaction.

    Raises: LookupError.
    """
    return _get(connection, "corp_pk = %s FOR SHARE", corp_pk)


def save_scope(
    connection: Connection,
    corp_pk: CorpPk,
    *,
    scope: AuthScope,
    permissions: Iterable[str],
    agent_id: int,
    name: str | None,
) -> None:
    """What get_auth_info and get_permissions said last."""
    connection.execute(
        """
        UPDATE corps SET scope = %(scope)s, permissions = %(permissions)s,
            agent_id = %(agent_id)s, auth_mode = %(auth_mode)s,
            name = coalesce(%(name)s, name)
        WHERE corp_pk = %(corp_pk)s
        """,
        {
            "scope": Jsonb(scope_json(scope)),
            "permissions": Jsonb(sorted(permissions)),
            "agent_id": agent_id,
            "auth_mode": scope.auth_mode,
            "name": name,
            "corp_pk": corp_pk,
        },
    )


def note_spellings(
    connection: Connection, corp_pk: CorpPk, learnt: Mapping[Userid, Userid]
) -> None:
    """WeCom answered in another case than it was asked: so it spells these people."""
    if not learnt:
        return
    # What was another spelling of theirs may be WeCom's own by now.
    present = sorted(set(learnt.values()) - learnt.keys())
    connection.execute(
        "UPDATE corps SET spellings = (spellings || %(learnt)s) - %(present)s::text[]"
        " WHERE corp_pk = %(corp_pk)s"
        " AND NOT (spellings @> %(learnt)s AND NOT spellings ?| %(present)s::text[])",
        {"learnt": Jsonb(dict(learnt)), "present": present, "corp_pk": corp_pk},
    )


def note_synced(connection: Connection, corp_pk: CorpPk) -> None:
    """A full read was applied: the corp is in step with WeCom."""
    connection.execute(
        "UPDATE corps SET last_synced_at = clock_timestamp(), pause_looks = 0"
        " WHERE corp_pk = %s",
        [corp_pk],
    )


def pause(connection: Connection, corp_pk: CorpPk, *, by: str) -> bool:
    """Stop following WeCom; False when it is not linked.

    Shape: a pause of nobody's becomes an operator's when one asks for it.
    """
    return (
        connection.execute(
            "UPDATE corps SET state = 'paused', paused_by = %(by)s"
            " WHERE corp_pk = %(corp_pk)s AND (state = 'linked'"
            " OR state = 'paused' AND %(by)s = 'operator' AND paused_by <> 'operator')",
            {"by": by, "corp_pk": corp_pk},
        ).rowcount
        == 1
    )


def resume(connection: Connection, corp_pk: CorpPk) -> bool:
    """Follow WeCom again; False when it is not paused."""
    return (
        connection.execute(
            "UPDATE corps SET state = 'linked', paused_by = NULL, pause_look_at = NULL"
            " WHERE corp_pk = %s AND state = 'paused'",
            [corp_pk],
        ).rowcount
        == 1
    )


def look_later(connection: Connection, corp_pk: CorpPk) -> None:
    """Have it looked at whether WeCom still keeps the app closed: each time later.

    Shape: a full read, which shows that all is well, makes the first time soon again.
    """
    connection.execute(
        """
        UPDATE corps SET pause_looks = pause_looks + 1,
            pause_look_at = clock_timestamp() + make_interval(secs =>
                least(%(longest)s, %(first)s * 2 ^ least(pause_looks, 16)))
        WHERE corp_pk = %(corp_pk)s
        """,
        {
            "first": FIRST_LOOK_SECONDS,
            "longest": LONGEST_LOOK_SECONDS,
            "corp_pk": corp_pk,
        },
    )


def make_due(
    connection: Connection, corp_pk: CorpPk, *, cause: str, seconds: float = 0
) -> None:
    """Ask for a full resync at a time from now; an earlier wish stays."""
    connection.execute(
        """
        UPDATE corps SET due_cause = %(cause)s, due_at = least(
            due_at, clock_timestamp() + make_interval(secs => %(seconds)s))
        WHERE corp_pk = %(corp_pk)s
        """,
        {"cause": cause, "seconds": seconds, "corp_pk": corp_pk},
    )


def count_findings(connection: Connection, corp_pk: CorpPk, *, found: bool) -> int:
    """How many full reads in a row have ended with a finding, this one included."""
    row = connection.execute(
        """
        UPDATE corps SET findings = CASE WHEN %(found)s THEN
            least(findings + 1, 1000) ELSE 0 END
        WHERE corp_pk = %(corp_pk)s AND (%(found)s OR findings > 0)
        RETURNING findings
        """,
        {"corp_pk": corp_pk, "found": found},
    ).fetchone()
    return int(row[0]) if row else 0


def doubt_scope(connection: Connection, corp_pk: CorpPk, *, seconds: float) -> None:
    """Have the scope looked at again: an event said that it changed."""
    connection.execute(
        """
        UPDATE corps SET scope_doubts = scope_doubts + 1,
            scope_doubt_at = clock_timestamp() + make_interval(secs => %s)
        WHERE corp_pk = %s
        """,
        [seconds, corp_pk],
    )


def trust_scope(connection: Connection, corp_pk: CorpPk) -> None:
    """The scope is what was read last: nobody needs to look again."""
    connection.execute(
        "UPDATE corps SET scope_doubts = 0, scope_doubt_at = NULL"
        " WHERE corp_pk = %s AND (scope_doubts > 0 OR scope_doubt_at IS NOT NULL)",
        [corp_pk],
    )


def count_scope_doubts(connection: Connection, corp_pk: CorpPk) -> int:
    """How often it was decided to look again, since the scope was trusted."""
    row = connection.execute(
        "SELECT scope_doubts FROM corps WHERE corp_pk = %s", [corp_pk]
    ).fetchone()
    return int(row[0]) if row else 0


def list_tags(connection: Connection, corp_pk: CorpPk) -> dict[TagId, Tag]:
    """The tags of the scope as last read."""
    rows = connection.execute(
        f"SELECT {TAG_COLUMNS} FROM tags WHERE corp_pk = %s",  # noqa: S608 - a constant of this module
        [corp_pk],
    ).fetchall()
    return tags_from(rows)


def tags_from(rows: Iterable[Sequence[Any]]) -> dict[TagId, Tag]:
    """The tags of rows with these columns, by their id."""
    return {
        TagId(tag_id): Tag(
            tag_id=TagId(tag_id),
            userids=frozenset(map(Userid, userids)),
            department_ids=frozenset(map(DepartmentId, department_ids)),
        )
        for tag_id, userids, department_ids in rows
    }


def save_tags(connection: Connection, corp_pk: CorpPk, tags: Iterable[Tag]) -> None:
    """Keep what was read of these tags; others stay as they are."""
    for tag in tags:
        connection.execute(
            """
            INSERT INTO tags (corp_pk, tag_id, userids, department_ids)
            VALUES (%(corp_pk)s, %(tag_id)s, %(userids)s, %(department_ids)s)
            ON CONFLICT (corp_pk, tag_id) DO UPDATE
            SET userids = excluded.userids, department_ids = excluded.department_ids
            WHERE (tags.userids, tags.department_ids)
                IS DISTINCT FROM (excluded.userids, excluded.department_ids)
            """,
            {
                "corp_pk": corp_pk,
                "tag_id": tag.tag_id,
                "userids": sorted(tag.userids),
                "department_ids": sorted(tag.department_ids),
            },
        )


def forget_tags(
    connection: Connection, corp_pk: CorpPk, *, kept: Iterable[int]
) -> None:
    """Drop the tags that the scope no longer names."""
    connection.execute(
        "DELETE FROM tags WHERE corp_pk = %s AND tag_id <> ALL(%s)",
        [corp_pk, list(kept)],
    )


def scope_json(scope: AuthScope) -> dict[str, Any]:
    """The stored form of a scope; auth_mode has a column of its own."""
    return {
        "auth_mode": scope.auth_mode,
        "departments": sorted(scope.departments),
        "members": sorted(scope.members),
        "tags": sorted(scope.tags),
        "extra_departments": sorted(scope.extra_departments),
        "extra_members": sorted(scope.extra_members),
        "extra_tags": sorted(scope.extra_tags),
    }


def scope_from(value: dict[str, Any]) -> AuthScope:
    """The scope again from its stored form; an empty one before the first read."""
    return AuthScope(
        auth_mode=int(value.get("auth_mode", 0)),
        departments=frozenset(map(DepartmentId, value.get("departments", ()))),
        members=frozenset(map(Userid, value.get("members", ()))),
        tags=frozenset(map(TagId, value.get("tags", ()))),
        extra_departments=frozenset(
            map(DepartmentId, value.get("extra_departments", ()))
        ),
        extra_members=frozenset(map(Userid, value.get("extra_members", ()))),
        extra_tags=frozenset(map(TagId, value.get("extra_tags", ()))),
    )


def _get(connection: Connection, condition: str, corp_pk: CorpPk) -> Corp:
    corp = _find(connection, condition, corp_pk)
    if corp is None:
        raise LookupError(f"no corp {corp_pk}")
    return corp


def _find(connection: Connection, condition: str, value: str | int) -> Corp | None:
    row = connection.execute(
        f"SELECT {COLUMNS} FROM corps WHERE {condition}",  # noqa: S608 - both are constants of this module
        [value],
    ).fetchone()
    return None if row is None else corp_from(row)


def corp_from(values: Sequence[Any]) -> Corp:
    """The corp of a row with these columns."""
    row = dict(zip(_NAMES, values, strict=True))
    scope = scope_from({**row.pop("scope"), "auth_mode": row.pop("auth_mode")})
    permissions = frozenset(row.pop("permissions"))
    scope = spelt_scope(scope, row["spellings"])
    state = CorpState(row.pop("state"))
    return Corp(**row, state=state, scope=scope, permissions=permissions)
