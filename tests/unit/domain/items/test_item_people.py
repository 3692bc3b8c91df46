"""Who hears of an edit, in which role, and why the others do not."""

from collections.abc import Iterable

import pytest

from domain.ids import AccountId, CorpPk, MemberPk
from domain.items.items import ItemAction, ItemKind
from domain.items.mentions import mentioned
from domain.items.people import (
    CHOICE_OF,
    ItemPerson,
    ItemPreferences,
    ItemRole,
    RoleChoice,
    Unsent,
    role_to_tell,
    roles_of,
    rule_of_tapd,
    why_unsent,
)

ALL = ItemPreferences(
    item_notices=True, kinds=frozenset(ItemKind), roles=frozenset(RoleChoice)
)


def wants(
    *,
    on: bool = True,
    kinds: Iterable[ItemKind] = tuple(ItemKind),
    roles: Iterable[RoleChoice] = tuple(RoleChoice),
    muted: Iterable[str] = (),
) -> ItemPreferences:
    """What somebody chose, by default everything."""
    return ItemPreferences(
        item_notices=on,
        kinds=frozenset(kinds),
        roles=frozenset(roles),
        muted_items=frozenset(muted),
    )


def why(
    *roles: ItemRole,
    chosen: ItemPreferences = ALL,
    unsent: Unsent | None = None,
    kind: ItemKind = ItemKind.STORY,
    action: ItemAction = ItemAction.UPDATE,
    by_operator: bool = False,
    nobody_owns: bool = False,
    company_on: bool = True,
) -> Unsent | None:
    """Why somebody in these roles gets nothing."""
    person = ItemPerson(
        nick="李四",
        account_id=AccountId("a"),
        corp_pk=CorpPk(1),
        member_pk=MemberPk(1),
        unsent=unsent,
        wants=chosen,
    )
    return why_unsent(
        person,
        roles or (ItemRole.OWNER,),
        kind=kind,
        item_id="1",
        action=action,
        by_operator=by_operator,
        nobody_owns=nobody_owns,
        company_on=company_on,
    )


def test_everybody_who_is_named_has_a_role() -> None:
    after = {
        "owner": "a;",
        "cc": "b;",
        "follower": "c;",
        "creator": "d",
        "participator": "e;",
    }

    assert roles_of({}, after, mentioned=["f"]) == {
        "a": (ItemRole.OWNER,),
        "b": (ItemRole.CC,),
        "c": (ItemRole.FOLLOWER,),
        "d": (ItemRole.CREATOR,),
        "e": (ItemRole.PARTICIPATOR,),
        "f": (ItemRole.MENTIONED,),
    }


def test_a_bugs_fields_have_names_of_their_own() -> None:
    assert roles_of({}, {"current_owner": "a;", "reporter": "b"}) == {
        "a": (ItemRole.OWNER,),
        "b": (ItemRole.CREATOR,),
    }


def test_who_is_taken_off_is_a_former_owner_unless_something_else_ties_them() -> None:
    roles = roles_of({"owner": "a;b;c;"}, {"owner": "c;", "cc": "b;"})

    assert roles["a"] == (ItemRole.FORMER_OWNER,)
    assert roles["b"] == (ItemRole.CC,)
    assert roles["c"] == (ItemRole.OWNER,)


def test_of_many_roles_the_weightiest_comes_first() -> None:
    after = {"creator": "a", "cc": "a;", "owner": "a;"}

    assert roles_of({}, after)["a"] == (
        ItemRole.OWNER,
        ItemRole.CC,
        ItemRole.CREATOR,
    )


