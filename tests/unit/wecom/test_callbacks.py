"""Every kind of callback becomes the value that it says, and nothing is made up."""

from __future__ import annotations

import pytest

from tests.unit.wecom.vectors import load_vectors
from wecom.callbacks import Callback, parse_callback
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
from wecom.kinds import EVENTS, UNKNOWN, Treatment

CORP = "<AuthCorpId><![CDATA[wpCorpA]]></AuthCorpId>"
CARD = (
    "<EventKey>approve</EventKey><TaskId>plan-1</TaskId>"
    "<CardType>button_interaction</CardType><ResponseCode>RC</ResponseCode>"
)


def command(kind: str, *elements: str) -> Callback:
    text = "".join(elements)
    return parse_callback(
        f"<xml><SuiteId><![CDATA[wwsuiteA]]></SuiteId><InfoType> <![CDATA[{kind}]]>"
        f"</InfoType><TimeStamp>1700000600</TimeStamp>{text}</xml>".encode()
    )


def contact(change: str, *elements: str) -> Callback:
    kind = f"<ChangeType><![CDATA[{change}]]></ChangeType>"
    return command("change_contact", CORP, kind, *elements)


def data(kind: str, *elements: str) -> Callback:
    text = "".join(elements)
    return parse_callback(
        "<xml><ToUserName><![CDATA[wpCorpA]]></ToUserName><FromUserName>"
        "<![CDATA[woUserA]]></FromUserName><CreateTime>1700000800</CreateTime>"
        f"<MsgType>event</MsgType><Event><![CDATA[{kind}]]></Event>"
        f"<AgentID>1000002</AgentID>{text}</xml>".encode()
    )


def member(userid: str = "woU1", **said: object) -> MemberChange:
    silent = dict.fromkeys(MemberChange.__dataclass_fields__)
    return MemberChange(**(silent | {"userid": userid} | said))  # type: ignore[arg-type] # Values of one test each.


@pytest.mark.parametrize(
    ("callback", "detail"),
    [
        (
            command("suite_ticket", "<SuiteTicket>T</SuiteTicket>"),
            SuiteTicket(ticket="T"),
        ),
        (
            command("create_auth", "<AuthCode>C</AuthCode><State>s1</State>"),
            CreateAuth(auth_code="C", state="s1"),
        ),
        (
            command("create_auth", "<AuthCode>C</AuthCode><ExtraInfo></ExtraInfo>"),
            CreateAuth(auth_code="C", state=None),
        ),
        (command("change_auth", CORP), ChangeAuth(state=None)),
        (command("cancel_auth", CORP), CancelAuth()),
        (
            command("reset_permanent_code", "<AuthCode>C</AuthCode>"),
            ResetPermanentCode(auth_code="C"),
        ),
        (command("corp_arch_auth", CORP), CorpArchAuth()),
        (command("approve_special_auth", CORP), Other()),
        (command("share_agent_change", "<AppId>11</AppId>"), Other()),
        (command("made_up_tomorrow"), Other()),
        (data("subscribe", "<EventKey/>"), Subscribe(userid="woUserA")),
        (data("unsubscribe"), Unsubscribe(userid="woUserA")),
        (data("change_app_admin"), ChangeAppAdmin()),
        (data("unlicensed_notify"), UnlicensedNotify(userid="woUserA")),
        (
            data("template_card_event", CARD),
            TemplateCardEvent(
                userid="woUserA",
                event_key="approve",
                task_id="plan-1",
                card_type="button_interaction",
                response_code="RC",
            ),
        ),
        (
            data("close_inactive_agent", "<EffectTime>1700009999</EffectTime>"),
            AgentActivity(effect_time=1700009999),
        ),
        (data("active_restored"), AgentActivity(effect_time=None)),
        (data("LOCATION", "<Latitude>23.1</Latitude>"), Other()),
        (data("location"), Other()),
    ],
)
def test_a_callback_carries_its_detail(callback: Callback, detail: Detail) -> None:
    assert callback.detail == detail


def test_a_new_member_says_everything_that_is_visible() -> None:
    callback = contact(
        "create_user",
        "<UserID><![CDATA[woU1]]></UserID><OpenUserID>woU1</OpenUserID>",
        "<Name>woU1</Name><Department><![CDATA[2,7]]></Department>",
        "<MainDepartment>2</MainDepartment><IsLeaderInDept>1,0</IsLeaderInDept>",
        "<DirectLeader>woU9</DirectLeader><Status>4</Status>",
    )

    assert callback.change == "create_user"
    assert callback.detail == MemberChange(
        userid="woU1",
        open_userid="woU1",
        new_userid=None,
        departments=(2, 7),
        main_department=2,
        leader_flags=(True, False),
        direct_leaders=("woU9",),
        status=4,
    )


