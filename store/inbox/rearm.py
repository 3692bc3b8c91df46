"""When a repeat may be a second change: one rule, for whoever records and settles."""

from collections.abc import Mapping

from domain.events.lateness import CLOCKS_APART_SECONDS, LOOKALIKE_SECONDS

# What the rule takes; see domain.lateness for what the numbers mean.
PARAMETERS: Mapping[str, float] = {
    "lookalike": LOOKALIKE_SECONDS,
    "clocks_apart": CLOCKS_APART_SECONDS,
}


def asked_early(asked_at: str, *, row: str) -> str:
    """SQL: whether a question sent then was too early to see a second, equal change.

    Shape: `row` is the inbox row's name; null where there was no question.
    """
    return f"""{asked_at} < make_interval(secs => %(lookalike)s) + CASE
        WHEN {row}.received_at < {row}.sent_at + make_interval(secs => %(clocks_apart)s)
        THEN greatest({row}.sent_at, {row}.received_at)
        ELSE coalesce({row}.sent_at, {row}.received_at) END"""
