"""Members are linked with accounts by what WeCom and TAPD show of them."""

import pytest

from tests.support.org.linked import Matched, mobile, people
from tests.support.org.pipeline import Bench

LINKED = "linked"
M, N = mobile(1), mobile(2)
KEEPER_ALONE = {
    "allow_departments": frozenset[int](),
    "allow_members": frozenset({"woKeeper"}),
}


# The table of design.md §4.3, through a full read.


def test_one_account_with_the_seen_mobile_is_linked(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}))
    one.name("u1", mobile=f"+86{M}", nick="a")

    one.read()

    assert one.link("woA") == (LINKED, "seen_mobile", "u1")
    assert one.told("woA") == [("LinkAccount", "seen_mobile")]
    assert one.membership("u1") == ("working", True)


def test_an_account_of_no_company_joins_the_company_of_its_member(bench: Bench) -> None:
    other = Matched.of(bench, people())
    other.name("u1", mobile=M)
    one = Matched.of(bench, people(woA={"mobile": M}))

    one.read()

    assert one.account_of("woA") == "u1"
    assert one.membership("u1") == ("working", True)


@pytest.mark.parametrize(
    ("origin", "asks"), [("tapd", "link"), ("wecom", "invite")], ids=["way 1", "way 2"]
)
def test_an_email_alone_asks_the_member(bench: Bench, origin: str, asks: str) -> None:
    one = Matched.of(bench, people(woA={"email": "A@x.cn"}), origin=origin)
    one.name("u1", email="a@X.cn")

    one.read()

    assert one.link("woA") == ("pending", "email_only", None)
    [[asked, evidence]] = bench.execute("SELECT asks, evidence FROM links WHERE"
        " reason = 'email_only'")  # fmt: skip
    assert asked == asks
    assert evidence[0]["account_id"] == "u1"
    assert evidence[0]["email"] == "equal"


def test_who_matches_nothing_but_is_seen_gets_an_account(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M, "email": "a@x.cn"}))

    one.read()

    account_id = one.account_of("woA")
    assert one.link("woA") == (LINKED, "no_account", account_id)
    [row] = bench.execute(
        "SELECT nick, mobile, mobile_e164, email FROM accounts WHERE account_id = %s",
        account_id,
    )
    assert row == (account_id, M, f"+86{M}", "a@x.cn")
    assert one.membership(str(account_id)) == ("working", True)


def test_of_whom_nothing_is_seen_is_asked_in_way_1(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={}))

    one.read()

    assert one.link("woA") == ("pending", "not_visible", None)


def test_of_whom_nothing_is_seen_gets_an_account_in_ways_2_and_3(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={}), origin="wecom")

    one.read()

    assert one.link("woA")[:2] == (LINKED, "not_visible")


def test_a_company_that_creates_has_its_pending_members_linked(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={}))
    one.read()
    bench.execute("UPDATE companies SET unmatched = 'create'")

    one.name("u9")
    one.settle()

    assert one.link("woA")[:2] == (LINKED, "not_visible")


def test_several_accounts_with_the_mobile_are_a_conflict(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}))
    one.name("u1", mobile=M)
    one.name("u2", mobile=M)

    one.read()

    assert one.link("woA") == ("conflict", "several_accounts", None)
    [[evidence]] = bench.execute("SELECT evidence FROM links WHERE state = 'conflict'")
    assert [each["account_id"] for each in evidence] == ["u1", "u2"]


def test_two_members_with_one_mobile_get_neither(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}, woB={"mobile": M}))
    one.name("u1", mobile=M)

    one.read()

    assert one.link("woA") == ("conflict", "several_members", None)
    assert one.link("woB") == ("conflict", "several_members", None)


def test_an_account_of_another_active_member_is_a_conflict(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}, woB={}))
    one.name("u1", mobile=M)
    one.read()

    changed = one.corp
    changed.change("woA", mobile=N)
    changed.change("woB", mobile=M)
    one.tell(changed)

    assert one.account_of("woA") == "u1"
    assert one.link("woB") == ("conflict", "held_by_another", None)


# What changes later.


def test_a_member_who_joins_is_linked_with_the_same_event(bench: Bench) -> None:
    one = Matched.of(bench, people())
    one.name("u1", mobile=M)
    one.read()

    changed = one.corp
    changed.hire("woA", 2)
    changed.change("woA", mobile=M)
    one.tell(changed)

    assert one.link("woA") == (LINKED, "seen_mobile", "u1")


def test_a_mobile_that_becomes_visible_links_who_was_asked(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={}))
    one.name("u1", mobile=M)
    one.read()

    changed = one.corp
    changed.change("woA", mobile=M)
    one.tell(changed)

    assert one.told("woA") == [
        ("AskMember", "not_visible"),
        ("LinkAccount", "seen_mobile"),
    ]


