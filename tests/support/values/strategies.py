"""Random values of the domain, small enough that they often meet."""

from hypothesis import strategies as st

from domain.ids import DepartmentId, OpenUserid, TagId, Userid
from domain.org.org import Activation, Department, Member, Placement
from domain.org.scope import AuthScope, Tag
from domain.org.tree import Tree
from tests.support.values.builders import mail

ORDERS = st.none() | st.sampled_from([0, 100, 2**32 - 1])
TEXTS = st.none() | st.sampled_from(["", "woA", "张三", "\ud800", '",null'])
NUMBERS = st.integers(1, 12)
IDS = NUMBERS.map(DepartmentId)
USERIDS = st.sampled_from([Userid(each) for each in ("woA", "woa", "woB", "woC")])
TAG_IDS = st.integers(1, 3).map(TagId)

departments = st.builds(
    Department,
    department_id=IDS,
    parent_id=st.none() | IDS,
    order=ORDERS,
    name=TEXTS,
)

placements = st.dictionaries(IDS, ORDERS, max_size=3).map(
    lambda orders: tuple(
        Placement(department_id=each, order=orders[each]) for each in sorted(orders)
    )
)

details = st.dictionaries(
    st.sampled_from(["email", "mobile"]), st.sampled_from(["", "1", "2"])
).map(lambda shown: tuple(sorted(shown.items())))

members = st.builds(
    Member,
    userid=USERIDS,
    open_userid=st.none()
    | st.sampled_from([OpenUserid("o"), OpenUserid("p"), OpenUserid("q")]),
    name=TEXTS,
    activation=st.none() | st.sampled_from(Activation),
    placements=placements,
    main_department=st.none() | IDS,
    leads=st.none() | st.frozensets(IDS, max_size=2),
    direct_leaders=st.none() | st.lists(USERIDS, max_size=2).map(tuple),
    details=details,
    grounds=st.frozensets(st.sampled_from(["direct", "tag:5", "department:1"])),
)

# Parents may be unlisted, cyclic or missing: WeCom promises nothing.
trees = st.dictionaries(IDS, st.none() | IDS, max_size=12).map(Tree)

tags = st.builds(
    Tag,
    tag_id=TAG_IDS,
    userids=st.frozensets(USERIDS, max_size=2),
    department_ids=st.frozensets(IDS, max_size=2),
)

scopes = st.builds(
    AuthScope,
    auth_mode=st.just(0),
    departments=st.frozensets(IDS, max_size=3),
    members=st.frozensets(USERIDS, max_size=2),
    tags=st.frozensets(TAG_IDS, max_size=2),
)

_CHANGES = st.sampled_from(
    [
        ("create_user", "member:woA"),
        ("update_user", "member:woA"),
        ("delete_user", "member:woB"),
        ("update_user", "member:woB"),
        ("subscribe", "member:woA"),
        ("unsubscribe", "member:woB"),
        ("update_party", "department:2"),
        ("delete_party", "department:2"),
        ("update_tag", "tag:5"),
    ]
)

mails = st.builds(
    lambda what, **rest: mail(what[0], about=what[1], **rest),
    _CHANGES,
    event_id=st.integers(1, 10**6),
    second=st.integers(0, 2),
    arrived=st.integers(0, 2),
    new_userid=st.none() | st.sampled_from(["woB", "woC"]),
    status=st.none() | st.sampled_from([1, 2]),
)

batches = st.lists(mails, max_size=12, unique_by=lambda each: each.event_id)
