"""What mail says of somebody's leaving, unless they were seen to be there since."""

from collections.abc import Collection

from domain.events.fold import DELETE_USER, UNSUBSCRIBE, FoldedMail
from domain.ids import Userid, member_key
from store.database import Pool, glance
from store.inbox import settlement

_LEAVING = frozenset({DELETE_USER, UNSUBSCRIBE})


def still_said(
    pool: Pool, mailbox: str, batch: FoldedMail, people: Collection[Userid]
) -> FoldedMail:
    """The mail without what newer, settled mail about the same people has outdated.

    Events come in any order: a deletion that arrives behind a later joining is about
    the time before, and no second answer beside a refusal of now.

    Shape: `people` are active members whom WeCom refuses.
    """
    old = {
        member_key(who): who
        for who in people
        if any(
            {each.change, each.kind} & _LEAVING or each.hint.activation is not None
            for each in batch.said.get(who, ())
        )
    }
    if not old:
        return batch
    with glance(pool) as connection:
        seen = settlement.newest_presence(connection, mailbox, old.keys())
    return batch.since({who: seen[key] for key, who in old.items() if key in seen})