@pytest.mark.parametrize(
    ("kind", "action", "after", "silent"),
    [
        (ItemKind.STORY, ItemAction.UPDATE, {"cc": "a;", "creator": "b"}, True),
        (ItemKind.BUG, ItemAction.DELETE, {"cc": "a;", "reporter": "b"}, True),
        (ItemKind.STORY, ItemAction.UPDATE, {"cc": "a;", "owner": "b;"}, False),
        (ItemKind.STORY, ItemAction.UPDATE, {"cc": "a;", "follower": "b;"}, False),
        (ItemKind.STORY, ItemAction.COMMENT, {"cc": "a;"}, False),
        (ItemKind.TASK, ItemAction.UPDATE, {"cc": "a;"}, False),
        (ItemKind.STORY, ItemAction.UPDATE, {"creator": "b"}, False),
    ],
)
def test_with_cc_alone_and_no_owner_tapd_tells_nobody(
    kind: ItemKind, action: ItemAction, after: dict[str, str], silent: bool
) -> None:
    assert rule_of_tapd(kind, action, roles_of({}, after)) is silent


def test_the_operator_hears_nothing_and_is_told_by_which_rule() -> None:
    assert why(ItemRole.OWNER, by_operator=True) is Unsent.OPERATOR
    assert why(ItemRole.CREATOR, by_operator=True) is Unsent.CREATOR_OR_CC
    assert why(ItemRole.CC, by_operator=True) is Unsent.CREATOR_OR_CC
    assert (
        why(ItemRole.CC, by_operator=True, action=ItemAction.COMMENT) is Unsent.OPERATOR
    )
    assert why(ItemRole.CC, by_operator=True, kind=ItemKind.TASK) is Unsent.OPERATOR


def test_each_choice_silences_what_it_names() -> None:
    assert why(chosen=wants(on=False)) is Unsent.MUTED
    assert why(chosen=wants(muted=["1"])) is Unsent.ITEM_MUTED
    assert why(chosen=wants(kinds=[ItemKind.BUG])) is Unsent.KIND
    assert why(chosen=wants(roles=[RoleChoice.CC])) is Unsent.ROLE
    assert why(chosen=wants(muted=["2"])) is None


def test_one_role_that_is_wanted_is_enough() -> None:
    chosen = wants(roles=[RoleChoice.CC])
    roles = (ItemRole.OWNER, ItemRole.CC)

    assert why(*roles, chosen=chosen) is None
    assert role_to_tell(roles, chosen.roles) is ItemRole.CC


def test_who_is_mentioned_by_name_is_told_whatever_roles_they_chose() -> None:
    assert why(ItemRole.MENTIONED, chosen=wants(roles=[])) is None


def test_the_companys_switch_comes_before_everything() -> None:
    assert why(company_on=False, by_operator=True) is Unsent.COMPANY_OFF


def test_a_former_owner_is_told_though_nobody_owns_it_now() -> None:
    assert why(ItemRole.FORMER_OWNER, nobody_owns=True) is None
    assert why(ItemRole.CC, nobody_owns=True) is Unsent.NO_OWNER


@pytest.mark.parametrize(
    "unsent",
    [Unsent.LEFT, Unsent.HELD, Unsent.NOT_LINKED, Unsent.OUT_OF_SCOPE],
)
def test_whoever_cannot_be_reached_is_told_nothing_whatever_they_chose(
    unsent: Unsent,
) -> None:
    assert why(unsent=unsent, chosen=wants(on=False)) is unsent


def test_every_role_falls_under_a_choice_or_is_always_told() -> None:
    assert CHOICE_OF.keys() == set(ItemRole)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@张三 请看", ["张三"]),
        ("@张三请看", ["张三"]),
        ("请看@李四@张三", ["李四", "张三"]),
        ("＠张三", ["张三"]),
        ("a@张三.cn", []),
        ("@张三丰", ["张三丰"]),
        ("@王五", []),
        ("@ 张三", ["张三"]),
        ("@", []),
        ("张三", []),
    ],
)
def test_a_comment_addresses_known_nicks_behind_an_at(
    text: str, found: list[str]
) -> None:
    assert mentioned(text, {"张三", "李四", "张三丰"}) == found
