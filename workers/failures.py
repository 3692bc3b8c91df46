"""One table: what an error means for the mail that met it."""

import logging
import random
from dataclasses import dataclass
from enum import StrEnum

from store.database import StoreUnavailable
from store.inbox.leases import LeaseLost
from wecom.errors import (
    Gone,
    Misconfigured,
    NotPermitted,
    NotVisible,
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

# The longest wait after failures that are not ours; upkeep rings when it is over.
LONGEST_WAIT_SECONDS = 300.0
_FIRST_WAIT_SECONDS = 2.0
_TICKET_WAIT_SECONDS = 60.0

_log = logging.getLogger(__name__)


class Fault(StrEnum):
    """Whose fault a failure is, and so what becomes of the claimed mail."""

    THEIRS = "theirs"  # Give the attempt back and wait.
    REVOKED = "revoked"  # Ask once more, then pause the corp.
    PAUSED = "paused"  # Pause the corp until WeCom says otherwise.
    LOST = "lost"  # Another worker has the mailbox: touch nothing.
    OURS = "ours"  # Corner the row that causes it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What to do after a failure; `error` names it without any content."""

    fault: Fault
    wait_seconds: float
    waits_for: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """What one class of error means; `seconds` None means back off by strikes.

    Shape: `ours` when somebody of us has to mend it, so that it is logged whole.
    """

    error: type[Exception]
    fault: Fault
    waits_for: str
    seconds: float | None = None
    ours: bool = False


# The first line whose class fits counts; every errcode has a class, and every class a
# line. What is in no line is our own fault.
_RULES = (
    _Rule(error=LeaseLost, fault=Fault.LOST, waits_for="lease", seconds=0),
    _Rule(error=Throttled, fault=Fault.THEIRS, waits_for="throttle"),
    _Rule(
        error=TicketMissing,
        fault=Fault.THEIRS,
        waits_for="ticket",
        seconds=_TICKET_WAIT_SECONDS,
    ),
    _Rule(error=Revoked, fault=Fault.REVOKED, waits_for="revoked"),
    _Rule(
        error=Paused,
        fault=Fault.PAUSED,
        waits_for="paused",
        seconds=LONGEST_WAIT_SECONDS,
    ),
    # An operator may mend it any moment; doubled waits keep wrong secrets rare.
    _Rule(error=Misconfigured, fault=Fault.THEIRS, waits_for="operator"),
    _Rule(error=Unavailable, fault=Fault.THEIRS, waits_for="unavailable"),
    _Rule(error=TokenExpired, fault=Fault.THEIRS, waits_for="unavailable"),
    _Rule(
        error=StoreUnavailable,
        fault=Fault.THEIRS,
        waits_for="store",
        seconds=_FIRST_WAIT_SECONDS,
    ),
    # Refusals of one question: only what asked it is cornered, and nothing is broken.
    _Rule(error=NotVisible, fault=Fault.OURS, waits_for="refused"),
    _Rule(error=Gone, fault=Fault.OURS, waits_for="refused"),
    _Rule(error=Spent, fault=Fault.OURS, waits_for="refused"),
    _Rule(error=TooLarge, fault=Fault.OURS, waits_for="refused"),
    _Rule(error=NotPermitted, fault=Fault.OURS, waits_for="refused"),
    _Rule(error=Undeliverable, fault=Fault.OURS, waits_for="refused"),
    _Rule(error=Unlicensed, fault=Fault.OURS, waits_for="refused"),
    _Rule(error=Refused, fault=Fault.OURS, waits_for="refused", ours=True),
)
_OURS = _Rule(error=Exception, fault=Fault.OURS, waits_for="retry", ours=True)


def rule_of(error: type[Exception]) -> _Rule:
    """The line of the table that fits this class of error."""
    return next((each for each in _RULES if issubclass(error, each.error)), _OURS)


def judge(error: Exception, *, strikes: int) -> Judgement:
    """What an error means, after `strikes` earlier failures in a row."""
    rule = rule_of(type(error))
    if rule.ours:
        _log.error("failed for a reason of its own", exc_info=error)
    return Judgement(
        fault=rule.fault,
        wait_seconds=_wait_seconds(error, rule, strikes),
        waits_for=rule.waits_for,
        # Messages of foreign exceptions may quote what we were working on.
        error=str(error) if isinstance(error, WeComError) else type(error).__name__,
    )


def _wait_seconds(error: Exception, rule: _Rule, strikes: int) -> float:
    if rule.seconds is not None:
        return rule.seconds
    if isinstance(error, Throttled) and error.jittered:
        return random.uniform(1.0, max(1.0, error.wait_seconds))  # noqa: S311 - below
    if isinstance(error, Throttled | Unavailable) and error.wait_seconds is not None:
        return error.wait_seconds
    return back_off(strikes)


def back_off(strikes: int) -> float:
    """Seconds to wait after so many failures in a row: doubled each time, jittered."""
    # Beyond some doublings the ceiling holds anyway; the power must not explode.
    ceiling = min(LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2.0 ** min(strikes, 12))
    return float(ceiling) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, hides nothing
