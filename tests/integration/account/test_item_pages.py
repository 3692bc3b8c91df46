"""A member's pages about items: why they were told or not, and how they want it."""

import re
from html import unescape
from typing import Any

import pytest

from domain.items.people import ItemRole, Unsent
from tests.support.people.visiting import WECOM, Visit, csrf_of
from tests.support.webclient import add_corp, add_member, insert
from texts.catalogue import LANGUAGES, catalogue

CORP, COMPANY, WHO = "wwcorp", "20001001", "woA"
STORY = "1148464494001000276"
CHINESE = catalogue("zh-CN")
# Where a member can do something about a reason.
WAYS = {
    **dict.fromkeys(
        [
            Unsent.MUTED,
            Unsent.KIND,
            Unsent.ROLE,
            Unsent.ITEM_MUTED,
            Unsent.QUIET_HOURS,
        ],
        "/me/preferences",
    ),
    Unsent.NOT_LINKED: "/me",
}
FORM: dict[str, Any] = {
    "item_notices": "on",
    "kind": ["story", "bug"],
    "role": ["owner"],
    "quiet_from": "21:00",
    "quiet_to": "08:00",
}


@pytest.fixture
def member(visit: Visit) -> Visit:
    """A member who has signed in."""
    corp_pk = add_corp(visit.web.rows, CORP, company_id=COMPANY)
    add_member(visit.web.rows, corp_pk, WHO, name="张三")
    visit.sign_in(CORP, WHO)
    return visit


def page(visit: Visit, path: str) -> str:
    answer = visit.client.get(path, headers=WECOM)
    assert answer.status_code == 200, answer.text
    return answer.text


def tell(visit: Visit, mail_id: int, **columns: Any) -> None:
    """An event concerned the member."""
    [(corp_pk, member_pk)] = visit.web.rows.execute(
        "SELECT corp_pk, member_pk FROM members"
    ).fetchall()
    values = {
        "company_id": COMPANY,
        "mail_id": mail_id,
        "nick": "张三",
        "event_id": f"e{mail_id}",
        "event": "story::update",
        "kind": "story",
        "item_id": STORY,
        "change_id": 1,
        "roles": ["owner"],
        "role": "owner",
        "corp_pk": corp_pk,
        "member_pk": member_pk,
    }
    insert(visit.web.rows, "item_notices", **{**values, **columns})


def save(visit: Visit, **form: Any) -> Any:
    token = csrf_of(page(visit, "/me/preferences"))
    return visit.client.post(
        "/me/preferences", data={**form, "csrf_token": token}, headers=WECOM
    )


def chosen(visit: Visit) -> dict[str, Any]:
    row = visit.web.rows.execute(
        "SELECT item_notices, kinds, roles, quiet_from, quiet_to, muted_items, language"
        " FROM item_preferences"
    ).fetchone()
    names = ["on", "kinds", "roles", "begin", "end", "muted", "language"]
    return dict(zip(names, row or (), strict=False))


@pytest.mark.parametrize("reason", list(Unsent))
@pytest.mark.parametrize("tag", list(LANGUAGES))
def test_each_reason_is_told_in_a_sentence_with_its_next_step(
    member: Visit, reason: Unsent, tag: str
) -> None:
    member.client.get(f"/language/{tag}")
    tell(member, 1, reason=reason.value)

    shown = unescape(page(member, "/me/notices"))

    said = catalogue(tag)[f"told_item.why.{reason}"]
    assert said in shown
    # What happened, and what one can do about it or that there is nothing to do.
    assert len(re.findall(r"[。；：，.:;,] ?\S", said)) >= 1
    way = re.search(r'data-next="(\w+)" href="([^"]+)"', shown)
    assert (way and way[2]) == WAYS.get(reason)


def test_a_page_without_rows_says_why(member: Visit) -> None:
    rows = member.web.rows

    assert 'data-empty="unlinked"' in page(member, "/me/notices")
    insert(rows, "accounts", account_id="1001")
    rows.execute(
        "INSERT INTO links (corp_pk, member_pk, company_id, state, reason, account_id)"
        " SELECT corp_pk, member_pk, %s, 'linked', 'proved', '1001' FROM members",
        [COMPANY],
    )
    assert 'data-empty="linked"' in page(member, "/me/notices")
    assert 'data-empty="linked"' in page(member, "/enter")
    rows.execute("""UPDATE companies SET item_notices = '{"switch": "off"}'""")
    assert 'data-empty="off"' in page(member, "/me/notices")


@pytest.mark.parametrize("role", list(ItemRole))
def test_whoever_is_told_sees_in_which_role(member: Visit, role: ItemRole) -> None:
    tell(member, 1, role=role.value, waits_until="2999-01-01")

    assert CHINESE[f"told_item.because.{role}"] in page(member, "/me/notices")


def test_older_ones_are_on_further_pages(member: Visit) -> None:
    for number in range(35):
        tell(member, number + 1, reason="muted", item_id=f"9{number:08d}")

    first = page(member, "/me/notices")

    assert first.count("<li data-state") == 30
    address = first.partition('data-action="continue" href="')[2].partition('"')[0]
    assert page(member, address.replace("&amp;", "&")).count("<li data-state") == 5


def test_what_concerns_somebody_else_is_not_shown(member: Visit) -> None:
    tell(member, 1, reason="muted", member_pk=999_999)

    assert "data-empty" in page(member, "/me/notices")


def test_whoever_is_not_signed_in_is_sent_to_wecom(visit: Visit) -> None:
    for path in ("/me/notices", "/me/preferences"):
        assert visit.client.get(path, headers=WECOM).status_code == 303


def test_a_choice_is_kept_as_a_whole(member: Visit) -> None:
    assert save(member, **FORM, quiet="on").status_code == 303
    assert chosen(member) == {
        "on": True,
        "kinds": ["story", "bug"],
        "roles": ["owner"],
        "begin": "21:00",
        "end": "08:00",
        "muted": [],
        "language": "zh-CN",
    }

    save(member)

    assert chosen(member)["on"] is False
    assert chosen(member)["kinds"] == []
    assert chosen(member)["begin"] is None


def test_cards_speak_the_language_in_which_one_chose(member: Visit) -> None:
    member.client.set_cookie("language", "en")

    save(member, **FORM)

    assert chosen(member)["language"] in {"en", "zh-CN"}


def test_a_muted_item_stays_muted_until_its_tick_is_taken_away(member: Visit) -> None:
    save(member, **FORM)
    member.web.rows.execute("UPDATE item_preferences SET muted_items = '{1,2}'")

    save(member, **FORM, muted=["2"])

    assert chosen(member)["muted"] == ["2"]


def test_quiet_hours_of_no_length_are_not_saved_and_told(member: Visit) -> None:
    answer = save(member, **{**FORM, "quiet_to": "21:00"}, quiet="on")

    assert answer.status_code == 422
    assert CHINESE["my_preferences.wrong.quiet"] in answer.text
    assert chosen(member) == {}


def test_a_form_without_its_token_changes_nothing(member: Visit) -> None:
    answer = member.client.post("/me/preferences", data=FORM, headers=WECOM)

    assert answer.status_code == 400
    assert chosen(member) == {}


def test_one_is_told_when_the_company_has_switched_it_off(member: Visit) -> None:
    member.web.rows.execute('UPDATE companies SET item_notices = \'{"switch": "off"}\'')

    assert CHINESE["my_preferences.company_off"] in page(member, "/me/preferences")
