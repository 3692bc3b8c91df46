"""What an event says: only a hint of where to look and what might be seen there."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.ids import DepartmentId, OpenUserid, Userid
from domain.org.org import Activation

# Source: WeCom 90639, 90332.
ACTIVATION_BY_STATUS: Mapping[int, Activation] = {
    1: Activation.ACTIVE,
    2: Activation.DISABLED,
    4: Activation.PENDING,
    5: Activation.QUIT,
}


class BadHint(ValueError):
    """The stored hint of an event is not one that the receiver writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What one event says; None where it says nothing, empty where it says none.

    Shape: an unheard-of status says nothing.
    """

    departments: frozenset[DepartmentId] | None = None
    main_department: DepartmentId | None = None
    activation: Activation | None = None
    new_userid: Userid | None = None
    open_userid: OpenUserid | None = None
    parent_id: DepartmentId | None = None
    order: int | None = None
    add_userids: frozenset[Userid] | None = None
    del_userids: frozenset[Userid] | None = None
    add_departments: frozenset[DepartmentId] | None = None
    del_departments: frozenset[DepartmentId] | None = None


NO_HINT = Hint()


def hint_from_json(stored: Mapping[str, object]) -> Hint:
    """The hint as the inbox holds it; null says as little as absent.

    Raises: BadHint when a value has another type than the receiver writes.
    """
    status = _number(stored, "status")
    return Hint(
        departments=_departments(stored, "departments"),
        main_department=_department(stored, "main_department"),
        activation=None if status is None else ACTIVATION_BY_STATUS.get(status),
        new_userid=_userid(stored, "new_userid"),
        open_userid=_open_userid(stored),
        parent_id=_department(stored, "parent_id"),
        order=_number(stored, "order"),
        add_userids=_userids(stored, "add_userids"),
        del_userids=_userids(stored, "del_userids"),
        add_departments=_departments(stored, "add_departments"),
        del_departments=_departments(stored, "del_departments"),
    )


def _number(stored: Mapping[str, object], name: str) -> int | None:
    value = stored.get(name)
    return None if value is None else _checked_number(name, value)


def _text(stored: Mapping[str, object], name: str) -> str | None:
    value = stored.get(name)
    return None if value is None else _checked_text(name, value)


def _department(stored: Mapping[str, object], name: str) -> DepartmentId | None:
    number = _number(stored, name)
    return None if number is None else DepartmentId(number)


def _userid(stored: Mapping[str, object], name: str) -> Userid | None:
    text = _text(stored, name)
    return None if text is None else Userid(text)


def _open_userid(stored: Mapping[str, object]) -> OpenUserid | None:
    text = _text(stored, "open_userid")
    return None if text is None else OpenUserid(text)


def _departments(
    stored: Mapping[str, object], name: str
) -> frozenset[DepartmentId] | None:
    values = _list(stored, name)
    if values is None:
        return None
    return frozenset(DepartmentId(_checked_number(name, each)) for each in values)


def _userids(stored: Mapping[str, object], name: str) -> frozenset[Userid] | None:
    values = _list(stored, name)
    if values is None:
        return None
    return frozenset(Userid(_checked_text(name, each)) for each in values)


def _list(stored: Mapping[str, object], name: str) -> list[object] | None:
    value = stored.get(name)
    if value is None or isinstance(value, list):
        return value
    raise BadHint(f"{name} is not a list")


def _checked_number(name: str, value: object) -> int:
    # True is an int to Python, but not to JSON.
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise BadHint(f"{name} is not a whole number")


def _checked_text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise BadHint(f"{name} is not a text")
