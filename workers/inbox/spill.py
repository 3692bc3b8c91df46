"""Moves mail from the spill into the inbox once Postgres is there again."""

import logging
from uuid import UUID

import psycopg

import logs
from store.database import Connection, Pool, transaction
from store.inbox import leases
from store.inbox.record import Arrival, Post, Recorded, record, short_name
from store.intake import spilled
from store.intake.gaps import GapReason, open_gap
from store.intake.spill import SPILL, Spill, SpillBroken, SpillUnavailable
from store.sealing import SealBroken
from tracing import spans
from workers.lease import leased
from workers.queue.bell import Bell

_BATCH = 100
_BROKEN = (SealBroken, SpillBroken, psycopg.DataError, psycopg.IntegrityError)

_log = logging.getLogger(__name__)


def move_spill(pool: Pool, spill: Spill, bell: Bell) -> int:
    """Move all mail that waits, oldest first, and return how much was moved.

    Repeats: one mover at a time; an entry leaves the list only after its mail is
        committed, and mail that is known already is only counted as seen again.
    Raises: StoreUnavailable, LeaseLost; what was not moved is moved next time.
    """
    try:
        if not spill.has_anything():
            return 0
        _tell_refusal(pool, spill)
        return _move(pool, spill, bell) if spill.depth() else 0
    except SpillUnavailable as error:
        _log.info("spill unreachable", extra={"error": str(error)})
        return 0


def _move(pool: Pool, spill: Spill, bell: Bell) -> int:
    with transaction(pool) as connection:
        token = leases.take(connection, SPILL)
    if token is None:
        return 0
    moved = 0
    try:
        while entries := spill.peek(_BATCH):
            moved += _move_batch(pool, spill, bell, entries=entries, token=token)
    finally:
        with transaction(pool) as connection:
            leases.release(connection, SPILL, token)
    _log.info("spill moved", extra={"moved": moved})
    return moved


def _move_batch(
    pool: Pool, spill: Spill, bell: Bell, *, entries: list[bytes], token: UUID
) -> int:
    kept: list[bytes] = []
    due: dict[str, None] = {}
    with leased(pool, SPILL, token) as connection:
        for entry in entries:
            mailboxes = _record_entry(connection, spill, entry)
            if mailboxes is not None:
                kept.append(entry)
                due.update(dict.fromkeys(mailboxes))
        spilled.count(connection, len(kept))
        broken = [entry for entry in entries if entry not in kept]
        if broken:
            # Nobody can read whose it is, so whatever it said is looked for everywhere.
            open_gap(connection, GapReason.SET_ASIDE)
    spill.drop(kept)
    for entry in broken:
        spill.set_aside(entry)
    for mailbox in due:
        bell.ring(mailbox)
    with transaction(pool) as connection:
        leases.renew(connection, SPILL, token)
    return len(kept)


def _record_entry(
    connection: Connection, spill: Spill, entry: bytes
) -> tuple[str, ...] | None:
    # What cannot be opened or stored would block the mail behind it for ever.
    try:
        post = spill.open(entry)
        with connection.transaction():
            recorded = record(connection, post)
    except (
        SealBroken,
        SpillBroken,
        psycopg.DataError,
        psycopg.IntegrityError,
    ) as error:
        _log.error("spilled mail set aside", extra={"error": type(error).__name__})
        return None
    _tell(post, recorded)
    return recorded.due


def _tell(post: Post, recorded: Recorded) -> None:
    """Which event the mail is that the receiver knew by its identity alone."""
    fresh = recorded.arrival is Arrival.FRESH
    with logs.concerning([recorded.event_id]):
        _log.info("spilled mail moved", extra={"mail": short_name(post.digest)})
    spans.moved(recorded.event_id, post.digest, fresh=fresh)


def _tell_refusal(pool: Pool, spill: Spill) -> None:
    # Left by a receiver that may not live any more to open the gap itself.
    if not spill.has_refusal():
        return
    with transaction(pool) as connection:
        open_gap(connection, GapReason.REFUSED)
    spill.forget_refusal()
