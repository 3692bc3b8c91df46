"""Webhooks whose time nobody can believe are told like any other."""

from datetime import datetime, timedelta

import pytest

from tapd.item_events import CHINA
from tests.support.notices.item_office import ItemOffice, open_office
from tests.support.workbench import Workbench

ODD = ["0001-01-01 00:00:00", "1970-01-01 00:00:00", "0000-00-00 00:00:00"]
ODD += ["9999-12-31 23:59:59", "2026-02-30 25:61:61", "soon", ""]


@pytest.fixture
def office(simulated: Workbench) -> ItemOffice:
    return open_office(simulated, "李四")


@pytest.mark.parametrize("said", ODD)
def test_an_edit_of_an_odd_time_is_told_and_so_is_the_next(
    office: ItemOffice, said: str
) -> None:
    office.story(owner="李四;", priority_label="Low")
    before = len(office.phone("李四"))

    # Bounded by its arrival, this is when the next one was said, whatever came before.
    soon = datetime.now(CHINA) + timedelta(seconds=5)
    then = soon.strftime("%Y-%m-%d %H:%M:%S")
    for old, new, created in (("Low", "High", said), ("High", "Middle", then)):
        event = office.event(
            "story::update",
            owner="李四;",
            old_priority_label=old,
            new_priority_label=new,
            change_fields="priority_label",
        )
        office.tell({**event, "created": created})
        office.wait(31)
        office.deliver()

    assert len(office.phone("李四")) == before + 2
    open_mail = "SELECT error FROM inbox WHERE state IN ('pending', 'failed')"
    assert office.bench.rows(f"{open_mail} AND mailbox = %s", office.mailbox) == []
