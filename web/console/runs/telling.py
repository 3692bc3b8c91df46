"""The groups of a plan in plain words, with the names of whom they are about."""

from collections.abc import Sequence

from domain.grouping import StepGroup
from domain.ids import split_key
from store.database import Connection
from store.summaries.org import departments, members
from texts.catalogue import LANGUAGES, say
from web.console.words import Names, describe_group, why

_PLACES = ("departments", "main_department", "leads", "parent_id")


def tell_groups(
    connection: Connection, corp_pk: int, groups: Sequence[StepGroup]
) -> list[dict[str, str]]:
    """What would happen to each group, by language."""
    names = Names(
        departments=departments.list_names(connection, corp_pk, _places(groups)),
        members=members.list_names(connection, corp_pk, _people(groups)),
    )
    return [
        {tag: describe_group(each, names, tag=tag) for tag in LANGUAGES}
        for each in groups
    ]


def tell_why(group: StepGroup, *, tag: str) -> str:
    """Why it happens to a group, and whether that waits for a person."""
    reasons = [(why(group.names[0], each, tag=tag) or each) for each in group.reasons]
    if group.held:
        reasons.append(say(tag, "tree.held"))
    return say(tag, "plan.then").join(reasons)


def _people(groups: Sequence[StepGroup]) -> list[str]:
    named = {
        name
        for each in groups
        if each.count == 1
        for kind, name in (split_key(each.keys[0]),)
        if kind == "member"
    }
    for each in groups:
        for fields in (each.before, each.after):
            leaders = fields.get("direct_leaders")
            named.update(map(str, leaders if isinstance(leaders, list) else ()))
    return sorted(named)


def _places(groups: Sequence[StepGroup]) -> list[int]:
    ids: set[int] = set()
    for each in groups:
        kind, name = split_key(each.keys[0])
        if kind == "department":
            ids.add(int(name))
        for fields in (each.before, each.after):
            for field in _PLACES:
                value = fields.get(field)
                told = value if isinstance(value, list) else [value]
                ids.update(one for one in told if isinstance(one, int))
    return sorted(ids)
