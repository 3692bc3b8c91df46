"""Item events become cards: to whom they concern, once, in what words."""

import pytest

from simulator.faults import Kind
from tests.support.notices.item_office import STORY, WORKSPACE, ItemOffice, open_office
from tests.support.workbench import Workbench


@pytest.fixture
def office(simulated: Workbench) -> ItemOffice:
    return open_office(simulated, "李四", "王五", "赵六")


def test_an_edit_is_carried_at_once_to_whom_it_concerns(office: ItemOffice) -> None:
    office.story(owner="李四;", cc="王五;")

    office.tell(
        office.event(
            "story::update",
            old_name="登录页重做",
            old_owner="李四;",
            old_cc="王五;",
            old_status="planning",
            old_priority="Middle",
            new_priority="High",
            new_modified=at_noon(),
            change_fields="priority,modified",
        )
    )

    [card] = office.cards("李四")
    assert card["card_type"] == "text_notice"
    assert card["sub_title_text"] == "登录页重做"
    assert card["horizontal_content_list"] == [
        {"keyname": "优先级", "value": "Middle → High"}
    ]
    assert (
        f"%2F{WORKSPACE}%2Fprong%2Fstories%2Fview%2F{STORY}"
        in (card["card_action"]["url"])
    )
    assert len(office.cards("王五")) == 1
    assert office.cards("赵六") == []


def at_noon() -> str:
    return "2026-03-02 12:00:00"


def test_repeats_disorder_and_lateness_end_in_the_same_notices(
    office: ItemOffice,
) -> None:
    create = office.event(
        "story::create", name="新", owner="李四;", creator="操作者", status="planning"
    )
    update = office.event(
        "story::update",
        old_owner="李四;",
        new_owner="李四;王五;",
        change_fields="owner",
    )

    # The update comes first, twice, and the creation long after it.
    office.tell(update, update)
    office.tell(create)
    office.wait(31)
    office.deliver()
    office.tell(create, update)
    office.wait(31)
    office.deliver()

    assert len(office.phone("李四")) == 2
    assert len(office.phone("王五")) == 1


def test_an_update_and_a_status_change_of_one_edit_are_one_card(
    office: ItemOffice,
) -> None:
    office.story(owner="李四;")
    update = office.event(
        "story::update",
        old_status="planning",
        old_owner="李四;",
        new_status="done",
        change_fields="status,modified",
    )
    moved = office.event(
        "story::status_change", old_status="planning", new_status="done"
    )

    office.tell(update)
    office.tell(moved)
    office.wait(31)
    office.deliver()

    assert len(office.phone("李四")) == 1
    assert office.outcomes()[1:] == [("done", "told"), ("folded", "said_before")]
    assert became_of(office.told(), "李四") == ["sent", "sent"]


def test_two_edits_a_second_apart_are_one_card_at_once_and_one_further(
    office: ItemOffice,
) -> None:
    office.story(owner="李四;")

    office.send(edit(office, 0, priority=("Low", "Middle")))
    office.send(
        edit(office, 1, priority=("Middle", "High"), name=("登录页重做", "登录"))
    )
    office.send(edit(office, 9, priority=("High", "Urgent")))
    office.follow()
    office.deliver()

    assert values(office, "李四") == [["Low → Middle"]]

    office.wait(31)
    office.deliver()

    assert values(office, "李四")[1:] == [["Middle → Urgent", "登录页重做 → 登录"]]


def test_what_is_put_back_within_the_window_is_not_told(office: ItemOffice) -> None:
    office.story(owner="李四;")

    office.tell(edit(office, 0, priority=("Low", "High")))
    office.tell(edit(office, 5, status=("planning", "done")))
    office.tell(edit(office, 9, status=("done", "planning")))
    office.wait(31)
    office.deliver()

    assert len(office.phone("李四")) == 1


def test_what_another_person_changes_is_a_card_of_its_own(office: ItemOffice) -> None:
    office.story(owner="李四;")

    office.tell(edit(office, 0, priority=("Low", "High")))
    office.tell(edit(office, 2, by="别人", priority=("High", "Low")))

    assert len(office.phone("李四")) == 2


def test_noise_is_nothing_to_tell(office: ItemOffice) -> None:
    office.story(owner="李四;")

    office.tell(edit(office, 0, modified=("1", "2"), sort=("1", "2")))

    assert office.phone("李四") == []
    assert office.outcomes()[-1] == ("done", "nothing_to_tell")