def test_the_same_is_found_by_a_full_read(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={}))
    one.name("u1", mobile=M)
    one.read()
    one.corp.change("woA", mobile=M)

    one.read()

    assert one.account_of("woA") == "u1"


def test_an_import_links_who_was_asked(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"email": "a@x.cn", "mobile": "12"}))
    one.read()
    assert one.link("woA")[0] == "pending"

    one.name("u1", mobile=M, email="a@x.cn")
    one.settle()

    assert one.link("woA") == ("pending", "email_only", None)


def test_a_conflict_ends_when_an_account_gets_another_mobile(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}))
    one.name("u1", mobile=M)
    one.name("u2", mobile=M)
    one.read()

    one.name("u2", mobile=N)
    one.settle()

    assert one.link("woA") == (LINKED, "seen_mobile", "u1")


def test_the_membership_follows_who_leaves_and_works_again(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}))
    one.name("u1", mobile=M)
    one.read()

    changed = one.corp
    changed.change("woA", status=2)
    one.tell(changed)
    left = one.membership("u1")
    changed = one.corp
    changed.change("woA", status=1)
    one.tell(changed)

    assert left == ("left", True)
    assert one.membership("u1") == ("working", True)
    assert one.told("woA") == [("LinkAccount", "seen_mobile")]


def test_who_left_is_not_asked_until_they_work_again(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"status": 2}))
    one.read()
    silent = one.link("woA")

    changed = one.corp
    changed.change("woA", status=1)
    one.tell(changed)

    assert silent[0] == "none"
    assert one.link("woA") == ("pending", "not_visible", None)


def test_out_of_scope_the_membership_ends_and_the_account_stays(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}))
    one.name("u1", mobile=M)
    one.read()

    changed = one.corp
    changed.authorise(**KEEPER_ALONE)
    one.tell(changed)
    ended = one.membership("u1")
    changed = one.corp
    changed.authorise(allow_departments=frozenset({2}))
    one.tell(changed)

    assert ended == ("working", False)
    assert one.link("woA") == (LINKED, "seen_mobile", "u1")
    assert one.membership("u1") == ("working", True)


def test_an_account_taken_meanwhile_makes_a_return_a_conflict(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}))
    one.name("u1", mobile=M)
    one.read()
    changed = one.corp
    changed.authorise(**KEEPER_ALONE)
    one.tell(changed)
    changed = one.corp
    changed.hire("woB", 2)
    changed.change("woB", mobile=M)
    changed.change("woA", mobile=None)
    changed.authorise(allow_members=frozenset({"woKeeper", "woB"}))
    one.tell(changed)
    assert one.account_of("woB") == "u1"

    changed = one.corp
    changed.authorise(allow_departments=frozenset({2}))
    one.tell(changed)
    one.read()

    assert one.account_of("woB") == "u1"
    assert one.link("woA") == ("conflict", "held_by_another", None)


def test_who_returns_after_deletion_is_asked(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}))
    one.name("u1", mobile=M)
    one.read()
    changed = one.corp
    changed.leave("woA")
    one.tell(changed)

    changed = one.corp
    changed.hire("woA", 2)
    one.tell(changed)

    assert one.link("woA") == ("pending", "returned_unproven", None)
    assert len(bench.execute("SELECT 1 FROM members WHERE userid = 'woA'")) == 2


def test_who_returns_after_deletion_with_the_mobile_is_the_same(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}))
    one.name("u1", mobile=M)
    one.read()
    changed = one.corp
    changed.leave("woA")
    one.tell(changed)

    one.corp.hire("woA", 2)
    changed = one.corp
    changed.change("woA", mobile=M)
    one.tell(changed)

    assert one.link("woA") == (LINKED, "seen_mobile", "u1")
    assert len(bench.execute("SELECT 1 FROM members WHERE userid = 'woA'")) == 1


def test_a_rename_keeps_the_link(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}))
    one.name("u1", mobile=M)
    one.read()

    changed = one.corp
    changed.rename("woA", "woZ")
    one.tell(changed)

    assert one.account_of("woZ") == "u1"


def test_two_records_of_one_person_end_in_one_link(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}))
    one.name("u1", mobile=M)
    one.read()
    changed = one.corp
    changed.rename("woA", "woZ")
    changed.change("woZ", mobile=None)
    bench.execute("UPDATE members SET open_userid = NULL WHERE userid = 'woA'")
    event = changed.outbox[-1]
    bench.post(one.tenant, event)
    bench.settle(one.tenant)

    one.read()

    assert len(bench.execute("SELECT 1 FROM links WHERE state = 'linked'")) == 1


def test_a_removed_member_frees_the_account(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}, woB={}))
    one.name("u1", mobile=M)
    one.read()
    changed = one.corp
    changed.change("woA", mobile=None)
    changed.change("woB", mobile=M)
    one.tell(changed)
    assert one.link("woB")[0] == "conflict"

    changed = one.corp
    changed.leave("woA")
    one.tell(changed)

    assert one.account_of("woB") == "u1"
