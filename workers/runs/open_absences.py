"""Remembers whose absence a full read left open, and says so where operators look."""

from collections import Counter
from collections.abc import Collection, Mapping

from domain.ids import CorpPk, Userid
from domain.org.org import MemberState
from domain.reasons import Doubt, Finding
from domain.reconcile.leavers import Undecided
from store.database import Connection
from store.org import absences, corps, members

_SAID = {
    Finding.LOST_PERMISSION: "WeCom refuses {n} members whom the scope covers;"
    " nobody of them was removed: compare the app's permissions and visible range",
    Finding.CUT_OFF_READ: "WeCom's answers about {n} members contradict each other;"
    " nobody of them was removed: the next read looks again",
}


# After a read that ended with a finding, after the next one, and so on; then the
# schedule looks again: what stays so long is for a person to look into.
LOOK_LATER_SECONDS = (60.0, 600.0, 3_600.0, 6 * 3_600.0)


def look_later(connection: Connection, corp_pk: CorpPk, *, found: str | None) -> None:
    """Have a corp read again, ever more slowly, while its reads end with a finding."""
    reads = corps.count_findings(connection, corp_pk, found=found is not None)
    if 0 < reads <= len(LOOK_LATER_SECONDS):
        seconds = LOOK_LATER_SECONDS[reads - 1]
        corps.make_due(connection, corp_pk, cause="finding", seconds=seconds)


def tell_of_doubled(
    connection: Connection, corp_pk: CorpPk, doubled: Collection[Userid]
) -> str | None:
    """What the run says of people whom it showed under a second userid; None: none."""
    if not doubled:
        return None
    stored = members.list_known(connection, corp_pk, doubled)
    here = {each.member.userid for each in stored if each.state is MemberState.ACTIVE}
    waiting = sorted(set(doubled) - here)
    if not waiting:
        return None
    return (
        f"{Finding.CUT_OFF_READ}: {len(waiting)} members were shown under a second"
        f" userid, {waiting[0]} for one, beside the one that they have; nobody was"
        " added for it: the next read looks again"
    )


def note_doubts(
    connection: Connection, corp_pk: CorpPk, undecided: Mapping[Userid, Undecided]
) -> str | None:
    """What the run says about absences that stay open; None when there is none.

    Shape: the full read has answered for everybody else.
    """
    absences.forget_others(connection, corp_pk, undecided)
    if not undecided:
        return None
    absences.note(connection, corp_pk, undecided)
    # Of whom nothing usable was said is named by the run itself.
    counts = Counter(
        each.finding
        for each in undecided.values()
        if each.doubt not in {Doubt.ODD_ANSWER, Doubt.NO_ANSWER}
    )
    return (
        "; ".join(
            f"{finding}: {_SAID[finding].format(n=n)}"
            for finding, n in sorted(counts.items())
        )
        or None
    )
