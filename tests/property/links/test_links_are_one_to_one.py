"""The law of links: one account, one member; in any order; never by less than proof."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.ids import AccountId, MemberPk, Userid
from domain.links.accounts import Account
from domain.links.linking import Rules, decide_links
from domain.links.links import (
    CompanyOrigin,
    CreateAccount,
    Link,
    LinkAccount,
    LinkReason,
    LinkState,
    Outcome,
    Person,
    Unmatched,
)
from tests.support.values.builders import NOON

MOBILES = st.sampled_from(["+861", "+862", "+863"])
EMAILS = st.sampled_from(["a@b", "c@d"])
IDS = st.sampled_from([AccountId(each) for each in ("u1", "u2", "u3", "u4")])
# Of nobody among the people: the account is held by somebody else.
STRANGER = MemberPk(99)

accounts = st.lists(
    st.builds(
        Account,
        account_id=IDS,
        mobile=st.none() | MOBILES,
        email=st.none() | EMAILS,
    ),
    unique_by=lambda each: each.account_id,
)
links = st.just(Link()) | st.builds(Link, state=st.just(LinkState.PENDING))
rules = st.builds(
    Rules,
    origin=st.sampled_from(CompanyOrigin),
    unmatched=st.sampled_from(Unmatched),
    lookups_open=st.booleans(),
    now=st.just(NOON),
)


@st.composite
def crowds(draw: st.DrawFn) -> list[Person]:
    """Up to five people, some of them linked, no two to one account."""
    free = draw(st.permutations(["u1", "u2", "u3", "u4"]))
    people = []
    for number in range(draw(st.integers(1, 5))):
        linked = bool(free) and draw(st.integers(0, 3)) == 0
        link = draw(links)
        if linked:
            link = Link(state=LinkState.LINKED, account_id=AccountId(free.pop()))
        people.append(
            Person(
                member_pk=MemberPk(number),
                userid=Userid(f"wo{number}"),
                mobile=draw(st.none() | st.just("") | MOBILES),
                email=draw(st.none() | st.just("") | EMAILS),
                asked=draw(st.frozensets(MOBILES, max_size=2)),
                link=link,
                unlinked=draw(st.frozensets(IDS, max_size=2)),
                proved=draw(st.none() | IDS) if draw(st.booleans()) else None,
                returned_to=draw(st.none() | IDS),
            )
        )
    return people


def decide(
    people: list[Person], known: list[Account], held: set[AccountId], under: Rules
) -> dict[MemberPk, Outcome]:
    return decide_links(
        people,
        accounts=known,
        holders=dict.fromkeys(held, STRANGER),
        rules=under,
    )


def held_by_others(people: list[Person], held: set[AccountId]) -> set[AccountId]:
    return held - {each.link.account_id for each in people if each.link.account_id}


@given(crowds(), accounts, st.sets(IDS, max_size=2), rules)
def test_no_account_is_linked_to_two_members(
    people: list[Person], known: list[Account], held: set[AccountId], under: Rules
) -> None:
    held = held_by_others(people, held)

    outcomes = decide(people, known, held, under)

    linked = [
        each.account_id for each in outcomes.values() if isinstance(each, LinkAccount)
    ]
    before = [each.link.account_id for each in people if each.link.account_id]
    taken = [*linked, *before, *held]
    assert len(taken) == len(set(taken))
    assert outcomes.keys() == {each.member_pk for each in people}


@given(crowds(), accounts, st.sets(IDS, max_size=2), rules, st.randoms())
def test_the_order_of_people_and_accounts_makes_no_difference(
    people: list[Person],
    known: list[Account],
    held: set[AccountId],
    under: Rules,
    chance: Random,
) -> None:
    shuffled = chance.sample(people, len(people))
    others = chance.sample(known, len(known))

    assert decide(shuffled, others, held, under) == decide(people, known, held, under)


@given(crowds(), accounts, rules)
def test_one_after_the_other_links_no_account_twice_either(
    people: list[Person], known: list[Account], under: Rules
) -> None:
    holders = {p.link.account_id: p.member_pk for p in people if p.link.account_id}

    for person in people:
        (outcome,) = decide_links(
            [person], accounts=known, holders=holders, rules=under
        ).values()
        if isinstance(outcome, LinkAccount):
            assert outcome.account_id not in holders
            holders[outcome.account_id] = person.member_pk


@given(crowds(), accounts, rules)
def test_a_link_is_proved_or_the_mobile_is_equal_and_nobody_left_it(
    people: list[Person], known: list[Account], under: Rules
) -> None:
    outcomes = decide(people, known, set(), under)

    mobiles = {each.account_id: each.mobile for each in known}
    for person in people:
        outcome = outcomes[person.member_pk]
        if isinstance(outcome, LinkAccount):
            assert person.link.state is not LinkState.LINKED
            if outcome.reason is LinkReason.OWN_PROOF:
                assert outcome.account_id == person.proved
            else:
                mobile = mobiles[outcome.account_id]
                assert mobile in person.mobiles
                assert list(mobiles.values()).count(mobile) == 1
                assert outcome.account_id not in person.unlinked


@given(crowds(), accounts, rules)
def test_nobody_whose_details_an_account_has_gets_another(
    people: list[Person], known: list[Account], under: Rules
) -> None:
    outcomes = decide(people, known, set(), under)

    for person in people:
        if isinstance(outcomes[person.member_pk], CreateAccount):
            assert not any(
                each.mobile in person.mobiles or each.email == (person.email or "")
                for each in known
            )
            assert not person.unlinked
