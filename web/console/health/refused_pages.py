"""Callbacks that were refused: which setting is wrong, as far as each of them tells."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flask.typing import ResponseReturnValue
from redis import RedisError

from store.database import transaction
from store.intake import refused
from store.intake.refused import RefusedCallback
from store.summaries.operations.refusals import list_refusals
from web.access import Audience, seen_by
from web.console import acting
from web.console.blueprint import console
from web.console.frame import show
from web.console.stream import live
from web.services import services
from wecom.forensics import Evidence, RefusalCause, diagnose

_SHOWN = 50
_SHOWN_QUERY = 120
# What a stranger can learn nothing from, and an operator needs to compare.
_SHOWN_NAMES = ("timestamp", "nonce")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRefusal:
    """One refused request, redacted: the fault, and what of it may be shown."""

    kept: RefusedCallback
    fault: RefusalCause
    skew_seconds: float | None
    shown: str


@console.get("/refused")
@seen_by(Audience.OPERATOR)
@live
def list_refused() -> ResponseReturnValue:
    """The newest refused callbacks by what is wrong with them, verified again now."""
    kept = _kept()
    shown = [_show(each) for each in (kept or [])[:_SHOWN]]
    with transaction(services().pool) as connection:
        counts = list_refusals(connection)
    return show(
        "console/refused.html",
        place="refused",
        is_away=kept is None,
        faults=_faults(shown),
        rows=shown,
        counts=counts,
        done=acting.done_word(),
    )


def _kept() -> list[RefusedCallback] | None:
    try:
        return refused.list_kept(
            services().redis, services().keyring, faults=RefusalCause
        )
    except (RedisError, OSError):
        return None


def _show(kept: RefusedCallback) -> ShownRefusal:
    evidence = Evidence(
        method=kept.method,
        query=kept.query,
        body=kept.body.encode(),
        at=kept.at.timestamp(),
    )
    return ShownRefusal(
        kept=kept,
        fault=diagnose(services().suite_identity, evidence),
        skew_seconds=_skew(kept),
        shown=_redacted(kept.query),
    )


def _redacted(query: str) -> str:
    """The names of all arguments, and the values of those that are no secret."""
    parts = []
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        is_shown = name in _SHOWN_NAMES and len(value) <= 64
        parts.append(name[:40] + equals + (value if is_shown else "…" if value else ""))
    return "&".join(parts)[:_SHOWN_QUERY]


def _skew(kept: RefusedCallback) -> float | None:
    for part in kept.query.split("&"):
        name, _, value = part.partition("=")
        if name == "timestamp" and value.isascii() and value.isdigit():
            return kept.at.timestamp() - int(value[:10])
    return None


def _faults(shown: Sequence[ShownRefusal]) -> list[tuple[RefusalCause, int]]:
    counts = Counter(each.fault for each in shown)
    return [(fault, counts[fault]) for fault in RefusalCause if counts[fault]]
