"""The one table of callbacks: how each kind is read, and what follows or why nothing.

Source: WeCom 90628, 90639, 90640, 90641, 90376, 95716, 97378, 100964.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from wecom.errors import Malformed
from wecom.events import (
    AgentActivity,
    CancelAuth,
    ChangeAppAdmin,
    ChangeAuth,
    CorpArchAuth,
    CreateAuth,
    DepartmentChange,
    Detail,
    Family,
    MemberChange,
    Other,
    ResetPermanentCode,
    Subscribe,
    SuiteTicket,
    TagChange,
    TemplateCardEvent,
    UnclearChange,
    UnlicensedNotify,
    Unsubscribe,
)
from wecom.fields import Fields


class Treatment(StrEnum):
    """Whether a kind of callback leads to anything."""

    HANDLED = "handled"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one kind of callback is read, and what follows or why nothing does.

    Shape: what comes behind a `barrier` in the same mailbox waits until it is settled.
    """

    treatment: Treatment
    reason: str
    barrier: bool = False
    read: Callable[[Fields], Detail] = field(repr=False)


# InfoType or Event, and ChangeType where the kind has one.
Kind = tuple[str, str | None]


def rule_for(rules: Mapping[Kind, Rule], *, kind: str, change: str | None) -> Rule:
    """The rule of a kind; an unheard-of kind is ignored, for new ones appear."""
    rule = rules.get((kind, change))
    if rule is None and change is not None:
        rule = rules.get((kind, None))
    return rule or UNKNOWN


def _handled(read: Callable[[Fields], Detail], reason: str) -> Rule:
    return Rule(treatment=Treatment.HANDLED, reason=reason, read=read)


def _barrier(read: Callable[[Fields], Detail], reason: str) -> Rule:
    return Rule(treatment=Treatment.HANDLED, reason=reason, read=read, barrier=True)


def _ignored(reason: str, read: Callable[[Fields], Detail] | None = None) -> Rule:
    return Rule(treatment=Treatment.IGNORED, reason=reason, read=read or _other)


def _member(fields: Fields) -> MemberChange:
    said = fields.said
    return MemberChange(
        userid=fields.required("UserID"),
        open_userid=said(fields.identifier, "OpenUserID"),
        new_userid=said(fields.identifier, "NewUserID"),
        departments=said(fields.numbers, "Department"),
        main_department=said(fields.number, "MainDepartment"),
        leader_flags=_flags(fields, "IsLeaderInDept"),
        direct_leaders=said(fields.texts, "DirectLeader"),
        status=said(fields.number, "Status"),
    )


def _flags(fields: Fields, name: str) -> tuple[bool, ...] | None:
    numbers = fields.said(fields.numbers, name)
    if numbers is None or any(number > 1 for number in numbers):
        return None
    return tuple(number == 1 for number in numbers)


def _department(fields: Fields) -> DepartmentChange:
    return DepartmentChange(
        department_id=fields.required_number("Id"),
        parent_id=fields.said(fields.number, "ParentId"),
        order=fields.said(fields.number, "Order"),
    )


def _tag(fields: Fields) -> TagChange:
    said = fields.said
    return TagChange(
        tag_id=fields.required_number("TagId"),
        added_userids=said(fields.texts, "AddUserItems"),
        removed_userids=said(fields.texts, "DelUserItems"),
        added_departments=said(fields.numbers, "AddPartyItems"),
        removed_departments=said(fields.numbers, "DelPartyItems"),
    )


def _card(fields: Fields) -> TemplateCardEvent:
    return TemplateCardEvent(
        userid=fields.required("FromUserName"),
        event_key=fields.required("EventKey"),
        task_id=fields.required("TaskId"),
        card_type=fields.said(fields.identifier, "CardType"),
        response_code=fields.said(fields.identifier, "ResponseCode"),
    )


def _activity(fields: Fields) -> AgentActivity:
    return AgentActivity(effect_time=fields.said(fields.number, "EffectTime"))


def _create_auth(fields: Fields) -> CreateAuth:
    return CreateAuth(
        auth_code=fields.required("AuthCode"),
        state=fields.said(fields.identifier, "State"),
    )


def _of_corp(read: Callable[[Fields], Detail]) -> Callable[[Fields], Detail]:
    def checked(fields: Fields) -> Detail:
        fields.required("AuthCorpId")
        return read(fields)

    return checked


def _or_unclear(read: Callable[[Fields], Detail]) -> Callable[[Fields], Detail]:
    """An event whose key cannot be read still says of which corp it is."""

    def lenient(fields: Fields) -> Detail:
        try:
            return read(fields)
        except Malformed:
            return UnclearChange()

    return lenient


def _some_contact(fields: Fields) -> Detail:
    """A change of an unread kind: whichever key it has is looked at."""
    for name, read in (("UserID", _member), ("Id", _department), ("TagId", _tag)):
        if name in fields:
            return _or_unclear(read)(fields)
    return UnclearChange()


def _other(_fields: Fields) -> Other:
    return Other()


UNKNOWN = _ignored("unknown event")
UNREAD_CHANGE = _handled(_of_corp(_some_contact), "its key, or the corp, is asked for")
MESSAGE = _ignored("a member's message to the app; nothing here answers messages")

_ORDERS = "paid editions of the app market are not used"
_CUSTOMERS = "customers' contacts are not part of the org"
_SHARING = "corp groups and upstream sharing are not supported"
_CLICKS = "a click in the app's menu carries nothing for the org"
_LICENCES = "licences are bought and refunded by hand"
_LOW_USE = "the app is little used: operators are warned"

