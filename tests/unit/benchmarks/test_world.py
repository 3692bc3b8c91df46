"""The enterprises of the benchmarks are what their answers say."""

import json

from benchmarks.dataset import Enterprise, parent_of, subtree, userid_of

DEPARTMENTS = 137


def enterprise() -> Enterprise:
    return Enterprise(corp_id="wpA", members=400, departments=DEPARTMENTS)


def test_everybody_is_in_exactly_one_list() -> None:
    corp = enterprise()

    seen = [
        row["userid"]
        for answer in corp.lists.values()
        for row in json.loads(answer)["userlist"]
    ]

    assert sorted(seen) == [userid_of(who) for who in range(400)]


def test_a_department_with_its_children_holds_what_they_hold_alone() -> None:
    corp = enterprise()

    whole = json.loads(corp.user_list_with_children(2))["userlist"]

    alone = [
        row
        for each in subtree(2, DEPARTMENTS)
        for row in json.loads(corp.lists[each])["userlist"]
    ]
    assert sorted(map(str, whole)) == sorted(map(str, alone))


def test_the_tree_below_a_department_follows_its_parents() -> None:
    below = set(subtree(2, DEPARTMENTS))

    assert below == {
        each
        for each in range(1, DEPARTMENTS + 1)
        if each == 2 or parent_of(each) in below
    }


def test_whoever_is_moved_answers_from_the_next_department() -> None:
    corp = enterprise()
    before = json.loads(corp.user_get(userid_of(5)))["main_department"]

    corp.move(5)

    assert json.loads(corp.user_get(userid_of(5)))["main_department"] == before + 1
    assert userid_of(5) in corp.user_list(before + 1).decode()
