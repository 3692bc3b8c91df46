"""What WeCom says now: the only translation from its records to the org's values."""

from domain.events.hints import ACTIVATION_BY_STATUS
from domain.ids import DepartmentId, OpenUserid, TagId, Userid
from domain.org.org import Department, Member, Placement
from domain.org.scope import AuthScope, Tag
from wecom.wire import AuthInfo, DepartmentRow, MemberRow, TagRow

_NO_GROUNDS: frozenset[str] = frozenset()
_NO_DEPARTMENTS: frozenset[DepartmentId] = frozenset()


def department_from(row: DepartmentRow) -> Department:
    """A department of a listing."""
    parent = row.parent_id
    return Department(
        department_id=DepartmentId(row.department_id),
        parent_id=None if parent is None else DepartmentId(parent),
        order=row.order,
        name=row.name,
    )


def member_from(row: MemberRow) -> Member:
    """A member as answered, without grounds: those need the whole scope."""
    leaders, activation = row.direct_leaders, row.status
    main = row.main_department
    return Member(
        userid=Userid(row.userid),
        open_userid=None if row.open_userid is None else OpenUserid(row.open_userid),
        name=row.name,
        activation=None if activation is None else ACTIVATION_BY_STATUS.get(activation),
        placements=_placements(row),
        main_department=None if main is None else DepartmentId(main),
        leads=_leads(row),
        direct_leaders=None if leaders is None else tuple(map(Userid, leaders)),
        details=_details(row),
        grounds=_NO_GROUNDS,
    )


def tag_from(row: TagRow) -> Tag:
    """What a tag holds."""
    return Tag(
        tag_id=TagId(row.tag_id),
        userids=frozenset(map(Userid, row.userids)),
        department_ids=frozenset(map(DepartmentId, row.departments)),
    )


def scope_from(info: AuthInfo) -> AuthScope:
    """The scope of an authorisation."""
    scope = info.scope
    return AuthScope(
        auth_mode=info.agent.auth_mode,
        departments=frozenset(map(DepartmentId, scope.departments)),
        members=frozenset(map(Userid, scope.userids)),
        tags=frozenset(map(TagId, scope.tags)),
        extra_departments=frozenset(map(DepartmentId, scope.extra_departments)),
        extra_members=frozenset(map(Userid, scope.extra_userids)),
        extra_tags=frozenset(map(TagId, scope.extra_tags)),
    )


def _details(row: MemberRow) -> tuple[tuple[str, str], ...]:
    # Ascending, as details are kept.
    shown = (
        ("alias", row.alias),
        ("biz_mail", row.biz_mail),
        ("email", row.email),
        ("mobile", row.mobile),
        ("position", row.position),
    )
    return tuple([(name, said) for name, said in shown if said is not None])


def _placements(row: MemberRow) -> tuple[Placement, ...]:
    if len(row.departments) == 1:
        # Most people are in one department: nothing to sort, nothing named twice.
        return (
            Placement(
                department_id=DepartmentId(row.departments[0]),
                order=row.orders[0] if row.orders is not None else None,
            ),
        )
    orders = row.orders if row.orders is not None else (None,) * len(row.departments)
    # A department named twice is still one.
    by_id = dict(zip(row.departments, orders, strict=True))
    return tuple(
        Placement(department_id=DepartmentId(each), order=by_id[each])
        for each in sorted(by_id)
    )


def _leads(row: MemberRow) -> frozenset[DepartmentId] | None:
    if row.leader_flags is None:
        return None
    if True not in row.leader_flags:
        # Most people lead nothing: nothing to align, one set for all of them.
        return _NO_DEPARTMENTS
    aligned = zip(row.departments, row.leader_flags, strict=True)
    return frozenset([DepartmentId(each) for each, leads in aligned if leads])
