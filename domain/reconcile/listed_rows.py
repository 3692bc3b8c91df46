"""What one row of a list says against what is known: one answer, not yet followed.

A list is one answer, however many people it names (design.md §3): where it says
otherwise of somebody than the org, they are asked for singly before it is followed.
"""

from domain.decisions import Fields
from domain.org.fields import member_fields
from domain.org.org import Department, Member, MemberState, RemovalCause, StoredMember

# Grounds are ours to say; userids and open_userids tell who it is, by rules of theirs.
_TOLD = (
    "name",
    "activation",
    "departments",
    "orders",
    "main_department",
    "leads",
    "direct_leaders",
)


def says_otherwise(known: Member, row: Member) -> bool:
    """Whether a row differs in something that both show.

    What only one of them shows was granted to us or taken from us meanwhile.
    """
    old, new = member_fields(known), member_fields(row)
    if any(_differ(old, new, each) for each in _TOLD):
        return True
    before, now = dict(known.details), dict(row.details)
    return any(before[each] != now[each] for each in before.keys() & now.keys())


def brings_back(stored: StoredMember, *, widened: bool) -> bool:
    """Whether a row alone would bring somebody back who was taken for gone.

    Shape: `widened` where the scope explains that those are back who had left it.
    """
    if stored.state is not MemberState.REMOVED:
        return False
    return stored.removal is RemovalCause.DELETION or not widened


def is_moved(known: Department, row: Department) -> bool:
    """Whether a listing has a department at another place than we know it."""
    return (known.parent_id, known.order) != (row.parent_id, row.order)


def _differ(old: Fields, new: Fields, field: str) -> bool:
    values = old[field], new[field]
    return None not in values and values[0] != values[1]
