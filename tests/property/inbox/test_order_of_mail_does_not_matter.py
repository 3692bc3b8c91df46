"""However mail was shuffled or repeated, the same keys are asked."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.events.fold import Mail, fold
from tests.support.values.strategies import batches

shuffled = batches.flatmap(lambda mail: st.tuples(st.just(mail), st.permutations(mail)))


@given(shuffled)
def test_the_order_of_mail_does_not_change_the_batch(
    both: tuple[list[Mail], list[Mail]],
) -> None:
    mail, other = both

    assert fold(mail) == fold(other)


@given(batches)
def test_a_repeat_changes_nothing_but_what_is_folded(mail: list[Mail]) -> None:
    repeats = [replace(each, event_id=each.event_id + 10**6) for each in mail]

    once, twice = fold(mail), fold([*mail, *repeats])

    assert twice.members == once.members
    assert (twice.departments, twice.tags) == (once.departments, once.tags)
    assert set(twice.claims) == set(once.claims)
    assert (twice.deleted, twice.unsubscribed) == (once.deleted, once.unsubscribed)
    assert twice.statuses == once.statuses


@given(batches)
def test_each_mail_stands_for_its_key_or_is_folded_into_who_does(
    mail: list[Mail],
) -> None:
    batch = fold(mail)

    standing = {each.event_id for each in batch.newest.values()}
    assert standing | batch.folded.keys() == {each.event_id for each in mail}
    assert not standing & batch.folded.keys()
    assert set(batch.folded.values()) <= standing
