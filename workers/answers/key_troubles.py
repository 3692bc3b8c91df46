"""What becomes of mail about keys whose answer cannot be had: it waits by itself."""

from collections.abc import Iterable, Mapping

from domain.events.fold import CHANGE_CONTACT
from domain.ids import Key, Userid, split_key
from domain.reasons import Doubt, Finding
from domain.reconcile.leavers import Undecided
from store.database import Connection
from store.inbox import key_waits
from store.inbox.claims import ClaimedBatch, ClaimedMail
from store.inbox.key_waits import KeyQuestion, KeyWait
from store.inbox.settlement import ODD_ANSWER, Settled
from wecom.errors import OddAnswer, Unavailable
from workers.failures import back_off

UNAVAILABLE = "unavailable"

# An odd answer will be as odd in a minute: it is asked about again slowly, and after
# so many times by full reads alone.
ODD_SECONDS = 600.0
MOST_ODD_ASKS = 5


def wait_of(mail: ClaimedMail, error: Unavailable) -> KeyWait | tuple[Settled, str]:
    """How long this row waits for its key; or its end, when it has waited enough."""
    if not isinstance(error, OddAnswer):
        seconds = error.wait_seconds or back_off(mail.troubles)
        return KeyWait(
            event_id=mail.event_id,
            waits_for=UNAVAILABLE,
            seconds=seconds,
            error=str(error),
        )
    if mail.troubles >= MOST_ODD_ASKS:
        return "done", ODD_ANSWER
    return KeyWait(
        event_id=mail.event_id,
        waits_for=ODD_ANSWER,
        seconds=ODD_SECONDS * 2.0**mail.troubles,
        error=str(error),
    )


def put_aside(
    connection: Connection,
    claim: ClaimedBatch,
    mail: Iterable[ClaimedMail],
    error: Unavailable,
) -> dict[int, tuple[Settled, str]]:
    """Let these rows wait by themselves; the end of those that have waited enough."""
    waits: list[KeyWait] = []
    ended: dict[int, tuple[Settled, str]] = {}
    for each in mail:
        wait = wait_of(each, error)
        if isinstance(wait, KeyWait):
            waits.append(wait)
        else:
            ended[each.event_id] = wait
    key_waits.put_aside(connection, claim, waits)
    return ended


def ask_later(
    connection: Connection, mailbox: str, troubles: Mapping[Key, Unavailable]
) -> None:
    """Mail of our own for keys that no mail asks about and that nothing was said of."""
    questions: Iterable[KeyQuestion] = (
        KeyQuestion(
            key=key,
            waits_for=ODD_ANSWER if isinstance(error, OddAnswer) else UNAVAILABLE,
            seconds=ODD_SECONDS if isinstance(error, OddAnswer) else back_off(0),
            error=str(error),
        )
        for key, error in sorted(troubles.items())
    )
    key_waits.ask_later(connection, mailbox, CHANGE_CONTACT, questions)


def undecided_of(troubles: Mapping[Key, Unavailable]) -> dict[Userid, Undecided]:
    """What is known of people about whom nothing usable was said: nothing changes."""
    return {
        Userid(split_key(key)[1]): undecided(error)
        for key, error in troubles.items()
        if split_key(key)[0] == "member"
    }


def undecided(error: Unavailable) -> Undecided:
    """Somebody about whom nothing usable was said, with what came instead."""
    odd = isinstance(error, OddAnswer)
    return Undecided(
        doubt=Doubt.ODD_ANSWER if odd else Doubt.NO_ANSWER,
        finding=Finding.ODD_ANSWER if odd else Finding.CUT_OFF_READ,
        evidence={"user_get": error.reason, "endpoint": error.endpoint},
    )
