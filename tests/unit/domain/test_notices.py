"""Which notice a decision calls for, who may be sent it, and when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decisions import Decision, DecisionName
from domain.ids import member_key
from domain.links.links import CompanyOrigin, LinkState, NoticeKind
from domain.notices import (
    MOST_REINVITES,
    REPEATED_WITHIN,
    Obstacle,
    Origin,
    RecipientStanding,
    first_batch,
    kind_to_reinvite,
    may_be_repeated,
    may_reinvite,
    obstacle,
    obstacle_to_card,
    rush_seconds,
    unreached,
    waits,
    wishes_of,
)
from domain.org.org import Employment, MemberState

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def standing(
    *,
    state: MemberState = MemberState.ACTIVE,
    employment: Employment = Employment.WORKING,
    held: bool = False,
    link: LinkState = LinkState.PENDING,
    asks: NoticeKind | None = NoticeKind.LINK,
) -> RecipientStanding:
    return RecipientStanding(
        state=state, employment=employment, held=held, link=link, asks=asks
    )


def decision(name: DecisionName, userid: str = "woA") -> Decision:
    return Decision(name=name, key=member_key(userid), before={}, after={}, reason="")


@pytest.mark.parametrize(
    ("name", "asked", "answered"),
    [
        (DecisionName.ASK_MEMBER, True, False),
        (DecisionName.RESTORE_MEMBER, True, False),
        (DecisionName.MARK_WORKING, True, False),
        (DecisionName.LINK_ACCOUNT, False, True),
        (DecisionName.CREATE_ACCOUNT, False, True),
        *(
            (each, False, False)
            for each in DecisionName
            if each
            not in {
                DecisionName.ASK_MEMBER,
                DecisionName.RESTORE_MEMBER,
                DecisionName.MARK_WORKING,
                DecisionName.LINK_ACCOUNT,
                DecisionName.CREATE_ACCOUNT,
            }
        ),
    ],
)
def test_every_decision_has_its_notice_or_none(
    name: DecisionName, asked: bool, answered: bool
) -> None:
    wishes = wishes_of([decision(name)])

    assert bool(wishes.asked) is asked
    assert bool(wishes.answered) is answered


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (standing(), None),
        (standing(state=MemberState.REMOVED), Obstacle.REMOVED),
        (standing(employment=Employment.LEFT), Obstacle.LEFT),
        (standing(held=True), Obstacle.HELD),
        (standing(link=LinkState.LINKED, asks=None), Obstacle.LINKED),
        (standing(link=LinkState.CONFLICT, asks=None), Obstacle.NOT_ASKED),
        (standing(link=LinkState.UNLINKED, asks=None), Obstacle.NOT_ASKED),
        (standing(asks=NoticeKind.INVITE), Obstacle.NOT_ASKED),
    ],
)
def test_a_machine_asks_only_who_is_there_and_still_asked(
    now: RecipientStanding, found: Obstacle | None
) -> None:
    assert obstacle(now, kind=NoticeKind.LINK, origin=Origin.SYNC) is found


@pytest.mark.parametrize("link", [each for each in LinkState if each != "linked"])
def test_a_person_may_have_anybody_asked_who_is_not_linked(link: LinkState) -> None:
    now = standing(link=link, asks=None)

    assert obstacle(now, kind=NoticeKind.LINK, origin=Origin.PERSON) is None


def test_only_a_held_removal_is_worth_waiting_for() -> None:
    assert [each for each in Obstacle if waits(each)] == [Obstacle.HELD]


def test_an_admin_is_asked_while_the_plan_waits_whatever_their_own_link() -> None:
    admin = standing(link=LinkState.LINKED, asks=None)

    assert obstacle_to_card(admin, open_plan=True) is None
    assert obstacle_to_card(admin, open_plan=False) is Obstacle.DECIDED
    assert obstacle_to_card(standing(held=True), open_plan=True) is Obstacle.HELD


def test_three_times_a_day_and_no_more() -> None:
    allowed = [may_reinvite(before) for before in range(MOST_REINVITES + 1)]

    assert allowed == [True, True, True, False]


@pytest.mark.parametrize(
    ("asks", "origin", "kind"),
    [
        (NoticeKind.INVITE, CompanyOrigin.TAPD, NoticeKind.INVITE),
        (None, CompanyOrigin.TAPD, NoticeKind.LINK),
        (None, CompanyOrigin.WECOM, NoticeKind.INVITE),
    ],
)
def test_once_more_asks_what_was_asked_before(
    asks: NoticeKind | None, origin: CompanyOrigin, kind: NoticeKind
) -> None:
    assert kind_to_reinvite(asks, origin=origin) is kind


@given(
    st.dictionaries(
        st.integers(), st.text("aAbB", min_size=1, max_size=3), max_size=30
    ),
    st.integers(1, 10),
)
def test_a_batch_holds_no_two_ids_that_wecom_could_confuse(
    userids: dict[int, str], most: int
) -> None:
    batch = first_batch(userids, most=most)

    folded = [each.lower() for each in batch.values()]
    assert len(set(folded)) == len(folded) <= most
    assert bool(batch) is bool(userids)
    left = {key: each for key, each in userids.items() if key not in batch}
    assert len(batch) == most or {each.lower() for each in left.values()} <= set(folded)


def test_whom_an_answer_names_in_lower_case_is_found() -> None:
    userids = {1: "woAmy", 2: "woBen", 3: "WOCY"}

    assert unreached(userids, ["woamy", "wocy", "stranger"]) == [1, 3]


def test_a_batch_is_repeated_well_before_wecom_forgets_it() -> None:
    last = NOON + REPEATED_WITHIN

    assert may_be_repeated(NOON, now=last - timedelta(seconds=1))
    assert not may_be_repeated(NOON, now=last)
    assert timedelta(hours=4) - REPEATED_WITHIN >= timedelta(minutes=30)


@pytest.mark.parametrize(
    ("minute", "second", "seconds"),
    [
        (0, 0, 5.0),
        (0, 3, 2.0),
        (30, 4, 1.0),
        (0, 5, 0.0),
        (29, 59, 0.0),
        (31, 0, 0.0),
    ],
)
def test_nothing_is_sent_at_the_full_and_half_hour(
    minute: int, second: int, seconds: float
) -> None:
    now = NOON.replace(minute=minute, second=second)

    assert rush_seconds(now) == seconds
