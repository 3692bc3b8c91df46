"""Random companies, small enough that scope, tags and tree often meet."""

from hypothesis import strategies as st

from tests.support.wecom.fakes import Holding, Person, Place, Truth

# Past 2^31, and one that is a prefix of another.
IDS = (1, 2, 3, 12, 2**31 + 7, 2**32 - 2)
# Two that differ by case only.
NAMES = ("woA", "woa", "woB", "woC", "woKeeper")

# WeCom 90341: a corp has one root, and that is 1.
_below = st.lists(st.sampled_from(IDS[1:]), unique=True)
_some = st.frozensets(st.sampled_from(NAMES), max_size=2)


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    """A company in either mode; its scope is never empty, so that WeCom can answer."""
    ids = [IDS[0], *draw(_below)]
    above = {
        each: draw(st.sampled_from(ids[:n] or [None])) for n, each in enumerate(ids)
    }
    orders = st.sampled_from([0, 5, 2**32 - 1])
    some_ids = st.frozensets(st.sampled_from(ids), max_size=2)
    people = {}
    for name in NAMES:
        mine = draw(st.dictionaries(st.sampled_from(ids), orders, max_size=2))
        people[name] = Person(
            open_userid=f"o{name}",
            departments=mine,
            main=draw(st.sampled_from([None, *mine])),
            status=draw(st.sampled_from([1, 1, 2, 4, 5])),
            leads=frozenset(list(mine)[:1]),
        )
    return Truth(
        departments={
            each: Place(parent=above[each], order=draw(orders)) for each in ids
        },
        people=people,
        tags={5: Holding(userids=draw(_some), departments=draw(some_ids))},
        allow_departments=draw(some_ids),
        allow_members=draw(_some) | {"woKeeper"},
        allow_tags=frozenset(draw(st.sampled_from([(), (5,)]))),
        extra_departments=draw(some_ids),
        authorised=draw(_some) | {"woKeeper"},
        auth_mode=draw(st.sampled_from([0, 0, 0, 1])),
        whole_tree=draw(st.booleans()),
    )
