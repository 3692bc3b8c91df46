"""One callback is one trace, from the receiver to the notice, whatever lies between."""

import json
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from domain.ids import CORP_KEY
from receiver.posts import to_post
from simulator.admin import admin_members
from simulator.faults import Kind
from simulator.org.directory import ROOT
from store.database import transaction
from store.inbox.record import post_internal
from store.intake.spill import open_spill
from store.org.companies import secret_place
from store.platform.pauses import owner_of
from tests.support.console.desk import open_desk
from tests.support.notices.item_office import STORY, open_office
from tests.support.notices.outbox import Post, never, read_in_full, read_office
from tests.support.receiving import Draft, contact, info, receiver_on
from tests.support.tracing import HOUSE, Traced, is_a_tree, span_id_of, trace_of, traced
from tests.support.webclient import add_event
from tests.support.workbench import Workbench, workbench
from tracing import spans
from tracing.ids import ids_of_event
from wecom.callbacks import parse_callback
from workers.inbox.drain import drain
from workers.inbox.spill import move_spill
from workers.notices.deliver import deliver


@pytest.fixture
def office(simulated: Workbench) -> Post:
    return read_office(simulated)


@pytest.fixture
def seen() -> Iterator[Traced]:
    with traced() as seen:
        yield seen


def call(office: Post, message: bytes, *, times: int = 1) -> None:
    """WeCom's callback about the office's corp, over the receiver's own doors."""
    settings = office.bench.runtime.settings
    with receiver_on(settings) as app:
        for _ in range(times):
            answer = Draft(message=message).send(app.test_client())
            assert answer.data == b"success"


def hire(office: Post, userid: str) -> bytes:
    """Somebody new in WeCom, whom no account matches; and what WeCom says of them."""
    person = admin_members.NewMember(
        userid=userid, name="synthetic-person", departments=(ROOT,)
    )
    admin_members.hire(office.bench.world, office.enterprise, person)
    corp_id = office.enterprise.corp_id
    return contact("create_user", corp=corp_id, UserID=userid)


def ask_strangers(office: Post) -> None:
    """The company was in TAPD before: nobody gets an account unasked."""
    office.bench.rows("UPDATE companies SET origin = 'tapd'")


def newest(office: Post) -> int:
    row = office.bench.row("SELECT max(event_id) AS event_id FROM inbox")
    return int(row["event_id"])


def newest_of(bench: Workbench) -> int:
    return int(bench.row("SELECT max(event_id) AS event_id FROM inbox")["event_id"])


def post_item(bench: Workbench, company_id: str, event: dict[str, object]) -> None:
    """TAPD's webhook, over the receiver's own door."""
    sealed = bench.runtime.keyring.seal(b"s", place=secret_place(company_id))
    bench.rows("UPDATE companies SET event_secret = %s", sealed)
    with receiver_on(bench.runtime.settings) as app:
        answer = app.test_client().post(f"/tapd/events/{company_id}", json=event)
        assert answer.status_code == 200


def told(found: list[ReadableSpan]) -> str:
    """All that a collector would read of these, but for their ids."""
    return json.dumps(
        [
            (each.name, dict(each.attributes or {}), each.status.description)
            for each in found
        ]
    )


def test_one_callback_is_one_trace_from_the_receiver_to_the_notice(
    office: Post, seen: Traced
) -> None:
    ask_strangers(office)

    call(office, hire(office, "woNewcomer"))
    event_id = newest(office)
    drain(office.bench.runtime, office.corp.mailbox)
    deliver(office.bench.runtime, office.corp.corp_pk, rush=never)

    names = seen.names(event_id)
    assert len(office.phone("woNewcomer")) == 1
    assert {"callback", "drain", "ask", "apply", "notice"} <= set(names)
    assert "wecom user/get" in names
    assert "wecom message/send" in names
    assert is_a_tree(seen.of_event(event_id))


