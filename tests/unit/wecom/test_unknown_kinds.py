"""A kind that nobody has heard of is ignored, however it is spelt and however long."""

import pytest

from wecom.callbacks import parse_callback
from wecom.kinds import UNKNOWN

COMMAND = "<SuiteId>s</SuiteId><AuthCorpId>c</AuthCorpId><InfoType>{}</InfoType>"
CHANGE = (
    COMMAND.format("change_contact")
    + "<ChangeType>{}</ChangeType><UserID>woU1</UserID>"
)
DATA = "<ToUserName>c</ToUserName><MsgType>event</MsgType><Event>{}</Event>"


@pytest.mark.parametrize(
    ("elements", "kind"),
    [
        (COMMAND, "Change_Contact"),
        (COMMAND, "made_up" * 300),
        (COMMAND, "重" * 20_000),
        (COMMAND, "drop\ttable; --"),
        (CHANGE, "UPDATE_USER"),
        (CHANGE, "Create_User"),
        (DATA, "Subscribe"),
        (DATA, "made_up" * 300),
        (DATA, "\U0001f600" * 2_000),
    ],
)
def test_what_is_no_name_of_ours_is_ignored(elements: str, kind: str) -> None:
    callback = parse_callback(f"<xml>{elements.format(kind)}</xml>".encode())

    assert callback.rule is UNKNOWN
    assert kind.startswith(callback.change or callback.kind)
