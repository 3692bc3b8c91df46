"""Who may sign in and do what: roles are changed here, sessions are ended here."""

import re

from flask import request
from flask.typing import ResponseReturnValue

from domain.roles import Role
from store.database import transaction
from store.platform import deeds, operators
from store.sessions import operator_sessions
from web.access import Audience, needs, seen_by
from web.console import acting
from web.console.blueprint import console
from web.console.frame import show
from web.http.problems import Problem
from web.services import services
from web.sessions.house_sign_in import is_house_known

_SUBJECT = re.compile(r"[0-9a-f]{64}")


@console.get("/operators")
@seen_by(Audience.OPERATOR)
@needs(Role.ADMIN)
def list_operators() -> ResponseReturnValue:
    """Everybody who has a token, and whom the house's provider has let in."""
    with transaction(services().pool) as connection:
        return show(
            "console/operators.html",
            place="operators",
            operators=operators.list_operators(connection),
            guests=operator_sessions.list_of_provider(connection),
            has_house=is_house_known(),
            roles=[each.value for each in Role],
            done=acting.done_word(),
        )


@console.post("/operators/<name>/role")
@seen_by(Audience.OPERATOR)
@needs(Role.ADMIN)
def set_role(name: str) -> ResponseReturnValue:
    """Let an operator do more or less, from their next click on."""
    reason, role = acting.wanted_reason(), _wanted_role()
    with transaction(services().pool) as connection:
        before = operators.find_role(connection, name)
        if before is None:
            raise Problem(404, f"operator {name}: not known here.")
        operators.set_role(connection, name, role)
        acting.keep(
            connection,
            "set_role",
            target=f"operator:{name}",
            reason=reason,
            before={"role": before},
            after={"role": role.value},
        )
    return acting.back("console.list_operators", "set_role")


@console.post("/operators/<name>/stop")
@seen_by(Audience.OPERATOR)
@needs(Role.ADMIN)
def end_sessions(name: str) -> ResponseReturnValue:
    """Sign an operator out everywhere; their token stays good."""
    reason = acting.wanted_reason()
    with transaction(services().pool) as connection:
        if operators.find_role(connection, name) is None:
            raise Problem(404, f"operator {name}: not known here.")
        ended = operator_sessions.end_all(connection, name)
        deed = deeds.sessions_ended(f"operator:{name}", ended=ended)
        acting.keep_deed(connection, deed, reason=reason)
    return acting.back("console.list_operators", "end_sessions")


@console.post("/operators/guests/stop")
@seen_by(Audience.OPERATOR)
@needs(Role.ADMIN)
def end_guest_sessions() -> ResponseReturnValue:
    """Sign somebody of the house's provider out everywhere."""
    reason = acting.wanted_reason()
    subject = request.form.get("subject", "")
    if not _SUBJECT.fullmatch(subject):
        raise Problem(400, "subject: not one of this page.")
    with transaction(services().pool) as connection:
        ended = operator_sessions.end_of_subject(connection, subject)
        deed = deeds.sessions_ended(f"oidc:{subject}", ended=ended)
        acting.keep_deed(connection, deed, reason=reason)
    return acting.back("console.list_operators", "end_sessions")


def _wanted_role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError as error:
        raise Problem(400, "role: viewer, operator or admin.") from error
