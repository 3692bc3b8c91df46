"""The law of item notices: in whatever order, nobody misses or hears a thing twice."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.database import transaction
from store.items.changes import lock_changes
from tests.support.examples import examples
from tests.support.notices.item_office import STORY, ItemOffice, open_office
from tests.support.workbench import workbench

NICKS = ("李四", "王五", "赵六")
FIELDS = ("priority", "due", "custom_field_1")
_TABLES = (
    "item_notices",
    "notices",
    "notice_batches",
    "item_changes",
    "items",
    "inbox",
    "identities",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What somebody does, and how the event of it arrives."""

    by: str
    field: str
    second: int
    twice: bool
    as_status_too: bool


STEPS = st.lists(
    st.builds(
        Step,
        by=st.sampled_from(["甲", "乙"]),
        field=st.sampled_from(FIELDS),
        second=st.integers(1, 40),
        twice=st.booleans(),
        as_status_too=st.booleans(),
    ),
    min_size=1,
    max_size=7,
)


@pytest.fixture(scope="module")
def office(module_database: str, redis_server_url: str) -> Iterator[ItemOffice]:
    with workbench(database=module_database, redis_url=redis_server_url) as bench:
        office = open_office(bench, *NICKS)
        office.without_tapd()
        yield office


def events_of(office: ItemOffice, steps: list[Step]) -> list[dict[str, Any]]:
    """The edits in the order in which they were made, each from the value before it."""
    values = dict.fromkeys(FIELDS, "0")
    events: list[dict[str, Any]] = []
    for number, step in enumerate(sorted(steps, key=lambda one: one.second), 1):
        old, values[step.field] = values[step.field], str(number)
        pair: dict[str, Any] = {
            f"old_{step.field}": old,
            f"new_{step.field}": str(number),
        }
        event = office.event(
            "story::update",
            second=step.second,
            current_user=step.by,
            old_owner="李四;",
            old_cc="王五;",
            change_fields=step.field,
            **pair,
        )
        events += [event, event] if step.twice else [event]
        if step.as_status_too:
            # The same edit, told by another delivery with a number of its own.
            events.append({**event, "event_id": f"{event['event_id']}9"})
    return events


def start_anew(office: ItemOffice) -> None:
    """Nothing was ever told; the phones are empty."""
    for table in _TABLES:
        office.bench.rows(f"DELETE FROM {table}")  # noqa: S608 - constant names
    office.enterprise.phones.clear()
    office.bench.rows("DELETE FROM mailboxes WHERE mailbox = %s", office.mailbox)
    office.story(owner="李四;", cc="王五;")


def words_told(office: ItemOffice) -> Counter[tuple[str, str]]:
    """Each field and its new value, as often as a change tells of it."""
    rows = office.bench.rows("SELECT change_id FROM item_changes")
    with transaction(office.bench.runtime.pool) as connection:
        found = lock_changes(
            connection,
            office.company_id,
            [row["change_id"] for row in rows],
            keyring=office.bench.runtime.keyring,
        )
    return Counter(
        (field.name, field.new)
        for change in found.values()
        for said in change.utterances
        for field in said.fields
    )


# The simulator's own threads draw numbers, too, whatever is being drawn here.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@settings(
    max_examples=examples(20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, order=st.randoms(use_true_random=False), split=st.integers(0, 12))
def test_in_whatever_order_events_come_each_is_told_once(
    office: ItemOffice, steps: list[Step], order: Any, split: int
) -> None:
    start_anew(office)
    events = events_of(office, steps)
    order.shuffle(events)

    for part in (events[:split], events[split:], events):
        for event in part:
            office.send(event)
        office.follow()
        office.deliver()
    office.wait(31)
    office.deliver()

    told = words_told(office)
    assert set(told.values()) == {1}
    assert len(told) == len(steps)
    carried = office.bench.rows(
        "SELECT nick, count(*) AS n FROM item_notices WHERE item_id = %s"
        " AND notice_id IS NOT NULL GROUP BY nick",
        STORY,
    )
    different = len({event["event_id"] for event in events})
    assert {row["nick"]: row["n"] for row in carried} == {
        "李四": different,
        "王五": different,
    }
    assert len(office.phone("李四")) == len(office.phone("王五"))
    assert office.phone("赵六") == []
    # At once, and one further one for each of the two people who changed something.
    assert 1 <= len(office.phone("李四")) <= 4
