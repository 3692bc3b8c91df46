"""A company's pages: who may come in, whom they list, and what each person's says."""

import pytest

from domain.links.links import Agreement, LinkReason, LinkState
from domain.notices import NoticeState, Obstacle
from store.summaries.links.people import PeopleGroup
from tests.support.people.companies import (
    ADMIN,
    COMPANY,
    CORP,
    Company,
    company_anew,
    evidence,
    open_company,
)
from tests.support.people.visiting import DESKTOP, WECOM, Visit
from tests.support.webclient import add_corp, add_department, add_member, insert
from tests.unit.wecom.scripted import says
from texts.catalogue import LANGUAGES, catalogue
from web.company.authorize import Closed


@pytest.fixture
def company(shared_visit: Visit, redis_url: str) -> Company:
    """A company of its own for each test; Redis is emptied too."""
    assert redis_url
    return company_anew(shared_visit)


def test_an_admin_of_the_app_comes_in_and_wecom_is_asked_once(
    company: Company,
) -> None:
    first = company.enter()
    again = company.get("")

    assert (first.status_code, again.status_code) == (200, 200)
    asked = [each.endpoint for each in company.visit.platform.asked]
    assert asked.count("agent/get_admin_list") == 1
    assert "星河科技" in first.text


def test_the_companys_address_without_a_corp_leads_to_ones_own(
    company: Company,
) -> None:
    company.visit.sign_in(CORP, ADMIN)

    answer = company.visit.client.get("/company/", headers=WECOM)

    assert answer.headers["Location"] == f"/company/{CORP}/"


def test_whoever_is_not_signed_in_is_sent_to_wecom_first(company: Company) -> None:
    answer = company.visit.client.get(f"/company/{CORP}/", headers=WECOM)

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("https://oauth.wecom.example/")


def test_a_member_who_does_not_manage_the_app_is_told_how_to_become_an_admin(
    company: Company,
) -> None:
    lists: list[dict[str, int]] = [{}, {ADMIN: 0}, {"other": 1}, {"BOSS": 1}]

    answers = [company.enter(admins=lists[0])]
    answers += [company.ask(admins=each) for each in lists[1:]]

    assert {each.status_code for each in answers} == {403}
    assert all("此页面仅供应用管理员使用" in each.text for each in answers)
    assert all("管理后台" in each.text for each in answers)


def test_where_members_authorise_one_by_one_the_page_says_why_there_is_no_admin(
    company: Company,
) -> None:
    company.rows.execute("UPDATE corps SET auth_mode = 1")

    answer = company.enter(admins={})

    assert answer.status_code == 403
    assert "成员各自授权" in answer.text


def test_an_admin_of_another_corp_is_not_let_in(company: Company) -> None:
    other = add_corp(company.rows, "wwother", company_id="20001002")
    add_member(company.rows, other, "theirs", name="秘密")

    company.enter()
    answer = company.visit.client.get("/company/wwother/", headers=DESKTOP)

    assert answer.status_code == 403
    assert "秘密" not in answer.text
    assert f"/company/{'wwother'}/people" not in answer.text


def test_while_wecom_does_not_answer_nobody_is_taken_for_an_admin(
    database: str, redis_url: str
) -> None:
    # Not the shared one: it would remember how often WeCom failed.
    with open_company(database=database, redis_url=redis_url) as company:
        company.visit.sign_in(CORP, ADMIN)
        company.visit.platform.will(says({}, status=502))

        answer = company.get("")

    assert answer.status_code == 503
    assert "企业微信暂无响应" in answer.text


def test_an_app_that_is_disabled_in_wecom_is_told_apart_from_an_outage(
    database: str, redis_url: str
) -> None:
    with open_company(database=database, redis_url=redis_url) as company:
        company.visit.sign_in(CORP, ADMIN)
        said = []
        for errcode in (48006, 40084):
            company.visit.platform.will({"errcode": errcode, "errmsg": "no"})
            said.append(company.get(""))

    assert [each.status_code for each in said] == [403, 403]
    title = catalogue("zh-CN")["company.closed.disabled.title"]
    assert all(title in each.text for each in said)