def test_a_trace_tells_no_name_no_corp_and_no_secret(
    office: Post, seen: Traced
) -> None:
    ask_strangers(office)

    call(office, hire(office, "woNewcomer"))
    drain(office.bench.runtime, office.corp.mailbox)
    deliver(office.bench.runtime, office.corp.corp_pk, rush=never)

    everything = told(seen.all())
    for word in ("woNewcomer", "synthetic-person", office.corp.corp_id, "suite-secret"):
        assert word not in everything


def test_of_mail_that_is_folded_each_piece_has_its_trace_and_all_are_linked(
    office: Post, seen: Traced
) -> None:
    corp_id = office.enterprise.corp_id
    for userid in office.userids[:3]:
        call(office, contact("update_user", corp=corp_id, UserID=userid))
    last = newest(office)
    events = [last - 2, last - 1, last]

    drain(office.bench.runtime, office.corp.mailbox)

    drains = [
        next(each for each in seen.of_event(event) if each.name == "drain")
        for event in events
    ]
    assert all(is_a_tree(seen.of_event(each)) for each in events)
    whole, *folded = drains
    assert len(whole.links) == 2
    assert [each.links[0].context.span_id for each in folded] == [span_id_of(whole)] * 2
    assert "ask" in seen.names(events[0])


def test_a_full_read_that_an_event_opened_is_in_the_trace_of_the_event(
    office: Post, seen: Traced
) -> None:
    corp_id = office.enterprise.corp_id

    call(office, info("change_auth", AuthCorpId=corp_id))
    event_id = newest(office)
    drain(office.bench.runtime, office.corp.mailbox)
    read_in_full(office.bench)

    names = seen.names(event_id)
    assert {"callback", "drain", "run"} <= set(names)
    assert "wecom department/simplelist" in names
    assert is_a_tree(seen.of_event(event_id))


def test_a_repeat_stands_in_the_trace_of_what_it_repeats(
    office: Post, seen: Traced
) -> None:
    corp_id, userid = office.enterprise.corp_id, office.userids[0]

    call(office, contact("update_user", corp=corp_id, UserID=userid), times=2)

    assert seen.names(newest(office)) == ["callback", "callback repeated"]


def test_an_event_that_is_tried_again_goes_on_in_its_trace(
    office: Post, seen: Traced
) -> None:
    corp_id, userid = office.enterprise.corp_id, office.userids[0]
    call(office, contact("update_user", corp=corp_id, UserID=userid))
    office.bench.misbehave(Kind.BUSY, match="user/get")
    drain(office.bench.runtime, office.corp.mailbox)
    office.bench.world.faults.clear()
    office.bench.rows("UPDATE mailboxes SET not_before = NULL")
    office.bench.rows("UPDATE inbox SET not_before = NULL")
    office.bench.rows("DELETE FROM pauses")
    office.bench.runtime.known_pauses.forget(owner_of(corp_id))

    drain(office.bench.runtime, office.corp.mailbox)

    names = seen.names(newest(office))
    assert names.count("drain") == 2
    assert is_a_tree(seen.of_event(newest(office)))


def test_an_item_event_is_one_trace_from_tapds_webhook_to_the_card(
    simulated: Workbench,
) -> None:
    office = open_office(simulated, "李四")
    simulated.rows("UPDATE companies SET event_secret = NULL")
    office.story(owner="李四;", creator="操作者")
    event = office.event(
        "story::create", name="新", owner="李四;", creator="操作者", status="planning"
    )
    with traced() as seen:
        post_item(simulated, office.company_id, event)
        event_id = newest_of(simulated)
        office.follow()
        office.deliver()

    assert len(office.cards("李四")) == 1
    assert {"callback", "drain", "notice"} <= set(seen.names(event_id))
    assert is_a_tree(seen.of_event(event_id))
    assert "李四" not in told(seen.all())


def test_a_digest_is_linked_with_every_event_that_it_tells(
    simulated: Workbench,
) -> None:
    office = open_office(simulated, "李四")
    events = [
        office.send(
            office.event(
                "story::create",
                id=str(int(STORY) + number),
                name="新",
                owner="李四;",
                creator="操作者",
                status="planning",
            )
        ).event_id
        for number in range(2)
    ]
    office.follow()
    simulated.rows("UPDATE notices SET gathered = true")

    with traced() as seen:
        office.deliver()

    assert len(office.cards("李四")) == 1
    for each in events:
        assert "notice" in seen.names(each)


