"""Who hears of an edit of an item, in which role, and why others do not."""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum

from domain.ids import AccountId, CorpPk, MemberPk
from domain.items.items import CREATORS, OWNERS, ItemAction, ItemKind, split_nicks


class ItemRole(StrEnum):
    """What somebody is to an item; the weightiest first."""

    OWNER = "owner"
    CC = "cc"
    FOLLOWER = "follower"
    CREATOR = "creator"
    PARTICIPATOR = "participator"
    MENTIONED = "mentioned"
    FORMER_OWNER = "former_owner"


class RoleChoice(StrEnum):
    """The roles that people can switch off."""

    OWNER = "owner"
    CC = "cc"
    FOLLOWER = "follower"
    CREATOR = "creator"


class Unsent(StrEnum):
    """Why somebody with a role got no card of their own at once."""

    OPERATOR = "operator"
    CREATOR_OR_CC = "creator_or_cc"
    NO_OWNER = "no_owner"
    LEFT = "left"
    OUT_OF_SCOPE = "out_of_scope"
    HELD = "held"
    NOT_LINKED = "not_linked"
    UNKNOWN_NICK = "unknown_nick"
    MUTED = "muted"
    KIND = "kind"
    ROLE = "role"
    ITEM_MUTED = "item_muted"
    QUIET_HOURS = "quiet_hours"
    COMPANY_OFF = "company_off"


# Under which choice the other roles fall; who is named by hand is always told.
CHOICE_OF: Mapping[ItemRole, RoleChoice | None] = {
    ItemRole.OWNER: RoleChoice.OWNER,
    ItemRole.CC: RoleChoice.CC,
    ItemRole.FOLLOWER: RoleChoice.FOLLOWER,
    ItemRole.CREATOR: RoleChoice.CREATOR,
    ItemRole.PARTICIPATOR: RoleChoice.FOLLOWER,
    ItemRole.MENTIONED: None,
    ItemRole.FORMER_OWNER: RoleChoice.OWNER,
}
_FIELDS: Mapping[ItemRole, tuple[str, ...]] = {
    ItemRole.OWNER: OWNERS,
    ItemRole.CC: ("cc",),
    ItemRole.FOLLOWER: ("follower",),
    ItemRole.CREATOR: CREATORS,
    ItemRole.PARTICIPATOR: ("participator",),
}
# TAPD states its two rules for these alone (its page on notice settings).
_RULED_KINDS = frozenset({ItemKind.STORY, ItemKind.BUG})


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPreferences:
    """What a member wants to hear; `muted_items` are ids of items."""

    item_notices: bool
    kinds: frozenset[ItemKind]
    roles: frozenset[RoleChoice]
    muted_items: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPerson:
    """Who a nick is: an account, the member it is linked to, and how they stand.

    Shape: `unsent` names why they cannot be reached at all; the keys are None where
        no member is known.
    """

    nick: str
    account_id: AccountId | None
    corp_pk: CorpPk | None
    member_pk: MemberPk | None
    unsent: Unsent | None
    wants: ItemPreferences


def roles_of(
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    mentioned: Iterable[str] = (),
    odd: frozenset[str] = frozenset(),
) -> dict[str, tuple[ItemRole, ...]]:
    """Each nick that an edit concerns, with its roles, the weightiest first.

    Shape: `after` the edit all people fields by TAPD's names, `before` it those that
        it changed. Who is taken off is a former owner if nothing else ties them to the
        item.
    """
    roles: dict[str, dict[ItemRole, None]] = {}
    for role, names in _FIELDS.items():
        for nick in _named(after, names, odd):
            roles.setdefault(nick, {})[role] = None
    for nick in mentioned:
        roles.setdefault(nick, {})[ItemRole.MENTIONED] = None
    for nick in _named(before, OWNERS, odd):
        roles.setdefault(nick, {ItemRole.FORMER_OWNER: None})
    return {nick: tuple(sorted(each, key=_weight)) for nick, each in roles.items()}


def rule_of_tapd(
    kind: ItemKind,
    action: ItemAction,
    roles: Mapping[str, tuple[ItemRole, ...]],
) -> bool:
    """Whether TAPD's own rule silences everybody: cc alone, and nobody owns the item.

    Who created it is always somebody, and counts as little as in TAPD.
    """
    if kind not in _RULED_KINDS or action.is_comment:
        return False
    held = {role for each in roles.values() for role in each}
    return ItemRole.CC in held and not held & {
        ItemRole.OWNER,
        ItemRole.FOLLOWER,
        ItemRole.PARTICIPATOR,
        ItemRole.MENTIONED,
    }


def why_unsent(
    person: ItemPerson,
    roles: tuple[ItemRole, ...],
    *,
    kind: ItemKind,
    item_id: str,
    action: ItemAction,
    by_operator: bool,
    nobody_owns: bool,
    company_on: bool,
) -> Unsent | None:
    """Why this person gets no card of an edit; None when they do."""
    if not company_on:
        return Unsent.COMPANY_OFF
    if by_operator:
        return _of_operator(roles[0], kind, action)
    if nobody_owns and roles[0] is not ItemRole.FORMER_OWNER:
        return Unsent.NO_OWNER
    return person.unsent or _unwanted(person.wants, roles, kind, item_id)


def role_to_tell(
    roles: tuple[ItemRole, ...], wanted: Set[RoleChoice] = frozenset(RoleChoice)
) -> ItemRole:
    """The weightiest role in which somebody wants to hear, else the weightiest."""
    return next((each for each in roles if _is_wanted(each, wanted)), roles[0])


def roles_told(wanted: Collection[RoleChoice]) -> tuple[ItemRole, ...]:
    """Every role in which somebody hears who chose these."""
    return tuple(each for each in ItemRole if _is_wanted(each, frozenset(wanted)))


def _unwanted(
    wants: ItemPreferences, roles: tuple[ItemRole, ...], kind: ItemKind, item_id: str
) -> Unsent | None:
    if not wants.item_notices:
        return Unsent.MUTED
    if item_id in wants.muted_items:
        return Unsent.ITEM_MUTED
    if kind not in wants.kinds:
        return Unsent.KIND
    told = any(_is_wanted(each, wants.roles) for each in roles)
    return None if told else Unsent.ROLE


def _is_wanted(role: ItemRole, wanted: Set[RoleChoice]) -> bool:
    choice = CHOICE_OF[role]
    return choice is None or choice in wanted


def _of_operator(role: ItemRole, kind: ItemKind, action: ItemAction) -> Unsent:
    ruled = kind in _RULED_KINDS and not action.is_comment
    if ruled and role in {ItemRole.CREATOR, ItemRole.CC}:
        return Unsent.CREATOR_OR_CC
    return Unsent.OPERATOR


def _named(
    fields: Mapping[str, str], names: Iterable[str], odd: frozenset[str]
) -> Iterable[str]:
    for name in names:
        yield from split_nicks(fields.get(name, ""), odd=odd)


def _weight(role: ItemRole) -> int:
    return _WEIGHTS[role]


_WEIGHTS = {role: place for place, role in enumerate(ItemRole)}
