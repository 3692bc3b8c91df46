"""What the mail of one corp asks for: barriers, orders of people, contact changes."""

from collections.abc import Callable, Mapping, Sequence

from domain.mailbox import name_in
from domain.states import CorpState
from store.database import Connection, glance, transaction
from store.events.subjects import MailSubject
from store.inbox import mailboxes, settlement, testimony
from store.inbox.claims import ClaimedBatch, ClaimedMail
from store.inbox.mailboxes import MailboxState
from store.inbox.settlement import Settled
from store.org import corps
from store.org.corps import Corp
from store.platform.pauses import owner_of
from store.runs import requests
from wecom.errors import NotVisible, OddAnswer, Unavailable
from wecom.kinds import BARRIERS
from workers.answers.key_troubles import put_aside
from workers.answers.refusals import odd_if_refused
from workers.events.find_out import find_subject, look_up
from workers.events.known_org import KnownOrg
from workers.events.sync_batch import CONTACT_KINDS, sync_contact
from workers.installs import app_state, withdrawal
from workers.installs.app_state import (
    ASKING_KINDS,
    BY_OPERATOR,
    PAUSED,
    AppState,
)
from workers.lease import leased
from workers.links.link_mail import LINK_KINDS, relink
from workers.notices.card_clicks import CARD_CLICKS, answer_clicks
from workers.notices.mute_clicks import is_of_items, mute
from workers.runtime import Runtime

CANCEL = "cancel_auth"
_NO_ORDERS = CONTACT_KINDS | LINK_KINDS | CARD_CLICKS

RESUMED = "resumed"
_ALERTS = frozenset({"inactive_alert", "low_active_alert"})

# The run makes the mailbox due when it is done; this only outlasts a lost run.
_FIRST_READ_WAIT = 60.0

# What needs no answer of WeCom's works whatever the mailbox waits for.
_LOCAL_KINDS = frozenset({PAUSED, RESUMED}) | _ALERTS


def allowed_while_waiting(box: MailboxState) -> frozenset[str]:
    """The kinds of mail that a drain may take although the mailbox waits."""
    if box.waits_for == PAUSED:
        return _LOCAL_KINDS | BARRIERS | ASKING_KINDS
    return _LOCAL_KINDS


def handle(runtime: Runtime, claim: ClaimedBatch) -> bool:
    """Do what the claimed mail asks for; whether that has ended the claim already.

    Raises: what WeCom or the store raise; the drain decides what that means.
    """
    opened = _open(runtime, claim)
    if opened is None:
        return False
    corp, known = opened
    if claim.mail[0].barrier:
        _pass_barrier(runtime, corp, claim)
        return False
    clicks = [each for each in claim.mail if each.kind in CARD_CLICKS]
    orders = [each for each in claim.mail if each.kind not in _NO_ORDERS]
    if orders:
        corp = _obey(runtime, corp, claim, orders)
    muting = [each for each in clicks if is_of_items(each)]
    deciding = [each for each in clicks if not is_of_items(each)]
    if muting:
        mute(runtime, corp, claim, muting)
    if deciding:
        _decide(runtime, corp, claim, deciding)
    return _bring_in_step(runtime, corp, claim, known)


def _open(runtime: Runtime, claim: ClaimedBatch) -> tuple[Corp, KnownOrg | None] | None:
    """The corp that the mail is about, and what is known of whom it is about.

    Shape: None when the mail was parked: its corp is not linked.
    """
    corp_id = name_in(claim.mailbox)
    contact = [each for each in claim.mail if each.kind in CONTACT_KINDS]
    # Usually a statement; where pauses have to be read as well, still a transaction.
    lend = glance if runtime.known_pauses.are_known(owner_of(corp_id)) else transaction
    with lend(runtime.pool) as connection:
        subject = find_subject(connection, corp_id, contact)
        if subject is not None and _may_work(subject.corp, claim):
            known = _look_up(connection, runtime, subject, contact)
            return subject.corp, known
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        # Whoever links a corp takes back what is parked, and that only once.
        corp = corps.find_live(connection, corp_id)
        if corp is not None and _may_work(corp, claim):
            return corp, None
        _settle_all(connection, claim, ("parked", "not_linked"))
    return None