def test_mail_that_waited_in_the_spill_is_linked_to_the_callback_that_brought_it(
    office: Post, seen: Traced
) -> None:
    runtime = office.bench.runtime
    message = contact("update_user", corp=office.enterprise.corp_id, UserID="woA")
    post = to_post(parse_callback(message), message, runtime.keyring)
    spill = open_spill(runtime.settings.redis_url, runtime.keyring)
    spill.put(post)
    spans.spilled(post.digest, seconds=0.1, attributes={})

    move_spill(runtime.pool, spill, runtime.bell)

    [callback] = seen.of_event(newest(office))
    [spilled] = [each for each in seen.all() if each.name == "callback spilled"]
    assert callback.links[0].context.span_id == span_id_of(spilled)


def test_internal_mail_has_a_trace_that_begins_where_it_is_posted(
    office: Post, seen: Traced
) -> None:
    with transaction(office.bench.runtime.pool) as connection:
        event_id = post_internal(
            connection,
            mailbox=office.corp.mailbox,
            kind="accounts_changed",
            key=CORP_KEY,
            hint={},
        )

    drain(office.bench.runtime, office.corp.mailbox)

    assert {"callback", "drain"} <= set(seen.names(event_id))
    assert is_a_tree(seen.of_event(event_id))


def test_every_process_decides_alike_which_events_are_sampled(office: Post) -> None:
    corp_id = office.enterprise.corp_id
    with traced(sampler=ParentBased(TraceIdRatioBased(0.5))) as seen:
        for userid in office.userids:
            call(office, contact("update_user", corp=corp_id, UserID=userid))
            drain(office.bench.runtime, office.corp.mailbox)

    traces = {trace_of(each) for each in seen.all()}
    for each in traces:
        assert is_a_tree([span for span in seen.all() if trace_of(span) == each])


def test_a_failing_step_is_marked_by_its_kind_and_without_its_words() -> None:
    with (
        traced() as seen,
        pytest.raises(LookupError),
        spans.working("drain", [1], {}),
    ):
        raise LookupError("synthetic-secret")

    [span] = seen.all()
    assert span.status.description == "LookupError"
    assert not span.events


def test_a_card_about_held_removals_is_in_the_trace_of_what_found_them(
    database: str, redis_url: str
) -> None:
    with workbench(
        database=database, redis_url=redis_url, GUARD="on", GUARD_REMOVALS="0"
    ) as bench:
        office = read_office(bench, members=8)
        admin, leaver, *_ = office.userids
        office.enterprise.admins = {admin: 1}
        office.enterprise.now.drop_member(leaver)
        bench.rows('UPDATE companies SET guard = \'{"removals": 0, "share": 0}\'')
        corp_id = office.enterprise.corp_id
        with traced() as seen:
            call(office, contact("delete_user", corp=corp_id, UserID=leaver))
            event_id = newest(office)
            drain(bench.runtime, office.corp.mailbox)
            office.deliver()

        assert bench.row("SELECT state FROM plans") == {"state": "held"}
        assert len(office.phone(admin)) == 1
        assert "notice" in seen.names(event_id)
        assert is_a_tree(seen.of_event(event_id))


def test_the_page_of_an_event_names_its_trace_where_traces_are_exported(
    database: str, redis_url: str
) -> None:
    with open_desk(database=database, redis_url=redis_url, PUBLIC_URL=HOUSE) as desk:
        event_id = add_event(desk.rows, "corp:wwcorp", "done")
        silent = desk.page(f"/console/events/{event_id}")
        with traced():
            traced_page = desk.page(f"/console/events/{event_id}")

    trace_id = f"{ids_of_event(HOUSE, event_id).trace_id:032x}"
    assert f"<code data-trace>{trace_id}</code>" in traced_page
    assert "data-trace" not in silent