def test_what_an_update_does_not_say_stays_unsaid() -> None:
    callback = contact("update_user", "<UserID>woU1</UserID><NewUserID>n</NewUserID>")

    assert callback.detail == member(new_userid="n")


def test_an_emptied_department_list_is_not_an_absent_one() -> None:
    callback = contact("update_user", "<UserID>woU1</UserID><Department></Department>")

    assert callback.detail == member(departments=())


def test_ids_keep_their_case() -> None:
    callback = contact("delete_user", "<UserID>WoUseR-a@B.c</UserID>")

    assert callback.detail == member("WoUseR-a@B.c")


@pytest.mark.parametrize(
    ("elements", "detail"),
    [
        (
            "<Id>2315041299</Id><ParentId>2</ParentId><Order>4294967040</Order>",
            DepartmentChange(department_id=2315041299, parent_id=2, order=4294967040),
        ),
        ("<Id>7</Id>", DepartmentChange(department_id=7, parent_id=None, order=None)),
        (
            "<Id>7</Id><ParentId></ParentId>",
            DepartmentChange(department_id=7, parent_id=None, order=None),
        ),
        (
            "<Id>7</Id><ParentId>0</ParentId>",
            DepartmentChange(department_id=7, parent_id=0, order=None),
        ),
    ],
)
def test_a_missing_parent_is_not_department_zero(elements: str, detail: Detail) -> None:
    assert contact("update_party", elements).detail == detail


def test_a_tag_names_only_the_lists_it_has() -> None:
    callback = contact(
        "update_tag",
        "<TagId>1</TagId><AddUserItems>woU1, woU2</AddUserItems>",
        "<DelPartyItems><![CDATA[3,4294967295]]></DelPartyItems>",
    )

    assert callback.detail == TagChange(
        tag_id=1,
        added_userids=("woU1", "woU2"),
        removed_userids=None,
        added_departments=None,
        removed_departments=(3, 4294967295),
    )


def test_a_command_names_suite_corp_and_second() -> None:
    callback = command("change_auth", CORP)

    assert callback.family is Family.COMMAND
    assert callback.suite_id == "wwsuiteA"
    assert callback.corp_id == "wpCorpA"
    assert callback.sent_at == 1700000600


def test_a_data_callback_names_corp_member_and_agent() -> None:
    callback = data("subscribe")

    assert callback.family is Family.DATA
    assert callback.corp_id == callback.to_user_name == "wpCorpA"
    assert callback.from_user_name == "woUserA"
    assert callback.agent_id == 1000002
    assert callback.sent_at == 1700000800


def test_a_callback_of_the_provider_is_of_the_system_family() -> None:
    callback = parse_callback(
        b"<xml><ServiceCorpId>wwprovider</ServiceCorpId><AuthCorpId>wpCorpA</AuthCorpId>"
        b"<InfoType>license_refund</InfoType><TimeStamp>1700000600</TimeStamp></xml>"
    )

    assert callback.family is Family.SYSTEM
    assert callback.service_corp_id == "wwprovider"
    assert callback.rule.treatment is Treatment.IGNORED


def test_the_members_message_of_the_published_vector_is_ignored() -> None:
    vector = next(vector for vector in load_vectors() if vector.name.startswith("P3"))

    callback = parse_callback(vector.plain)

    assert (callback.kind, callback.msg_type) == ("text", "text")
    assert callback.rule.treatment is Treatment.IGNORED


def test_a_message_type_is_not_taken_for_an_event_of_that_name() -> None:
    callback = parse_callback(
        b"<xml><ToUserName>c</ToUserName><CreateTime>1</CreateTime>"
        b"<MsgType>subscribe</MsgType></xml>"
    )

    assert callback.detail == Other()


@pytest.mark.parametrize(
    "callback",
    [command("made_up"), contact("make_coffee"), data("made_up")],
    ids=["InfoType", "ChangeType", "Event"],
)
def test_a_kind_never_heard_of_is_ignored_and_not_malformed(callback: Callback) -> None:
    assert callback.rule is UNKNOWN


@pytest.mark.parametrize(
    "elements",
    [
        "<InfoType>change_auth</InfoType><TimeStamp>1</TimeStamp>",
        "<SuiteId>s</SuiteId><TimeStamp>1</TimeStamp>",
        "<SuiteId>s</SuiteId><InfoType/><TimeStamp>1</TimeStamp>",
        "<SuiteId>s</SuiteId><InfoType>x</InfoType><InfoType>y</InfoType>",
        "<ToUserName>c</ToUserName><CreateTime>1</CreateTime><MsgType>event</MsgType>",
        "<CreateTime>1</CreateTime><MsgType>event</MsgType><Event>subscribe</Event>",
    ],
)
def test_a_callback_without_its_common_elements_is_malformed(elements: str) -> None:
    with pytest.raises(Malformed):
        parse_callback(f"<xml>{elements}</xml>".encode())


