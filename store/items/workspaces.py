"""Projects of TAPD: whose they are, and what they call fields and their values."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg.types.json import Jsonb

from domain.ids import CompanyId
from domain.items import ItemKind
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


def is_of_another(connection: Connection, company_id: CompanyId, other_id: str) -> bool:
    """Whether TAPD's company of a project is one that we know, and not this one."""
    row = connection.execute(
        "SELECT 1 FROM companies WHERE company_id = %s AND company_id <> %s",
        [other_id, company_id],
    ).fetchone()
    return row is not None
