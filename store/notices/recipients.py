"""How a member stands to being messaged, from the rows that tell it."""

from domain.links.links import LinkState, NoticeKind
from domain.notices import RecipientStanding
from domain.org.org import Employment, MemberState

# Whose removal waits for an approval; `m` is the member.
IS_HELD = """
    EXISTS (
        SELECT 1 FROM plan_entries AS entry JOIN plans USING (plan_id)
        WHERE entry.corp_pk = m.corp_pk AND entry.key = 'member:' || m.userid
            AND entry.state = 'waiting' AND plans.state = 'held'
    )
"""


def standing_of(
    state: str, employment: str, held: bool, link: str, asks: str | None
) -> RecipientStanding:
    """A member's standing from the columns that tell it."""
    return RecipientStanding(
        state=MemberState(state),
        employment=Employment(employment),
        held=held,
        link=LinkState(link),
        asks=None if asks is None else NoticeKind(asks),
    )