COMMANDS: Mapping[Kind, Rule] = {
    ("suite_ticket", None): _handled(
        lambda fields: SuiteTicket(ticket=fields.required("SuiteTicket")),
        "stored when newer; whatever waits for a ticket becomes due",
    ),
    ("create_auth", None): _handled(_create_auth, "the code is exchanged once"),
    ("change_auth", None): _barrier(
        _of_corp(
            lambda fields: ChangeAuth(state=fields.said(fields.identifier, "State"))
        ),
        "scope and permissions are read again, then the corp",
    ),
    ("cancel_auth", None): _barrier(
        _of_corp(lambda _fields: CancelAuth()),
        "acts when get_auth_info confirms it",
    ),
    ("reset_permanent_code", None): _barrier(
        lambda fields: ResetPermanentCode(auth_code=fields.required("AuthCode")),
        "the code is exchanged and replaces the permanent code",
    ),
    ("corp_arch_auth", None): _barrier(
        _of_corp(lambda _fields: CorpArchAuth()),
        "permissions are read again, then the whole tree",
    ),
    **{
        ("change_contact", change): _handled(_of_corp(_or_unclear(read)), reason)
        for change, read, reason in (
            ("create_user", _member, "the member is asked for"),
            ("update_user", _member, "the member is asked for"),
            ("delete_user", _member, "the member is asked for"),
            ("create_party", _department, "the department tree is asked for"),
            ("update_party", _department, "the department tree is asked for"),
            ("delete_party", _department, "the department tree is asked for"),
            ("update_tag", _tag, "the tag is read; its item lists are incomplete"),
        )
    },
    ("share_agent_change", None): _ignored(_SHARING),
    ("share_chain_change", None): _ignored(_SHARING),
    ("approve_special_auth", None): _ignored("the permission is not one of ours"),
    ("cancel_special_auth", None): _ignored("the permission is not one of ours"),
    ("change_external_contact", None): _ignored(_CUSTOMERS),
    ("change_external_chat", None): _ignored(_CUSTOMERS),
    ("change_external_tag", None): _ignored(_CUSTOMERS),
    ("open_order", None): _ignored(_ORDERS),
    ("change_order", None): _ignored(_ORDERS),
    ("pay_for_app_success", None): _ignored(_ORDERS),
    ("refund", None): _ignored(_ORDERS),
    # WeCom's own spelling.
    ("change_editon", None): _ignored(_ORDERS),
}

SYSTEM_EVENTS: Mapping[Kind, Rule] = {
    ("register_corp", None): _ignored("promotion packages are not used"),
    ("auto_activate", None): _ignored(_LICENCES),
    ("license_pay_success", None): _ignored(_LICENCES),
    ("license_refund", None): _ignored(_LICENCES),
    ("batch_job_result", None): _ignored("no files are translated"),
    ("agree_external_userid_migration", None): _ignored(_CUSTOMERS),
}

DATA_EVENTS: Mapping[Kind, Rule] = {
    ("subscribe", None): _handled(
        _or_unclear(lambda fields: Subscribe(userid=fields.required("FromUserName"))),
        "the member is asked for",
    ),
    ("unsubscribe", None): _handled(
        _or_unclear(lambda fields: Unsubscribe(userid=fields.required("FromUserName"))),
        "the member is asked for",
    ),
    ("enter_agent", None): _ignored("opening the app changes nothing"),
    ("batch_job_result", None): _ignored("only contact apps import contacts"),
    ("change_app_admin", None): _ignored(
        "administrators are asked for at the moment they matter",
        lambda _fields: ChangeAppAdmin(),
    ),
    ("unlicensed_notify", None): _ignored(
        "a licence changes nothing in the org; notices show who lacks one",
        _or_unclear(
            lambda fields: UnlicensedNotify(userid=fields.required("FromUserName"))
        ),
    ),
    ("template_card_event", None): _handled(
        _card, "the admin's answer about held removals, if WeCom names them an admin"
    ),
    ("template_card_menu_event", None): _handled(
        _card, "the member hears no more of the card's item, or of its kind"
    ),
    ("inactive_alert", None): _handled(_activity, _LOW_USE),
    ("low_active_alert", None): _handled(_activity, _LOW_USE),
    ("close_inactive_agent", None): _handled(_activity, "the corp is paused"),
    ("low_active", None): _handled(_activity, "the corp is paused"),
    ("reopen_inactive_agent", None): _handled(_activity, "the corp is resumed"),
    ("active_restored", None): _handled(_activity, "the corp is resumed"),
    ("share_agent_change", None): _ignored(_SHARING),
    ("share_chain_change", None): _ignored(_SHARING),
    **{
        (kind, None): _ignored(_CLICKS)
        for kind in (
            "click",
            "view",
            "view_miniprogram",
            "scancode_push",
            "scancode_waitmsg",
            "pic_sysphoto",
            "pic_photo_or_album",
            "pic_weixin",
            "location_select",
            "LOCATION",
        )
    },
    ("open_approval_change", None): _ignored("approvals of WeCom are not used"),
}

EVENTS: Mapping[tuple[Family, str, str | None], Rule] = MappingProxyType(
    {
        (family, kind, change): rule
        for family, rules in (
            (Family.COMMAND, COMMANDS),
            (Family.DATA, DATA_EVENTS),
            (Family.SYSTEM, SYSTEM_EVENTS),
        )
        for (kind, change), rule in rules.items()
    }
)

# What comes behind one of these waits.
BARRIERS = frozenset(kind for (_, kind, _), rule in EVENTS.items() if rule.barrier)
