"""Ids of old corps ignore case: one person, whom WeCom spells in one way.

Ids of newer corps may differ by case alone and be two people. So no spelling is
assumed: it is learnt when WeCom answers a question in another case than it was asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from domain.events.hints import Hint
from domain.ids import Key, Userid, member_key, split_key
from domain.org.scope import AuthScope, Tag

# WeCom's spelling by another one that it has answered to.
Spellings = Mapping[Userid, Userid]


def differ_by_case(one: str, other: str) -> bool:
    """Whether two ids differ, and by case alone."""
    return one != other and one.lower() == other.lower()


def learn(spellings: dict[Userid, Userid], *, asked: Userid, told: Userid) -> None:
    """Take in that WeCom answered as `told`: that is another spelling of nobody."""
    spellings.pop(told, None)
    spellings[asked] = told


def spelt(userid: Userid, spellings: Spellings) -> Userid:
    """The id as WeCom spells it now, as far as that is known."""
    if userid not in spellings:
        return userid
    # Whom WeCom spells anew may have been asked for in a third case before that.
    passed = {userid}
    while (further := spellings.get(userid, userid)) not in passed:
        passed.add(further)
        userid = further
    return userid


def all_spelt(userids: Iterable[Userid], spellings: Spellings) -> frozenset[Userid]:
    """These ids as WeCom spells them."""
    return frozenset(spelt(each, spellings) for each in userids)


def spelt_key(key: Key, spellings: Spellings) -> Key:
    """The key of a member as WeCom spells them; any other key as it is."""
    kind, name = split_key(key)
    if kind != "member" or name not in spellings:
        return key
    return member_key(spelt(Userid(name), spellings))


def spelt_scope(scope: AuthScope, spellings: Spellings) -> AuthScope:
    """The scope with everybody granted singly as WeCom spells them."""
    if not spellings:
        return scope
    return replace(
        scope,
        members=all_spelt(scope.members, spellings),
        extra_members=all_spelt(scope.extra_members, spellings),
    )


def spelt_tag(tag: Tag, spellings: Spellings) -> Tag:
    """The tag with its people as WeCom spells them."""
    if not spellings:
        return tag
    return replace(tag, userids=all_spelt(tag.userids, spellings))


def spelt_hint(hint: Hint, spellings: Spellings) -> Hint:
    """What an event says, with the people as WeCom spells them."""
    if not spellings:
        return hint
    new, added, taken = hint.new_userid, hint.add_userids, hint.del_userids
    return replace(
        hint,
        new_userid=None if new is None else spelt(new, spellings),
        add_userids=None if added is None else all_spelt(added, spellings),
        del_userids=None if taken is None else all_spelt(taken, spellings),
    )
