"""The pages: every word exists, every form leads somewhere."""

import re
from pathlib import Path

import pytest

from simulator import faults
from simulator.admin import stories
from simulator.pages import locales
from simulator.tokens import Paper
from tests.unit.simulator.staging import ANN, LABS, NORTH, Stage

TEMPLATES = sorted((Path(faults.__file__).parent / "templates").glob("*.html"))


def test_every_word_of_the_templates_is_translated() -> None:
    found = {
        key
        for template in TEMPLATES
        for key in re.findall(r"""\bt\(["']([\w-]+)["']\)""", template.read_text())
    }
    found |= {f"fault_{kind}" for kind in faults.Kind}
    found |= {f"story_{name}" for name in stories.STORIES}

    assert found - locales.WORDS.keys() == set()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("tab", ["contacts", "app", "faults", "traffic"])
@pytest.mark.parametrize("installed", [True, False])
def test_every_tab_opens_in_both_languages(
    stage: Stage, language: str, tab: str, installed: bool
) -> None:
    if installed:
        stage.install()
    stage.client.set_cookie("language", language)

    answer = stage.client.get(f"/admin/{stage.corp.corp_id}/{tab}?member={ANN}")

    assert answer.status_code == 200


def test_the_admin_sees_real_names_which_the_api_hides(stage: Stage) -> None:
    page = stage.client.get(f"/admin/{stage.corp.corp_id}/contacts?department={NORTH}")

    assert f"名{ANN}" in page.text


def test_a_form_acts_and_leads_back(stage: Stage) -> None:
    stage.install()

    answer = stage.client.post(
        f"/admin/{stage.corp.corp_id}/do/move",
        data={"userid": ANN, "departments": f"{NORTH},{LABS}", "at_department": NORTH},
    )

    assert answer.status_code == 302
    assert stage.corp.now.members[ANN].departments == (NORTH, LABS)


def test_a_refused_form_says_why(stage: Stage) -> None:
    answer = stage.client.post(
        f"/admin/{stage.corp.corp_id}/do/remove-department",
        data={"department_id": NORTH, "at_department": NORTH},
        follow_redirects=True,
    )

    assert "60005" in answer.text


def test_the_install_page_sends_the_browser_back_with_a_code(stage: Stage) -> None:
    code = stage.world.papers.issue(Paper.PRE_AUTH_CODE, owner="wwsuiteA").value
    query = {
        "suite_id": "wwsuiteA",
        "pre_auth_code": code,
        "redirect_uri": "http://app.invalid/install/done",
        "state": "abc",
    }

    page = stage.client.get("/3rdapp/install", query_string=query)
    answer = stage.client.post(
        "/3rdapp/install", query_string=query, data={"corp_id": stage.corp.corp_id}
    )

    assert stage.corp.corp_id in page.text
    assert re.fullmatch(
        r"http://app\.invalid/install/done\?auth_code=[\w-]{64,}&expires_in=600"
        r"&state=abc",
        answer.headers["Location"],
    )
    assert "create_auth" not in stage.pushed_names()


def test_a_member_signs_in_with_a_code_that_works_once(stage: Stage) -> None:
    stage.install()
    query = {
        "appid": "wwsuiteA",
        "redirect_uri": "http://app.invalid/enter",
        "scope": "snsapi_privateinfo",
        "state": "x1",
        "as": f"{stage.corp.corp_id}/{ANN}",
    }

    answer = stage.client.get("/connect/oauth2/authorize", query_string=query)
    code = re.search(r"code=([\w-]+)", answer.headers["Location"])
    assert code is not None
    seen = [identity(stage, code[1]) for _ in range(2)]

    assert (seen[0]["corpid"], seen[0]["userid"]) == (stage.corp.corp_id, ANN)
    assert "user_ticket" in seen[0]
    assert seen[1]["errcode"] == 42022


def identity(stage: Stage, code: str) -> dict[str, object]:
    token = stage.world.papers.current(Paper.SUITE_TOKEN, owner="wwsuiteA").value
    answer = stage.client.get(
        "/cgi-bin/service/auth/getuserinfo3rd",
        query_string={"suite_access_token": token, "code": code},
    )
    found: dict[str, object] = answer.get_json()
    return found
