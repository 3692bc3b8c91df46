"""What becomes of a batch that WeCom did not take: repeated, taken apart, or over."""

import json
from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

from store.notices.batches import NoticeBatch
from store.notices.notices import APPROVAL, DIGEST, ITEM
from wecom.errors import (
    Gone,
    Misconfigured,
    NotPermitted,
    NotVisible,
    OddAnswer,
    Paused,
    Refused,
    Revoked,
    Spent,
    Throttled,
    TicketMissing,
    TokenExpired,
    TooLarge,
    Unavailable,
    Undeliverable,
    Unlicensed,
    WeComError,
)

_SEND = "message/send"
# A field of a template card is wrong, or the app has no data callback for it.
_NO_CALLBACK = 43012
_CARD_REFUSALS = frozenset({*range(42014, 42052), _NO_CALLBACK})


class Fate(Enum):
    """What follows from a failed call."""

    OVER = auto()  # Nobody of it can be reached.
    UNKNOWN = auto()  # It may have arrived, and a repeat cannot tell.
    REFUSED = auto()  # Something in it is wrong: take it apart.
    NOT_TAKEN = auto()  # Certainly not sent: freeze it anew later.
    REPEATED = auto()  # It may have arrived: only the very same may be sent again.


# What each class of WeCom's errors means for a batch of whose earlier calls, if there
# were any, it is known that they did not arrive. A card's wrong field is a Refused.
FATES: Mapping[type[WeComError], Fate] = MappingProxyType(
    {
        Unavailable: Fate.REPEATED,
        OddAnswer: Fate.REPEATED,
        Throttled: Fate.NOT_TAKEN,
        TokenExpired: Fate.NOT_TAKEN,
        TicketMissing: Fate.NOT_TAKEN,
        Revoked: Fate.NOT_TAKEN,
        Paused: Fate.NOT_TAKEN,
        Misconfigured: Fate.NOT_TAKEN,
        Undeliverable: Fate.OVER,
        Unlicensed: Fate.OVER,
        # Somebody among the recipients, or something in the text, is at fault.
        NotVisible: Fate.REFUSED,
        Gone: Fate.REFUSED,
        Spent: Fate.REFUSED,
        TooLarge: Fate.REFUSED,
        NotPermitted: Fate.REFUSED,
        Refused: Fate.REFUSED,
    }
)
# These name the agent: it is not ours any more.
STALE_AGENT = frozenset({40056, 301002})
# Those, and what names the endpoint: it is no recipient's fault.
NOBODYS_FAULT = STALE_AGENT | {48001, 48002, 60218}


def fate_of(error: Exception, batch: NoticeBatch) -> Fate:
    """What becomes of the batch, whose earlier calls may have arrived or not."""
    if isinstance(error, Undeliverable | Unlicensed):
        return Fate.UNKNOWN if batch.doubtful else Fate.OVER
    if batch.doubtful or _may_have_arrived(error):
        return Fate.REPEATED
    if not isinstance(error, WeComError):
        return Fate.REFUSED
    if error.errcode in NOBODYS_FAULT:
        return Fate.NOT_TAKEN
    fate = FATES.get(type(error), Fate.REFUSED)
    # Whatever may have arrived was found out above.
    return Fate.NOT_TAKEN if fate is Fate.REPEATED else fate


def refuses_buttons(error: Exception, batch: NoticeBatch) -> bool:
    """Whether WeCom takes no card with buttons, and nothing else could carry them.

    Held back for that, it would hold up everybody's notices; who decides at the console
    needs no card.
    """
    if batch.kind != APPROVAL or batch.doubtful:
        return False
    return isinstance(error, WeComError) and error.errcode in _CARD_REFUSALS


def refuses_cards(error: Exception, batch: NoticeBatch) -> bool:
    """Whether WeCom took the card for what it is: a textcard may pass in its place."""
    if batch.kind not in {ITEM, DIGEST} or batch.doubtful:
        return False
    is_card = json.loads(batch.body)["msgtype"] == "template_card"
    refused = isinstance(error, WeComError) and error.errcode in _CARD_REFUSALS
    return is_card and refused


def refuses_all_cards(error: Exception) -> bool:
    """Whether it is the app that lacks something, and no single card."""
    return isinstance(error, WeComError) and error.errcode == _NO_CALLBACK


def reason_of(error: Exception) -> str:
    """Why nobody of a batch can be reached."""
    return "unlicensed" if isinstance(error, Unlicensed) else "unreachable"


def _may_have_arrived(error: Exception) -> bool:
    """Whether WeCom may have the message although the call failed."""
    if isinstance(error, Unavailable):
        # Without a token, or while we hold calls back, nothing has left us.
        return error.endpoint == _SEND and not error.held_back
    return not isinstance(error, WeComError)
