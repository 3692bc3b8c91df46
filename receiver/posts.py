"""Turns a callback into mail: which mailbox, which key, what it says."""

import hashlib
from datetime import UTC, datetime

from domain.ids import CORP_KEY, Key, department_key, member_key, tag_key
from domain.mailbox import SUITE_MAILBOX, mailbox_of_code, mailbox_of_corp
from store.inbox.record import BODY_PLACE, MailState, Post, identify
from store.platform.tickets import seal_ticket
from store.sealing import Keyring
from wecom.callbacks import Callback
from wecom.events import Detail, SuiteTicket
from wecom.hints import AUTH_CODES, CODES, hint_of, subject_of
from wecom.kinds import UNKNOWN, Treatment


def to_post(callback: Callback, message: bytes, keyring: Keyring) -> Post:
    """The mail of a callback; its body only where somebody will open it."""
    detail, mailbox = callback.detail, _mailbox(callback)
    state, outcome, body, ticket = MailState.PENDING, None, None, None
    if callback.rule.treatment is Treatment.IGNORED:
        state, outcome = MailState.IGNORED, callback.rule.reason
    if isinstance(detail, SuiteTicket):
        state, outcome = MailState.DONE, "stored"
        suite_id = callback.suite_id or ""
        ticket = seal_ticket(keyring, suite_id=suite_id, ticket=detail.ticket)
    # Sealing the rest would cost more than all else that is done to a callback.
    if isinstance(detail, CODES) or callback.rule is UNKNOWN:
        body = keyring.seal(message, place=BODY_PLACE)
    return Post(
        digest=identify(mailbox=mailbox, content=message),
        mailbox=mailbox,
        kind=callback.kind,
        change=callback.change,
        key=_key(detail),
        state=state,
        outcome=outcome,
        sent_at=_moment(callback.sent_at),
        hint=hint_of(detail),
        body=body,
        barrier=callback.rule.barrier,
        ticket=ticket,
    )


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _mailbox(callback: Callback) -> str:
    if isinstance(callback.detail, AUTH_CODES):
        code = callback.detail.auth_code.encode()
        return mailbox_of_code(hashlib.sha256(code).hexdigest())
    return mailbox_of_corp(callback.corp_id) if callback.corp_id else SUITE_MAILBOX


def _key(detail: Detail) -> Key:
    subject = subject_of(detail)
    if subject.userid is not None:
        return member_key(subject.userid)
    if subject.department_id is not None:
        return department_key(subject.department_id)
    return CORP_KEY if subject.tag_id is None else tag_key(subject.tag_id)
