"""Corps and their departments."""

from datetime import datetime
from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from domain.ids import CorpPk
from store.database import Connection, transaction
from store.summaries.org import corps as stored_corps
from store.summaries.org.corps import CorpSummary
from store.summaries.org.departments import DepartmentSummary, list_departments
from store.summaries.org.past import list_departments as list_past_departments
from web.access import Audience, seen_by
from web.api.blueprint import Id, Moment, Page, answer, blueprint, problems, strings
from web.api.org.past import AT, Past, find_past
from web.api.waits import Waits, show_wait
from web.http.cursors import cut
from web.http.shown import show_row
from web.org.corps import FoundCorp, get_corp, pseudonym_key
from web.services import services

api = blueprint("api-corps")

CorpState = Literal["authorised", "linked", "paused", "revoked"]


class CorpPath(BaseModel):
    """Which corp."""

    corp_id: Id = Field(description="WeCom's corpid.")


class Scope(BaseModel):
    """What the corp lets the app use (可见范围)."""

    departments: list[int]
    members: list[str]
    tags: list[str]


class Corp(BaseModel):
    """One authorisation of the suite by one enterprise."""

    corp_id: str
    name: str | None
    state: CorpState
    company_id: str | None
    agent_id: str | None
    auth_mode: int = Field(description="0: by the admin; 1: by each member.")
    scope: Scope
    last_synced_at: datetime | None = Field(
        description="When the last full run ended, done or held."
    )
    stale_seconds: int | None = Field(description="Seconds since then.")
    pending_events: int
    waits: Waits | None = Field(description="What its mail waits for; null for none.")


class Corps(BaseModel):
    """A page of corps, ascending by corp_id."""

    items: list[Corp]
    next: str | None


class Department(BaseModel):
    """A department that the corp lets us see."""

    department_id: int
    parent_id: int | None = Field(description="Null when 0 or not listed.")
    name: str | None = Field(description="Null when WeCom gave the id.")
    order: int | None = Field(description="The larger comes first.")


class DepartmentPage(Page):
    """Which departments are wanted."""

    at: Moment | None = Field(None, description=AT)


class Departments(BaseModel):
    """A page of departments, ascending by department_id."""

    items: list[Department]
    next: str | None


@api.get("/corps", responses={200: Corps, **problems(400)})
@seen_by(Audience.BEARER)
def list_corps(query: Page) -> Response:
    """The corps, one row per corpid: the live one, else the newest."""
    of = ["corps"]
    after = services().cursors.open(query.cursor, of=of) or [""]
    with transaction(services().pool) as connection:
        rows = stored_corps.list_corps(
            connection,
            after=after[0],
            limit=query.limit + 1,
            pseudonym_key=pseudonym_key(connection),
        )
    shown, end = cut(rows, limit=query.limit, position=lambda row: [row.corp_id])
    following = services().cursors.seal(end, of=of) if end else None
    return answer(Corps(items=[show_corp(row) for row in shown], next=following))


@api.get("/corps/<corp_id>", responses={200: Corp, **problems(404)})
@seen_by(Audience.BEARER)
def read_corp(path: CorpPath) -> Response:
    """One corp: the live authorisation of this corpid, else the newest."""
    with transaction(services().pool) as connection:
        return answer(show_corp(get_corp(connection, path.corp_id).summary))


@api.get(
    "/corps/<corp_id>/departments", responses={200: Departments, **problems(400, 404)}
)
@seen_by(Audience.BEARER)
def list_corp_departments(path: CorpPath, query: DepartmentPage) -> Response:
    """The departments of a corp, ascending by id; with `at` those of that moment."""
    of = ["departments", path.corp_id, query.at]
    after = services().cursors.open(query.cursor, of=of) or [-1, None]
    with transaction(services().pool) as connection:
        corp = get_corp(connection, path.corp_id)
        past = find_past(connection, corp, at=query.at, begun=after[1])
        rows = _departments(connection, corp, past, after[0], query.limit + 1)
    shown, end = cut(
        rows,
        limit=query.limit,
        position=lambda row: [row.department_id, past and past.cut],
    )
    following = services().cursors.seal(end, of=of) if end else None
    return answer(
        Departments(items=[_show_department(row) for row in shown], next=following)
    )


def show_corp(corp: CorpSummary) -> Corp:
    """A corp as the API answers it."""
    synced = corp.last_synced_at
    stale = max(0, int((corp.now - synced).total_seconds())) if synced else None
    return show_row(
        Corp,
        corp,
        agent_id=None if corp.agent_id is None else str(corp.agent_id),
        scope=_show_scope(corp.scope),
        last_synced_at=synced,
        stale_seconds=stale,
        waits=show_wait(corp.wait),
    )


def _departments(
    connection: Connection, corp: FoundCorp, past: Past | None, after: int, limit: int
) -> list[DepartmentSummary]:
    if past is None:
        return list_departments(connection, corp.corp_pk, after=after, limit=limit)
    return list_past_departments(
        connection, CorpPk(corp.corp_pk), cut=past.cut, after=after, limit=limit
    )


def _show_scope(scope: dict[str, list[int | str]]) -> dict[str, list[int | str]]:
    return {
        "departments": scope.get("departments", []),
        "members": scope.get("members", []),
        "tags": [*strings(scope.get("tags", []))],
    }


def _show_department(row: DepartmentSummary) -> Department:
    return Department(
        department_id=row.department_id,
        parent_id=row.parent_id,
        name=row.name,
        order=row.order,
    )