def test_who_is_taken_off_hears_of_it_once(office: ItemOffice) -> None:
    office.story(owner="李四;")

    office.tell(edit(office, 0, owner=("李四;", "王五;")))
    office.tell(edit(office, 60, by="别人", priority=("Low", "High")))

    assert len(office.phone("李四")) == 1
    assert len(office.phone("王五")) == 2
    roles = office.bench.rows(
        "SELECT nick, role FROM item_notices ORDER BY mail_id, nick"
    )
    assert {"nick": "李四", "role": "former_owner"} in roles


def test_a_deleted_item_keeps_its_title(office: ItemOffice) -> None:
    office.story(owner="李四;")

    office.tell(office.event("story::delete", op_type="delete", old_iteration_id="0"))

    [card] = office.cards("李四")
    assert card["sub_title_text"] == "登录页重做"
    assert "已删除" in card["main_title"]["title"]


def test_the_operator_hears_nothing_of_what_they_did(office: ItemOffice) -> None:
    office.story(owner="李四;王五;", creator="赵六")

    office.tell(edit(office, 0, by="李四", priority=("Low", "High")))
    office.tell(edit(office, 60, by="赵六", priority=("High", "Low")))

    assert len(office.phone("李四")) == 1
    assert len(office.phone("王五")) == 2
    told = office.told()
    assert became_of(told, "李四")[0] == "operator"
    assert became_of(told, "赵六")[-1] == "creator_or_cc"


def test_with_cc_alone_and_no_owner_nothing_is_sent(office: ItemOffice) -> None:
    office.story(owner="", cc="李四;", creator="王五")

    office.tell(edit(office, 0, priority=("Low", "High")))

    assert office.phone("李四") == office.phone("王五") == []
    assert {became for _, _, became in office.told()} == {"no_owner"}


def edit(
    office: ItemOffice, second: int, *, by: str = "操作者", **fields: tuple[str, str]
) -> dict[str, str]:
    """A flat update of these fields."""
    old = {f"old_{name}": pair[0] for name, pair in fields.items()}
    new = {f"new_{name}": pair[1] for name, pair in fields.items()}
    return office.event(
        "story::update",
        second=second,
        current_user=by,
        change_fields=",".join(fields),
        **old,
        **new,
    )


def became_of(told: list[tuple[str, str, str | None]], nick: str) -> list[str | None]:
    """What became of each event for one person, the oldest first."""
    return [became for _, each, became in told if each == nick]


def values(office: ItemOffice, nick: str) -> list[list[str]]:
    """The lines of each card that somebody got."""
    return [
        [line["value"] for line in card["horizontal_content_list"]]
        for card in office.cards(nick)
    ]


def test_a_bulk_edit_is_twenty_cards_and_one_digest(office: ItemOffice) -> None:
    for number in range(300):
        office.send(
            office.event(
                "story::create",
                id=f"{int(STORY) + number}",
                name=f"需求{number}",
                owner="李四;",
                creator="操作者",
            )
        )
    office.calm()
    office.follow()
    office.deliver()

    assert len(office.phone("李四")) == 20

    office.wait(61)
    office.deliver()

    digest = office.cards("李四")[-1]
    assert len(office.phone("李四")) == 21
    assert "280" in digest["main_title"]["title"]
    assert office.bench.calls("message/send") == 21
    states = office.bench.rows(
        "SELECT notices.kind, count(*) AS n FROM item_notices JOIN notices"
        " USING (corp_pk, notice_id) GROUP BY 1 ORDER BY 1"
    )
    assert states == [{"kind": "digest", "n": 280}, {"kind": "item", "n": 20}]


def test_more_than_twenty_a_minute_of_many_people_become_one_digest(
    office: ItemOffice,
) -> None:
    office.story(owner="李四;")
    for number in range(25):
        office.send(
            edit(office, number, by=f"人{number}", priority=(str(number), f"{number}x"))
        )
    office.follow()
    office.deliver()

    assert len(office.phone("李四")) == 20

    office.wait(61)
    office.deliver()
    office.deliver()

    assert len(office.phone("李四")) == 21