@pytest.mark.parametrize(
    "elements",
    [
        "<SuiteId>s</SuiteId><InfoType>x</InfoType>{time}",
        "<SuiteId>s</SuiteId><InfoType>suite_ticket</InfoType>"
        "<SuiteTicket>t</SuiteTicket>{time}",
        "<ToUserName>c</ToUserName><MsgType>event</MsgType><Event>x</Event>{time}",
        "<ToUserName>c</ToUserName><FromUserName>u</FromUserName>"
        "<MsgType>event</MsgType><Event>subscribe</Event>{time}",
        "<MsgType>event</MsgType><Event>x</Event>{time}",
    ],
)
@pytest.mark.parametrize(
    "time",
    ["", "soon", "10000000000", "1700000600000", "-1", "1.5e9", "2023-11-14T22:23:20Z"],
)
def test_no_event_is_lost_for_its_time(elements: str, time: str) -> None:
    name = "TimeStamp" if "InfoType" in elements else "CreateTime"
    said = f"<{name}>{time}</{name}>" if time else ""

    callback = parse_callback(f"<xml>{elements.format(time=said)}</xml>".encode())

    assert callback.sent_at is None


@pytest.mark.parametrize("kind", ["suite_ticket", "create_auth", "change_auth"])
def test_a_command_without_what_it_is_about_is_malformed(kind: str) -> None:
    with pytest.raises(Malformed):
        command(kind)


@pytest.mark.parametrize(
    ("change", "elements"),
    [
        ("create_user", ""),
        ("update_user", "<UserID></UserID>"),
        ("update_party", "<ParentId>2</ParentId>"),
        ("update_party", "<Id>seven</Id>"),
        ("update_tag", ""),
    ],
)
def test_a_contact_change_whose_key_cannot_be_read_is_about_the_corp(
    change: str, elements: str
) -> None:
    callback = contact(change, elements)

    assert callback.detail == UnclearChange()
    assert callback.rule.treatment is Treatment.HANDLED


@pytest.mark.parametrize("kind", ["subscribe", "unsubscribe"])
@pytest.mark.parametrize(
    "sender", ["", "<FromUserName/>", "<FromUserName>a&b;</FromUserName>"]
)
def test_whoever_cannot_be_read_came_or_went_in_that_corp(
    kind: str, sender: str
) -> None:
    callback = parse_callback(
        f"<xml><ToUserName>c</ToUserName><CreateTime>1</CreateTime>{sender}"
        f"<MsgType>event</MsgType><Event>{kind}</Event></xml>".encode()
    )

    assert (callback.corp_id, callback.detail) == ("c", UnclearChange())


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("update_user", "<UserID>7</UserID><Department>two</Department>"),
        ("update_user", "<UserID>7</UserID><IsLeaderInDept>1,2</IsLeaderInDept>"),
        ("update_user", "<UserID>7</UserID><Status>weird</Status>"),
        ("update_user", "<UserID>7</UserID><DirectLeader>a,,b</DirectLeader>"),
        ("update_party", "<Id>7</Id><ParentId>-1</ParentId><Order>x</Order>"),
        ("update_tag", "<TagId>7</TagId><AddPartyItems>a</AddPartyItems>"),
    ],
)
def test_a_field_that_cannot_be_read_was_not_said_and_loses_no_event(
    change: str, broken: str
) -> None:
    subject, _, _ = broken.partition("</")
    subject += "</" + subject[1:].partition(">")[0] + ">"

    assert contact(change, broken).detail == contact(change, subject).detail


@pytest.mark.parametrize(
    ("elements", "detail"),
    [
        ("<UserID>woU1</UserID>", member()),
        ("<Id>7</Id>", DepartmentChange(department_id=7, parent_id=None, order=None)),
        ("<TagId>x</TagId>", UnclearChange()),
        ("", UnclearChange()),
    ],
)
@pytest.mark.parametrize(
    "change", ["", "<ChangeType/>", "<ChangeType>a\x01</ChangeType>"]
)
def test_a_contact_change_of_an_unread_kind_is_about_its_key(
    change: str, elements: str, detail: Detail
) -> None:
    callback = command("change_contact", CORP, change, elements)

    assert callback.detail == detail
    assert callback.rule.treatment is Treatment.HANDLED


def test_codes_and_tickets_do_not_appear_in_a_repr() -> None:
    callbacks = [
        command("suite_ticket", "<SuiteTicket>hush</SuiteTicket>"),
        command("create_auth", "<AuthCode>hush</AuthCode>"),
        command("reset_permanent_code", "<AuthCode>hush</AuthCode>"),
        data("template_card_event", CARD.replace("RC", "hush")),
    ]

    assert "hush" not in repr(callbacks)


def test_every_rule_gives_its_reason() -> None:
    assert all(rule.reason for rule in EVENTS.values())
    assert len(EVENTS) > 50
