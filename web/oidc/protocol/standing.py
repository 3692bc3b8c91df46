"""Whether relying parties are told that somebody signed in, and if not, why not."""

from enum import StrEnum

from domain.links.links import LinkState
from store.database import Connection
from store.oidc.grants import Grant
from store.oidc.subjects import OidcSubject, find_subject
from web.sessions.standing import refusal_of


class NotNow(StrEnum):
    """Why a member who is signed in here cannot go on; each has a next step."""

    PENDING = "pending"
    CONFLICT = "conflict"
    UNLINKED = "unlinked"
    NONE = "none"
    HELD = "held"


_BY_LINK = {
    LinkState.PENDING: NotNow.PENDING,
    LinkState.CONFLICT: NotNow.CONFLICT,
    LinkState.UNLINKED: NotNow.UNLINKED,
    LinkState.NONE: NotNow.NONE,
}


def obstacle_of(subject: OidcSubject) -> NotNow | None:
    """Why this member cannot go on; None when they can.

    A removal that is held may be a mistake of ours or the truth: until somebody has
    decided, nobody new is let in by it, and nothing that was granted is taken.
    """
    if subject.is_held:
        return NotNow.HELD
    return _BY_LINK.get(subject.link_state)


def subject_of(connection: Connection, grant: Grant) -> OidcSubject | None:
    """Whom a grant is about; None while they have no right to it."""
    subject = find_subject(connection, grant.corp_pk, grant.member_pk)
    if subject is None or refusal_of(subject.member) is not None:
        return None
    same = subject.account_id == grant.account_id
    return subject if same and obstacle_of(subject) is None else None
