"""What every act of an operator has in common: who, why, and the way back."""

import re

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from domain.roles import Role
from store.database import Connection
from store.platform import audit
from store.platform.audit import OperatorAct
from store.platform.deeds import Deed
from web.http.problems import Problem
from web.services import services
from web.sessions.operators import actor, operator_role

__all__ = [
    "actor",
    "back",
    "done_word",
    "given_reason",
    "keep",
    "keep_deed",
    "wanted_reason",
]

MOST_REASON = 500
_WORD = re.compile(r"[a-z_]{1,40}")


def wanted_reason() -> str:
    """The reason that the form gives.

    Raises: Problem 400 without one.
    """
    reason = given_reason()
    if not reason:
        raise Problem(
            400,
            "reason: say why, so that others understand it later.",
            words="reason",
        )
    return reason


def given_reason() -> str:
    """The reason that the form gives, if any; cut where nobody would read on."""
    return " ".join(request.form.get("reason", "").split())[:MOST_REASON]


def keep(
    connection: Connection,
    act: str,
    *,
    target: str,
    reason: str,
    corp_id: str | None = None,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Write the act into the audit, in the transaction in which it is done."""
    audit.record(
        connection,
        OperatorAct(
            actor=actor(),
            role=operator_role() or Role.ADMIN,
            act=act,
            target=target,
            reason=reason,
            corp_id=corp_id,
            before=before or {},
            after=after or {},
        ),
        keyring=services().keyring,
    )


def keep_deed(connection: Connection, deed: Deed, *, reason: str) -> None:
    """Write into the audit what console, API and shell say alike."""
    keep(
        connection,
        deed.act,
        target=deed.target,
        reason=reason,
        corp_id=deed.corp_id,
        before=dict(deed.before),
        after=dict(deed.after),
    )


def back(endpoint: str, done: str, **values: object) -> Response:
    """To the page that shows what came of it, so that reloading does nothing again."""
    return redirect(url_for(endpoint, done=done, **values), 303)  # type: ignore[arg-type]  # Flask's names of options.


def done_word() -> str:
    """The act that led here, for the sentence that confirms it."""
    word = request.args.get("done", "")
    return word if _WORD.fullmatch(word) else ""
