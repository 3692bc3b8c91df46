"""The one translation between values and the fields of decisions and journal."""

from collections.abc import Mapping

from domain.decisions import Fields, Json
from domain.ids import DepartmentId, OpenUserid, Userid
from domain.org.org import Activation, Department, Member, Placement, employment_of

# What is sealed wherever a member's fields are kept outside the org itself.
PERSONAL_FIELDS = frozenset({"name", "details"})

# Looked up: an enum's value is worked out anew each time it is asked for.
_EMPLOYMENT = {each: employment_of(each).value for each in (None, *Activation)}
_ACTIVATION = {None: None} | {each: each.value for each in Activation}


class BadFields(ValueError):
    """These fields are not those of a member or department."""


def member_fields(member: Member) -> dict[str, Json]:
    """All fields of a member, by the names of design.md §6.3; sets ascending."""
    leaders = member.direct_leaders
    return {
        "userid": member.userid,
        "open_userid": member.open_userid,
        "name": member.name,
        "activation": _ACTIVATION[member.activation],
        "employment": _EMPLOYMENT[member.activation],
        "departments": [each.department_id for each in member.placements],
        "orders": [each.order for each in member.placements],
        "main_department": member.main_department,
        "leads": None if member.leads is None else [*sorted(member.leads)],
        "direct_leaders": None if leaders is None else [*leaders],
        "details": dict(sorted(member.details)),
        "grounds": [*sorted(member.grounds)],
    }


def member_from_fields(userid: Userid, fields: Fields) -> Member:
    """The member of these fields; the key's userid counts, also after a rename.

    Raises: BadFields when one is missing or of another type.
    """
    read = _FieldReader(fields)
    ids, orders = read.numbers("departments"), read.orders("orders")
    if len(ids) != len(orders):
        raise BadFields("departments and orders differ in length")
    leads, leaders = read.or_none("leads"), read.or_none("direct_leaders")
    activation = read.text_or_none("activation")
    open_userid = read.text_or_none("open_userid")
    return Member(
        userid=userid,
        open_userid=None if open_userid is None else OpenUserid(open_userid),
        name=read.text_or_none("name"),
        activation=None if activation is None else Activation(activation),
        placements=tuple(
            Placement(department_id=DepartmentId(each), order=order)
            for each, order in zip(ids, orders, strict=True)
        ),
        main_department=_department_or_none(read.number_or_none("main_department")),
        leads=None
        if leads is None
        else frozenset(map(DepartmentId, read.numbers("leads"))),
        direct_leaders=None
        if leaders is None
        else tuple(map(Userid, read.texts("direct_leaders"))),
        details=read.pairs("details"),
        grounds=frozenset(read.texts("grounds")),
    )


def department_fields(department: Department) -> dict[str, Json]:
    """All fields of a department, by the names of design.md §6.3; the parent raw."""
    return {
        "department_id": department.department_id,
        "parent_id": department.parent_id,
        "order": department.order,
        "name": department.name,
    }


def department_from_fields(department_id: DepartmentId, fields: Fields) -> Department:
    """The department of these fields.

    Raises: BadFields when one is missing or of another type.
    """
    read = _FieldReader(fields)
    return Department(
        department_id=department_id,
        parent_id=_department_or_none(read.number_or_none("parent_id")),
        order=read.number_or_none("order"),
        name=read.text_or_none("name"),
    )


class _FieldReader:
    """Takes fields out with the type they must have."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields

    def or_none(self, name: str) -> Json:
        if name not in self._fields:
            raise BadFields(f"{name} is missing")
        return self._fields[name]

    def text_or_none(self, name: str) -> str | None:
        value = self.or_none(name)
        if value is None or isinstance(value, str):
            return value
        raise BadFields(f"{name} is not a text")

    def number_or_none(self, name: str) -> int | None:
        return _number_or_none(name, self.or_none(name))

    def numbers(self, name: str) -> list[int]:
        numbers = self.orders(name)
        present = [each for each in numbers if each is not None]
        if len(present) != len(numbers):
            raise BadFields(f"{name} holds a null")
        return present

    def orders(self, name: str) -> list[int | None]:
        return [_number_or_none(name, each) for each in self._list(name)]

    def texts(self, name: str) -> list[str]:
        texts = [each for each in self._list(name) if isinstance(each, str)]
        if len(texts) != len(self._list(name)):
            raise BadFields(f"{name} holds something that is not a text")
        return texts

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        value = self.or_none(name)
        if not isinstance(value, Mapping):
            raise BadFields(f"{name} is not an object")
        if not all(isinstance(each, str) for each in value.values()):
            raise BadFields(f"{name} holds something that is not a text")
        return tuple(sorted((key, str(each)) for key, each in value.items()))

    def _list(self, name: str) -> list[Json]:
        value = self.or_none(name)
        if not isinstance(value, list):
            raise BadFields(f"{name} is not a list")
        return value


def _number_or_none(name: str, value: Json) -> int | None:
    # True is an int to Python, but not to JSON.
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise BadFields(f"{name} holds something that is not a whole number")


def _department_or_none(number: int | None) -> DepartmentId | None:
    return None if number is None else DepartmentId(number)
