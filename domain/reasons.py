"""Why a decision was made, or was not: closed lists that pages put into words."""

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Why a decision was made."""

    EVENT = "event"  # An event said where to look, and WeCom's answer differs.
    FULL_READ = "full_read"
    SCOPE_CHANGED = "scope_changed"
    DEPARTMENT_MOVED = "department_moved"
    TAG_CHANGED = "tag_changed"
    APPROVED = "approved"

    DELETED_BY_EVENT = "deleted_by_event"
    UNSUBSCRIBED = "unsubscribed"
    CONFIRMED_BY_LISTING = "confirmed_by_listing"
    OUT_OF_SCOPE = "out_of_scope"
    HANDED_ON = "handed_on"  # Somebody else bears the userid now.
    NOT_USABLE = "not_usable"  # Still readable, but nothing lets them use the app.
    REFUSED_WHILE_LEFT = "refused_while_left"

    USERID_CLAIMED = "userid_claimed"  # NewUserID; the old refuses, the new answers.
    SAME_OPEN_USERID = "same_open_userid"

    RETURNED_TO_SCOPE = "returned_to_scope"
    RETURNED_PROVEN = "returned_proven"
    RETURNED_UNPROVEN = "returned_unproven"

    NOT_LISTED = "not_listed"
    NO_USABLE_DEPARTMENT = "no_usable_department"


class Finding(StrEnum):
    """What an absence was found to be; each calls for another action."""

    NARROWED_SCOPE = "narrowed_scope"  # Somebody made the visible range smaller.
    DEPARTED = "departed"  # The person was deleted in WeCom.
    LOST_PERMISSION = "lost_permission"  # WeCom does not let us see what is in scope.
    CUT_OFF_READ = "cut_off_read"  # Its answers do not add up: not all was seen.
    ODD_ANSWER = "odd_answer"  # What it says of one of them cannot be used.


FINDING_BY_REASON: Mapping[Reason, Finding] = {
    Reason.OUT_OF_SCOPE: Finding.NARROWED_SCOPE,
    Reason.NOT_USABLE: Finding.NARROWED_SCOPE,
    Reason.UNSUBSCRIBED: Finding.NARROWED_SCOPE,
    Reason.DELETED_BY_EVENT: Finding.DEPARTED,
    Reason.CONFIRMED_BY_LISTING: Finding.DEPARTED,
    Reason.HANDED_ON: Finding.DEPARTED,
}


class Doubt(StrEnum):
    """Why an absence is not confirmed."""

    ANSWERED = "answered"  # WeCom still shows the person.
    NOT_AN_ANSWER = "not_an_answer"  # An error of another class says nothing.
    SCOPE_UNREAD = "scope_unread"
    NO_CONTROL = "no_control"
    ONE_ANSWER = "one_answer"
    # They answer, and a set that let them use the app names them no more.
    ONE_READ = "one_read"  # Of the set there is only one read yet.
    UNEXPLAINED = "unexplained"  # No other right explains that they answer.
    ODD_ANSWER = "odd_answer"  # The answer about the person cannot be used.
    NO_ANSWER = "no_answer"  # None came, while others were answered.
