"""Whatever bytes a callback holds, it is a Callback or it is Malformed."""

from __future__ import annotations

from contextlib import suppress
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from wecom.callbacks import Callback, parse_callback, parse_envelope
from wecom.errors import Malformed
from wecom.kinds import EVENTS

XML_TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Cn"], include_characters="\t\n")
)
VALUES = st.one_of(
    st.sampled_from(["", "0", "1", "2,7", "4294967295", "woUserA", "event"]), XML_TEXT
)
NAMES = st.sampled_from(
    [
        "SuiteId",
        "AuthCorpId",
        "ServiceCorpId",
        "InfoType",
        "TimeStamp",
        "ChangeType",
        "SuiteTicket",
        "AuthCode",
        "State",
        "UserID",
        "OpenUserID",
        "NewUserID",
        "Department",
        "MainDepartment",
        "IsLeaderInDept",
        "DirectLeader",
        "Status",
        "Id",
        "ParentId",
        "Order",
        "TagId",
        "AddUserItems",
        "DelPartyItems",
        "ToUserName",
        "FromUserName",
        "CreateTime",
        "MsgType",
        "Event",
        "AgentID",
        "EventKey",
        "TaskId",
        "CardType",
        "ResponseCode",
        "EffectTime",
        "Encrypt",
    ]
)
KINDS = st.sampled_from(sorted({(kind, change or "") for _, kind, change in EVENTS}))


@given(st.binary() | XML_TEXT.map(lambda text: f"<xml>{text}</xml>".encode("utf-16")))
def test_any_bytes_are_a_callback_or_malformed(message: bytes) -> None:
    with suppress(Malformed):
        assert isinstance(parse_callback(message), Callback)


@given(st.binary())
def test_any_bytes_are_an_envelope_or_malformed(body: bytes) -> None:
    with suppress(Malformed):
        assert isinstance(parse_envelope(body), str)


@given(kind=KINDS, elements=st.lists(st.tuples(NAMES, VALUES)))
def test_any_values_in_known_elements_are_a_callback_or_malformed(
    kind: tuple[str, str], elements: list[tuple[str, str]]
) -> None:
    said = dict(elements)
    said |= {"InfoType": kind[0], "ChangeType": kind[1]}
    xml = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in said.items())

    with suppress(Malformed):
        assert parse_callback(f"<xml>{xml}</xml>".encode()).kind == kind[0]


@given(
    userid=st.from_regex(r"[0-9A-Za-z][0-9A-Za-z_\-@.]{0,63}", fullmatch=True),
    departments=st.none() | st.lists(st.integers(0, 2**63 - 1)),
)
def test_a_members_departments_come_back_as_they_were_written(
    userid: str, departments: list[int] | None
) -> None:
    listed = "" if departments is None else ",".join(map(str, departments))
    element = "" if departments is None else f"<Department>{listed}</Department>"

    callback = parse_callback(
        "<xml><SuiteId>s</SuiteId><InfoType>change_contact</InfoType>"
        "<ChangeType>update_user</ChangeType><TimeStamp>1</TimeStamp>"
        f"<AuthCorpId>c</AuthCorpId><UserID>{userid}</UserID>{element}</xml>".encode()
    )

    expected = None if departments is None else tuple(departments)
    assert getattr(callback.detail, "departments", "none") == expected
    assert getattr(callback.detail, "userid", None) == userid