def _look_up(
    connection: Connection,
    runtime: Runtime,
    subject: MailSubject,
    contact: Sequence[ClaimedMail],
) -> KnownOrg | None:
    """What the usual mail will need beside what was read with the corp itself."""
    if not contact or not _is_followed(subject.corp):
        return None
    runtime.known_pauses.read_ahead(connection, owner_of(subject.corp.corp_id))
    return look_up(connection, runtime, subject, contact)


def _is_followed(corp: Corp) -> bool:
    """Whether it was read in full, and is brought in step by events since."""
    return corp.state is CorpState.LINKED and corp.last_synced_at is not None


def _may_work(corp: Corp, claim: ClaimedBatch) -> bool:
    return corp.state is not CorpState.AUTHORISED or _cancels(claim)


def _bring_in_step(
    runtime: Runtime, corp: Corp, claim: ClaimedBatch, known: KnownOrg | None
) -> bool:
    """What WeCom says of people comes first: links are decided by it."""
    contact = [each for each in claim.mail if each.kind in CONTACT_KINDS]
    said = [each for each in claim.mail if each.kind in LINK_KINDS]
    if corp.state is not CorpState.LINKED:
        _wait_until_resumed(runtime, claim, contact + said)
        return False
    if contact and corp.last_synced_at is None:
        _wait_for_first_read(runtime, claim)
        contact = []
    if not contact and not said:
        return False
    ended = False
    with runtime.suspects.slot(corp.corp_id):
        if contact:
            known = known or KnownOrg(runtime.pool, corp, runtime.known_trees)
            ended = sync_contact(runtime, corp, claim, contact, known=known)
        if said:
            relink(runtime, corp, claim, said)
    return ended


def _cancels(claim: ClaimedBatch) -> bool:
    """A corp that was never linked has a permanent code to be forgotten, too."""
    return claim.mail[0].kind == CANCEL


def _wait_for_first_read(runtime: Runtime, claim: ClaimedBatch) -> None:
    """The first full read answers mail older than itself; the rest comes after it."""
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        mailboxes.hold(
            connection, claim.mailbox, waits_for="first_read", seconds=_FIRST_READ_WAIT
        )


def _wait_until_resumed(
    runtime: Runtime, claim: ClaimedBatch, waiting: Sequence[ClaimedMail]
) -> None:
    """A failure meanwhile may have put a short wait in place of the long one."""
    if not waiting:
        return
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        mailboxes.hold(connection, claim.mailbox, waits_for=PAUSED)


def repair_failed_barrier(connection: Connection, mailbox: str) -> None:
    """What a failed barrier would have read is read by a resync."""
    corp = corps.find_live(connection, name_in(mailbox))
    if corp is not None:
        corps.make_due(connection, corp.corp_pk, cause="failed_barrier")


def keep_failed_testimony(
    connection: Connection, mailbox: str, event_id: int, kind: str
) -> None:
    """What failed mail says of a person is heard by whoever looks at them next."""
    if kind not in CONTACT_KINDS:
        return
    corp = corps.find_live(connection, name_in(mailbox))
    if corp is not None:
        testimony.keep_of(connection, corp.corp_pk, event_id)


def _pass_barrier(runtime: Runtime, corp: Corp, claim: ClaimedBatch) -> None:
    if claim.mail[0].kind == CANCEL:
        withdrawal.cancel(runtime, corp, claim)
        return
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        # WeCom tells of a re-enabled app by nothing else than change_auth.
        if corp.state is CorpState.PAUSED and corp.paused_by != BY_OPERATOR:
            app_state.resume(connection, corp)
        run_id = requests.request_run(
            connection,
            corp.corp_pk,
            cause="scope",
            event_id=claim.mail[0].event_id,
        )
        _settle_all(connection, claim, ("done", "run"))
    runtime.bell.ring_run(run_id)


