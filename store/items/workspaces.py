"""Projects of TAPD: whose they are, and what they call fields and their values."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg.types.json import Jsonb

from domain.ids import CompanyId
from domain.items.items import ItemKind
from store.database import Connection


class WorkspaceStanding(StrEnum):
    """Whether a project is the company's that sends its items."""

    OURS = "ours"
    FOREIGN = "foreign"
    UNPROVEN = "unproven"  # TAPD did not say: the secret alone is believed.


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWords:
    """Names of fields, statuses and other values of one kind, and when they were read.

    Shape: `options` by field, then by value.
    """

    labels: Mapping[str, str]
    statuses: Mapping[str, str]
    options: Mapping[str, Mapping[str, str]]
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWorkspace:
    """A project as it is known here."""

    standing: WorkspaceStanding
    name: str | None
    new_task: bool
    checked_at: datetime
    words: Mapping[ItemKind, KnownWords]


def find_workspaces(
    connection: Connection, company_id: CompanyId, workspace_ids: Collection[str]
) -> dict[str, KnownWorkspace]:
    """What is known of these projects, by id."""
    rows = connection.execute(
        "SELECT workspace_id, standing, name, new_task, checked_at, words"
        " FROM workspaces WHERE company_id = %s AND workspace_id = ANY(%s)",
        [company_id, list(workspace_ids)],
    ).fetchall()
    return {
        workspace_id: KnownWorkspace(
            standing=WorkspaceStanding(standing),
            name=name,
            new_task=new_task,
            checked_at=checked_at,
            words={
                ItemKind(kind): KnownWords(
                    labels=told["labels"],
                    statuses=told["statuses"],
                    options=told.get("options", {}),
                    read_at=datetime.fromisoformat(told["read_at"]),
                )
                for kind, told in words.items()
            },
        )
        for workspace_id, standing, name, new_task, checked_at, words in rows
    }


def keep_standing(
    connection: Connection,
    company_id: CompanyId,
    workspace_id: str,
    *,
    standing: WorkspaceStanding,
    name: str | None = None,
    new_task: bool = False,
) -> None:
    """Whose the project is, as TAPD has just said or not said."""
    connection.execute(
        """
        INSERT INTO workspaces AS known
            (company_id, workspace_id, standing, name, new_task)
        VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (company_id, workspace_id) DO UPDATE
        SET standing = excluded.standing, new_task = excluded.new_task,
            name = coalesce(excluded.name, known.name), checked_at = clock_timestamp()
        """,
        [company_id, workspace_id, standing.value, name, new_task],
    )


def keep_words(
    connection: Connection,
    company_id: CompanyId,
    workspace_id: str,
    kind: ItemKind,
    *,
    labels: Mapping[str, str],
    statuses: Mapping[str, str],
    options: Mapping[str, Mapping[str, str]],
) -> None:
    """What the project calls fields, statuses and other values now."""
    words = {"labels": labels, "statuses": statuses, "options": options}
    told = Jsonb({kind.value: words})
    connection.execute(
        """
        UPDATE workspaces SET words = words || jsonb_set(
            %s, ARRAY[%s, 'read_at'], to_jsonb(clock_timestamp()), true)
        WHERE company_id = %s AND workspace_id = %s
        """,
        [told, kind.value, company_id, workspace_id],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRecheck:
    """A project in which TAPD is to be asked what changed since then."""

    company_id: CompanyId
    workspace_id: str
    since: datetime


def take_due_rechecks(
    connection: Connection, *, every_seconds: float, limit: int
) -> list[DueRecheck]:
    """Projects of companies that hear of their items, put off for the next time.

    Shape: only where something was told within two weeks; at most a day is looked back,
        and never before the project was known.
    """
    rows = connection.execute(
        """
        UPDATE workspaces AS known SET rechecked_at = clock_timestamp()
        FROM (
            SELECT company_id, workspace_id, rechecked_at AS before FROM workspaces
            WHERE standing <> 'foreign' AND company_id IN (
                    SELECT company_id FROM corps
                    WHERE state = 'linked' AND company_id IS NOT NULL)
                AND coalesce(rechecked_at, '-infinity')
                    < clock_timestamp() - make_interval(secs => %(every)s)
                AND EXISTS (
                    SELECT FROM items WHERE items.company_id = workspaces.company_id
                        AND items.workspace_id = workspaces.workspace_id
                        AND changed_at > clock_timestamp() - interval '14 days')
            ORDER BY rechecked_at NULLS FIRST LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        ) AS due
        WHERE known.company_id = due.company_id
            AND known.workspace_id = due.workspace_id
        RETURNING known.company_id, known.workspace_id,
            greatest(coalesce(due.before, known.checked_at),
                clock_timestamp() - interval '1 day')
        """,
        {"every": every_seconds, "limit": limit},
    ).fetchall()
    return [
        DueRecheck(
            company_id=CompanyId(company_id), workspace_id=workspace_id, since=since
        )
        for company_id, workspace_id, since in rows
    ]


def put_back(connection: Connection, due: DueRecheck, *, every_seconds: float) -> None:
    """TAPD did not answer: the next turn asks about the same time once more."""
    connection.execute(
        "UPDATE workspaces SET rechecked_at ="
        " least(%s, clock_timestamp() - make_interval(secs => %s))"
        " WHERE company_id = %s AND workspace_id = %s",
        [due.since, every_seconds, due.company_id, due.workspace_id],
    )


def is_of_another(connection: Connection, company_id: CompanyId, other_id: str) -> bool:
    """Whether TAPD's company of a project is one that we know, and not this one."""
    row = connection.execute(
        "SELECT 1 FROM companies WHERE company_id = %s AND company_id <> %s",
        [other_id, company_id],
    ).fetchone()
    return row is not None
