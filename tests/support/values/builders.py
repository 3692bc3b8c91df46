"""Values of the domain with defaults, so that a test names only what it is about."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from json import dumps, loads

from domain.decisions import Decision
from domain.events.fold import Mail
from domain.events.hints import hint_from_json
from domain.ids import (
    AccountId,
    DepartmentId,
    Key,
    MemberPk,
    OpenUserid,
    TagId,
    Userid,
)
from domain.links.accounts import Account
from domain.links.links import Link, LinkState, Person
from domain.org.org import (
    Activation,
    Department,
    Member,
    MemberState,
    Placement,
    RemovalCause,
    StoredMember,
)
from domain.org.replay import ReplayLine
from domain.org.scope import AuthScope, Tag

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def department(
    department_id: int = 2,
    *,
    parent: int | None = 1,
    order: int | None = 100,
    name: str | None = None,
) -> Department:
    """A department, by default number 2 below number 1."""
    return Department(
        department_id=DepartmentId(department_id),
        parent_id=None if parent is None else DepartmentId(parent),
        order=order,
        name=name,
    )


def member(
    userid: str = "woZhang",
    *,
    open_userid: str | None = None,
    name: str | None = None,
    activation: Activation | None = Activation.ACTIVE,
    departments: Mapping[int, int | None] | Iterable[int] = (2,),
    main: int | None = 2,
    leads: Iterable[int] | None = None,
    leaders: Iterable[str] | None = None,
    details: Mapping[str, str] | None = None,
    grounds: Iterable[str] = ("department:1",),
) -> Member:
    """A person as an ordinary app sees them, by default active in department 2."""
    orders = (
        departments
        if isinstance(departments, Mapping)
        else dict.fromkeys(departments, 0)
    )
    return Member(
        userid=Userid(userid),
        open_userid=None if open_userid is None else OpenUserid(open_userid),
        name=name,
        activation=activation,
        placements=tuple(
            Placement(department_id=DepartmentId(each), order=orders[each])
            for each in sorted(orders)
        ),
        main_department=None if main is None else DepartmentId(main),
        leads=None if leads is None else frozenset(map(DepartmentId, leads)),
        direct_leaders=None if leaders is None else tuple(map(Userid, leaders)),
        details=tuple(sorted((details or {}).items())),
        grounds=frozenset(grounds),
    )


def stored(
    value: Member | None = None,
    *,
    pk: int = 1,
    aliases: Iterable[str] = (),
    removed: RemovalCause | None = None,
) -> StoredMember:
    """A member as we hold them; with `removed` a tombstone."""
    return StoredMember(
        member_pk=MemberPk(pk),
        member=member() if value is None else value,
        aliases=frozenset(map(Userid, aliases)),
        state=MemberState.ACTIVE if removed is None else MemberState.REMOVED,
        removal=removed,
    )


def scope(
    *,
    departments: Iterable[int] = (),
    members: Iterable[str] = (),
    tags: Iterable[int] = (),
    auth_mode: int = 0,
    extra_departments: Iterable[int] = (),
) -> AuthScope:
    """What a corp lets us see, by default nothing."""
    return AuthScope(
        auth_mode=auth_mode,
        departments=frozenset(map(DepartmentId, departments)),
        members=frozenset(map(Userid, members)),
        tags=frozenset(map(TagId, tags)),
        extra_departments=frozenset(map(DepartmentId, extra_departments)),
    )


def tag(
    tag_id: int = 5, *, userids: Iterable[str] = (), departments: Iterable[int] = ()
) -> Tag:
    """A tag of the scope, by default empty."""
    return Tag(
        tag_id=TagId(tag_id),
        userids=frozenset(map(Userid, userids)),
        department_ids=frozenset(map(DepartmentId, departments)),
    )


def mail(
    change: str = "update_user",
    *,
    about: str = "member:woZhang",
    kind: str | None = None,
    event_id: int = 1,
    second: int = 0,
    arrived: int = 0,
    **hint: object,
) -> Mail:
    """One event, sent and received so many seconds past noon."""
    plain = change in {"subscribe", "unsubscribe"}
    return Mail(
        event_id=event_id,
        kind=kind or (change if plain else "change_contact"),
        change=None if plain or kind else change,
        key=Key(about),
        sent_at=NOON + timedelta(seconds=second),
        received_at=NOON + timedelta(seconds=second + arrived),
        hint=hint_from_json(hint),
    )


def account(
    account_id: str = "u1",
    *,
    mobile: str | None = None,
    email: str | None = None,
    foreign: bool = False,
) -> Account:
    """A TAPD account of the company's, by default without mobile and e-mail."""
    return Account(
        account_id=AccountId(account_id), mobile=mobile, email=email, foreign=foreign
    )


def person(
    pk: int = 1,
    *,
    mobile: str | None = None,
    email: str | None = None,
    asked: Iterable[str] = (),
    linked: str | None = None,
    unlinked: Iterable[str] = (),
    proved: str | None = None,
    resolved: str | None = None,
    returned_to: str | None = None,
    waiting_since: datetime | None = None,
    activated: bool = True,
) -> Person:
    """A member to be matched, by default one of whom nothing is visible."""
    link = Link()
    if linked is not None:
        link = Link(state=LinkState.LINKED, account_id=AccountId(linked))
    return Person(
        member_pk=MemberPk(pk),
        userid=Userid(f"wo{pk}"),
        mobile=mobile,
        email=email,
        asked=frozenset(asked),
        link=link,
        unlinked=frozenset(map(AccountId, unlinked)),
        proved=None if proved is None else AccountId(proved),
        resolved=None if resolved is None else AccountId(resolved),
        activated=activated,
        returned_to=None if returned_to is None else AccountId(returned_to),
        waiting_since=waiting_since,
    )


def lines(decisions: Iterable[Decision]) -> list[ReplayLine]:
    """The decisions as the journal keeps them: through JSON and back."""
    return [
        ReplayLine(
            decision=each.name.value,
            key=each.key,
            after=loads(dumps(dict(each.after))),
        )
        for each in decisions
    ]
