"""Which departments' lists answer for fewer questions than asking people singly."""

from collections.abc import Iterable, Mapping

from domain.ids import DepartmentId, Userid

# From this many people of one department on, its list costs less than asking each.
LIST_FROM = 3


def worth_listing(
    wanted: Iterable[Userid], places: Mapping[Userid, Iterable[DepartmentId]]
) -> list[DepartmentId]:
    """The departments whose list answers for three or more of these people.

    Shape: `places` are the usable departments in which each was last seen.
    """
    open_people = set(wanted)
    people: dict[DepartmentId, set[Userid]] = {}
    for userid in open_people:
        for department_id in places.get(userid, ()):
            people.setdefault(department_id, set()).add(userid)
    chosen: list[DepartmentId] = []
    while people:
        best = min(people, key=lambda each: (-len(people[each] & open_people), each))
        covered = people.pop(best) & open_people
        if len(covered) < LIST_FROM:
            break
        chosen.append(best)
        open_people -= covered
    return chosen
