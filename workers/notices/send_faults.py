"""What becomes of a batch that WeCom did not take: repeated, taken apart, or over."""

from enum import Enum, auto

from store.notices.batches import NoticeBatch
from wecom.errors import Unavailable, Undeliverable, Unlicensed, WeComError
from workers.failures import Fault, Judgement

_SEND = "message/send"


class Fate(Enum):
    """What follows from a failed call."""

    OVER = auto()  # Nobody of it can be reached.
    UNKNOWN = auto()  # It may have arrived, and a repeat cannot tell.
    REFUSED = auto()  # Something in it is wrong: take it apart.
    NOT_TAKEN = auto()  # Certainly not sent: freeze it anew later.
    REPEATED = auto()  # It may have arrived: only the very same may be sent again.


def fate_of(error: Exception, batch: NoticeBatch, judgement: Judgement) -> Fate:
    """What becomes of the batch, whose earlier calls may have arrived or not."""
    if isinstance(error, Undeliverable | Unlicensed):
        return Fate.UNKNOWN if batch.doubtful else Fate.OVER
    if batch.doubtful or _may_have_arrived(error):
        return Fate.REPEATED
    return Fate.REFUSED if judgement.fault is Fault.OURS else Fate.NOT_TAKEN


def reason_of(error: Exception) -> str:
    """Why nobody of a batch can be reached."""
    return "unlicensed" if isinstance(error, Unlicensed) else "unreachable"


def _may_have_arrived(error: Exception) -> bool:
    """Whether WeCom may have the message although the call failed."""
    if isinstance(error, Unavailable):
        # Without a token, or while we hold calls back, nothing has left us.
        return error.endpoint == _SEND and not error.held_back
    return not isinstance(error, WeComError)
