"""Whether WeCom answered with the state before the event, so that it is asked again.

One second may hold several events and WeCom does not say which came last. So an answer
is late only when every event of the key's newest second contradicts it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.events.fold import Mail
from domain.events.hints import Hint
from domain.ids import DepartmentId, Userid, split_key
from domain.org.identity import are_two
from domain.org.org import Department, Employment, Member, employment_of
from domain.org.scope import AuthMode, Tag

# Events that look alike may be two changes within one second, which is all that WeCom
# tells of the time. A question sent within that second or the five after it may have
# been answered before the second change.
LOOKALIKE_SECONDS = 1.0 + 5.0
# The second is WeCom's and the question's time our own. An event that arrives up to so
# much after its second may show how far the clocks are apart, so that its arrival
# counts; one that is older was delivered late.
CLOCKS_APART_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSight:
    """What can be seen: the listed departments, and the usable ones.

    Shape: `hidden` are userids of which WeCom says that we have no right to see them.
    """

    auth_mode: int
    listed: frozenset[DepartmentId]
    usable: frozenset[DepartmentId]
    hidden: frozenset[Userid] = frozenset()


def member_is_late(
    latest: Sequence[Mail], *, answers: Mapping[Userid, Member], sight: AnswerSight
) -> bool:
    """Whether user/get contradicts all mail of this member's newest second.

    Shape: `answers` by userid asked, with grounds; who is not in it was refused.
    """
    return bool(latest) and all(
        _contradicts_member(each, answers=answers, sight=sight) for each in latest
    )


def department_is_late(
    latest: Sequence[Mail],
    *,
    listed: Mapping[DepartmentId, Department],
    auth_mode: int,
) -> bool:
    """Whether the listing contradicts all mail of this department's newest second."""
    # In auth_mode 1 there is no listing that could agree.
    if auth_mode == AuthMode.MEMBER:
        return False
    return bool(latest) and all(
        _contradicts_department(each, listed=listed) for each in latest
    )


def tag_is_late(latest: Sequence[Mail], *, tag: Tag | None) -> bool:
    """Whether tag/get contradicts all mail of this tag's newest second; None: gone."""
    return bool(latest) and all(_contradicts_tag(each.hint, tag) for each in latest)


def _contradicts_member(
    mail: Mail, *, answers: Mapping[Userid, Member], sight: AnswerSight
) -> bool:
    answer = answers.get(mail.userid)
    usable = answer is not None and bool(answer.grounds)
    of_another = answer is not None and are_two(
        mail.hint.open_userid, answer.open_userid
    )
    match mail.change or mail.kind:
        case "delete_user":
            # Whoever bears the userid now was not meant.
            return usable and not of_another
        case "unsubscribe":
            # It is also sent when a person is disabled.
            return usable and not _has_left(answer)
        case "subscribe":
            return not usable
        case "create_user" | "update_user":
            if of_another and mail.hint.new_userid in {None, mail.userid}:
                return True
            return _contradicts_change(mail, answers=answers, sight=sight)
    return False


def _contradicts_change(
    mail: Mail, *, answers: Mapping[Userid, Member], sight: AnswerSight
) -> bool:
    hint, answer = mail.hint, answers.get(mail.userid)
    if hint.new_userid is not None and hint.new_userid != mail.userid:
        return _contradicts_claim(
            hint, answer, new=answers.get(hint.new_userid), sight=sight
        )
    if answer is None:
        return not _explains_refusal(hint, sight=sight)
    status_differs = (
        hint.activation is not None
        and answer.activation is not None
        and hint.activation is not answer.activation
    )
    return status_differs or _misplaced(hint, answer=answer, sight=sight)


def _contradicts_claim(
    hint: Hint, answer: Member | None, *, new: Member | None, sight: AnswerSight
) -> bool:
    """Whether the person still answers under the old userid, or not under the new.

    Somebody bears the new one of whom WeCom says that we may not see them: that is
    what the event says, unless it also says that they are where we see people.
    """
    if answer is not None and not are_two(hint.open_userid, answer.open_userid):
        return True
    if new is None and hint.new_userid in sight.hidden:
        return bool(hint.departments and hint.departments & sight.usable)
    return new is None


def _explains_refusal(hint: Hint, *, sight: AnswerSight) -> bool:
    """Whether the event itself tells why the person cannot be read.

    Someone who leaves the visible departments still yields an update_user; and reads
    of a disabled person may refuse.
    """
    left_sight = (
        sight.auth_mode != AuthMode.MEMBER
        and hint.departments is not None
        and not hint.departments & sight.usable
    )
    return left_sight or employment_of(hint.activation) is Employment.LEFT


def _misplaced(hint: Hint, *, answer: Member, sight: AnswerSight) -> bool:
    """Whether departments or main department are not yet those of the event."""
    if sight.auth_mode == AuthMode.MEMBER:
        return False
    main = hint.main_department
    if main is not None and main in sight.listed and answer.main_department != main:
        return True
    if hint.departments is None:
        return False
    shown = frozenset(answer.department_ids)
    # The event holds what the app may see, the answer may hold more than is usable.
    missing = (hint.departments & sight.listed) - shown
    stale = (shown & sight.usable) - hint.departments
    return bool(missing or stale)


def _contradicts_department(
    mail: Mail, *, listed: Mapping[DepartmentId, Department]
) -> bool:
    shown = listed.get(DepartmentId(int(split_key(mail.key)[1])))
    if mail.change == "delete_party":
        return shown is not None
    if shown is None:
        return True
    hint = mail.hint
    moved = hint.parent_id is not None and hint.parent_id != (shown.parent_id or 0)
    return moved or (hint.order is not None and hint.order != shown.order)


def _contradicts_tag(hint: Hint, tag: Tag | None) -> bool:
    userids = frozenset[Userid]() if tag is None else tag.userids
    departments = frozenset[DepartmentId]() if tag is None else tag.department_ids
    return bool(
        (hint.add_userids or frozenset()) - userids
        or (hint.del_userids or frozenset()) & userids
        or (hint.add_departments or frozenset()) - departments
        or (hint.del_departments or frozenset()) & departments
    )


def _has_left(member: Member | None) -> bool:
    return member is not None and member.employment is Employment.LEFT
