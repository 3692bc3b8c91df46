"""Whether somebody whom WeCom has named may come in, and if not, why not."""

from enum import StrEnum

from store.installs.visitors import Visitor

_FOLLOWED = {"linked", "paused"}


class Refusal(StrEnum):
    """Why somebody is not let in; each has a title, a reason and a next step."""

    STRANGER = "stranger"
    NOT_INSTALLED = "not_installed"
    NOT_LINKED = "not_linked"
    NOT_HERE = "not_here"
    OUT_OF_SCOPE = "out_of_scope"
    DELETED = "deleted"
    LEFT = "left"


class Refused(Exception):
    """Somebody is known by name and not let in."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def refusal_of(visitor: Visitor) -> Refusal | None:
    """Why this member is not let in; None when they are."""
    if visitor.corp_state not in _FOLLOWED:
        return corp_refusal(visitor.corp_state)
    if visitor.state == "removed":
        scope = visitor.removal == "scope"
        return Refusal.OUT_OF_SCOPE if scope else Refusal.DELETED
    return Refusal.LEFT if visitor.employment == "left" else None


def corp_refusal(state: str | None) -> Refusal | None:
    """Why nobody of a corp in this state is let in; None for one we do not know."""
    if state in _FOLLOWED:
        return None
    return Refusal.NOT_LINKED if state == "authorised" else Refusal.NOT_INSTALLED
