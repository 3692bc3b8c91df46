"""Refused callbacks as console and API show them: redacted, and verified again now."""

from dataclasses import dataclass

from redis import Redis, RedisError

from store.intake import refused
from store.intake.refused import RefusedCallback
from store.sealing import Keyring
from web.services import services
from wecom.forensics import Evidence, RefusalCause, diagnose
from wecom.intake import SuiteIdentity

SHOWN = 50
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


def list_refusals_now() -> list[ShownRefusal] | None:
    """The newest refused callbacks, verified again; None while Redis is away."""
    try:
        return verify_again(
            services().redis, services().keyring, services().suite_identity
        )
    except (RedisError, OSError):
        return None


def verify_again(
    redis: Redis, keyring: Keyring, suite: SuiteIdentity
) -> list[ShownRefusal]:
    """The newest refused callbacks, looked into by these settings.

    Raises: RedisError.
    """
    kept = refused.list_kept(redis, keyring, faults=RefusalCause)
    return [_show(each, suite) for each in kept[:SHOWN]]


def _show(kept: RefusedCallback, suite: SuiteIdentity) -> ShownRefusal:
    evidence = Evidence(
        method=kept.method,
        query=kept.query,
        body=kept.body.encode(),
        at=kept.at.timestamp(),
    )
    return ShownRefusal(
        kept=kept,
        fault=diagnose(suite, evidence),
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
