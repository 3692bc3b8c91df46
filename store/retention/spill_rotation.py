"""Seals again what waits in the spill: outside, and what lies sealed in the mail."""

from dataclasses import dataclass, replace

from store.inbox.record import BODY_PLACE, Post
from store.intake.spill import Spill, SpillBroken
from store.platform.tickets import SealedTicket, ticket_place
from store.sealing import Keyring, SealBroken


@dataclass(frozen=True, slots=True, kw_only=True)
class SpillRotation:
    """What became of the spill: mail sealed again, and mail that no key opens."""

    renewed: int
    unreadable: int


def rotate_spill(spill: Spill, keyring: Keyring) -> SpillRotation:
    """Seal all mail of the spill with the first key; what opens again is set back.

    Repeats: what the first key has sealed is left alone. Mail that is moved into the
        inbox meanwhile is there before the inbox has its turn, if this comes first.
    Raises: SpillUnavailable.
    """
    renewed = unreadable = 0
    for name, entry in spill.list_all():
        try:
            post = spill.open(entry)
            fresh = _renewed(post, keyring)
        except (SealBroken, SpillBroken):
            unreadable += 1
            continue
        if fresh is not post or not keyring.is_current(entry):
            spill.exchange(name, entry, fresh)
            renewed += 1
    return SpillRotation(renewed=renewed, unreadable=unreadable)


def count_old_mail(spill: Spill, keyring: Keyring) -> int:
    """How much mail of the spill an older key has sealed, or none that we hold.

    Raises: SpillUnavailable.
    """
    return sum(not keyring.is_current(entry) for _, entry in spill.list_all())


def _renewed(post: Post, keyring: Keyring) -> Post:
    """The same mail with its own secrets sealed by the first key."""
    if post.body is not None and not keyring.is_current(post.body):
        body = keyring.open(post.body, place=BODY_PLACE)
        post = replace(post, body=keyring.seal(body, place=BODY_PLACE))
    ticket = post.ticket
    if ticket is not None and not keyring.is_current(ticket.ticket):
        place = ticket_place(ticket.suite_id)
        text = keyring.open(ticket.ticket, place=place)
        sealed = SealedTicket(
            suite_id=ticket.suite_id, ticket=keyring.seal(text, place=place)
        )
        post = replace(post, ticket=sealed)
    return post