def test_an_admin_who_left_is_not_let_in_although_wecom_was_asked_just_now(
    company: Company,
) -> None:
    company.enter()
    company.rows.execute("UPDATE members SET employment = 'left'")

    assert company.get("").status_code == 403


def test_what_wecom_said_of_admins_counts_for_five_minutes(company: Company) -> None:
    company.enter()
    company.rows.execute(
        "UPDATE member_sessions SET admin_until = admin_until - interval '301 seconds'"
    )
    company.visit.platform.will({"errcode": 0, "admin": []})

    assert company.get("").status_code == 403


def test_an_operator_comes_in_from_the_corps_page_of_the_console(
    company: Company,
) -> None:
    answer = company.enter_as_operator()

    corp_page = company.visit.client.get(f"/console/corps/{CORP}")
    assert answer.status_code == 200
    assert f'href="/company/{CORP}/"' in corp_page.text
    assert "运维人员" in answer.text
    assert company.visit.client.get("/company/wwnobody/").status_code == 404


def put_one_in_each_group(company: Company) -> None:
    company.account("a1", nick="甲")
    company.person("p-linked", "linked", account_id="a1", reason="seen_mobile")
    for state in ("pending", "conflict", "unlinked", "none"):
        company.person(f"p-{state}", state)
    company.person("p-unexamined")
    company.person("p-left", "pending", employment="left")
    company.person("p-removed", state="removed", removal="scope")


def test_everybody_is_in_one_group(company: Company) -> None:
    put_one_in_each_group(company)
    company.enter()
    people = [
        userid
        for (userid,) in company.rows.execute("SELECT userid FROM members").fetchall()
    ]

    pages = {each.value: company.get("", group=each.value).text for each in PeopleGroup}

    listed = {
        group: {each for each in people if f'/people/{each}"' in page}
        | {each for each in people if f"/people/{each}?" in page}
        for group, page in pages.items()
    }
    assert listed == {
        "linked": {"p-linked"},
        "pending": {"p-pending"},
        "conflict": {"p-conflict"},
        "unlinked": {"p-unlinked"},
        "none": {"p-none", "p-unexamined", ADMIN},
        "left": {"p-left"},
        "removed": {"p-removed"},
    }
    assert all(
        f"<strong>{len(who)}</strong>" in pages[group] for group, who in listed.items()
    )


def test_the_page_opens_with_those_who_have_to_be_looked_after(
    company: Company,
) -> None:
    company.person("p-pending", "pending")

    assert "/people/p-pending" in company.enter().text

    company.person("p-conflict", "conflict")

    page = company.get("").text
    assert "/people/p-conflict" in page
    assert "/people/p-pending" not in page


def test_an_empty_group_explains_itself(company: Company) -> None:
    company.enter_as_operator()
    company.rows.execute("DELETE FROM members")

    silent = [
        group
        for group in PeopleGroup
        if catalogue("zh-CN")[f"company.empty.{group}"]
        not in company.get("", group=group.value).text
    ]

    assert silent == []


def test_people_come_in_pages_that_stay_stable_while_others_join(
    company: Company,
) -> None:
    for number in range(55):
        company.person(f"p{number:02}", "pending")
    company.enter()

    first = company.get("", group="pending").text
    company.person("p00a", "pending")
    company.person("p54a", "pending")
    following = first.split("cursor=")[1].split('"')[0]
    second = company.get("", group="pending", cursor=following).text

    assert first.count('name="member"') == 50
    assert "/people/p49" in first
    assert "/people/p00a" not in second
    assert second.count('name="member"') == 6
    assert "cursor=" not in second
    stolen = company.get("", group="conflict", cursor=following)
    assert stolen.status_code == 400


def test_people_are_found_by_what_names_them(company: Company) -> None:
    company.person("zhang", name="张三丰", match_mobile="+8613900001111")
    company.account("a1", nick="老李", mobile="13812345678", email="li@example.com")
    company.person("li", "linked", account_id="a1", reason="own_proof")
    company.enter()

    def found(text: str) -> set[str]:
        page = company.get("", q=text).text
        named = {each for each in ("zhang", "li") if f"/people/{each}" in page}
        assert bool(named) or catalogue("zh-CN")["company.empty.search"] in page
        return named

    for text in ("ZHANG", "三丰", "+86 139 0000 1111"):
        assert found(text) == {"zhang"}, text
    for text in ("老李", "13812345678", "Li@Example.com"):
        assert found(text) == {"li"}, text
    for text in ("example.com", "%", "_", "nobody"):
        assert found(text) == set(), text