def _obey(
    runtime: Runtime, corp: Corp, claim: ClaimedBatch, orders: Sequence[ClaimedMail]
) -> Corp:
    outcomes: dict[int, tuple[Settled, str]] = {}
    wished = None
    # What events say of the app is a hint: one question answers all of them.
    asking = [each for each in orders if each.kind in ASKING_KINDS]
    said = _ask_app(runtime, corp) if asking and _may_follow(corp) else None
    with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
        corps.lock(connection, corp.corp_pk)
        if isinstance(said, Unavailable):
            # That question waits by itself; people are no less followed for it.
            outcomes |= put_aside(connection, claim, asking, said)
            orders = [each for each in orders if each not in asking]
            said = None
        for order in sorted(orders, key=_said):
            outcomes[order.event_id] = _obey_one(connection, corp, order, said)
        settlement.settle(connection, claim, outcomes)
        after = corps.get(connection, corp.corp_pk)
        if corp.state is CorpState.PAUSED and after.state is CorpState.LINKED:
            # Whatever was missed meanwhile is found by a full read.
            asked = any(each.kind == RESUMED for each in orders)
            cause = "operator" if asked else "gap"
            wished = requests.request_run(
                connection,
                corp.corp_pk,
                cause=cause,
                event_id=claim.mail[0].event_id,
            )
    if wished is not None:
        runtime.bell.ring_run(wished)
    return after


def _decide(
    runtime: Runtime, corp: Corp, claim: ClaimedBatch, clicks: Sequence[ClaimedMail]
) -> None:
    """Follow clicks on cards; without a word of who the admins are they wait alone."""
    try:
        with odd_if_refused():
            answer_clicks(runtime, corp, claim, clicks)
    except Unavailable as error:
        if error.held_back:
            raise
        with leased(runtime.pool, claim.mailbox, claim.lease) as connection:
            ended = put_aside(connection, claim, clicks, error)
            settlement.settle(connection, claim, ended)


def _ask_app(runtime: Runtime, corp: Corp) -> AppState | Unavailable:
    """Whether the app is open, or why that cannot be found out now.

    Raises: errors of WeCom that are the corp's.
    """
    try:
        with odd_if_refused():
            return app_state.ask(runtime, corp)
    except NotVisible as error:
        return OddAnswer(error.reason, errcode=error.errcode, endpoint=error.endpoint)
    except Unavailable as error:
        if error.held_back:
            raise
        return error


def _may_follow(corp: Corp) -> bool:
    """Whether WeCom's word about the app changes anything."""
    return (
        corp.state in {CorpState.LINKED, CorpState.PAUSED}
        and corp.paused_by != BY_OPERATOR
    )


def _said(order: ClaimedMail) -> tuple[float, int]:
    said = order.sent_at or order.received_at
    return said.timestamp(), order.event_id


def _obey_one(
    connection: Connection, corp: Corp, order: ClaimedMail, said: AppState | None
) -> tuple[Settled, str]:
    now = corps.get(connection, corp.corp_pk)
    if order.kind in ASKING_KINDS:
        followed = said and app_state.follow(connection, now, said)
        return "done", followed or "no_difference"
    if order.kind in BARRIERS:
        # Settled among others it would be lost, and the scope with it.
        raise ValueError("a barrier is claimed alone")
    obey = _ORDERS.get(order.kind)
    return ("done", obey(connection, now)) if obey else ("ignored", "no_handler")


def _paused(connection: Connection, corp: Corp) -> str:
    paused = app_state.pause(connection, corp, by=BY_OPERATOR)
    return "paused" if paused else "no_difference"


def _resumed(connection: Connection, corp: Corp) -> str:
    return "resumed" if app_state.resume(connection, corp) else "no_difference"


def _warned(_connection: Connection, _corp: Corp) -> str:
    return "operators_warned"


# What each order of people or of WeCom's does, and with which outcome.
_ORDERS: Mapping[str, Callable[[Connection, Corp], str]] = {
    PAUSED: _paused,
    RESUMED: _resumed,
    **dict.fromkeys(_ALERTS, _warned),
}


def _settle_all(
    connection: Connection, claim: ClaimedBatch, outcome: tuple[Settled, str]
) -> None:
    settlement.settle(connection, claim, dict.fromkeys(claim.event_ids, outcome))
