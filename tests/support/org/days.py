"""Days in a company: what happens, what is told of it, how WeCom lies meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.support.org.moods import MOODS, Mood
from tests.support.wecom.odd_answers import DECIDING, ODD_VALUES, SHOWN

PICK = st.integers(0, 50)
_STEPS = st.integers(0, 40)

# Of its limits on userids WeCom has those at the edge, and never those beyond it.
_EDGES = st.sampled_from(["{}.b-c_d@x.cn", "9{}", "{}" + "x" * 60, "wo-{}@"])
_BEYOND = st.sampled_from(["张三", "x" * 65, "-first", "a b", "a|b", "."])
_ABOUT_NOBODY = st.sampled_from(
    ["create_user", "update_user", "delete_user", "subscribe", "unsubscribe"]
)
_QUESTIONS = st.sampled_from(["auth_info", "permissions", "departments", "tag", "list"])
_APP_STORY = st.permutations(
    ["close_inactive_agent", "reopen_inactive_agent", "low_active", "active_restored"]
)
_ORDER = st.sampled_from([0, 7, 2**32 - 1])
_ODD = st.sampled_from(ODD_VALUES[:9])


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Something that a history can let happen, by its name there."""

    name: str
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One turn of a history.

    Shape: what `happens`, then how WeCom is `told` to lie until it is taken back, then
        `mail` (which of what waits, and what becomes of it), then one turn of a worker
        in a `mood` or none, who `reads` in full or drains and may die after `steps`.
    """

    happens: tuple[Call, ...]
    told: tuple[Call, ...]
    mail: tuple[tuple[int, str], ...]
    mood: Mood | None
    reads: bool
    steps: int | None


def _call(name: str, **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Call]:
    return st.builds(Call, name=st.just(name), given=st.fixed_dictionaries(given))


def _some(most: int) -> st.SearchStrategy[frozenset[int]]:
    return st.frozensets(PICK, max_size=most)


HAPPENS = st.one_of(
    _call("hire", pick=PICK),
    _call("hire_at_the_edge", pick=PICK, shape=_EDGES),
    _call(
        "move", pick=PICK, where=st.frozensets(PICK, min_size=1, max_size=2), main=PICK
    ),
    _call("promote", pick=PICK),
    _call("rename", pick=PICK),
    _call("hand_on", pick=PICK, where=PICK),
    _call("hand_on", pick=PICK, where=PICK),
    _call("rename_to_a_former_userid", pick=PICK, to=PICK),
    _call("swap_userids", pick=PICK, other=PICK),
    _call("set_status", pick=PICK, status=st.sampled_from([1, 2, 4, 5])),
    _call("leave", pick=PICK),
    _call("leave", pick=PICK),
    _call("make_department", pick=PICK, order=_ORDER),
    _call("move_department", pick=PICK, parent=PICK, order=_ORDER),
    _call("dissolve", pick=PICK),
    _call("tag", who=_some(2), where=_some(1)),
    _call("tag", who=_some(2), where=_some(1)),
    _call(
        "change_scope",
        where=_some(2),
        who=_some(1),
        tagged=st.sampled_from([True, True, False]),
        whole=st.booleans(),
    ),
    _call("switch_mode"),
    _call("authorise_myself", who=_some(4)),
    _call("authorise_myself", who=_some(4)),
)

_TOLD = st.one_of(
    _call(
        "show_somebody_oddly",
        pick=PICK,
        field=st.sampled_from([*DECIDING, *SHOWN, "main_department"]),
        value=_ODD,
    ),
    _call(
        "show_a_department_oddly",
        pick=PICK,
        field=st.sampled_from(["parentid", "order", "id"]),
        value=_ODD,
    ),
    _call("show_the_tag_oddly", value=st.sampled_from([{}, 5, [5], [{}]])),
    _call("answer_nothing_about_somebody", pick=PICK),
    _call("answer_a_question_oddly", question=_QUESTIONS),
    _call("name_somebody_authorised_oddly"),
    _call("tell_of_nobody", what=_ABOUT_NOBODY, userid=_BEYOND),
    _call(
        "tell_of_the_app_out_of_order",
        closed=st.booleans(),
        story=_APP_STORY,
        told=st.integers(1, 4),
    ),
    _call("grant_in_another_case", pick=PICK),
    _call("answer_plainly"),
    _call("answer_plainly"),
    _call("answer_plainly"),
    _call("look"),
)

_BECOMES = st.sampled_from(
    ["told", "told", "told", "told", "repeated", "lost", "spelt otherwise"]
)

DAYS = st.builds(
    Day,
    happens=st.lists(HAPPENS, max_size=3).map(tuple),
    told=st.lists(_TOLD, max_size=2).map(tuple),
    mail=st.lists(st.tuples(PICK, _BECOMES), max_size=6).map(tuple),
    mood=st.none() | MOODS | MOODS,
    reads=st.booleans(),
    steps=st.none() | st.none() | _STEPS,
)
