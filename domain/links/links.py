"""What matching a member with accounts needs to know, and what can come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from domain.decisions import Json
from domain.ids import AccountId, MemberPk, Userid


class CompanyOrigin(StrEnum):
    """Whether TAPD had the company before (way 1) or a WeCom install made it."""

    TAPD = "tapd"
    WECOM = "wecom"


class Unmatched(StrEnum):
    """What happens to members of way 1 whose details nobody can see."""

    ASK = "ask"
    CREATE = "create"


class LinkState(StrEnum):
    """How a member and an account stand to each other."""

    LINKED = "linked"
    PENDING = "pending"
    CONFLICT = "conflict"
    UNLINKED = "unlinked"
    NONE = "none"


class NoticeKind(StrEnum):
    """What a member is asked: which account is theirs, or whether they join."""

    LINK = "link"
    INVITE = "invite"


class LinkReason(StrEnum):
    """Why a link is as it is."""

    SEEN_MOBILE = "seen_mobile"
    ASKED_MOBILE = "asked_mobile"
    OWN_PROOF = "own_proof"
    RESOLVED = "resolved"  # Somebody at the match desk chose.
    OWN_WISH = "own_wish"  # The member wants an account of their own.
    RETURNED_WITH_CORP = "returned_with_corp"  # The corp withdrew, and is back.

    NO_ACCOUNT = "no_account"  # Details are visible, and no account has them.
    NOT_VISIBLE = "not_visible"  # No details are visible, and no strategy hit.
    EMAIL_ONLY = "email_only"
    UNPROVEN_MOBILE = "unproven_mobile"  # A stranger's, as far as anybody knows.
    RETURNED_UNPROVEN = "returned_unproven"

    SEVERAL_ACCOUNTS = "several_accounts"
    SEVERAL_MEMBERS = "several_members"
    HELD_BY_ANOTHER = "held_by_another"

    WAITING_FOR_LOOKUPS = "waiting_for_lookups"
    LINKED_ALREADY = "linked_already"
    UNLINKED_BY_PERSON = "unlinked_by_person"
    CORP_WITHDREW = "corp_withdrew"
    MERGED = "merged"  # Two records of one person had a link each.
    NOT_ASKED = "not_asked"  # Nobody asks members who left or are held.


class Agreement(StrEnum):
    """How a detail of a member compares with the account's."""

    EQUAL = "equal"
    DIFFERS = "differs"
    NOT_VISIBLE = "not_visible"
    MEMBER_HAS_NONE = "member_has_none"
    ACCOUNT_HAS_NONE = "account_has_none"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEvidence:
    """What speaks for and against one account; it repeats no mobile and no e-mail.

    Shape: `asked`: WeCom named the member for the account's mobile; `proved`: the
        member signed in to it; `unlinked`: the member left it; `returned`: it was
        linked to the removed member of the same userid; `held_by`, `claimed_by`: the
        active member linked to it, and others to whom the same mobile belongs.
    """

    account_id: AccountId
    mobile: Agreement
    email: Agreement
    asked: bool = False
    proved: bool = False
    unlinked: bool = False
    returned: bool = False
    held_by: MemberPk | None = None
    claimed_by: tuple[MemberPk, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The evidence as it is stored and shown."""
        return {
            "account_id": self.account_id,
            "mobile": self.mobile.value,
            "email": self.email.value,
            "asked": self.asked,
            "proved": self.proved,
            "unlinked": self.unlinked,
            "returned": self.returned,
            "held_by": self.held_by,
            "claimed_by": list(self.claimed_by),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Self:
        """The evidence again.

        Raises: ValueError when it is none.
        """
        account_id, held_by = value.get("account_id"), value.get("held_by")
        claimed_by = value.get("claimed_by")
        if not isinstance(account_id, str) or not isinstance(claimed_by, list):
            raise ValueError("account_id or claimed_by is not what evidence has")
        return cls(
            account_id=AccountId(account_id),
            mobile=Agreement(str(value.get("mobile"))),
            email=Agreement(str(value.get("email"))),
            asked=value.get("asked") is True,
            proved=value.get("proved") is True,
            unlinked=value.get("unlinked") is True,
            returned=value.get("returned") is True,
            held_by=None if held_by is None else MemberPk(int(str(held_by))),
            claimed_by=tuple(MemberPk(int(str(each))) for each in claimed_by),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How a member's link stands, and why."""

    state: LinkState = LinkState.NONE
    reason: LinkReason | None = None
    account_id: AccountId | None = None
    asks: NoticeKind | None = None
    evidence: tuple[LinkEvidence, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The link as decisions and the journal show it."""
        return {
            # By str(): an enum's value is worked out anew each time it is asked for.
            "state": str(self.state),
            "reason": None if self.reason is None else str(self.reason),
            "account_id": self.account_id,
            "asks": None if self.asks is None else str(self.asks),
            "evidence": [each.to_json() for each in self.evidence],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Self:
        """The link again.

        Raises: ValueError when it is none.
        """
        reason, asks = value.get("reason"), value.get("asks")
        account_id, evidence = value.get("account_id"), value.get("evidence")
        if not isinstance(evidence, list):
            raise ValueError("evidence is no list")
        return cls(
            state=LinkState(str(value.get("state"))),
            reason=None if reason is None else LinkReason(str(reason)),
            account_id=None if account_id is None else AccountId(str(account_id)),
            asks=None if asks is None else NoticeKind(str(asks)),
            evidence=tuple(
                LinkEvidence.from_json(each)
                for each in evidence
                if isinstance(each, dict)
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An active member, as far as they are matched with accounts.

    Shape: `mobile` in E.164 and `email` folded, None when not visible (or when what
        is shown is no mobile), empty when the member has none; `asked`: the mobiles
        for which WeCom named this member; `unlinked`: the accounts they left;
        `proved`: the account they signed in to, `resolved`: the one that the match
        desk chose for them, `wish`: who wants a new account for them, of these three
        only what was said last; `returned_to`: what the removed member of the same
        userid was linked to, `former`: what they were linked to before their corp
        withdrew, `lost`: what they come back to and somebody else has meanwhile;
        `activated`: they have signed in to WeCom, so that what it shows is theirs and
        not only what an admin typed; `waiting_since`: None when the wait for lookups
        would begin now; `silent`: they left or are held, so nobody asks them.
    """

    member_pk: MemberPk
    userid: Userid
    mobile: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    asked: frozenset[str] = field(default=frozenset(), repr=False)
    link: Link = Link()
    unlinked: frozenset[AccountId] = frozenset()
    proved: AccountId | None = None
    resolved: AccountId | None = None
    wish: LinkReason | None = None
    returned_to: AccountId | None = None
    former: AccountId | None = None
    lost: AccountId | None = None
    waiting_since: datetime | None = None
    silent: bool = False
    activated: bool = True

    @property
    def chosen(self) -> AccountId | None:
        """The account that a person, and no machine, has found to be theirs."""
        return self.proved or self.resolved

    @property
    def mobiles(self) -> frozenset[str]:
        """The mobiles that are theirs; one that is seen is newer than any answer."""
        if self.mobile is None:
            return self.asked
        return frozenset({self.mobile} - {""})


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAccount:
    """The member is this account."""

    account_id: AccountId
    reason: LinkReason
    evidence: tuple[LinkEvidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAccount:
    """The member gets an account of their own."""

    reason: LinkReason
    evidence: tuple[LinkEvidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskMember:
    """Only the member can say; the evidence names the account to suggest, if any."""

    kind: NoticeKind
    reason: LinkReason
    evidence: tuple[LinkEvidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagConflict:
    """A person at the match desk has to say; the evidence is of each candidate."""

    reason: LinkReason
    evidence: tuple[LinkEvidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing is decided before the accounts still unasked are, or the time is over."""

    since: datetime
    until: datetime
    reason: LinkReason = LinkReason.WAITING_FOR_LOOKUPS
    evidence: tuple[LinkEvidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The link stays as it is."""

    reason: LinkReason
    evidence: tuple[LinkEvidence, ...] = ()


Outcome = LinkAccount | CreateAccount | AskMember | FlagConflict | Wait | Leave
