"""What people say about links is decided by, however often and late it is told."""

from domain.links.claims import ClaimKind
from domain.links.links import LinkReason
from tests.support.org.linked import Matched, mobile, people
from tests.support.org.pipeline import Bench

LINKED = "linked"
M = mobile(1)


def test_what_the_member_proved_is_linked(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={}))
    one.read()

    one.say("woA", ClaimKind.PROVED, "u7")
    one.settle()
    again = one.written()
    one.say("woA", ClaimKind.PROVED, "u7")
    one.settle()

    assert one.link("woA") == (LINKED, LinkReason.OWN_PROOF, "u7")
    assert one.written() == again
    assert bench.mail(one.tenant) == [("done", "applied"), ("done", "no_difference")]


def test_a_proof_of_somebody_elses_account_is_a_conflict(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}, woB={}))
    one.name("u1", mobile=M)
    one.read()

    one.say("woB", ClaimKind.PROVED, "u1")
    one.settle()

    assert one.account_of("woA") == "u1"
    assert one.link("woB") == ("conflict", "held_by_another", None)


def test_a_member_who_wants_an_account_gets_one(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={}))
    one.read()

    one.say("woA", ClaimKind.CREATE)
    one.settle()
    first = one.account_of("woA")
    one.say("woA", ClaimKind.CREATE)
    one.settle()

    assert one.link("woA") == (LINKED, "own_wish", first)
    assert len(bench.execute("SELECT 1 FROM accounts")) == 1


def test_the_match_desk_ends_a_conflict(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}, woB={"mobile": M}))
    one.name("u1", mobile=M)
    one.read()

    one.say("woA", ClaimKind.RESOLVED, "u1", said_by="admin:woKeeper")
    one.say("woB", ClaimKind.RESOLVED, said_by="admin:woKeeper")
    one.settle()

    assert one.link("woA") == (LINKED, "resolved", "u1")
    assert one.link("woB")[:2] == (LINKED, "resolved")


def test_what_a_person_unlinked_no_machine_links_again(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}))
    one.name("u1", mobile=M)
    one.read()

    one.say("woA", ClaimKind.UNLINKED, "u1")
    one.settle()
    one.read()
    one.name("u1", nick="new")
    one.settle()

    assert one.link("woA") == ("unlinked", "unlinked_by_person", None)
    assert one.told("woA")[1:] == [("Unlink", "unlinked_by_person")]


def test_their_own_proof_may_link_again(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}))
    one.name("u1", mobile=M)
    one.read()
    one.say("woA", ClaimKind.UNLINKED, "u1")
    one.settle()

    one.say("woA", ClaimKind.PROVED, "u1")
    one.settle()

    assert one.link("woA") == (LINKED, "own_proof", "u1")


def test_an_unlinking_lets_who_waited_for_the_account_have_it(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}, woB={}))
    one.name("u1", mobile=M)
    one.read()
    one.say("woB", ClaimKind.PROVED, "u1")
    one.settle()

    one.say("woA", ClaimKind.UNLINKED, "u1")
    one.settle()

    assert one.link("woB") == (LINKED, "own_proof", "u1")
    assert one.link("woA")[0] == "unlinked"


def test_mail_without_anything_new_changes_nothing(bench: Bench) -> None:
    one = Matched.of(bench, people(woA={"mobile": M}, woB={}))
    one.name("u1", mobile=M)
    one.read()
    one.settle()
    before = one.written()

    bench.execute("UPDATE inbox SET state = 'pending', done_at = NULL")
    one.settle()
    one.read()

    assert one.written() == before
