"""What was said of a person once and is not said again: kept until it is settled."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from domain.events.fold import (
    CREATE_USER,
    DELETE_USER,
    SUBSCRIBE,
    UNSUBSCRIBE,
    Mail,
    RenameClaim,
)
from domain.events.lateness import AnswerSight, member_is_late
from domain.ids import Userid
from domain.org.identity import are_two
from domain.org.org import Member, StoredMember

_PRESENT = frozenset({CREATE_USER, SUBSCRIBE})


def worth_keeping(said: Sequence[Mail]) -> tuple[Mail, ...]:
    """The newest mail of each thing that was said of one person; the rest adds nothing.

    Shape: `said` oldest first, and so is what is kept.
    """
    newest: dict[tuple[str, ...], Mail] = {}
    for each in said:
        newest |= dict.fromkeys(_aspects(each), each)
    kept = {each.event_id: each for each in newest.values()}
    return tuple(sorted(kept.values(), key=lambda each: each.age))


def deleted_of(
    said: Mapping[Userid, Sequence[Mail]], stored: Mapping[Userid, StoredMember]
) -> frozenset[Userid]:
    """Who of these members were said to be deleted, and no later bearer of a userid."""
    return frozenset(
        userid
        for userid, each in stored.items()
        if any(
            _is(mail, DELETE_USER)
            and not are_two(mail.hint.open_userid, each.member.open_userid)
            for mail in said.get(userid, ())
        )
    )


def deletion_stands(said: Sequence[Mail], answer: Member | None) -> bool:
    """Whether somebody who answers was said to be deleted, and not to be back since.

    In one second both may be true: events have no finer time.
    """
    if answer is None or not answer.grounds:
        return False
    deletions = [
        each.second
        for each in said
        if _is(each, DELETE_USER)
        and not are_two(each.hint.open_userid, answer.open_userid)
    ]
    back = [each.second for each in said if _PRESENT & {each.change, each.kind}]
    return bool(deletions) and not any(each >= max(deletions) for each in back)


def was_replaced(said: Iterable[Mail], stored: Member, answer: Member) -> bool:
    """Whether events tell of a deletion and of a joining since under one userid.

    Only where no open_userid tells who is who: whoever answers may be another person,
    and gets nothing of the former one's before it is proved that they are the same.
    """
    if stored.open_userid is not None and answer.open_userid is not None:
        return False
    told = list(said)
    deletions = [each.second for each in told if _is(each, DELETE_USER)]
    created = [each.second for each in told if _is(each, CREATE_USER)]
    return bool(deletions and created) and max(created) >= max(deletions)


def person_is_late(
    latest: Sequence[Mail],
    *,
    said: Sequence[Mail],
    answers: Mapping[Userid, Member],
    sight: AnswerSight,
    claims: Sequence[RenameClaim],
    is_former: bool,
    is_known: bool,
) -> bool:
    """Whether WeCom has not come to what was said of a person.

    Shape: `latest` and `said` of one person, as a batch has them; `is_former` when the
        userid was somebody's before, of whom late news is no news; `is_known` when an
        active member bears it.
    """
    userid = latest[0].userid
    answer = answers.get(userid)
    if answer is None and is_known and not any(map(_says_where, latest)):
        # Whoever leaves what we may see is told of by a mere update, too (90639).
        return False
    ends = answers.keys() | _hidden_ends(latest, sight=sight)
    if answer is None and leads_to(userid, ends, claims=claims):
        return False
    if is_former and not any(_PRESENT & {each.change, each.kind} for each in latest):
        return False
    late = member_is_late(latest, answers=answers, sight=sight)
    return late or deletion_stands(said, answer)


def _says_where(mail: Mail) -> bool:
    """Whether mail says that the person is there, and not only that they changed."""
    if mail.hint.departments is not None or mail.hint.new_userid is not None:
        return True
    return bool(_PRESENT & {mail.change, mail.kind})


def _hidden_ends(latest: Sequence[Mail], *, sight: AnswerSight) -> frozenset[Userid]:
    """Where claims may end out of our sight: nowhere if the mail says in our sight."""
    seen = any((each.hint.departments or frozenset()) & sight.usable for each in latest)
    return frozenset() if seen else sight.hidden


def leads_to(
    userid: Userid, ends: Collection[Userid], *, claims: Sequence[RenameClaim]
) -> bool:
    """Whether claims lead from this userid to one of these."""
    reached, growing = {userid}, True
    while growing:
        more = {each.new for each in claims if each.old in reached} - reached
        reached |= more
        growing = bool(more)
    return not reached.isdisjoint(ends)


def names_bearer(said: Iterable[Mail], answer: Member) -> bool:
    """Whether an event names whoever answers as the bearer of the userid."""
    return answer.open_userid is not None and any(
        each.hint.open_userid == answer.open_userid and not _is(each, DELETE_USER)
        for each in said
    )


def _is(mail: Mail, what: str) -> bool:
    return what in (mail.change, mail.kind)


def _aspects(mail: Mail) -> Iterable[tuple[str, ...]]:
    """What a piece of mail testifies to."""
    if _is(mail, DELETE_USER):
        yield DELETE_USER, mail.hint.open_userid or ""
    if _is(mail, UNSUBSCRIBE):
        yield (UNSUBSCRIBE,)
    if _PRESENT & {mail.change, mail.kind}:
        yield ("present",)
    if mail.hint.activation is not None:
        yield ("activation",)
    if mail.hint.departments is not None:
        yield ("departments",)
    if mail.hint.new_userid is not None:
        yield "claim", mail.hint.new_userid