def test_the_page_says_whether_tapd_lets_its_people_be_read(company: Company) -> None:
    insert(company.rows, "account_reads", company_id=COMPANY)
    company.enter()

    for state in ("read", "refused", "failed"):
        company.rows.execute("UPDATE account_reads SET state = %s", [state])
        assert catalogue("zh-CN")[f"company.reading.{state}"] in company.get("").text


def test_a_persons_page_says_why_and_shows_the_evidence_masked(
    company: Company,
) -> None:
    company.account("a1", nick="老李", mobile="13812345678", email="li@example.com")
    company.account("a2", nick="小李", email="xiao@example.com")
    holder = company.person("wang", "linked", account_id="a2", reason="own_proof")
    rival = company.person("zhao", "conflict")
    add_department(company.rows, company.corp_pk, 7, name="研发部")
    company.person(
        "li",
        "conflict",
        departments=[7],
        reason="several_accounts",
        evidence=[
            evidence("a1", mobile="equal", email="differs", claimed_by=[rival]),
            evidence("a2", held_by=holder, unlinked=True),
        ],
    )
    company.enter()

    page = company.get("people/li").text

    assert catalogue("zh-CN")["company.reason.several_accounts"] in page
    assert "研发部" in page
    assert "138****5678" in page
    assert "l***@example.com" in page
    assert "13812345678" not in page
    assert "li@example.com" not in page
    assert f'/company/{CORP}/people/wang"' in page
    assert f'/company/{CORP}/people/zhao"' in page
    assert catalogue("zh-CN")["company.evidence.unlinked"] in page


def test_a_persons_page_says_what_became_of_the_notice(company: Company) -> None:
    member_pk = company.person("li", "pending")
    insert(
        company.rows,
        "notices",
        corp_pk=company.corp_pk,
        member_pk=member_pk,
        company_id=COMPANY,
        kind="link",
        round=1,
        origin="sync",
        state="undeliverable",
        reason="unlicensed",
    )
    company.enter()

    page = company.get("people/li").text

    assert catalogue("zh-CN")["company.notice_reason.unlicensed"] in page


def test_whoever_was_removed_has_a_page_although_another_bears_the_userid(
    company: Company,
) -> None:
    gone = company.person("li", state="removed", removal="deletion")
    company.person("li", "pending")
    company.enter()

    listed = company.get("", group="removed").text
    page = company.get("people/li", pk=gone).text

    assert f"/people/li?pk={gone}" in listed
    assert catalogue("zh-CN")["company.why.removed_deletion"] in page
    assert company.get("people/li", pk=999).status_code == 404


def test_an_older_userid_leads_to_the_same_person_and_an_unknown_one_to_nobody(
    company: Company,
) -> None:
    member_pk = company.person("li.new", "pending")
    insert(
        company.rows,
        "aliases",
        corp_pk=company.corp_pk,
        userid="li.old",
        member_pk=member_pk,
    )
    company.enter()

    assert "li.new" in company.get("people/li.old").text
    assert company.get("people/nobody").status_code == 404
    assert company.get("", group="others").status_code == 404


@pytest.mark.parametrize("tag", LANGUAGES)
def test_whatever_a_page_may_have_to_say_there_are_words_for(tag: str) -> None:
    said = catalogue(tag)

    wanted = {f"company.group.{each}" for each in PeopleGroup}
    wanted |= {f"company.group.{each}" for each in LinkState}
    wanted |= {f"company.reason.{each}" for each in LinkReason}
    wanted |= {f"company.agree.{each}" for each in Agreement}
    wanted |= {f"company.notice.{each}" for each in NoticeState}
    wanted |= {f"company.outcome.{each}" for each in Obstacle}
    wanted |= {f"company.closed.{each}.{part}" for each in Closed
               for part in ("title", "text", "next")}  # fmt: skip

    assert wanted - said.keys() == set()