def test_beyond_a_days_allowance_the_rest_is_told_the_next_day(
    office: ItemOffice,
) -> None:
    office.story(owner="李四;")
    office.tell(edit(office, 0, priority=("0", "1")))
    office.bench.rows(
        "INSERT INTO notices (corp_pk, member_pk, company_id, kind, round, origin,"
        " state, change_id, tried_at) SELECT corp_pk, member_pk, company_id, kind, 1,"
        " 'sync', 'sent', n + 1000000, clock_timestamp() - interval '2 minutes'"
        " FROM notices, generate_series(1, 200) AS n"
    )

    office.tell(edit(office, 40, by="别人", priority=("1", "2")))

    [waiting] = office.bench.rows(
        "SELECT gathered, not_before > clock_timestamp() AS later FROM notices"
        " WHERE state = 'queued'"
    )
    assert waiting == {"gathered": True, "later": True}
    assert len(office.phone("李四")) == 1


def test_quiet_hours_end_in_one_digest(office: ItemOffice) -> None:
    office.story(owner="李四;")
    quiet(office, "李四")

    office.tell(edit(office, 0, priority=("Low", "High")))
    office.tell(edit(office, 40, by="别人", priority=("High", "Low")))

    assert office.phone("李四") == []
    assert became_of(office.told(), "李四") == ["quiet_hours", "quiet_hours"]

    office.bench.rows("UPDATE item_preferences SET quiet_from = NULL, quiet_to = NULL")
    office.bench.rows("UPDATE notices SET not_before = clock_timestamp()")
    office.deliver()

    [digest] = office.cards("李四")
    assert "1" in digest["main_title"]["title"]


def test_a_button_mutes_the_item_and_the_card_says_so(office: ItemOffice) -> None:
    office.story(owner="李四;")
    office.tell(edit(office, 0, priority=("Low", "High")))
    [message] = office.phone("李四")
    [mute_item, mute_kind] = message.sent["action_menu"]["action_list"]

    office.press("李四", message, mute_item["key"])
    office.tell(edit(office, 60, by="别人", priority=("High", "Low")))

    [card] = office.cards("李四")
    assert "不再提醒" in card["main_title"]["title"]
    assert became_of(office.told(), "李四")[-1] == "item_muted"
    assert mute_kind["key"].startswith("mute_kind:")


def test_a_button_mutes_a_kind_and_drops_what_waits(office: ItemOffice) -> None:
    office.story(owner="李四;")
    office.tell(edit(office, 0, priority=("Low", "High")))
    [message] = office.phone("李四")
    office.tell(edit(office, 5, priority=("High", "Low")))

    office.press("李四", message, message.sent["action_menu"]["action_list"][1]["key"])
    office.wait(31)
    office.deliver()

    assert len(office.phone("李四")) == 1
    assert office.bench.row("SELECT reason FROM notices WHERE state = 'dropped'") == {
        "reason": "kind"
    }


def test_nobody_mutes_by_a_card_that_is_not_theirs(office: ItemOffice) -> None:
    office.story(owner="李四;")
    office.tell(edit(office, 0, priority=("Low", "High")))
    [message] = office.phone("李四")

    office.press("王五", message, message.sent["action_menu"]["action_list"][0]["key"])

    assert office.bench.rows("SELECT 1 AS one FROM item_preferences") == []


@pytest.mark.parametrize("errcode", [42014, 42051, 43012])
def test_a_template_card_that_is_refused_goes_as_a_textcard(
    office: ItemOffice, errcode: int
) -> None:
    office.story(owner="李四;")
    office.bench.misbehave(Kind.ERRCODE, match="message/send", errcode=errcode, count=1)

    office.tell(edit(office, 0, priority=("Low", "High")))

    [message] = office.phone("李四")
    assert message.msgtype == "textcard"
    assert "Low → High" in message.sent["description"]


def quiet(office: ItemOffice, nick: str) -> None:
    """It is quiet with somebody for two hours around now."""
    now = office.bench.row(
        "SELECT to_char(clock_timestamp() AT TIME ZONE 'Asia/Shanghai'"
        " - interval '1 hour', 'HH24:MI') AS begin, to_char(clock_timestamp()"
        " AT TIME ZONE 'Asia/Shanghai' + interval '1 hour', 'HH24:MI') AS until"
    )
    office.bench.rows(
        "INSERT INTO item_preferences (corp_pk, member_pk, item_notices, kinds, roles,"
        " quiet_from, quiet_to) SELECT corp_pk, member_pk, true,"
        " '{story,bug,task,iteration}', '{owner,cc,follower,creator}', %s, %s"
        " FROM members WHERE userid = %s",
        now["begin"],
        now["until"],
        office.userids[office.nicks.index(nick)],
    )
