"""Keeps mail that is believed, and says which event it is to whoever listens."""

import time

import logs
from store.inbox.record import Arrival, Post, short_name
from store.intake.durable_write import ANSWER_SECONDS, Landed, Landing
from tracing import spans


def keep(
    landing: Landing, post: Post, *, began: float, seconds: float = ANSWER_SECONDS
) -> Landed:
    """Make the mail durable.

    Units: `began` is of time.perf_counter, `seconds` is what is left for an answer.
    Raises: NoStore.
    """
    with logs.concerning(mail=short_name(post.digest)):
        landed = landing.take(post, seconds=seconds)
    if spans.is_heard():
        _tell(post, landed, seconds=time.perf_counter() - began)
    return landed


def _tell(post: Post, landed: Landed, *, seconds: float) -> None:
    kind = post.mailbox.partition(":")[0]
    said: spans.Attributes = {
        "event.kind": post.kind,
        "mailbox.kind": kind,
        "outcome": landed.outcome,
    }
    if post.change is not None:
        said["event.change"] = post.change
    if landed.event_id is None:
        spans.spilled(post.digest, seconds=seconds, attributes=said)
        return
    fresh = landed.outcome == Arrival.FRESH.value
    spans.arrived(landed.event_id, seconds=seconds, attributes=said, fresh=fresh)
