"""What a callback says, as plain values: ids and states only, for whoever asks later.

Names, codes and tickets never get here; what was not said is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from wecom.events import (
    CreateAuth,
    DepartmentChange,
    Detail,
    MemberChange,
    ResetPermanentCode,
    Subscribe,
    TagChange,
    TemplateCardEvent,
    UnlicensedNotify,
    Unsubscribe,
)

# What is worked on with a code that no hint holds: the message has to be kept for it.
AUTH_CODES = (CreateAuth, ResetPermanentCode)
CODES = (*AUTH_CODES, TemplateCardEvent)

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an event is about: one member, department or tag, the others None."""

    userid: str | None = None
    department_id: int | None = None
    tag_id: int | None = None


def subject_of(detail: Detail) -> Subject:
    """What the event is about; nothing is set where it is about the corp."""
    match detail:
        case (
            MemberChange()
            | Subscribe()
            | Unsubscribe()
            | UnlicensedNotify()
            | TemplateCardEvent()
        ):
            return Subject(userid=detail.userid)
        case DepartmentChange():
            return Subject(department_id=detail.department_id)
        case TagChange():
            return Subject(tag_id=detail.tag_id)
    return Subject()


def hint_of(detail: Detail) -> dict[str, Json]:
    """The ids and states of an event by their short names.

    Shape: an absent element has no entry, an empty one an empty list or 0.
    """
    said: dict[str, int | str | tuple[int, ...] | tuple[str, ...] | None]
    match detail:
        case MemberChange():
            said = {
                "departments": detail.departments,
                "main_department": detail.main_department,
                "status": detail.status,
                "new_userid": detail.new_userid,
                "open_userid": detail.open_userid,
            }
        case DepartmentChange():
            said = {"parent_id": detail.parent_id, "order": detail.order}
        case TagChange():
            said = {
                "add_userids": detail.added_userids,
                "del_userids": detail.removed_userids,
                "add_departments": detail.added_departments,
                "del_departments": detail.removed_departments,
            }
        case CreateAuth():
            said = {"state": detail.state}
        case TemplateCardEvent():
            said = {
                "event_key": detail.event_key,
                "task_id": detail.task_id,
                "card_type": detail.card_type,
            }
        case _:
            said = {}
    return {name: _plain(value) for name, value in said.items() if value is not None}


def _plain(value: int | str | tuple[int, ...] | tuple[str, ...]) -> Json:
    return list(value) if isinstance(value, tuple) else value
