"""Damaged callbacks are kept and followed, by either door and by way of the spill."""

from unittest.mock import patch

import pytest

from store.database import StoreUnavailable
from store.intake.spill import open_spill
from tests.support.receiving import SUITE, Draft, receiver_on, rows_of
from tests.support.workbench import Workbench
from workers.inbox.spill import move_spill

HEAD = (
    b"<SuiteId>%s</SuiteId><AuthCorpId>wpA</AuthCorpId>"
    b"<InfoType>change_contact</InfoType><ChangeType>update_user</ChangeType>"
) % SUITE.encode()
USER = b"<UserID>woAmy</UserID>"
KEPT = "SELECT key, state FROM inbox WHERE mailbox = 'corp:wpA' ORDER BY event_id"
CLEAR, UNCLEAR = "member:woAmy", "corp"

DAMAGED = [
    (USER + b"<Name>\x00\x1f</Name>", CLEAR),
    (USER + b"<Name><![CDATA[never ended</Name>", CLEAR),
    (USER + b"<TimeStamp>\xff</TimeStamp>", CLEAR),
    (USER + "<Name>张三</Name>".encode("gbk"), CLEAR),
    (USER + b"<Name>&lol9;</Name>", CLEAR),
    (USER + b'<Name t="1">\x01</Name><!-- <UserID>woX</UserID> -->', CLEAR),
    (b"<UserID>wo\xffAmy</UserID>", UNCLEAR),
    (b"<UserID><b>woAmy</b></UserID>", UNCLEAR),
    (USER + USER, UNCLEAR),
    (b"<E><E>\x01</E>" + USER + b"</E>", UNCLEAR),
    (b"<UserID>" + b"u" * 40_000 + b"</UserID>", UNCLEAR),
]


@pytest.mark.parametrize("spilled", [False, True])
@pytest.mark.parametrize("path", ["/wecom/command", "/wecom/data"])
def test_a_damaged_callback_is_kept_with_the_key_that_can_be_read(
    simulated: Workbench, database: str, path: str, spilled: bool
) -> None:
    runtime = simulated.runtime
    answers = []
    with receiver_on(runtime.settings) as app:
        landing = app.extensions["shore"].landing
        store = StoreUnavailable("synthetic") if spilled else None
        with patch.object(landing, "_record", wraps=landing._record, side_effect=store):
            for number, (fields, _) in enumerate(DAMAGED):
                each = b"<N>%d</N>" % number
                draft = Draft(
                    path=path, message=b"<xml>" + HEAD + fields + each + b"</xml>"
                )
                answers.append(draft.send(app.test_client()).data)
    assert len(rows_of(database, KEPT)) == (0 if spilled else len(DAMAGED))
    spill = open_spill(runtime.settings.redis_url, runtime.keyring)
    move_spill(runtime.pool, spill, runtime.bell)

    assert answers == [b"success"] * len(DAMAGED)
    rows = rows_of(database, KEPT)
    assert [(row["key"], row["state"]) for row in rows] == [
        (key, "pending") for _, key in DAMAGED
    ]
