"""What members say on their pages reaches their links, and the pages say so."""

from collections.abc import Iterator

import pytest

from tests.support.org.linked import Matched, people
from tests.support.org.pipeline import Bench
from tests.support.people.linking_rows import come_back, tapd_names, way_to_tapd
from tests.support.people.visiting import Visit, csrf_of, open_visit


@pytest.fixture
def one(bench: Bench) -> Matched:
    """A company in which nobody's details are visible, so that all are asked."""
    one = Matched.of(bench, people(woA={}, woB={}))
    one.read()
    return one


@pytest.fixture
def visit(database: str, redis_url: str) -> Iterator[Visit]:
    with open_visit(database=database, redis_url=redis_url) as visit:
        yield visit


def prove(visit: Visit, account_id: str) -> None:
    come_back(visit, way_to_tapd(visit)["state"], *tapd_names(account_id))


def come_in(visit: Visit, one: Matched, userid: str) -> None:
    visit.client.delete_cookie("sync-member")
    visit.sign_in(one.tenant.world.corp_id, userid)


def undo(visit: Visit, account_id: str) -> None:
    page = visit.client.get("/me/unlink").text
    form = {"csrf_token": csrf_of(page), "account_id": account_id}
    visit.client.post("/me/unlink", data=form)


def test_a_proof_links_and_undoing_it_unlinks(one: Matched, visit: Visit) -> None:
    come_in(visit, one, "woA")
    prove(visit, "1001")
    working = visit.client.get("/me").text
    one.settle()
    linked, link = visit.client.get("/me").text, one.link("woA")
    undo(visit, "1001")
    one.settle()
    undone = visit.client.get("/me").text

    assert "正在处理" in working
    assert link == ("linked", "own_proof", "1001")
    assert "这是你的 TAPD 帐号" in linked
    assert "关联已取消" in undone
    assert one.link("woA")[0] == "unlinked"


def test_an_account_that_a_colleague_has_is_nobodys_second_one(
    one: Matched, visit: Visit
) -> None:
    come_in(visit, one, "woA")
    prove(visit, "1001")
    one.settle()

    come_in(visit, one, "woB")
    prove(visit, "1001")
    one.settle()
    page = visit.client.get("/me").text

    assert one.link("woA")[2] == "1001"
    assert one.link("woB") == ("conflict", "held_by_another", None)
    assert "还不能确定" in page


def test_the_same_words_again_are_settled_too(one: Matched, visit: Visit) -> None:
    come_in(visit, one, "woA")
    prove(visit, "1001")
    one.settle()
    come_in(visit, one, "woB")
    for _ in range(2):
        prove(visit, "1001")
        one.settle()

    assert "正在处理" not in visit.client.get("/me").text
