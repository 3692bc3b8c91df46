"""Operators: who may sign in and do what, and the end of their sessions."""

from datetime import datetime

from flask import Response
from pydantic import BaseModel, Field

from domain.roles import Role
from store.database import Connection, transaction
from store.platform import deeds, operators
from store.sessions import operator_sessions
from web.access import Audience, seen_by
from web.api.auditing import note, note_deed
from web.api.blueprint import Id, ReasonBody, answer, blueprint, not_found, problems
from web.services import services

api = blueprint("api-operators")


class OperatorPath(BaseModel):
    """Which operator."""

    name: Id


class RoleBody(ReasonBody):
    """What an operator may do from now on, and why."""

    role: Role


class GuestBody(ReasonBody):
    """Whom of the house's provider is meant, and why."""

    subject: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of GET operators.")


class OperatorRow(BaseModel):
    """Somebody who has a token of their own."""

    name: str
    role: Role
    made_at: datetime
    sessions: int


class GuestRow(BaseModel):
    """Somebody of the house's provider who is signed in."""

    subject: str
    name: str
    role: Role
    sessions: int


class Operators(BaseModel):
    """All who may sign in by a token, and the provider's people who are in."""

    items: list[OperatorRow]
    guests: list[GuestRow]
    next: str | None


class Ended(BaseModel):
    """How many sessions ended."""

    ended: int


@api.get("/operators", responses={200: Operators})
@seen_by(Audience.BEARER)
def list_operators() -> Response:
    """Who may sign in, and as what."""
    with transaction(services().pool) as connection:
        return answer(_show(connection))


@api.put("/operators/<name>/role", responses={200: Operators, **problems(404, 422)})
@seen_by(Audience.BEARER)
def set_operator_role(path: OperatorPath, body: RoleBody) -> Response:
    """Let an operator do more or less, from their next click on."""
    with transaction(services().pool) as connection:
        before = operators.find_role(connection, path.name)
        if before is None:
            not_found(f"operator {path.name}")
        operators.set_role(connection, path.name, body.role)
        note(
            connection,
            "set_role",
            target=f"operator:{path.name}",
            reason=body.reason,
            before={"role": before},
            after={"role": body.role.value},
        )
        return answer(_show(connection))


@api.post(
    "/operators/<name>/end-sessions", responses={200: Ended, **problems(404, 422)}
)
@seen_by(Audience.BEARER)
def end_operator_sessions(path: OperatorPath, body: ReasonBody) -> Response:
    """Sign an operator out everywhere; their token stays good."""
    with transaction(services().pool) as connection:
        if operators.find_role(connection, path.name) is None:
            not_found(f"operator {path.name}")
        ended = operator_sessions.end_all(connection, path.name)
        deed = deeds.sessions_ended(f"operator:{path.name}", ended=ended)
        note_deed(connection, deed, reason=body.reason)
    return answer(Ended(ended=ended))


@api.post("/operators/guests/end-sessions", responses={200: Ended, **problems(422)})
@seen_by(Audience.BEARER)
def end_guest_sessions(body: GuestBody) -> Response:
    """Sign somebody of the house's provider out everywhere."""
    with transaction(services().pool) as connection:
        ended = operator_sessions.end_of_subject(connection, body.subject)
        deed = deeds.sessions_ended(f"oidc:{body.subject}", ended=ended)
        note_deed(connection, deed, reason=body.reason)
    return answer(Ended(ended=ended))


def _show(connection: Connection) -> Operators:
    named = operators.list_operators(connection)
    guests = operator_sessions.list_of_provider(connection)
    return Operators(
        items=[
            OperatorRow(
                name=each.name,
                role=Role(each.role),
                made_at=each.made_at,
                sessions=each.sessions,
            )
            for each in named
        ],
        guests=[
            GuestRow(
                subject=each.subject,
                name=each.name,
                role=Role(each.role),
                sessions=each.sessions,
            )
            for each in guests
        ],
        next=None,
    )
